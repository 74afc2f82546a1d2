#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtd is killed and started again; it is stopped and started again: viewers have their streams back
# within 2 s of the start without joining again, and leftovers of the previous run do no harm.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# within STARTED MILLISECONDS: data flows to the LAN again
within() {
	local started=$1 limit=$2 took
	wait_for 15 flows -4
	wait_for 15 flows -6
	took=$((($(now) - started) / 1000))
	echo "  after $took ms"
	[ $took -le "$limit" ] || fail "after $took ms, not $limit"
}

# flows FAMILY: the route has forwarded packets
flows() {
	ip -n "${NS}gateway" "$1" -s mroute show table all |
		grep -A1 "Iif: amt0.*Oifs: g1" | grep -q "[1-9][0-9]* packets"
}

# rules: interface and table of each rule, "amt0 77;", both families
rules() {
	{
		ip -n "${NS}gateway" mrule show
		ip -n "${NS}gateway" -6 mrule show
	} | sed -n 's/.*from all iif \([^ ]*\) lookup \([^ ]*\).*/\1 \2/p' | sort | tr '\n' ';'
}

configure() {
	write_gateway amt0 $RELAY '[Forward]' Downstream=g1 "$@"
}

net_one_relay 10
address viewer v0 2001:db8:4::2/64
send_both source s0 --rate 50
configure Table=77
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
receive_both rx viewer v0 --count 100000 --timeout 600
within "$(now)" 5000
expect "rules" "amt0 77;amt0 77;g1 77;g1 77;" "$(rules)"

step "killed: the kernel removes the routes with its socket"
amtd_kill gateway
wait_for 5 not flows -4
wait_for 5 not flows -6

step "started again: all streams are back within 2 s"
sleep 5
started=$(now)
amtd_start gateway
within "$started" 2000

step "stopped: routes and rules are removed"
amtd_stop gateway
wait_for 5 not flows -4
expect "rules" "" "$(rules)"

step "started again"
sleep 5
started=$(now)
amtd_start gateway
within "$started" 2000

step "killed, and started without Table=: stale rules to the missing table are removed"
amtd_kill gateway
configure
started=$(now)
amtd_start gateway
within "$started" 2000
expect "rules" "" "$(rules)"

step "killed, and started with nothing to forward"
amtd_kill gateway
configure Downstream= Table=77
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
expect "rules" "" "$(rules)"
expect "routes" "" "$(ip -n "${NS}gateway" mroute show table all)"
