#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two devices that share the host's default multicast routing table, which has one route for a source
# and a group.
#
#  near  100.64.0.2 --- e0 gateway g1 --- viewer
#  other 100.65.0.2 --- e1         g2 --- viewer2

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly NEAR=100.64.0.2

# route_is IIF OIF...: the channel's
route_is() {
	local seen
	seen=$(ip -n "${NS}gateway" mroute show |
		sed -n "s/^($NEAR,$GROUP) *Iif: \([^ ]*\) *Oifs: \(.*[^ ]\) *State.*/\1 \2/p" |
		tr -s ' ')
	same "the route" "$*" "$seen"
}

# proxy NAME UPSTREAM DOWNSTREAM
proxy() {
	write_proxy gateway "$1" "Upstream=$2" "Downstream=$3" FastLeave=yes
}

# watch HOST: a receiver there, until it is ended
watch() {
	receive_stream "$1" "$1" v0 --source $NEAR --count 1000 --timeout 300
}

# flows HOST: it receives another twenty packets
flows() {
	on "$1" "$TOOLS/stream" receive --dev v0 --port $PORT --group $GROUP --source $NEAR \
		--count 20 --timeout 10 >"$TMP/flows.log" || fail "$1: $(cat "$TMP/flows.log")"
}

failed() {
	[ "$(device gateway "$1" .forward.ipv4.failed)" -gt 0 ]
}

host gateway near other viewer viewer2
set_sysctl gateway ipv4/ip_forward=1
wire near n0 gateway e0
wire other n0 gateway e1
wire viewer v0 gateway g1
wire viewer2 v0 gateway g2
address near n0 $NEAR/24
address other n0 100.65.0.2/24
address gateway e0 100.64.0.1/24
address gateway e1 100.65.0.1/24
address gateway g1 10.4.0.1/24
address gateway g2 10.5.0.1/24
address viewer v0 10.4.0.2/24
address viewer2 v0 10.5.0.2/24
default_route near 100.64.0.1
default_route viewer 10.4.0.1
default_route viewer2 10.5.0.1
send_stream tx near n0 --rate 20
proxy a e0 g1
proxy b e0 g2
amtd_start gateway

step "the same upstream: one route, to both downstreams"
watch viewer
wait_for 10 route_is e0 g1
watch viewer2
wait_for 10 route_is e0 g1 g2
flows viewer
flows viewer2

step "one leaves: the other's output interface stays"
end_background viewer
wait_for 10 route_is e0 g2
flows viewer2
watch viewer
wait_for 10 route_is e0 g1 g2

step "two upstreams: the first device by name has the route, the other one reports a failure"
proxy b e1 g2
check "reload" ctl gateway reload
wait_for 20 route_is e0 g1 # amtd leaves an upstream after 10 s
wait_for 10 failed b
flows viewer
expect_match "failure" "$NEAR,$GROUP has another upstream in a, which uses the same table" \
	"$(device gateway b .forward.ipv4.failure)"

step "the first is removed: the other one has the route"
rm "$(amtd_root gateway)/etc/amt/a.amt"
check "reload" ctl gateway reload
wait_for 20 route_is e1 g2

step "a Downstream= of two devices is logged"
proxy a e0 g2
check "reload" ctl gateway reload
expect_match "log" "a: g2 is Downstream= of b, too" "$(amtd_log gateway)"
