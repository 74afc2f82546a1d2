#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two gateways to two relays, and a relay device, on one host: it receives two streams and serves one
# of them to a gateway behind it.
#
#  source  --- relay  ---.
#                         internet --- gateway: amt0, amt1, amtr ~~~ viewer (the bare driver)
#  source2 --- relay2 ---'

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_two_relays 10
send_stream tx source s0 --rate 100
send_stream tx2 source2 s0 --rate 50
amtd_start gateway

step "three devices side by side"
check "create amt0" ctl gateway create amt0 --link g0 --relay $RELAY
check "create amt1" ctl gateway create amt1 --link g0 --relay $RELAY2
check "create amtr" ctl gateway create amtr --link g1 --mode relay --max-tunnels 16
wait_for 10 state_is gateway amt0 connected
wait_for 10 state_is gateway amt1 connected
wait_for 10 state_is gateway amtr running
expect "the relay's port" $AMT_PORT "$(link gateway amtr .linkinfo.info_data.relay_port)"
expect "the relay's limit" 16 "$(link gateway amtr .linkinfo.info_data.max_tunnels)"
expect "ports" 3 "$(ctl gateway list --json=short |
	jq '[.[].linkinfo.info_data.relay_port] | unique | length')"

step "each gateway has its own stream"
receive_stream rx gateway amt0 --timeout 20 --count 1000
receive_stream rx2 gateway amt1 --timeout 20 --count 500
finish rx || fail "no stream from the first relay: $(cat "$TMP/rx.log")"
finish rx2 || fail "no stream from the second relay: $(cat "$TMP/rx2.log")"
expect "lost of the first" 0 "$(received rx .lost)"
expect "lost of the second" 0 "$(received rx2 .lost)"
seconds=$((($(received rx .last_usec) - $(received rx .first_usec) + 500000) / 1000000))
seconds2=$((($(received rx2 .last_usec) - $(received rx2 .first_usec) + 500000) / 1000000))
expect "seconds for 1000 packets at 100 a second" 10 $seconds
expect "seconds for 500 packets at 50 a second" 10 $seconds2

step "the relay device serves a gateway behind the host"
route_stream gateway amt0 amtr
check "join on amt0" on gateway smcroutectl -u "$TMP/gateway.smcroute.sock" join amt0 $SOURCE $GROUP
bare_gateway viewer amt0 v0 10.4.0.2 10.4.0.1 rp_filter=0 force_igmp_version=3
receive_stream rx viewer amt0 --count 300 --timeout 30
finish rx || fail "no stream behind the relay: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"

step "one gateway is deleted, the others stay"
receive_stream rx gateway amt0 --count 500 --timeout 20
check "delete amt1" ctl gateway delete amt1
finish rx || fail "the first stream ended: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"
expect "the relay" running "$(device gateway amtr .state)"
