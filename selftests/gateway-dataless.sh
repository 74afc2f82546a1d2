#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay whose tunnel works, but without data for the channel: failover to the next relay.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_two_relays 5
# Only the second relay's source sends.
send_stream tx2 source2 s0 --rate 20
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 10 state_is gateway amt0 connected
expect "relay" $RELAY "$(device gateway amt0 .last_relay)"

step "nothing is joined: no data is expected"
sleep 200
expect "relay" $RELAY "$(device gateway amt0 .last_relay)"

step "joined: failover to the relay that has the channel"
receive_stream rx gateway amt0 --count 100 --timeout 60
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "relay" $RELAY2 "$(device gateway amt0 .last_relay)"
expect_match "note" 'no data' "$(device gateway amt0 ".candidates[] | select(.address == \"$RELAY\") | .note")"

step "it stays while data arrives"
receive_stream rx gateway amt0 --count 1000 --timeout 60
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"
expect "relay" $RELAY2 "$(device gateway amt0 .last_relay)"
