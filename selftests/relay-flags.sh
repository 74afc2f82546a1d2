#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay device accepts the P flag of a Request where RFC 7450 has it and where the Linux driver has
# it, and serves gateways of both kinds.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 10

# ask FLAGS...: the IP versions in the Queries that answer Requests with these second bytes
ask() {
	on gateway "$SELFTESTS/tools/request.py" $RELAY "$@"
}

step "the bare driver sends no MLD Query for P at 0x01"
kernel_relay relay $RELAY
expect "answers" "4 6 none" "$(ask 0x00 0x80 0x01)"
end_background smcrouted-relay
ip -n "${NS}relay" link del amtr

step "a relay device of amtd sends it for both"
amtd_start relay
check "create" ctl relay create amtr --mode relay --link r1
wait_for 10 state_is relay amtr running
expect "the local address" $RELAY "$(link relay amtr .linkinfo.info_data.local)"
# The driver's MLD Queries come from there.
wait_for 3 has_link_local relay amtr
expect "answers" "4 6 6 4" "$(ask 0x00 0x80 0x01 0x00)"

step "it still does when amtd is killed"
amtd_kill relay
expect "answers" "4 6 6" "$(ask 0x00 0x80 0x01)"

step "a gateway of the bare driver receives both streams"
amtd_start relay
expect "answers" "4 6 6" "$(ask 0x00 0x80 0x01)"
route_stream relay r0 amtr
send_both source s0
# From another address: the relay keeps the port of a gateway's first Request.
ip -n "${NS}gateway" address add 198.51.100.3/24 dev g0
bare_gateway gateway amt0 g0 198.51.100.3 $RELAY rp_filter=0 force_igmp_version=3
set_sysctl gateway ipv6/conf/amt0/force_mld_version=2
receive_both rx gateway amt0 --count 300 --timeout 20
finish_both rx
expect "IPv4 lost" 0 "$(received rx .lost)"
expect "IPv6 lost" 0 "$(received rx6 .lost)"

step "it is deleted without leftovers"
check "delete" ctl relay delete amtr
refuse "the device" exists relay amtr
expect "answers" "none none" "$(ask 0x00 0x01 --port 2269)"
