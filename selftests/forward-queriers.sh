#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two routers ask on one LAN: the one with the lower address does, the other goes by its answers, and
# takes over when it dies. The other one is an amtd, and then an igmpproxy (IGMPv2).
# timeout: 600
#
#  source ---- relay ---- internet ---- gateway g1 10.4.0.1 ---.
#                                                              +--- bridge of "lan" ---- viewer v0
#                                       second  h1 10.4.0.x ---'                         10.4.0.2

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need igmpproxy smcrouted

# Times of both: asked each 10 s, answered within 2: a querier is missed after 2 x 10 + 1 s.
readonly ANY=239.1.1.1 TIMES="QueryIntervalSec=10
QueryResponseSec=2"

# querier HOST DEVICE PROTOCOL WANTED: who asks, by that one's lights
querier() {
	device_is "$1" "$2" ".forward.downstreams[0].$3.querier" "$4"
}

asks() {
	device "$1" "$2" ".forward.downstreams[0].igmp.queries_sent"
}

heard() {
	device "$1" "$2" ".forward.downstreams[0].igmp.queries"
}

linklocal() {
	ip -n "$NS$1" -6 -j address show dev "$2" scope link | jq -r '.[0].addr_info[0].local'
}

# lower FIRST SECOND: is the one IPv6 address below the other?
lower() {
	python3 -c 'import sys, ipaddress as i
sys.exit(i.ip_address(sys.argv[1]) > i.ip_address(sys.argv[2]))' "$1" "$2"
}

watches() {
	receive_stream "$1" viewer v0 --count "${2:-60000}" --timeout 300
	wait_for 10 routed
}

# receive_any NAME: 20 packets of a group outside the SSM range, whatever source
receive_any() {
	: >"$TMP/$1.log"
	background "$1" viewer "$TOOLS/stream" receive --dev v0 --port $PORT --group $ANY \
		--count 20 --timeout 20
}

routed() {
	ip -n "${NS}gateway" mroute show | grep -q "($SOURCE,$GROUP) .*Oifs: g1"
}

internet 10
host lan second
ip -n "${NS}lan" link add br0 type bridge
# The cable between gateway and viewer, now with a bridge in the middle.
ip -n "${NS}viewer" link del v0
wire gateway g1 lan p1
wire viewer v0 lan p2
wire second h1 lan p3
wire second h2 lan nowhere
ip -n "${NS}lan" link set br0 up
for port in p1 p2 p3; do
	ip -n "${NS}lan" link set $port master br0 up
done
address gateway g1 10.4.0.1/24
address viewer v0 10.4.0.2/24
default_route viewer 10.4.0.1
address second h1 10.4.0.9/24
address second h2 10.9.0.1/24
ip -n "${NS}lan" link set nowhere up
kernel_relay relay $RELAY
send_stream tx source s0 --rate 20
send_stream any source s0 --group $ANY --rate 20
on relay smcroutectl -u "$TMP/relay.smcroute.sock" add r0 $SOURCE $ANY amtr || fail "smcroutectl"
cat >"$(amtd_root gateway)/etc/amt/amt0.amt" <<-END
	[AMT]
	Link=g0
	[Relay]
	Address=$RELAY
	[Forward]
	Downstream=g1
	$TIMES
END
amtd_start gateway
wait_for 10 state_is gateway amt0 connected

step "alone, it asks"
wait_for 10 querier gateway amt0 igmp 10.4.0.1
wait_for 10 querier gateway amt0 mld "$(linklocal gateway g1)"
watches rx

step "a second amtd with a higher address: it listens, and knows what is wanted all the same"
cat >"$(amtd_root second)/etc/amt/beside.amt" <<-END
	[AMT]
	Name=beside
	Mode=proxy
	[Forward]
	Upstream=h2
	Downstream=h1
	$TIMES
END
amtd_start second
wait_for 15 querier second beside igmp 10.4.0.1
expect "still the first" 10.4.0.1 "$(device gateway amt0 '.forward.downstreams[0].igmp.querier')"
wait_for 15 device_is second beside '.forward.downstreams[0].igmp.groups' 1
sent=$(asks second beside)
sleep 25
expect "Queries of who listens" "$sent" "$(asks second beside)"

step "of both families' queriers it is the lower one, whichever that is"
one=$(linklocal gateway g1) two=$(linklocal second h1)
lower "$one" "$two" || one=$two
wait_for 15 querier gateway amt0 mld "$one"
wait_for 15 querier second beside mld "$one"

step "the one who asks dies: the other takes over within 21 s of its last Query, and keeps what is wanted"
amtd_kill gateway
died=$(now)
wait_for 30 querier second beside igmp 10.4.0.9
took=$((($(now) - died) / 1000))
echo "  after $took ms"
[ $took -le 23000 ] || fail "after $took ms"
expect "groups" 1 "$(device second beside '.forward.downstreams[0].igmp.groups')"

step "it is back, and asks again; the other gives way at once"
amtd_start gateway
wait_for 5 querier second beside igmp 10.4.0.1
wait_for 5 querier gateway amt0 igmp 10.4.0.1
wait_for 10 routed
amtd_stop second
end_background rx
wait_for 10 not routed

step "an igmpproxy asks in IGMPv2 from a lower address: amtd gives way, and still forwards"
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
sent=$(asks gateway amt0)
# Its hosts turn to IGMPv2 upon an IGMPv2 Query, and that knows no sources.
receive_any rx
finish rx || fail "nothing: $(cat "$TMP/rx.log")"
expect "Queries of who listens" "$sent" "$(asks gateway amt0)"
[ "$(heard gateway amt0)" -gt 0 ] || fail "no Query heard"

step "it dies: amtd takes over, and the hosts come back to IGMPv3"
end_background igmpproxy KILL
died=$(now)
wait_for 400 querier gateway amt0 igmp 10.4.0.8
echo "  after $((($(now) - died) / 1000)) ms"
wait_for 60 on viewer grep -q "v0 .*V3" /proc/net/igmp
watches rx 20
finish rx || fail "nothing: $(cat "$TMP/rx.log")"
