#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Groups that are not to be forwarded, and those of which hosts do not name the source:
# DenyGroups=, AllowGroups=, SSMPrefix=, MapSource=. They change without a packet lost. No AMT:
# Mode=proxy.
#
#  source u0 ---- eth0 gateway g1 ---- v0 viewer

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly ANY=239.1.1.1 SSDP=239.255.255.250 SSM=233.252.0.1

# member GROUP: a member upstream
member() {
	ip -n "${NS}gateway" maddress show dev eth0 | grep -w "$1" >/dev/null
}

# routed GROUP: from upstream to the viewer
routed() {
	mroutes gateway "$1" | grep ",$1) *Iif: eth0 *Oifs: g1" >/dev/null # not -q: SIGPIPE
}

# denied
denied() {
	device gateway proxy0 '.forward.downstreams[0].igmp.ignored.denied'
}

configure() {
	write_proxy gateway proxy0 Upstream=eth0 Downstream=g1 LastMemberSec=1 "$@"
}

# apply LINE...: of [Forward]
apply() {
	configure "$@"
	check "reload" ctl gateway reload
}

# watch NAME GROUP [OPTION...]
watch() {
	local name=$1 group=$2
	shift 2
	start_receiver "$name" viewer --dev v0 --group "$group" --count 60000 --timeout 120 "$@"
}

lan_behind_proxy source viewer
default_route source 203.0.113.1
set_sysctl gateway ipv4/ip_forward=1
for group in $ANY $SSDP $SSM; do
	send_stream "tx$group" source u0 --rate 100 --ttl 8 --group "$group"
done
configure
amtd_start gateway
wait_for 10 state_is gateway proxy0 running
watch any $ANY
watch ssdp $SSDP
wait_for 10 routed $ANY
wait_for 10 routed $SSDP

step "DenyGroups= on the upstream: left, not routed; the others go on"
apply 'DenyGroups=eth0 239.255.0.0/16'
wait_for 10 not member $SSDP
wait_for 5 not routed $SSDP
check "the other one" routed $ANY
expect "ignored downstream" 0 "$(denied)"

step "without it, again"
apply
wait_for 10 member $SSDP
wait_for 10 routed $SSDP

step "DenyGroups= everywhere: new joins are ignored, and counted"
apply DenyGroups=239.255.0.0/16
wait_for 10 not routed $SSDP
end_background ssdp
watch ssdp $SSDP
counted() {
	[ "$(denied)" -gt 0 ]
}
wait_for 10 counted
expect_match "amtctl status" "denied by AllowGroups= or DenyGroups=" "$(ctl gateway status)"
refuse "a membership" member $SSDP

step "AllowGroups=: these only"
apply 'AllowGroups=g1 239.1.0.0/16'
check "allowed" routed $ANY
refuse "a route" routed $SSDP

step "nothing of the stream that is allowed was lost all the while"
end_background any
expect "lost" 0 "$(received any .lost)"

step "SSMPrefix=: joins without a source are ignored there"
apply "SSMPrefix=$SSM/32"
watch nosource $SSM
wait_for 10 device_is gateway proxy0 '.forward.downstreams[0].igmp.ignored.any_source > 0' true
end_background nosource

step "MapSource=: the join of an IGMPv2 host gets its source, and its leave ends it"
apply "SSMPrefix=$SSM/32" "MapSource=$SSM $SOURCE"
set_sysctl viewer ipv4/conf/v0/force_igmp_version=2
watch mapped $SSM
wait_for 10 joined gateway eth0 $SOURCE
wait_for 10 routed $SSM
end_background mapped
wait_for 5 not routed $SSM
[ "$(received mapped .received)" -gt 0 ] || fail "nothing came: $(cat "$TMP/mapped.log")"
