#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Relays that set the G and L flags of a Query, and know P of a Request where RFC 7450 puts it: the
# driver has all three on other bits.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 10

# flagged_relay FLAGS
flagged_relay() {
	rm -f "$TMP/sr.json"
	scripted_relay sr relay --address $RELAY --flags "$1"
}

receive_both() {
	receive_stream rx4 gateway amt0 --count "$1" --timeout 30
	receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6 --count "$1" --timeout 30
}

step "the bare driver gets nothing from a relay that sets G"
flagged_relay G
ip -n "${NS}gateway" link add amt0 type amt mode gateway local $LOCAL discovery $RELAY dev g0 \
	gateway_port $AMT_PORT relay_port $AMT_PORT
ip -n "${NS}gateway" link set amt0 up
set_sysctl gateway ipv4/conf/amt0/rp_filter=0
receive_stream rx4 gateway amt0 --count 1 --timeout 10
! finish rx4 || fail "a stream came: the kernel has been mended"
[ "$(relay_state sr .queries)" -gt 0 ] || fail "the scripted relay was never asked"
ip -n "${NS}gateway" link del amt0
end_background sr

amtd_start gateway
for flags in "" G L GL; do
	step "Queries with flags '$flags': IPv4 and IPv6 come"
	flagged_relay "$flags"
	check "create" ctl gateway create amt0 --link g0 --relay $RELAY
	receive_both 300
	finish rx4 || fail "no IPv4: $(cat "$TMP/rx4.log")"
	finish rx6 || fail "no IPv6: $(cat "$TMP/rx6.log")"
	expect "IPv4 lost" 0 "$(received rx4 .lost)"
	expect "IPv6 lost" 0 "$(received rx6 .lost)"
	wait_for 10 state_is gateway amt0 connected

	# Ended first, so that both sides have stopped counting.
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
done

step "the flags stay mended when amtd is killed: the stream goes on, a new join works"
flagged_relay GL
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive_stream rx4 gateway amt0 --count 6000 --timeout 90
wait_for 10 state_is gateway amt0 connected
amtd_kill gateway
sleep 5
receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6 --count 300 --timeout 30
finish rx6 || fail "no IPv6 after a join without amtd: $(cat "$TMP/rx6.log")"
finish rx4 || fail "IPv4 ceased: $(cat "$TMP/rx4.log")"
expect "IPv4 lost" 0 "$(received rx4 .lost)"
expect "Requests with P at 0x80" 0 "$(relay_state sr '.requests["0x80"]')"
