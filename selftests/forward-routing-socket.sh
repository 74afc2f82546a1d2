#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Another program, smcrouted, has the kernel's multicast routing: amtd says so, and takes it over when
# that one ends; with a table of its own (Table=) it works beside it.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need smcrouted

forward_is() {
	device_is gateway amt0 ".forward.$1" "$2"
}

status_says() {
	[[ "$(ctl gateway status amt0)" == *"$1"* ]]
}

# neighbour: smcrouted as the one who was there first, for a group of its own
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

watches() {
	receive_stream "$1" viewer v0 --count 100 --timeout 30
	receive_stream "${1}6" viewer v0 --group $GROUP6 --source $SOURCE6 --count 100 --timeout 30
}

watched() {
	finish "$1" || fail "no IPv4: $(cat "$TMP/$1.log")"
	finish "${1}6" || fail "no IPv6: $(cat "$TMP/${1}6.log")"
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
neighbour
amtd_start gateway
wait_for 10 state_is gateway amt0 connected

step "the other one has both families: said in the log, and in the status"
expect_match "log" "IPv4 is not forwarded: another program routes IPv4 multicast" \
	"$(amtd_log gateway)"
expect_match "log" "IPv6 is not forwarded: another program routes IPv6 multicast" \
	"$(amtd_log gateway)"
expect_match "IPv4" "another program .*Table=" "$(device gateway amt0 .forward.ipv4.error)"
expect_match "IPv6" "another program .*Table=" "$(device gateway amt0 .forward.ipv6.error)"
check "amtctl status names it" status_says "another program routes IPv4 multicast"
ctl gateway status amt0 | sed -n "/Upstream:/,/Sysctls:/p"

step "viewers who join meanwhile get nothing, and amtd waits"
watches rx
wait_for 5 forward_is "downstreams[0].igmp.groups" 1
wait_for 5 forward_is "downstreams[0].mld.groups" 1
expect "groups wanted" 1 "$(device gateway amt0 .forward.ipv4.groups)"
expect "received" "" "$(cat "$TMP/rx.log" "$TMP/rx6.log")"
check "the other one still routes" neighbour_routes

step "the other one ends: amtd takes over by itself, and the viewers get their streams"
end_background neighbour
started=$(now)
watched rx
echo "  after $((($(now) - started) / 1000)) ms, 1000 of them for 100 packets"
[ $(($(now) - started)) -le 7500000 ] || fail "too late"
expect "error" null "$(device gateway amt0 .forward.ipv4.error)"

step "a table of its own: both work side by side"
rm "$(amtd_root gateway)/etc/amt/amt0.amt"
check "reload" ctl gateway reload
wait_for 5 not exists gateway amt0
neighbour
cat >"$(amtd_root gateway)/etc/amt/amt0.amt" <<-END
	[AMT]
	Link=g0
	[Relay]
	Address=$RELAY
	[Forward]
	Downstream=g1
	Table=77
END
check "reload" ctl gateway reload
wait_for 10 state_is gateway amt0 connected
expect "error" null "$(device gateway amt0 .forward.ipv4.error)"
watches rx
watched rx
check "the other one still routes" neighbour_routes
expect_match "rules" "iif amt0 lookup 77.*iif g1 lookup 77" \
	"$(ip -n "${NS}gateway" mrule show | tr '\n' ' ')"

step "what it made for that goes with it"
rm "$(amtd_root gateway)/etc/amt/amt0.amt"
check "reload" ctl gateway reload
wait_for 5 not exists gateway amt0
refuse "a rule" grep -q "lookup 77" <(ip -n "${NS}gateway" mrule show; ip -n "${NS}gateway" -6 mrule show)
