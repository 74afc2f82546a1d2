#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A network whose router knows no relay: for each source that a host there joins, DNS tells one (RFC
# 8777), a gateway is made, and what comes out of it is forwarded. When nobody wants it any more, the
# gateway goes.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/reverse.sh
. "$(dirname "$0")/reverse.sh"

no_gateway() {
	[ "$(ip -n "${NS}gateway" -j link show type amt | jq length)" = 0 ]
}

wanted_by() {
	ctl gateway --json=short channels "$1" | jq -r '.[0].wanted_by | join(" ")'
}

internet 5
second_relay
reverse_dns
address viewer v0 2001:db8:4::2/64
kernel_relay relay $RELAY
kernel_relay relay2 $RELAY2
ip -n "${NS}source2" address add 203.0.113.9/24 dev s0
send_stream tx source s0 --rate 50
send_stream tx6 source s0 --group $GROUP6 --rate 50
root=$(amtd_root gateway)
printf '[Channels]\nLingerSec=20\n[Relay]\nDNS=%s\nDNSSEC=no\n' $DNS >"$root/etc/amt/amtd.conf"
printf '[AMT]\nMode=proxy\n[Forward]\nUpstream=driad\nDownstream=g1\n' >"$root/etc/amt/lan.amt"
amtd_start gateway
no_gateway || fail "a gateway that nobody needs"

step "a viewer joins: a gateway is made, and the stream comes, both families"
receive_stream rx viewer v0 --count 500 --timeout 60
receive_stream rx6 viewer v0 --group $GROUP6 --source $SOURCE6 --count 500 --timeout 60
wait_for 20 exists gateway amt0
expect "wanted by" forward "$(wanted_by "$SOURCE,$GROUP")"

step "amtd is killed meanwhile: the stream goes on by itself"
wait_for 20 state_is gateway amt0 connected
amtd_kill gateway
amtd_start gateway
finish rx || fail "no IPv4: $(cat "$TMP/rx.log")"
finish rx6 || fail "no IPv6: $(cat "$TMP/rx6.log")"
expect "source" "$SOURCE" "$(received rx .from)"

step "it left: so does the gateway, by and by"
wait_for 60 no_gateway
expect "channels" 0 "$(ctl gateway channels --no-legend | wc -l)"
step "it stops"
amtd_stop gateway
