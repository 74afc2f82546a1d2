#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Upstream=driad: for each source that a host on the LAN joins, the relay is found in DNS (RFC 8777),
# a gateway is created, and its streams are forwarded. It is removed after the last leave.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/reverse.sh
. "$(dirname "$0")/reverse.sh"

no_gateway() {
	[ "$(ip -n "${NS}gateway" -j link show type amt | jq length)" = 0 ]
}

net_two_relays 5
reverse_dns
address viewer v0 2001:db8:4::2/64
ip -n "${NS}source2" address add 203.0.113.9/24 dev s0
send_both source s0 --rate 50
write_amtd_conf '[Channels]' LingerSec=20
write_proxy gateway lan Upstream=driad Downstream=g1
amtd_start gateway
no_gateway || fail "a gateway before any join"

step "a viewer joins: a gateway is created, and the streams arrive, both families"
receive_both rx viewer v0 --count 500 --timeout 60
wait_for 20 exists gateway amt0
expect "wanted by" forward "$(channel "$SOURCE,$GROUP" '.wanted_by | join(" ")')"

step "amtd is killed and started again: the streams go on"
wait_for 20 state_is gateway amt0 connected
amtd_kill gateway
amtd_start gateway
finish_both rx
expect "source" "$SOURCE" "$(received rx .from)"

step "after the leave, the gateway is removed, too"
wait_for 60 no_gateway
expect "channels" 0 "$(ctl gateway channels --no-legend | wc -l)"
step "amtd stops"
amtd_stop gateway
