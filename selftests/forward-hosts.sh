#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Several hosts on a bridge behind a gateway, and another network beside it: hosts of all versions of
# IGMP and MLD, who watch the same thing, leave, move from one network to the other.
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
	: >"$TMP/$name.log"
	background "$name" "$host" "$TOOLS/stream" receive --dev "$dev" --port $PORT \
		--count "$count" --timeout 60 "$@"
}

# saw NAME: it got all that it waited for, without a gap
saw() {
	finish "$1" || fail "$1 saw too little: $(cat "$TMP/$1.log")"
	expect "lost of $1" 0 "$(received "$1" .lost)"
}

# goes_to GROUP DEV...: the kernel sends it to these and no others
goes_to() {
	local family=-4 group=$1 routes
	shift
	[[ $group != *:* ]] || family=-6
	routes=$(ip -n "${NS}gateway" $family mroute show | sed -n "s/^([^,]*,$group) .*Oifs: //p" |
		sed 's/(ttl [0-9>]*)//g; s/ *State: .*//; s/  *$//')
	[ "$routes" = "$*" ] || {
		echo "it goes to '$routes'"
		return 1
	}
}

# ignored PROTOCOL REASON: on the bridge
ignored() {
	device gateway amt0 ".forward.downstreams[0].$1.ignored.$2"
}

# leaves NAME
leaves() {
	end_background "$1"
	left=$(now)
}

# gone_after MILLISECONDS
gone_after() {
	local took=$((($(now) - left) / 1000))
	[ $took -le "$1" ] || fail "it went on for $took ms, not $1"
}

# also_relay GROUP [SOURCE]: the relay sends this, too
also_relay() {
	on relay smcroutectl -u "$TMP/relay.smcroute.sock" add r0 "${2:-$SOURCE}" "$1" amtr ||
		fail "smcroutectl"
}

configure() {
	{
		printf '[AMT]\nLink=g0\n[Relay]\nAddress=%s\n' $RELAY
		printf '[Forward]\nDownstream=lan0 garden\nQueryIntervalSec=20\n'
		printf '%s\n' "$@"
	} >"$(amtd_root gateway)/etc/amt/amt0.amt"
}

host anna berta
internet 10
ip -n "${NS}gateway" link add lan0 type bridge
for port in anna berta; do
	wire gateway $port $port v0
	ip -n "${NS}gateway" link set $port master lan0 up
done
wire gateway garden berta v1
# On the wire the networks of the viewer that the topology has are in the way.
ip -n "${NS}gateway" address flush dev g1
address gateway lan0 10.4.0.1/24
address gateway garden 10.5.0.1/24
address anna v0 10.4.0.11/24 2001:db8:4::11/64
address berta v0 10.4.0.12/24 2001:db8:4::12/64
address berta v1 10.5.0.12/24 2001:db8:5::12/64
for name in anna berta; do
	default_route $name 10.4.0.1
done
kernel_relay relay $RELAY
send_stream tx source s0 --rate 25
send_stream tx6 source s0 --group $GROUP6 --rate 25
send_stream any source s0 --group $ANY --rate 20
send_stream any6 source s0 --group $ANY6 --rate 20
also_relay $ANY
also_relay $ANY6 $SOURCE6
configure
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
wait_for 10 device_is gateway amt0 '.forward.downstreams[0].mld.querying' true

step "two watch the same source; one leaves, the other goes on without a gap"
viewer a anna v0 60000 --group $GROUP --source $SOURCE
viewer b berta v0 150 --group $GROUP --source $SOURCE
wait_for 10 goes_to $GROUP lan0
sleep 1
leaves a
saw b

step "the last one left: undone within the last member's time"
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

step "one moves from the bridge to the other network: the stream moves along"
viewer b berta v0 60000 --group $GROUP --source $SOURCE
wait_for 10 goes_to $GROUP lan0
viewer b1 berta v1 125 --group $GROUP --source $SOURCE
wait_for 5 goes_to $GROUP lan0 garden
leaves b
wait_for 5 goes_to $GROUP garden
gone_after 3500
saw b1
wait_for 5 goes_to $GROUP

step "a host that knows IGMPv2 only, and one that knows IGMPv3, watch any source of a group"
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

step "the one of IGMPv2 and MLDv1 alone: its Leave and its Done count"
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

step "what it asks for in the SSM range has no source, and gets none: said by a counter"
expect "ignored until now" 0 "$(ignored igmp any_source)"
refuse "reception" on anna "$TOOLS/stream" receive --dev v0 --port $PORT --group $GROUP \
	--count 1 --timeout 2
[ "$(ignored igmp any_source)" -gt 0 ] || fail "IGMP: $(ignored igmp any_source) ignored"
refuse "reception" on anna "$TOOLS/stream" receive --dev v0 --port $PORT --group $GROUP6 \
	--count 1 --timeout 2
[ "$(ignored mld any_source)" -gt 0 ] || fail "MLD: $(ignored mld any_source) ignored"

step "a host of IGMPv1 never says that it leaves: its time runs out, 2 x 20 s + 10 s at most"
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

step "FastLeave=yes: gone at once, without asking the others"
configure FastLeave=yes
check "reload" ctl gateway reload
wait_for 10 device_is gateway amt0 '.forward.downstreams[0].mld.querying' true
viewer b berta v1 25 --group $GROUP --source $SOURCE
wait_for 5 goes_to $GROUP garden
saw b
left=$(now)
wait_for 5 goes_to $GROUP
gone_after 1000
