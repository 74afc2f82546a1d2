#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Querier election on a LAN with two routers: the lower address wins, the other one listens and takes
# over when the querier dies. The second router is an amtd, then an igmpproxy (IGMPv2).
# timeout: 600
#
#  source ---- relay ---- internet ---- gateway g1 10.4.0.1 ---.
#                                                              +--- bridge of "lan" ---- viewer v0
#                                       second  h1 10.4.0.x ---'                         10.4.0.2

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need igmpproxy smcrouted

# Of both routers; Other Querier Present Interval: 2 x 10 + 2 / 2 s.
readonly ANY=239.1.1.1 TIMES=(QueryIntervalSec=10 QueryResponseSec=2)

# querier HOST DEVICE PROTOCOL WANTED: the querier as that router sees it
querier() {
	device_is "$1" "$2" ".forward.downstreams[0].$3.querier" "$4"
}

# queries_sent, queries_heard HOST DEVICE
queries_sent() {
	device "$1" "$2" ".forward.downstreams[0].igmp.queries_sent"
}

queries_heard() {
	device "$1" "$2" ".forward.downstreams[0].igmp.queries"
}

# lower FIRST SECOND: is the one IPv6 address below the other?
lower() {
	python3 -c 'import sys, ipaddress as i
sys.exit(i.ip_address(sys.argv[1]) > i.ip_address(sys.argv[2]))' "$1" "$2"
}

watch() {
	receive_stream "$1" viewer v0 --count "${2:-60000}" --timeout 300
	wait_for 10 routed
}

# receive_any NAME: 20 packets of a group outside the SSM range, from any source
receive_any() {
	start_receiver "$1" viewer --dev v0 --group $ANY --count 20 --timeout 20
}

routed() {
	ip -n "${NS}gateway" mroute show | grep -q "($SOURCE,$GROUP) .*Oifs: g1"
}

net_one_relay 10
host lan second
# A bridge in place of the cable between gateway and viewer.
ip -n "${NS}viewer" link del v0
wire gateway g1 lan p1
wire viewer v0 lan p2
wire second h1 lan p3
wire second h2 lan nowhere
make_bridge lan br0 p1 p2 p3
address gateway g1 10.4.0.1/24
address viewer v0 10.4.0.2/24
default_route viewer 10.4.0.1
address second h1 10.4.0.9/24
address second h2 10.9.0.1/24
ip -n "${NS}lan" link set nowhere up
send_stream tx source s0 --rate 20
send_stream any source s0 --group $ANY --rate 20
on relay smcroutectl -u "$TMP/relay.smcroute.sock" add r0 $SOURCE $ANY amtr || fail "smcroutectl"
write_gateway amt0 $RELAY '[Forward]' Downstream=g1 "${TIMES[@]}"
amtd_start gateway
wait_for 10 state_is gateway amt0 connected

step "a single router is the querier"
wait_for 10 querier gateway amt0 igmp 10.4.0.1
wait_for 10 querier gateway amt0 mld "$(link_local gateway g1)"
watch rx

step "a second amtd with a higher address: it listens, and knows the memberships as well"
write_device second beside '[AMT]' Name=beside Mode=proxy \
	'[Forward]' Upstream=h2 Downstream=h1 "${TIMES[@]}"
amtd_start second
wait_for 15 querier second beside igmp 10.4.0.1
expect "the querier, still" 10.4.0.1 "$(device gateway amt0 '.forward.downstreams[0].igmp.querier')"
wait_for 15 device_is second beside '.forward.downstreams[0].igmp.groups' 1
sent=$(queries_sent second beside)
sleep 25
expect "Queries of the non-querier" "$sent" "$(queries_sent second beside)"

step "MLD: the lower link-local address is the querier"
one=$(link_local gateway g1) two=$(link_local second h1)
lower "$one" "$two" || one=$two
wait_for 15 querier gateway amt0 mld "$one"
wait_for 15 querier second beside mld "$one"

step "the querier dies: the other takes over within 21 s of its last Query and keeps the memberships"
amtd_kill gateway
died=$(now)
wait_for 30 querier second beside igmp 10.4.0.9
took=$((($(now) - died) / 1000))
echo "  after $took ms"
[ $took -le 23000 ] || fail "after $took ms"
expect "groups" 1 "$(device second beside '.forward.downstreams[0].igmp.groups')"

step "it is back and querier again; the other one yields at once"
amtd_start gateway
wait_for 5 querier second beside igmp 10.4.0.1
wait_for 5 querier gateway amt0 igmp 10.4.0.1
wait_for 10 routed
amtd_stop second
end_background rx
wait_for 10 not routed

step "an igmpproxy with a lower address sends IGMPv2 Queries: amtd yields, and still forwards"
ip -n "${NS}second" address flush dev h1
ip -n "${NS}gateway" address flush dev g1
address second h1 10.4.0.1/24
address gateway g1 10.4.0.8/24
cat >"$TMP/igmpproxy.conf" <<-END
	phyint h2 upstream
	phyint h1 downstream
END
wait_for 10 querier gateway amt0 igmp 10.4.0.8
background igmpproxy second igmpproxy -n -v "$TMP/igmpproxy.conf"
wait_for 30 querier gateway amt0 igmp 10.4.0.1
sent=$(queries_sent gateway amt0)
# The hosts fall back to IGMPv2 after an IGMPv2 Query, which has no sources.
receive_any rx
finish rx || fail "nothing: $(cat "$TMP/rx.log")"
expect "Queries of the non-querier" "$sent" "$(queries_sent gateway amt0)"
[ "$(queries_heard gateway amt0)" -gt 0 ] || fail "no Query heard"

step "it dies: amtd takes over, and the hosts return to IGMPv3"
end_background igmpproxy KILL
died=$(now)
wait_for 400 querier gateway amt0 igmp 10.4.0.8
echo "  after $((($(now) - died) / 1000)) ms"
wait_for 60 on viewer grep -q "v0 .*V3" /proc/net/igmp
watch rx 20
finish rx || fail "nothing: $(cat "$TMP/rx.log")"
