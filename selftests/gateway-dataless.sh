#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay whose tunnel works, but that has not got the channel: the gateway goes on to the next.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 5
second_relay
kernel_relay relay $RELAY
kernel_relay relay2 $RELAY2
# Only the second relay's source sends.
send_stream tx2 source2 s0 --rate 20
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 10 state_is gateway amt0 connected
expect "relay" $RELAY "$(device gateway amt0 .last_relay)"

step "nobody joined: there is nothing to miss"
sleep 200
expect "relay" $RELAY "$(device gateway amt0 .last_relay)"

step "joined: the relay that has the channel is found"
receive_stream rx gateway amt0 --count 100 --timeout 60
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "relay" $RELAY2 "$(device gateway amt0 .last_relay)"
expect_match "note" 'no data' "$(device gateway amt0 ".candidates[] | select(.address == \"$RELAY\") | .note")"

step "it stays while data comes"
receive_stream rx gateway amt0 --count 1000 --timeout 60
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"
expect "relay" $RELAY2 "$(device gateway amt0 .last_relay)"
