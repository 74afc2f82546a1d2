#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The relay's host fails: its link goes down, and there is no ICMP. Data comes from the next relay,
# sooner for a fast stream than for a slow one; all that an application sees is the gap.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# Twice the target, in microseconds.
readonly GAP=3000000 GAP_STREAM=1400000

net_two_relays 5
amtd_start gateway

# The relay's router sends no ICMP.
vanish() {
	ip -n "${NS}internet" route add blackhole $RELAY
	ip -n "${NS}relay" link set r1 down
}

come_back() {
	ip -n "${NS}relay" link set r1 up
	default_route relay 192.0.2.126
	ip -n "${NS}internet" route del blackhole $RELAY
}

# What must not change: index, discovery address, memberships and addresses of the device.
seen_by_others() {
	link gateway amt0 '"\(.ifindex) \(.linkinfo.info_data.discovery)"'
	ip -n "${NS}gateway" maddress show dev amt0
	ip -n "${NS}gateway" address show dev amt0
}

# fails_over RATE GAP
fails_over() {
	local before

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
	check_gap rx "$2"
	[ "$(received rx .received)" -gt $(("$1" * 6)) ] || fail "too little: $(cat "$TMP/rx.log")"
	check_flowing rx

	end_background tx
	end_background tx2
	check "delete" ctl gateway delete amt0
	come_back
}

step "5 packets a second: silence is detected late"
fails_over 5 $GAP

step "200 packets a second: silence is detected early"
fails_over 200 $GAP_STREAM
