#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two devices that forward in the host's own table of multicast routes, which has one route for a
# source and a group.
#
#  near  100.64.0.2 --- e0 gateway g1 --- viewer
#  other 100.65.0.2 --- e1         g2 --- viewer2

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly NEAR=100.64.0.2

# route_is IIF OIFS: of the channel
route_is() {
	local seen
	seen=$(ip -n "${NS}gateway" mroute show |
		sed -n "s/^($NEAR,$GROUP) *Iif: \([^ ]*\) *Oifs: \(.*[^ ]\) *State.*/\1 \2/p" |
		tr -s ' ')
	[ "$seen" = "$*" ] || {
		echo "the route is '$seen'"
		return 1
	}
}

# proxy NAME UPSTREAM DOWNSTREAM
proxy() {
	cat >"$(amtd_root gateway)/etc/amt/$1.amt" <<-END
		[AMT]
		Mode=proxy
		[Forward]
		Upstream=$2
		Downstream=$3
		FastLeave=yes
	END
}

# watch HOST: until it ends
watch() {
	: >"$TMP/$1.log"
	background "$1" "$1" "$TOOLS/stream" receive --dev v0 --port $PORT --group $GROUP \
		--source $NEAR --count 1000 --timeout 300
}

# flows HOST: another twenty packets get there
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

step "what both want from one upstream goes to the networks of both"
watch viewer
wait_for 10 route_is e0 g1
watch viewer2
wait_for 10 route_is e0 g1 g2
flows viewer
flows viewer2

step "one leaves: the other's stays"
end_background viewer
wait_for 10 route_is e0 g2
flows viewer2
watch viewer
wait_for 10 route_is e0 g1 g2

step "from two upstreams: the first by name has it, and the other is told so"
proxy b e1 g2
check "reload" ctl gateway reload
wait_for 10 route_is e0 g1
wait_for 10 failed b
flows viewer
expect_match "failure" "$NEAR,$GROUP has another upstream in a, which uses the same table" \
	"$(device gateway b .forward.ipv4.failure)"

step "when the first is gone the other has it"
rm "$(amtd_root gateway)/etc/amt/a.amt"
check "reload" ctl gateway reload
wait_for 10 route_is e1 g2

step "a network of two devices is said"
proxy a e0 g2
check "reload" ctl gateway reload
expect_match "log" "a: g2 is Downstream= of b, too" "$(amtd_log gateway)"
