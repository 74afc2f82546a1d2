#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay device understands P of a Request where RFC 7450 puts it and where the Linux driver does,
# and serves gateways of either make.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 10

# ask FLAGS...: what is in the Queries that answer Requests with these second bytes
ask() {
	on gateway "$SELFTESTS/tools/request.py" $RELAY "$@"
}

step "the bare driver gives no IPv6 to a Request with P at 0x01"
kernel_relay relay $RELAY
expect "answers" "4 6 none" "$(ask 0x00 0x80 0x01)"
end_background smcrouted-relay
ip -n "${NS}relay" link del amtr

# The driver's MLD Queries come from there.
has_link_local() {
	[ -n "$(ip -n "${NS}relay" -6 -br address show dev amtr scope link -tentative)" ]
}

step "a relay device of amtd's gives it to both"
amtd_start relay
check "create" ctl relay create amtr --mode relay --link r1
wait_for 10 state_is relay amtr running
expect "the address it found" $RELAY "$(link relay amtr .linkinfo.info_data.local)"
wait_for 3 has_link_local
expect "answers" "4 6 6 4" "$(ask 0x00 0x80 0x01 0x00)"

step "and goes on doing so when amtd is killed"
amtd_kill relay
expect "answers" "4 6 6" "$(ask 0x00 0x80 0x01)"

step "a gateway of the bare driver gets its streams through it"
amtd_start relay
expect "answers" "4 6 6" "$(ask 0x00 0x80 0x01)"
route_stream relay r0 amtr
send_stream tx source s0
send_stream tx6 source s0 --group $GROUP6
# From another host: the relay keeps the port of a gateway's first Request.
ip -n "${NS}gateway" address add 198.51.100.3/24 dev g0
ip -n "${NS}gateway" link add amt0 type amt mode gateway local 198.51.100.3 discovery $RELAY dev g0 \
	gateway_port $AMT_PORT relay_port $AMT_PORT
ip -n "${NS}gateway" link set amt0 up
set_sysctl gateway ipv4/conf/amt0/rp_filter=0 ipv4/conf/amt0/force_igmp_version=3 \
	ipv6/conf/amt0/force_mld_version=2
receive_stream rx4 gateway amt0 --count 300 --timeout 20
receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6 --count 300 --timeout 20
finish rx4 || fail "no IPv4: $(cat "$TMP/rx4.log")"
finish rx6 || fail "no IPv6: $(cat "$TMP/rx6.log")"
expect "IPv4 lost" 0 "$(received rx4 .lost)"
expect "IPv6 lost" 0 "$(received rx6 .lost)"

step "deleted, nothing is left of it"
check "delete" ctl relay delete amtr
refuse "the device" exists relay amtr
expect "answers" "none none" "$(ask 0x00 0x01 --port 2269)"
