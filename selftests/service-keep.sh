#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtd is killed, and started anew by its service manager: a channel that amtctl joined is never
# left, and an application that only binds loses no packet of it.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

keeper() {
	jq -r "$1" "$TMP/keeper.json"
}

is() {
	local seen
	seen=$(keeper "$1")
	[ "$seen" = "$2" ] || {
		echo "$1 is '$seen'"
		return 1
	}
}

restarted() {
	[ "$(keeper .pid)" != "$1" ] && [ "$(keeper .ready)" = true ]
}

internet 10
kernel_relay relay $RELAY
send_stream tx source s0
send_stream tx6 source s0 --group $GROUP6
AMTD_ROOT=$(amtd_root gateway) background keeper gateway "$SELFTESTS/tools/keeper.py" \
	"$TMP/keeper.json" "$AMTD"
wait_for 10 test -s "$TMP/keeper.json"
wait_for 15 is .ready true
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 20 device_is gateway amt0 .relay.mld_flag 0x80
check "join" ctl gateway join $SOURCE,$GROUP $SOURCE6,$GROUP6 --on amt0
wait_for 5 is .stored 2

step "killed twice, and terminated once, in mid-stream: no packet is lost"
background rx gateway "$TOOLS/stream" receive --group $GROUP --port $PORT --count 1500 --timeout 60
background rx6 gateway "$TOOLS/stream" receive --group $GROUP6 --port $PORT --count 1500 --timeout 60
for signal in KILL KILL TERM; do
	sleep 3
	pid=$(keeper .pid)
	kill -$signal "$pid"
	wait_for 10 restarted "$pid"
done
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
finish rx6 || fail "no stream: $(cat "$TMP/rx6.log")"
expect "IPv4 lost" 0 "$(received rx .lost)"
expect "IPv6 lost" 0 "$(received rx6 .lost)"

step "copies of former ones are dropped by and by, and what is left, is left"
wait_for 60 is .stored 2
check "leave" ctl gateway leave $SOURCE,$GROUP $SOURCE6,$GROUP6
wait_for 5 is .stored 0
refuse "reception" on gateway "$TOOLS/stream" receive --group $GROUP --port $PORT --timeout 3
end_background keeper
