#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A gateway forwards the channels that hosts on its LAN join, and no others: IPv4 and IPv6; the hosts
# are the kernel's own IGMP and MLD.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# routed SOURCE: the gateway has a route for it to the LAN
routed() {
	mroutes gateway "$1" | grep -q "($1,.*Oifs: g1"
}

net_one_relay 10
address viewer v0 2001:db8:4::2/64
send_both source s0
write_gateway amt0 $RELAY '[Forward]' Downstream=g1
amtd_start gateway
wait_for 10 state_is gateway amt0 connected

step "no receivers: nothing is joined, nothing is routed"
expect "routes" "" "$(ip -n "${NS}gateway" mroute show; ip -n "${NS}gateway" -6 mroute show)"
refuse "a membership" joined gateway amt0 $SOURCE

step "a viewer joins one source in IPv4 and one in IPv6"
receive_both rx viewer v0 --count 300 --timeout 20
wait_for 10 joined gateway amt0 $SOURCE
finish_both rx
expect "IPv4 lost" 0 "$(received rx .lost)"
expect "IPv6 lost" 0 "$(received rx6 .lost)"

step "after the leave, routes and memberships go within the Last Member Query Time"
wait_for 10 not routed $SOURCE
wait_for 10 not routed $SOURCE6
wait_for 5 not joined gateway amt0 $SOURCE

step "a source that no host joined is not forwarded, although the relay sends it"
on gateway "$TOOLS/stream" receive --dev amt0 --port $PORT --group $GROUP --source $SOURCE \
	--count 1 --timeout 10 >/dev/null || fail "nothing on the tunnel"
refuse "reception" on viewer "$TOOLS/stream" receive --dev v0 --port $PORT --group $GROUP \
	--source 203.0.113.99 --count 1 --timeout 3

step "the device is removed together with its routes"
rm "$(amtd_root gateway)/etc/amt/amt0.amt"
check "reload" ctl gateway reload
wait_for 5 not exists gateway amt0
expect "routes" "" "$(ip -n "${NS}gateway" mroute show)"
