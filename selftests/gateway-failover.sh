#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The host of the relay vanishes: its link goes down, and no ICMP tells. Data comes from the next
# relay soon, and sooner where a stream was flowing; the application notices nothing but the gap.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# Twice of what is aimed at, in microseconds.
readonly GAP=3000000 GAP_STREAM=1400000

internet 5
second_relay
kernel_relay relay $RELAY
kernel_relay relay2 $RELAY2
amtd_start gateway

# The router before the relay says nothing, as if the silence were beyond it.
vanish() {
	ip -n "${NS}internet" route add blackhole $RELAY
	ip -n "${NS}relay" link set r1 down
}

come_back() {
	ip -n "${NS}relay" link set r1 up
	default_route relay 192.0.2.126
	ip -n "${NS}internet" route del blackhole $RELAY
}

# What the application and the rest of the host hold on to.
seen_by_others() {
	link gateway amt0 '"\(.ifindex) \(.linkinfo.info_data.discovery)"'
	ip -n "${NS}gateway" maddress show dev amt0
	ip -n "${NS}gateway" address show dev amt0
}

# fails_over RATE GAP
fails_over() {
	local before gap

	check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
	wait_for 20 state_is gateway amt0 connected
	expect "the relay in use" $RELAY "$(device gateway amt0 .last_relay)"
	send_stream tx source s0 --rate "$1"
	send_stream tx2 source2 s0 --rate "$1"
	receive_stream rx gateway amt0
	sleep 6.3
	before=$(seen_by_others)

	vanish
	wait_for 20 device_is gateway amt0 .last_relay $RELAY2
	sleep 3
	expect "state" connected "$(device gateway amt0 .state)"
	expect "device, memberships, addresses" "$before" "$(seen_by_others)"
	end_background rx
	gap=$(received rx .longest_gap_usec)
	echo "  $1 packets a second: no data for $gap us"
	[ "$gap" -le "$2" ] || fail "no data for $gap us, more than $2"
	[ "$(received rx .received)" -gt $(("$1" * 6)) ] || fail "too little: $(cat "$TMP/rx.log")"
	[ $(($(now) - $(received rx .last_usec))) -lt 1000000 ] || fail "the stream ceased"

	end_background tx
	end_background tx2
	check "delete" ctl gateway delete amt0
	come_back
}

step "a thin stream: silence says little"
fails_over 5 $GAP

step "a stream of 200 packets a second: silence is noticed"
fails_over 200 $GAP_STREAM
