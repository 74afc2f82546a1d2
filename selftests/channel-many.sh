#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A hundred channels of ten sources on one host, each source behind a relay of its own: ten gateways
# are created, all streams arrive, and a leave affects no other channel.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/reverse.sh
. "$(dirname "$0")/reverse.sh"

readonly N=10 EACH=10

# relay_of, source_of, channels_of NUMBER: a relay's address, its source, the source's channels
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

# count FILTER N: as many channels match
count() {
	same "channels with $1" "$2" \
		"$(ctl gateway --json=short channels | jq "[.[] | select($1)] | length")"
}

devices_are() {
	same "devices" "$1" "$(ctl gateway --json=short list | jq length)"
}

# requested RELAY N: as many channels are requested from it
requested() {
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
write_amtd_conf '[Channels]' LingerSec=5
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
	requested $i $EACH || fail "requested from relay $i: $(relay_state relay$i .channels)"
	count ".source == \"$(source_of $i)\" and .relay == \"$(relay_of $i)\"" $EACH
done

step "applications receive"
for ((i = 1; i <= N; i++)); do
	background app$i gateway "$TOOLS/stream" receive --group 232.1.$i.7 --port $PORT \
		--count 3 --timeout 20
done
for ((i = 1; i <= N; i++)); do
	finish app$i || fail "no stream from relay $i"
	expect "sender" "$(source_of $i)" "$(received app$i .from)"
done

step "amtd is killed and started again: the same"
amtd_kill gateway
amtd_start gateway
wait_for 20 count '.state == "joined"' ${#all[@]}
devices_are $N
wait_for 10 count '.packets > 0' ${#all[@]}

step "nine sources are left: their gateways are removed, the tenth stays"
check "leave" ctl gateway leave "${all[@]:EACH}"
for ((i = 2; i <= N; i++)); do
	wait_for 10 requested $i 0
done
wait_for 30 devices_are 1
requested 1 $EACH || fail "requested from relay 1: $(relay_state relay1 .channels)"
packets=$(ctl gateway --json=short channels | jq '[.[].packets] | add')
wait_for 10 count ".packets > $((packets / EACH + 3))" $EACH
