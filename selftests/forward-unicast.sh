#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A container keeps its sockets open all the time, and its kernel's Reports are to be ignored; its
# application sends unicast Reports to the bridge's address, and only those are joined upstream.
# UnicastReports=only, =yes and =no; IGMPv3, IGMPv2, MLDv2.
#
#  source u0 ----- eth0 gateway br0 - g1 ----- v0 container

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need jq python3

IGMP=$SELFTESTS/tools/igmp.py
ANY=239.1.2.3 # any source, for IGMPv2

# reported GROUP: the source received a Report from the gateway's own address
reported() {
	seen heard ".source == \"203.0.113.1\" and (.group == \"$1\" or any(.records[]?; .group == \"$1\"))"
}

hear() {
	[ -z "${PIDS[heard]-}" ] || end_background heard
	: >"$TMP/heard.log"
	background heard source "$IGMP" listen u0
	wait_for 10 seen heard '.what == "listening"'
}

# flows GROUP [OPTION...]: the container receives packets, on a socket that joins
flows() {
	local group=$1
	shift
	on container "$TOOLS/stream" receive --dev v0 --port $PORT --group "$group" --count 10 \
		--timeout 3 "$@"
}

routed() {
	mroutes gateway "$1" | grep -q ",$1).*Oifs: br0"
}

configure() {
	write_proxy gateway proxy0 Upstream=eth0 Downstream=br0 "UnicastReports=$1"
}

# ignored PROTOCOL: some Reports were ignored
ignored() {
	[ "$(device gateway proxy0 ".forward.downstreams[0].$1.unicast_ignored")" -gt 0 ]
}

lan_behind_proxy source container
ip -n "${NS}gateway" address flush dev g1
make_bridge gateway br0 g1
set_sysctl gateway ipv6/conf/br0/accept_dad=0
address gateway br0 10.4.0.1/24 2001:db8:4::1/64
address container v0 2001:db8:4::2/64
ip -n "${NS}container" route add default via 2001:db8:4::1
wait_for 10 has_link_local gateway br0
BRIDGE6=$(link_local gateway br0) CONTAINER6=$(link_local container v0)
send_both source u0
send_stream any source u0 --group $ANY
receive_both always container v0
configure only
hear
amtd_start gateway
wait_for 10 state_is gateway proxy0 running

step "sockets are open, the kernel's Reports are ignored"
wait_for 15 ignored igmp
wait_for 15 ignored mld
refuse "a stream" flows $GROUP --source $SOURCE
refuse "an IPv6 stream" flows $GROUP6 --source $SOURCE6
refuse "a route" routed $GROUP
refuse "an IPv6 route" routed $GROUP6
refuse "a Report upstream" reported $GROUP
refuse "an MLD Report upstream" seen heard "any(.records[]?; .group == \"$GROUP6\")"

step "a unicast Report starts the stream, and upstream a multicast Report is sent"
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --type allow "$GROUP,$SOURCE"
wait_for 5 routed $GROUP
check "the stream" flows $GROUP --source $SOURCE
wait_for 5 seen heard ".destination == \"224.0.0.22\" and .source == \"203.0.113.1\" and
	any(.records[]; .group == \"$GROUP\" and .type == \"allow\" and .sources == [\"$SOURCE\"])"
refuse "the other stream" routed $GROUP6
on container "$IGMP" report v0 "$CONTAINER6" --to "$BRIDGE6" --type allow "$GROUP6,$SOURCE6"
wait_for 5 routed $GROUP6
check "the IPv6 stream" flows $GROUP6 --source $SOURCE6
wait_for 5 seen heard ".destination == \"ff02::16\" and
	any(.records[]; .group == \"$GROUP6\" and .sources == [\"$SOURCE6\"])"

step "a unicast Leave stops it, although the sockets are still open"
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --type block "$GROUP,$SOURCE"
wait_for 10 not routed $GROUP
wait_for 5 seen heard ".source == \"203.0.113.1\" and
	any(.records[]?; .group == \"$GROUP\" and .type == \"block\")"
refuse "the stream" flows $GROUP --source $SOURCE
check "the other stream" flows $GROUP6 --source $SOURCE6
on container "$IGMP" report v0 "$CONTAINER6" --to "$BRIDGE6" --type block "$GROUP6,$SOURCE6"
wait_for 10 not routed $GROUP6

step "IGMPv2, any source"
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --version 2 $ANY
wait_for 5 reported $ANY
check "the stream" flows $ANY
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --version 2 --type to_in $ANY
wait_for 10 not routed $ANY

step "UnicastReports=yes: unicast and multicast Reports are accepted"
configure yes
check "reload" ctl gateway reload
wait_for 150 routed $GROUP
check "the stream" flows $GROUP --source $SOURCE
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --version 2 $ANY
wait_for 5 reported $ANY

step "UnicastReports=no: unicast Reports are ignored"
configure no
check "reload" ctl gateway reload
hear
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --type allow "232.7.7.7,$SOURCE"
wait_for 10 ignored igmp
wait_for 150 routed $GROUP
refuse "a Report upstream" reported 232.7.7.7
amtd_stop gateway
