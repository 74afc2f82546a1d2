#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A gateway forwards what the hosts of its network want, and nothing else: IPv4 and IPv6, joined,
# moved and left by the kernel's own host side.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# routed SOURCE: the gateway has a route for it to the network
routed() {
	local family=-4
	[[ $1 != *:* ]] || family=-6
	ip -n "${NS}gateway" $family mroute show | grep -q "($1,.*Oifs: g1"
}

# joined SOURCE: on the tunnel
joined() {
	local -a bytes
	IFS=. read -ra bytes <<<"$1"
	on gateway cat /proc/net/mcfilter | grep -q "amt0 .*$(printf '%02x' "${bytes[@]}")"
}

internet 10
address viewer v0 2001:db8:4::2/64
kernel_relay relay $RELAY
send_stream tx source s0
send_stream tx6 source s0 --group $GROUP6
cat >"$(amtd_root gateway)/etc/amt/amt0.amt" <<-END
	[AMT]
	Link=g0
	[Relay]
	Address=$RELAY
	[Forward]
	Downstream=g1
END
amtd_start gateway
wait_for 10 state_is gateway amt0 connected

step "nobody wants anything: nothing is joined, nothing routed"
expect "routes" "" "$(ip -n "${NS}gateway" mroute show; ip -n "${NS}gateway" -6 mroute show)"
refuse "a membership" joined $SOURCE

step "a viewer joins one source in IPv4 and one in IPv6"
receive_stream rx viewer v0 --count 300 --timeout 20
receive_stream rx6 viewer v0 --group $GROUP6 --source $SOURCE6 --count 300 --timeout 20
wait_for 10 joined $SOURCE
finish rx || fail "no IPv4: $(cat "$TMP/rx.log")"
finish rx6 || fail "no IPv6: $(cat "$TMP/rx6.log")"
expect "IPv4 lost" 0 "$(received rx .lost)"
expect "IPv6 lost" 0 "$(received rx6 .lost)"

step "it left: within the last member's time all is undone"
wait_for 10 not routed $SOURCE
wait_for 10 not routed $SOURCE6
wait_for 5 not joined $SOURCE

step "a source that nobody asked for does not come, though the relay sends it"
on gateway "$TOOLS/stream" receive --dev amt0 --port $PORT --group $GROUP --source $SOURCE \
	--count 1 --timeout 10 >/dev/null || fail "nothing on the tunnel"
refuse "reception" on viewer "$TOOLS/stream" receive --dev v0 --port $PORT --group $GROUP \
	--source 203.0.113.99 --count 1 --timeout 3

step "the device goes, and its routes with it"
rm "$(amtd_root gateway)/etc/amt/amt0.amt"
check "reload" ctl gateway reload
wait_for 5 not exists gateway amt0
expect "routes" "" "$(ip -n "${NS}gateway" mroute show)"
