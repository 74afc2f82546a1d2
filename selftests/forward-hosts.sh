#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Several hosts on a bridge behind a gateway, and a second LAN: all versions of IGMP and MLD, hosts
# that share a channel, leave it, move from one LAN to the other.
# timeout: 600
#
#  relay ---- internet ---- gateway lan0 (a bridge) ---- anna   v0 10.4.0.11
#                                              `-------- berta  v0 10.4.0.12
#                                   garden ------------- berta  v1 10.5.0.12

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need smcrouted smcroutectl

readonly ANY=239.1.1.1 ANY6=ff1e::99

# viewer NAME HOST DEV PACKETS [OPTION...]
viewer() {
	local name=$1 host=$2 dev=$3 count=$4
	shift 4
	start_receiver "$name" "$host" --dev "$dev" --count "$count" --timeout 60 "$@"
}

# saw NAME: it received its packets, none was lost
saw() {
	finish "$1" || fail "$1 saw too little: $(cat "$TMP/$1.log")"
	expect "lost of $1" 0 "$(received "$1" .lost)"
}

# goes_to GROUP DEV...: its route's output interfaces are exactly these
goes_to() {
	local group=$1 routes
	shift
	routes=$(mroutes gateway "$group" | sed -n "s/^([^,]*,$group) .*Oifs: //p" |
		sed 's/(ttl [0-9>]*)//g; s/ *State: .*//; s/  *$//')
	same "the output of $group" "$*" "$routes"
}

# ignored PROTOCOL REASON: on the bridge
ignored() {
	device gateway amt0 ".forward.downstreams[0].$1.ignored.$2"
}

# two_tracked: both hosts of a group of the bridge are known
two_tracked() {
	same "hosts tracked" 2 "$(($(device gateway amt0 '.forward.downstreams[0] |
		.igmp.members + .mld.members')))"
}

# leaves NAME
leaves() {
	end_background "$1"
	left=$(now)
}

# gone_after MILLISECONDS
gone_after() {
	local took=$((($(now) - left) / 1000))
	[ $took -le "$1" ] || fail "it went on for $took ms, limit $1 ms"
}

# also_relay GROUP [SOURCE]: route it into the relay, too
also_relay() {
	on relay smcroutectl -u "$TMP/relay.smcroute.sock" add r0 "${2:-$SOURCE}" "$1" amtr ||
		fail "smcroutectl"
}

configure() {
	write_gateway amt0 $RELAY '[Forward]' 'Downstream=lan0 garden' QueryIntervalSec=20 "$@"
}

host anna berta
net_one_relay 10
wire gateway anna anna v0
wire gateway berta berta v0
make_bridge gateway lan0 anna berta
wire gateway garden berta v1
# The topology's viewer has the same prefix.
ip -n "${NS}gateway" address flush dev g1
address gateway lan0 10.4.0.1/24
address gateway garden 10.5.0.1/24
address anna v0 10.4.0.11/24 2001:db8:4::11/64
address berta v0 10.4.0.12/24 2001:db8:4::12/64
address berta v1 10.5.0.12/24 2001:db8:5::12/64
for name in anna berta; do
	default_route $name 10.4.0.1
done
send_both source s0 --rate 25
send_stream any source s0 --group $ANY --rate 20
send_stream any6 source s0 --group $ANY6 --rate 20
also_relay $ANY
also_relay $ANY6 $SOURCE6
configure
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
wait_for 10 device_is gateway amt0 '.forward.downstreams[0].mld.querying' true

step "two hosts receive a source; one leaves, the other loses nothing"
viewer a anna v0 60000 --group $GROUP --source $SOURCE
viewer b berta v0 150 --group $GROUP --source $SOURCE
wait_for 10 goes_to $GROUP lan0
sleep 1
leaves a
saw b

step "the last one leaves: the route goes within the Last Member Query Time"
left=$(now)
wait_for 5 goes_to $GROUP
gone_after 3500

step "the same in IPv6"
viewer a anna v0 60000 --group $GROUP6 --source $SOURCE6
viewer b berta v0 150 --group $GROUP6 --source $SOURCE6
wait_for 10 goes_to $GROUP6 lan0
sleep 1
leaves a
saw b
left=$(now)
wait_for 5 goes_to $GROUP6
gone_after 3500

