#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A kernel with amt, but without nft_queue: gateways work as far as possible, and amtd reports what is
# missing.
#
# kernel: noqueue

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_one_relay 0
send_stream tx source s0
amtd_start gateway

step "a gateway without rewrite rules works"
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive_stream rx gateway amt0 --count 300 --timeout 20
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"

step "the log names the kernel option"
expect_match "the log" CONFIG_NFT_QUEUE "$(amtd_log gateway)"
wait_for 10 state_is gateway amt0 connected
expect_match "amtctl daemon" "NFQUEUE: .*CONFIG_NFT_QUEUE" "$(ctl gateway daemon)"

step "with a rewrite rule or OnFailure=drop create reports what is missing"
errors_of gateway create amt1 --link g0 --relay $RELAY --rewrite any=$RELAY
[ "$STATUS" = 1 ] || expect_match "reason" CONFIG_NFT_QUEUE "$(device gateway amt1 .reason) $ERROR"
expect_match "the message, or the log" CONFIG_NFT_QUEUE "$ERROR $(amtd_log gateway)"

step "Allow= excludes the only relay: the state says so"
check "create" ctl gateway create amt2 --link g0 --relay $RELAY --allow 203.0.113.0/24
expect "state" no-relay "$(device gateway amt2 .state)"
expect_match "reason" "Allow= excludes $RELAY, the only relay" "$(device gateway amt2 .reason)"

step "the relay is silent: no longer connected"
ip -n "${NS}internet" route add blackhole $RELAY
wait_for 60 state_is gateway amt0 discovering
ip -n "${NS}internet" route del blackhole $RELAY
wait_for 60 state_is gateway amt0 connected
stream_comes gateway amt0

step "a relay runs, and its state says that its gateways' memberships are unknown"
check "create" ctl gateway create amtr --mode relay --link g1
wait_for 10 state_is gateway amtr running
expect_match "reason" "memberships of its gateways are not seen: .*CONFIG_NFT_QUEUE" "$(device gateway amtr .reason)"
