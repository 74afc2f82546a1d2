#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Driad=: a gateway with a source instead of a relay finds relays in DNS (RFC 8777), uses the best,
# keeps it while DNS is down for an hour, and fails over to a relay of a later answer.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=selftests/reverse.sh
. "$(dirname "$0")/reverse.sh"

# serve RELAY...: in this order of precedence
serve() {
	local relay precedence=0
	knot_conf "" >"$TMP/dns/knot.conf"
	for relay in "$@"; do
		record 2 "$relay" $((precedence += 10))
	done | zone $ZONE4
	dns_start
}

# configure [LINE...]: of [Relay]
configure() {
	write_device gateway amt0 '[AMT]' Link=g0 '[Relay]' Driad=$SOURCE DNS=$DNS DNSSEC=no "$@"
}

net_two_relays 5
dns_host
send_stream tx source s0 --rate 10
send_stream tx2 source2 s0 --rate 10
configure

step "DNS is down: a reason, and no device"
amtd_start gateway
wait_for 30 state_is gateway amt0 no-relay
expect_match "reason" 'DNS' "$(device gateway amt0 .reason)"
exists gateway amt0 && fail "a device without a relay"

step "DNS is up: the relay with the lowest precedence is used"
serve $RELAY $RELAY2
wait_for 130 state_is gateway amt0 connected
expect "candidates" "driad $RELAY true, driad $RELAY2 false" "$(device gateway amt0 \
	'[.candidates[] | "\(.origin) \(.address) \(.chosen)"] | join(", ")')"
stream_comes gateway amt0

step "DNS is down for an hour: the tunnel stays up"
end_background knotd
sleep 3600
state_is gateway amt0 connected
expect "relay" $RELAY "$(device gateway amt0 .last_relay)"
stream_comes gateway amt0

step "DNS has only another relay: a working tunnel stays, even when amtd restarts"
serve $RELAY2
wait_for 200 device_is gateway amt0 '[.candidates[].origin] | join(" ")' "driad in-use"
amtd_kill gateway
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
expect "relay" $RELAY "$(device gateway amt0 .last_relay)"

step "the relay dies: failover to the one in DNS"
receive_stream rx gateway amt0 --count 400 --timeout 60
ip -n "${NS}relay" link set r1 down
wait_for 10 device_is gateway amt0 .last_relay $RELAY2
finish rx || fail "no stream from the next relay: $(cat "$TMP/rx.log")"

step "relays outside Allow= are refused"
configure Allow=10.0.0.0/8
ctl gateway reload
wait_for 20 device_is gateway amt0 .candidates_refused 1
