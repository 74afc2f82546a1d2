#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Another program, smcrouted, holds the kernel's multicast routing socket: amtd reports that, and
# takes over when it exits; with a table of its own (Table=) both run side by side.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need smcrouted

forward_is() {
	device_is gateway amt0 ".forward.$1" "$2"
}

status_says() {
	[[ "$(ctl gateway status amt0)" == *"$1"* ]]
}

# neighbour: an smcrouted that was there first, with a group of its own
neighbour() {
	cat >"$TMP/neighbour.smcroute" <<-END
		phyint lo enable
		phyint g1 enable
		mroute from g1 source 10.4.0.99 group 239.1.1.1 to lo
		mroute from g1 source 2001:db8:4::99 group ff1e::1 to lo
	END
	background neighbour gateway smcrouted -n -N -l info -i neighbour \
		-f "$TMP/neighbour.smcroute" -u "$TMP/neighbour.sock" -P "$TMP/neighbour.pid"
	wait_for 10 neighbour_routes
}

neighbour_routes() {
	[[ $(ip -n "${NS}gateway" mroute show) == *239.1.1.1* &&
		$(ip -n "${NS}gateway" -6 mroute show) == *ff1e::1* ]]
}

net_one_relay 10
address viewer v0 2001:db8:4::2/64
send_both source s0
write_gateway amt0 $RELAY '[Forward]' Downstream=g1
neighbour
amtd_start gateway
wait_for 10 state_is gateway amt0 connected

step "the other program has both families: the log and the status say so"
expect_match "log" "IPv4 is not forwarded: another program routes IPv4 multicast" \
	"$(amtd_log gateway)"
expect_match "log" "IPv6 is not forwarded: another program routes IPv6 multicast" \
	"$(amtd_log gateway)"
expect_match "IPv4" "another program .*Table=" "$(device gateway amt0 .forward.ipv4.error)"
expect_match "IPv6" "another program .*Table=" "$(device gateway amt0 .forward.ipv6.error)"
check "amtctl status names it" status_says "another program routes IPv4 multicast"
ctl gateway status amt0 | sed -n "/Upstream:/,/Sysctls:/p"

step "viewers that join meanwhile receive nothing, and amtd waits"
receive_both rx viewer v0 --count 100 --timeout 30
wait_for 5 forward_is "downstreams[0].igmp.groups" 1
wait_for 5 forward_is "downstreams[0].mld.groups" 1
expect "groups wanted" 1 "$(device gateway amt0 .forward.ipv4.groups)"
expect "received" "" "$(cat "$TMP/rx.log" "$TMP/rx6.log")"
check "the other program still routes" neighbour_routes

step "the other program exits: amtd takes over without a reload, and the viewers receive"
end_background neighbour
started=$(now)
finish_both rx
echo "  after $((($(now) - started) / 1000)) ms, 1000 of them for 100 packets"
[ $(($(now) - started)) -le 7500000 ] || fail "too late"
expect "error" null "$(device gateway amt0 .forward.ipv4.error)"

step "Table=: both run side by side"
rm "$(amtd_root gateway)/etc/amt/amt0.amt"
check "reload" ctl gateway reload
wait_for 5 not exists gateway amt0
neighbour
write_gateway amt0 $RELAY '[Forward]' Downstream=g1 Table=77
check "reload" ctl gateway reload
wait_for 10 state_is gateway amt0 connected
expect "error" null "$(device gateway amt0 .forward.ipv4.error)"
receive_both rx viewer v0 --count 100 --timeout 30
finish_both rx
check "the other program still routes" neighbour_routes
expect_match "rules" "iif amt0 lookup 77.*iif g1 lookup 77" \
	"$(ip -n "${NS}gateway" mrule show | tr '\n' ' ')"

step "its routing rules are removed with the device"
rm "$(amtd_root gateway)/etc/amt/amt0.amt"
check "reload" ctl gateway reload
wait_for 5 not exists gateway amt0
refuse "a rule" grep -q "lookup 77" <(ip -n "${NS}gateway" mrule show; ip -n "${NS}gateway" -6 mrule show)
