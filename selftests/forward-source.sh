#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A source on a downstream interface (RFC 4605, 4.2): its packets reach the other downstreams that
# want them, and the upstream, unless the group is of local scope. No AMT: Mode=proxy.
#
#  source u0 ---- eth0 gateway g1 ---- v0 viewer
#  203.0.113.2            g2 ---- c0 camera  10.5.0.2, 2001:db8:5::2; behind it 10.6.0.0/24

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly CAMERA=10.5.0.2 CAMERA6=2001:db8:5::2 BEHIND=10.6.0.7 ANY=239.1.1.1 ANY6=ff1e::99 \
	HOME_GROUP=239.255.1.1

# route_is SOURCE GROUP IN OUT...: OUT in any order; IN "": there is no route
route_is() {
	local seen
	seen=$(mroutes gateway "$2" | sed -n "s/^($1,$2) *Iif: //p" |
		sed 's/(ttl [0-9>]*)//g; s/ *State: .*//; s/Oifs://' | xargs -n 1 | sort | xargs)
	same "the route of $1,$2" "$(printf '%s\n' "${@:3}" | sort | xargs)" "$seen"
}

# camera_sends NAME GROUP [OPTION...]
camera_sends() {
	local name=$1 group=$2
	shift 2
	send_stream "$name" camera c0 --rate 50 --ttl 8 --group "$group" "$@"
}

# sees NAME HOST DEV GROUP [OPTION...]: 50 packets come
sees() {
	local name=$1 host=$2 dev=$3 group=$4
	shift 4
	start_receiver "$name" "$host" --dev "$dev" --group "$group" --count 50 --timeout 20 "$@"
	finish "$name" || fail "$group does not reach $host: $(cat "$TMP/$name.log")"
}

lan_behind_proxy source viewer
host camera
wire gateway g2 camera c0
address gateway g1 2001:db8:4::1/64
address gateway g2 10.5.0.1/24 2001:db8:5::1/64
address camera c0 $CAMERA/24 $CAMERA6/64
address camera lo $BEHIND/32
default_route camera 10.5.0.1
default_route source 203.0.113.1
ip -n "${NS}gateway" route add 10.6.0.0/24 via $CAMERA
set_sysctl gateway ipv4/ip_forward=1 ipv6/conf/all/forwarding=1
write_proxy gateway proxy0 Upstream=eth0 'Downstream=g1 g2' LastMemberSec=1
amtd_start gateway
wait_for 10 state_is gateway proxy0 running

step "the upstream gets it, although nobody wants it here"
camera_sends tx $ANY
camera_sends tx6 $ANY6
sees up source u0 $ANY
sees up6 source u0 $ANY6
route_is $CAMERA $ANY g2 eth0
route_is $CAMERA6 $ANY6 g2 eth0

step "a viewer on another downstream gets it as well"
sees rx viewer v0 $ANY
sees rx6 viewer v0 $ANY6

step "joined by source: nothing is joined upstream"
camera_sends txs $GROUP
start_receiver rxs viewer --dev v0 --group $GROUP --source $CAMERA --count 50 --timeout 20
wait_for 10 route_is $CAMERA $GROUP g2 eth0 g1
refuse "a membership upstream" joined gateway eth0 $CAMERA
finish rxs || fail "no stream: $(cat "$TMP/rxs.log")"

step "a group of local scope stays here"
camera_sends txl $HOME_GROUP
wait_for 10 route_is $CAMERA $HOME_GROUP g2
start_receiver rxl viewer --dev v0 --group $HOME_GROUP --count 50 --timeout 20
wait_for 10 route_is $CAMERA $HOME_GROUP g2 g1
finish rxl || fail "no stream: $(cat "$TMP/rxl.log")"

step "a source behind a router of the downstream, which the unicast routes tell"
camera_sends txb 239.1.1.3 --source $BEHIND
wait_for 10 route_is $BEHIND 239.1.1.3 g2 eth0
sees rxb viewer v0 239.1.1.3

step "a host that takes the address of a source elsewhere does not divert its stream"
send_stream tx1 source u0 --rate 50 --ttl 8 --group 239.1.1.2
address camera lo $SOURCE/32
camera_sends forged 239.1.1.2 --source $SOURCE
wait_for 10 route_is $SOURCE 239.1.1.2 eth0
sees rx1 viewer v0 239.1.1.2

step "without its address the downstream has no sources of its own"
ip -n "${NS}gateway" address del 10.5.0.1/24 dev g2
wait_for 10 route_is $CAMERA $ANY eth0
address gateway g2 10.5.0.1/24
wait_for 10 route_is $CAMERA $ANY g2 eth0
sees again viewer v0 $ANY
