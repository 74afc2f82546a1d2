#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Relays that set the G and L flags of a Query and expect the P flag of a Request where RFC 7450 has
# it: the driver has all three at other bits.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 10

# flagged_relay FLAGS
flagged_relay() {
	rm -f "$TMP/sr.json"
	scripted_relay sr relay --address $RELAY --flags "$1"
}

step "the bare driver receives nothing from a relay that sets G"
flagged_relay G
bare_gateway gateway amt0 g0 $LOCAL $RELAY rp_filter=0
receive_stream rx gateway amt0 --count 1 --timeout 10
! finish rx || fail "a stream: the driver has been fixed"
[ "$(relay_state sr .queries)" -gt 0 ] || fail "no Request at the scripted relay"
ip -n "${NS}gateway" link del amt0
end_background sr

amtd_start gateway
for flags in "" G L GL; do
	step "Queries with flags '$flags': IPv4 and IPv6 arrive"
	flagged_relay "$flags"
	check "create" ctl gateway create amt0 --link g0 --relay $RELAY
	receive_both rx gateway amt0 --count 300 --timeout 30
	finish_both rx
	expect "IPv4 lost" 0 "$(received rx .lost)"
	expect "IPv6 lost" 0 "$(received rx6 .lost)"
	wait_for 10 state_is gateway amt0 connected

	# Ended first, so that both counters have stopped.
	end_background sr
	seen=$(device gateway amt0 .queries.seen)
	with_g=0 with_l=0
	[[ $flags != *G* ]] || with_g=$seen
	[[ $flags != *L* ]] || with_l=$seen
	expect "Queries" "$(relay_state sr .queries)" "$seen"
	expect "Queries passed" "$seen" "$(device gateway amt0 .queries.passed)"
	expect "Queries with G" "$with_g" "$(device gateway amt0 .queries.gateway_address)"
	expect "Queries with L" "$with_l" "$(device gateway amt0 .queries.loaded)"
	expect "IGMP Queries" "$(relay_state sr .queries4)" "$(device gateway amt0 .queries.ipv4)"
	expect "MLD Queries" "$(relay_state sr .queries6)" "$(device gateway amt0 .queries.ipv6)"
	if [[ $flags == *G* ]]; then
		expect "seen as" "$LOCAL:$(link gateway amt0 .linkinfo.info_data.gateway_port)" \
			"$(device gateway amt0 .seen_as)"
	fi
	expect "where P is" 0x01 "$(device gateway amt0 .relay.mld_flag)"
	expect "Requests with P at 0x80" 0 "$(relay_state sr '.requests["0x80"]')"
	check "delete" ctl gateway delete amt0
	sleep 0.1 # what it sends to leave is not for the next relay
done

step "amtd is killed: flags are still rewritten, the stream goes on, a new join works"
flagged_relay GL
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive_stream rx gateway amt0 --count 6000 --timeout 90
wait_for 10 state_is gateway amt0 connected
amtd_kill gateway
sleep 5
receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6 --count 300 --timeout 30
finish rx6 || fail "no IPv6 after a join without amtd: $(cat "$TMP/rx6.log")"
finish rx || fail "IPv4 stopped: $(cat "$TMP/rx.log")"
expect "IPv4 lost" 0 "$(received rx .lost)"
expect "Requests with P at 0x80" 0 "$(relay_state sr '.requests["0x80"]')"
