#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Several upstreams, selected by longest prefix match: two gateways with a relay each, and an
# Ethernet; each is removed and comes back.
#
#  source  203.0.113.2  --- relay  ---.
#                                     internet --- gateway g1 --- viewer
#  source2 203.0.113.2  --- relay2 ---'               e0
#          (and .3)                                   |
#                                                   near 100.64.0.2

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need smcrouted smcroutectl

readonly THIRD=203.0.113.3 NEAR=100.64.0.2

# comes_from SOURCE DEV: the input interface of its route to the LAN; DEV "": there is no route
comes_from() {
	local seen
	seen=$(ip -n "${NS}gateway" mroute show |
		sed -n "s/^($1,$GROUP) *Iif: \([^ ]*\) *Oifs: g1.*/\1/p")
	same "the input interface of $1" "$2" "$seen"
}

# watch NAME SOURCE
watch() {
	receive_stream "$1" viewer v0 --source "$2" --count 40 --timeout 60
}

watched() {
	finish "$1" || fail "$1: $(cat "$TMP/$1.log")"
	expect "source of $1" "$2" "$(received "$1" .from)"
}

# near_link: the Ethernet to the near source; also to create it again
near_link() {
	wire near n0 gateway e0
	address near n0 $NEAR/24
	address gateway e0 100.64.0.1/24
}

net_two_relays 10
host near
near_link
# The second relay has another source here.
ip -n "${NS}source2" address flush dev s0
address source2 s0 $THIRD/24
default_route source2 203.0.113.1
on relay2 smcroutectl -u "$TMP/relay2.smcroute.sock" add r0 $THIRD $GROUP amtr || fail "smcroutectl"
send_stream tx source s0 --rate 20
send_stream tx3 source2 s0 --rate 20
send_stream near near n0 --rate 20
write_gateway amt0 $RELAY '[Forward]' Downstream=g1 Upstream=amt0 \
	"Upstream=amt1 $THIRD/32 198.51.100.0/24" "Upstream=e0 100.64.0.0/10"
write_gateway amt1 $RELAY2
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
wait_for 10 state_is gateway amt1 connected

step "each source is joined on its own upstream and comes from there"
watch a $SOURCE
watch b $THIRD
watch c $NEAR
wait_for 10 comes_from $SOURCE amt0
wait_for 10 comes_from $THIRD amt1
wait_for 10 comes_from $NEAR e0
check "joined" joined gateway amt0 $SOURCE
check "joined" joined gateway amt1 $THIRD
check "joined" joined gateway e0 $NEAR
refuse "joined elsewhere" joined gateway amt1 $SOURCE
refuse "joined elsewhere" joined gateway amt0 $NEAR
watched a $SOURCE
watched b $THIRD
watched c $NEAR

step "the Ethernet is removed under a receiver: logged, and the others go on"
watch c $NEAR
wait_for 10 comes_from $NEAR e0
end_background near
ip -n "${NS}gateway" link del e0
wait_for 5 device_is gateway amt0 '.forward.upstreams[] | select(.ifname == "e0") | .running' false
expect_match "log" "upstream e0 is absent or down" "$(amtd_log gateway)"
watch a $SOURCE
watched a $SOURCE

step "it is back under the same name: the receiver has its stream again"
near_link
send_stream near near n0 --rate 20
wait_for 10 comes_from $NEAR e0
watched c $NEAR

step "set down and up again"
watch c $NEAR
wait_for 10 comes_from $NEAR e0
ip -n "${NS}gateway" link set e0 down
wait_for 5 device_is gateway amt0 '.forward.upstreams[] | select(.ifname == "e0") | .running' false
ip -n "${NS}gateway" link set e0 up
wait_for 10 comes_from $NEAR e0
watched c $NEAR

step "a gateway is removed with its file and comes back with it"
watch b $THIRD
wait_for 10 comes_from $THIRD amt1
mv "$(amtd_root gateway)/etc/amt/amt1.amt" "$TMP/amt1.amt"
check "reload" ctl gateway reload
wait_for 10 not exists gateway amt1
mv "$TMP/amt1.amt" "$(amtd_root gateway)/etc/amt/amt1.amt"
check "reload" ctl gateway reload
wait_for 15 state_is gateway amt1 connected
wait_for 15 comes_from $THIRD amt1
watched b $THIRD

step "no receivers: nothing is joined on any upstream"
wait_for 10 not joined gateway amt0 $SOURCE
wait_for 10 not joined gateway amt1 $THIRD
wait_for 10 not joined gateway e0 $NEAR
expect "failures" null "$(device gateway amt0 .forward.ipv4.failure)"
