#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Malformed and forged Advertisements and Queries: each is refused and counted by reason, and the
# gateway still connects with a valid one.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly OTHER=192.0.2.2

# Discoveries without a valid answer; one every 5 s.
readonly ROUNDS=2

internet 0
address relay r1 $OTHER/25
amtd_start gateway

# dropped FAMILY REASON
dropped() {
	device gateway amt0 ".$1.dropped_by_reason.$2"
}

# garbage_relay KIND...
garbage_relay() {
	local kind arguments=()
	for kind in "$@"; do
		arguments+=(--garbage "$kind")
	done
	rm -f "$TMP/sr.json"
	scripted_relay sr relay --address $RELAY --other $OTHER --garbage-only $ROUNDS \
		"${arguments[@]}"
}

# all_ignored: the driver has no relay before the valid Advertisement
all_ignored() {
	wait_for 10 relay_was_asked
	sleep 4
	expect "rounds of garbage" 1 "$(rounds_of_driver)"
	expect "the driver's relay" null "$(link gateway amt0 .linkinfo.info_data.remote)"
	expect "state" discovering "$(device gateway amt0 .state)"
}

relay_was_asked() {
	[ "$(rounds_of_driver)" -ge 1 ]
}

# The driver's Discoveries; amtd's own probes have another port.
rounds_of_driver() {
	relay_state sr ".rounds[\"$LOCAL:$(link gateway amt0 .linkinfo.info_data.gateway_port)\"] // 0"
}

connects() {
	receive_stream rx gateway amt0 --count 100 --timeout 30
	finish rx || fail "no stream after the valid Advertisement: $(cat "$TMP/rx.log")"
	wait_for 10 state_is gateway amt0 connected
	expect "the driver's relay" $RELAY "$(link gateway amt0 .linkinfo.info_data.remote)"
}

# one_kind KIND REASON: all of this kind are refused and counted with this reason; "-": the rules or
# the kernel's own checks drop them before amtd
one_kind() {
	local kind=$1 reason=$2 sent
	garbage_relay "$kind"
	check "create" ctl gateway create amt0 --link g0 --relay $RELAY
	all_ignored
	sent=$(relay_state sr ".garbage[\"$kind\"]")
	[ "$sent" -gt 0 ] || fail "no garbage was sent"
	if [ "$reason" = - ]; then
		expect "$kind: passed" 0 "$(device gateway amt0 .advertisements.passed)"
	elif [ "$reason" = passed ]; then
		expect "$kind: passed" "$sent" "$(device gateway amt0 .advertisements.passed)"
	else
		expect "$kind: counted as $reason" "$sent" "$(dropped advertisements "$reason")"
		expect "$kind: dropped" "$sent" "$(device gateway amt0 .advertisements.dropped)"
	fi
	end_background sr
	check "delete" ctl gateway delete amt0
}

while read -r kind reason; do
	step "$kind"
	one_kind "$kind" "$reason"
done <<-END
	empty -
	short length
	address-length length
	version -
	type -
	reserved reserved
	zero address
	loopback address
	multicast address
	broadcast address
	ipv6 family
	ipv6-zero address
	source source
	nonce nonce
	checksum passed
END

step "all kinds at once, then a valid one"
garbage_relay all
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
all_ignored
connects
rounds=$(rounds_of_driver)
expect "rounds" $((ROUNDS + 1)) "$rounds"
[ "$(dropped advertisements length)" -ge $((16 * rounds)) ] ||
	fail "too few counted as length: $(device gateway amt0 .advertisements)"
[ "$(device gateway amt0 .queries.dropped)" -gt 0 ] || fail "no malformed Query was counted"
[ "$(dropped advertisements reserved)" -ge $((4 * rounds)) ] ||
	fail "too few counted as reserved: $(device gateway amt0 .advertisements)"
[ "$(dropped advertisements packet)" -ge "$rounds" ] ||
	fail "no wrong UDP length was counted: $(device gateway amt0 .advertisements)"
expect "seen" "$(device gateway amt0 '.advertisements | .passed + .dropped')" \
	"$(device gateway amt0 .advertisements.seen)"

step "a rewrite rule maps an IPv6 relay address to an IPv4 one"
end_background sr
check "delete" ctl gateway delete amt0
rm -f "$TMP/sr.json"
scripted_relay sr relay --address $RELAY --advertise 2001:db8::66
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --rewrite any=$RELAY
connects
expect "rewritten" 1 "$(device gateway amt0 .advertisements.rewritten)"
