#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# time: real
# timeout: 1800
#
# amtd is killed at random moments, on the relay and on the gateway, and started again by its service
# manager, which keeps its descriptors: neither hosts behind the gateway, nor an application that only
# binds, nor hosts behind a proxy lose a packet.
# AMTD_KILLS: how often (5); AMTD_SEED: the same moments again.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly KILLS=${AMTD_KILLS:-5} SEED=${AMTD_SEED:-$((RANDOM * RANDOM))}

# keeper HOST FILTER: from its service manager's state file
keeper() {
	jq -r "$2" "$TMP/keeper-$1.json"
}

is_ready() {
	[ "$(keeper "$1" .ready)" = true ]
}

restarted() {
	[ "$(keeper "$1" .pid)" != "$2" ] && is_ready "$1"
}

# keep HOST: run its amtd there
keep() {
	AMTD_ROOT=$(amtd_root "$1") background "keeper-$1" "$1" "$SELFTESTS/tools/keeper.py" \
		"$TMP/keeper-$1.json" "$AMTD"
	wait_for 10 test -s "$TMP/keeper-$1.json"
	wait_for 20 is_ready "$1"
}

# numbers NAME: what the receiver got and lost
numbers() {
	received "$1" '"\(.received) received, \(.lost) lost"'
}

step "seed $SEED"
RANDOM=$SEED
internet 10
host home
wire relay r2 home h0
address relay r2 10.5.0.1/24 2001:db8:5::1/64
address home h0 10.5.0.2/24 2001:db8:5::2/64
default_route home 10.5.0.1
address viewer v0 2001:db8:4::2/64
send_both source s0 --rate 200
write_gateway amt0 $RELAY '[Membership]' "Join=$SOURCE,$GROUP $SOURCE6,$GROUP6" \
	'[Forward]' Downstream=g1
write_device relay amtr '[AMT]' Mode=relay Link=r1 '[Forward]' Upstream=r0
write_proxy relay home Upstream=r0 Downstream=r2
keep relay
wait_for 10 state_is relay amtr running
wait_for 5 has_link_local relay amtr
keep gateway
wait_for 20 state_is gateway amt0 connected
stream_comes viewer v0
receive_both home home h0 --timeout 1700
receive_both lan viewer v0 --timeout 1700
start_receiver own gateway --group $GROUP --timeout 1700
start_receiver own6 gateway --group $GROUP6 --timeout 1700
wait_for 20 joined viewer v0 $GROUP
sleep 5

step "killed $KILLS times"
for ((i = 0; i < KILLS; i++)); do
	sleep "$((RANDOM % 3)).$(printf '%03d' $((RANDOM % 1000)))"
	victim=gateway
	[ $((RANDOM % 2)) = 0 ] || victim=relay
	pid=$(keeper $victim .pid)
	kill -KILL "$pid"
	wait_for 20 restarted $victim "$pid"
done
sleep 3

lost=0
for name in lan lan6 own own6 home home6; do
	end_background $name
	echo "  $name: $(numbers $name)"
	[ "$(received $name .received)" -gt 1000 ] || fail "$name: no stream"
	lost=$((lost + $(received $name .lost)))
done
printf '%s\t%s\t\t%s\n' "packets lost over $KILLS kills (seed $SEED)" $lost 0
expect "packets lost" 0 $lost
