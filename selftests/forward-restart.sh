#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtd is killed, and started again; it is stopped, and started again: those who watch get their
# streams back by themselves within 2 s of the start, and nothing of the former life is in the way.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# within MILLISECONDS FAMILY: data flows to the network again
within() {
	local started=$1 limit=$2 took
	wait_for 15 flows -4
	wait_for 15 flows -6
	took=$((($(now) - started) / 1000))
	echo "  after $took ms"
	[ $took -le "$limit" ] || fail "after $took ms, not $limit"
}

# flows FAMILY: packets go through the route
flows() {
	ip -n "${NS}gateway" "$1" -s mroute show table all |
		grep -A1 "Iif: amt0.*Oifs: g1" | grep -q "[1-9][0-9]* packets"
}

# rules: "amt0 77", of both families
rules() {
	{
		ip -n "${NS}gateway" mrule show
		ip -n "${NS}gateway" -6 mrule show
	} | sed -n 's/.*from all iif \([^ ]*\) lookup \([^ ]*\).*/\1 \2/p' | sort | tr '\n' ';'
}

configure() {
	{
		printf '[AMT]\nLink=g0\n[Relay]\nAddress=%s\n[Forward]\nDownstream=g1\n' $RELAY
		printf '%s\n' "$@"
	} >"$(amtd_root gateway)/etc/amt/amt0.amt"
}

internet 10
address viewer v0 2001:db8:4::2/64
kernel_relay relay $RELAY
send_stream tx source s0 --rate 50
send_stream tx6 source s0 --group $GROUP6 --rate 50
configure Table=77
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
receive_stream rx viewer v0 --count 100000 --timeout 600
receive_stream rx6 viewer v0 --group $GROUP6 --source $SOURCE6 --count 100000 --timeout 600
within "$(now)" 5000
expect "rules" "amt0 77;amt0 77;g1 77;g1 77;" "$(rules)"

step "killed: the routes go with its socket"
amtd_kill gateway
wait_for 5 not flows -4
wait_for 5 not flows -6

step "started again: within 2 s all have their streams"
sleep 5
started=$(now)
amtd_start gateway
within "$started" 2000

step "stopped: what it made is gone"
amtd_stop gateway
wait_for 5 not flows -4
expect "rules" "" "$(rules)"

step "started again"
sleep 5
started=$(now)
amtd_start gateway
within "$started" 2000

step "killed, and started without Table=: the former rules would lead to a table that is no more"
amtd_kill gateway
configure
started=$(now)
amtd_start gateway
within "$started" 2000
expect "rules" "" "$(rules)"

step "killed, and started without anything to forward"
amtd_kill gateway
configure Downstream= Table=77
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
expect "rules" "" "$(rules)"
expect "routes" "" "$(ip -n "${NS}gateway" mroute show table all)"