step "a host moves from the bridge to the other LAN: the stream follows"
viewer b berta v0 60000 --group $GROUP --source $SOURCE
wait_for 10 goes_to $GROUP lan0
viewer b1 berta v1 125 --group $GROUP --source $SOURCE
wait_for 5 goes_to $GROUP lan0 garden
leaves b
wait_for 5 goes_to $GROUP garden
gone_after 3500
saw b1
wait_for 5 goes_to $GROUP

step "an IGMPv2/MLDv1 host and an IGMPv3/MLDv2 host receive any source of a group"
set_sysctl anna ipv4/conf/v0/force_igmp_version=2 ipv6/conf/v0/force_mld_version=1
viewer a anna v0 60000 --group $ANY
wait_for 10 goes_to $ANY lan0
viewer b berta v0 160 --group $ANY
viewer b6 berta v0 160 --group $ANY6
viewer a6 anna v0 60000 --group $ANY6
wait_for 10 goes_to $ANY6 lan0
sleep 1
leaves a
end_background a6
saw b
saw b6
wait_for 5 goes_to $ANY
wait_for 5 goes_to $ANY6

step "the IGMPv2/MLDv1 host alone: its Leave and its Done take effect"
viewer a anna v0 100 --group $ANY
viewer a6 anna v0 100 --group $ANY6
wait_for 10 goes_to $ANY lan0
wait_for 10 goes_to $ANY6 lan0
saw a
left=$(now)
saw a6
wait_for 5 goes_to $ANY
wait_for 5 goes_to $ANY6
gone_after 3500

step "its joins in the SSM range have no source: ignored and counted"
expect "ignored until now" 0 "$(ignored igmp any_source)"
refuse "reception" on anna "$TOOLS/stream" receive --dev v0 --port $PORT --group $GROUP \
	--count 1 --timeout 2
[ "$(ignored igmp any_source)" -gt 0 ] || fail "IGMP: $(ignored igmp any_source) ignored"
refuse "reception" on anna "$TOOLS/stream" receive --dev v0 --port $PORT --group $GROUP6 \
	--count 1 --timeout 2
[ "$(ignored mld any_source)" -gt 0 ] || fail "MLD: $(ignored mld any_source) ignored"

step "an IGMPv1 host sends no Leave: its membership times out after at most 2 x 20 s + 10 s"
set_sysctl anna ipv4/conf/v0/force_igmp_version=1
viewer a anna v0 40 --group $ANY
wait_for 10 goes_to $ANY lan0
saw a
left=$(now)
sleep 15
check "still sent" goes_to $ANY lan0
wait_for 60 goes_to $ANY
gone_after 51000
set_sysctl anna ipv4/conf/v0/force_igmp_version=0 ipv6/conf/v0/force_mld_version=0

step "FastLeave=yes: the route goes at once, without a Group-Specific Query"
configure FastLeave=yes
check "reload" ctl gateway reload
wait_for 10 device_is gateway amt0 '.forward.downstreams[0].mld.querying' true
viewer b berta v1 25 --group $GROUP --source $SOURCE
wait_for 5 goes_to $GROUP garden
saw b
left=$(now)
wait_for 5 goes_to $GROUP
gone_after 1000

step "FastLeave=yes: a host that leaves takes nothing from another one"
for family in "$GROUP --source $SOURCE" "$GROUP6 --source $SOURCE6"; do
	read -ra channel <<<"$family"
	viewer a anna v0 60000 --group "${channel[@]}"
	viewer b berta v0 200 --group "${channel[@]}"
	wait_for 10 goes_to "${channel[0]}" lan0
	wait_for 10 two_tracked
	leaves a
	saw b
	left=$(now)
	wait_for 5 goes_to "${channel[0]}"
	gone_after 1000
done

step "FastLeave=yes: beside an IGMPv2 host it is as without"
set_sysctl anna ipv4/conf/v0/force_igmp_version=2
viewer a anna v0 60000 --group $ANY
viewer b berta v0 40 --group $ANY
wait_for 10 goes_to $ANY lan0
saw b
sleep 4
check "still sent to anna" goes_to $ANY lan0
leaves a
wait_for 5 goes_to $ANY
gone_after 3500
set_sysctl anna ipv4/conf/v0/force_igmp_version=0
