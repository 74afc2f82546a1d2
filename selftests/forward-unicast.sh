#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A container has its sockets open always, and what its kernel reports does not count; what its
# application wants it says in unicast Reports to the bridge's own address, and that alone is joined
# outside. UnicastReports=only, =yes and =no; IGMPv3, IGMPv2, MLDv2.
#
#  source u0 ----- eth0 gateway br0 - c0 ----- v0 container

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need jq python3

IGMP=$SELFTESTS/tools/igmp.py
ANY=239.1.2.3 # of any source, for IGMPv2

# told FILTER: something that the source hears is so
told() {
	jq -se "any(.[]; $1)" "$TMP/heard.log" >/dev/null || {
		tail -n 20 "$TMP/heard.log"
		return 1
	}
}

# of the gateway, from its own address
reported() {
	told ".source == \"203.0.113.1\" and (.group == \"$1\" or any(.records[]?; .group == \"$1\"))"
}

hear() {
	[ -z "${PIDS[heard]-}" ] || end_background heard
	: >"$TMP/heard.log"
	background heard source "$IGMP" listen u0
	wait_for 10 told '.what == "listening"'
}

link_local() {
	ip -n "$NS$1" -j -6 address show dev "$2" scope link | jq -r '[.[].addr_info[]?.local // empty][0]'
}

has_link_local() {
	[ "$(link_local "$@")" != null ]
}

# flows GROUP [OPTION...]: the container gets packets, by a socket that asks for them, too
flows() {
	local group=$1
	shift
	on container "$TOOLS/stream" receive --dev v0 --port $PORT --group "$group" --count 10 \
		--timeout 3 "$@"
}

routed() {
	local family=-4
	[[ $1 != *:* ]] || family=-6
	ip -n "${NS}gateway" $family mroute show | grep -q ",$1).*Oifs: br0"
}

configure() {
	printf '[AMT]\nMode=proxy\n[Forward]\nUpstream=eth0\nDownstream=br0\nUnicastReports=%s\n' \
		"$1" >"$(amtd_root gateway)/etc/amt/proxy0.amt"
}

# ignored PROTOCOL: some Reports there did not count
ignored() {
	[ "$(device gateway proxy0 ".forward.downstreams[0].$1.unicast_ignored")" -gt 0 ]
}

host source gateway container
wire source u0 gateway eth0
wire gateway c0 container v0
ip -n "${NS}gateway" link add br0 type bridge forward_delay 0 ||
	skip "the kernel has no bridge"
ip -n "${NS}gateway" link set c0 master br0 up
for end in "source u0" "gateway eth0" "gateway br0" "container v0"; do
	read -r where dev <<<"$end"
	set_sysctl "$where" "ipv6/conf/$dev/accept_dad=0"
done
address source u0 $SOURCE/24 $SOURCE6/64
address gateway eth0 203.0.113.1/24 2001:db8:1::1/64
address gateway br0 10.4.0.1/24 2001:db8:4::1/64
address container v0 10.4.0.2/24 2001:db8:4::2/64
default_route container 10.4.0.1
ip -n "${NS}container" route add default via 2001:db8:4::1
for end in "gateway eth0" "gateway br0" "container v0"; do
	read -r where dev <<<"$end"
	wait_for 10 has_link_local "$where" "$dev"
done
BRIDGE6=$(link_local gateway br0) CONTAINER6=$(link_local container v0)
send_stream tx source u0
send_stream any source u0 --group $ANY
send_stream tx6 source u0 --group $GROUP6
receive_stream always container v0
receive_stream always6 container v0 --group $GROUP6 --source $SOURCE6
configure only
hear
amtd_start gateway
wait_for 10 state_is gateway proxy0 running

step "the sockets are open, the kernel reports them, and nothing comes of it"
wait_for 15 ignored igmp
wait_for 15 ignored mld
refuse "a stream" flows $GROUP --source $SOURCE
refuse "an IPv6 stream" flows $GROUP6 --source $SOURCE6
refuse "a route" routed $GROUP
refuse "an IPv6 route" routed $GROUP6
refuse "a Report outside" reported $GROUP
refuse "an MLD Report outside" told "any(.records[]?; .group == \"$GROUP6\")"

step "one unicast Report, and it flows; outside there is a multicast Report"
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --type allow "$GROUP,$SOURCE"
wait_for 5 routed $GROUP
check "the stream" flows $GROUP --source $SOURCE
wait_for 5 told ".destination == \"224.0.0.22\" and .source == \"203.0.113.1\" and
	any(.records[]; .group == \"$GROUP\" and .type == \"allow\" and .sources == [\"$SOURCE\"])"
refuse "the other stream" routed $GROUP6
on container "$IGMP" report v0 "$CONTAINER6" --to "$BRIDGE6" --type allow "$GROUP6,$SOURCE6"
wait_for 5 routed $GROUP6
check "the IPv6 stream" flows $GROUP6 --source $SOURCE6
wait_for 5 told ".destination == \"ff02::16\" and
	any(.records[]; .group == \"$GROUP6\" and .sources == [\"$SOURCE6\"])"

step "a unicast Leave, and it stops, though the kernel's sockets are still open"
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --type block "$GROUP,$SOURCE"
wait_for 10 not routed $GROUP
wait_for 5 told ".source == \"203.0.113.1\" and
	any(.records[]?; .group == \"$GROUP\" and .type == \"block\")"
refuse "the stream" flows $GROUP --source $SOURCE
check "the other stream" flows $GROUP6 --source $SOURCE6
on container "$IGMP" report v0 "$CONTAINER6" --to "$BRIDGE6" --type block "$GROUP6,$SOURCE6"
wait_for 10 not routed $GROUP6

step "IGMPv2, of any source"
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --version 2 $ANY
wait_for 5 reported $ANY
check "the stream" flows $ANY
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --version 2 --type to_in $ANY
wait_for 10 not routed $ANY

step "UnicastReports=yes: both count"
configure yes
check "reload" ctl gateway reload
wait_for 150 routed $GROUP
check "the stream" flows $GROUP --source $SOURCE
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --version 2 $ANY
wait_for 5 reported $ANY

step "UnicastReports=no: unicast ones do not"
configure no
check "reload" ctl gateway reload
hear
on container "$IGMP" report v0 10.4.0.2 --to 10.4.0.1 --type allow "232.7.7.7,$SOURCE"
wait_for 10 ignored igmp
wait_for 150 routed $GROUP
refuse "a Report outside" reported 232.7.7.7
amtd_stop gateway
