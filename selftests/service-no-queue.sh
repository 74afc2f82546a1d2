#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel has amt, but no nft_queue: gateways work as far as they can, and amtd says what is
# missing.
#
# kernel: noqueue

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 0
kernel_relay relay $RELAY
send_stream tx source s0
amtd_start gateway

step "a gateway that needs no rewriting works all the same"
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive_stream rx gateway amt0 --count 300 --timeout 20
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"

step "the log names the option"
expect_match "the log" CONFIG_NFT_QUEUE "$(amtd_log gateway)"
wait_for 10 state_is gateway amt0 connected

step "where it does need rewriting, or has OnFailure=drop, create says what is missing"
errors_of gateway create amt1 --link g0 --relay $RELAY --rewrite any=$RELAY
[ "$STATUS" = 1 ] || expect_match "reason" CONFIG_NFT_QUEUE "$(device gateway amt1 .reason) $ERROR"
expect_match "the message, or the log" CONFIG_NFT_QUEUE "$ERROR $(amtd_log gateway)"

step "a relay serves, and its state says that what its gateways want is not seen"
check "create" ctl gateway create amtr --mode relay --link g1
wait_for 10 state_is gateway amtr running
expect_match "reason" "gateways want is not seen: .*CONFIG_NFT_QUEUE" "$(device gateway amtr .reason)"
