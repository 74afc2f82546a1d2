#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A hundred channels on one host, of ten sources, each behind a relay of its own: ten gateways are
# made, everything comes, and what is left goes while the rest stays.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/reverse.sh
. "$(dirname "$0")/reverse.sh"

readonly N=10 EACH=10

# Of relay I: its address, its source, and the channels of that.
relay_of() {
	echo "192.0.2.$((10 + $1))"
}

source_of() {
	echo "203.0.113.$((10 + $1))"
}

channels_of() {
	local i=$1 j
	for ((j = 0; j < EACH; j++)); do
		echo "$(source_of "$i"),232.1.$i.$j"
	done
}

# count FILTER N: so many channels are like that
count() {
	local seen
	seen=$(ctl gateway --json=short channels | jq "[.[] | select($1)] | length")
	[ "$seen" = "$2" ] || {
		echo "$seen channels are like that"
		return 1
	}
}

devices_are() {
	local seen
	seen=$(ctl gateway --json=short list | jq length)
	[ "$seen" = "$1" ] || {
		echo "there are $seen devices"
		return 1
	}
}

# asked RELAY N: so many channels are asked of it
asked() {
	[ "$(relay_state "relay$1" '.channels | length')" = "$2" ]
}

internet 5
all=()
for ((i = 1; i <= N; i++)); do
	DRIAD[$((10 + i))]=$(relay_of $i)
	mapfile -t -O ${#all[@]} all < <(channels_of $i)
	ip -n "${NS}relay" address add "$(relay_of $i)/25" dev r1
done
reverse_dns
for ((i = 1; i <= N; i++)); do
	background relay$i relay "$RELAY_PY" --state "$TMP/relay$i.json" --rate 2 \
		--address "$(relay_of $i)"
done
for ((i = 1; i <= N; i++)); do
	wait_for 20 test -s "$TMP/relay$i.json"
done
root=$(amtd_root gateway)
printf '[Channels]\nLingerSec=5\n[Relay]\nDNS=%s\nDNSSEC=no\n' $DNS >"$root/etc/amt/amtd.conf"
amtd_start gateway

step "a hundred channels: ten gateways, and data on all of them"
expect "channels" $((N * EACH)) ${#all[@]}
start=$(now)
check "join" ctl gateway join "${all[@]}"
wait_for 20 count '.state == "joined"' ${#all[@]}
wait_for 20 count '.packets > 0' ${#all[@]}
echo "  after $((($(now) - start) / 1000)) ms, of which at most 500 are a packet's interval"
devices_are $N
for ((i = 1; i <= N; i++)); do
	asked $i $EACH || fail "relay $i is asked for $(relay_state relay$i .channels)"
	count ".source == \"$(source_of $i)\" and .relay == \"$(relay_of $i)\"" $EACH
done

step "applications receive"
for ((i = 1; i <= N; i++)); do
	background app$i gateway "$TOOLS/stream" receive --group 232.1.$i.7 --port $PORT \
		--count 3 --timeout 20
done
for ((i = 1; i <= N; i++)); do
	finish app$i || fail "nothing came from relay $i"
	expect "sender" "$(source_of $i)" "$(received app$i .from)"
done

step "after a restart it is the same"
amtd_kill gateway
amtd_start gateway
wait_for 20 count '.state == "joined"' ${#all[@]}
devices_are $N
wait_for 10 count '.packets > 0' ${#all[@]}

step "nine sources are left: their gateways go, the tenth stays"
check "leave" ctl gateway leave "${all[@]:EACH}"
for ((i = 2; i <= N; i++)); do
	wait_for 10 asked $i 0
done
wait_for 30 devices_are 1
asked 1 $EACH || fail "relay 1 is asked for $(relay_state relay1 .channels)"
packets=$(ctl gateway --json=short channels | jq '[.[].packets] | add')
wait_for 10 count ".packets > $((packets / EACH + 3))" $EACH
