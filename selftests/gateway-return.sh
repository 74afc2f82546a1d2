#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The preferred relay failed and is back: after its hold-down and a stable period the gateway returns
# to it, make-before-break, and loses nothing.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 10
second_relay
scripted_first --aligned
scripted_second --aligned
amtd_start gateway
write_gateway amt0 "$RELAY $RELAY2" HoldDownSec=30 ReturnSec=20
check "reload" ctl gateway reload
wait_for 20 state_is gateway amt0 connected

step "the preferred relay fails"
end_background first KILL
wait_for 20 device_is gateway amt0 .last_relay $RELAY2
ifindex=$(link gateway amt0 .ifindex)

step "it is back, but not stable for long enough"
scripted_first --aligned
receive_stream rx gateway amt0
sleep 25
expect "the relay in use" $RELAY2 "$(device gateway amt0 .last_relay)"

step "it has been stable: the gateway returns"
wait_for 90 device_is gateway amt0 .last_relay $RELAY
wait_for 5 state_is gateway amt0 connected
sleep 5
expect "the relay in use" $RELAY "$(device gateway amt0 .last_relay)"
expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"
expect "channels at the other relay" '[]' "$(relay_state second '.channels | tojson')"
expect "channels at the preferred relay" "[\"$SOURCE,$GROUP\"]" "$(relay_state first '.channels | tojson')"
expect_match "the log" "relay $RELAY chosen: it is preferred" "$(amtd_log gateway)"

step "nothing is lost, and few packets are duplicated"
end_background rx
expect "packets lost" 0 "$(received rx .lost)"
[ "$(received rx .received)" -gt 4000 ] || fail "too few packets: $(cat "$TMP/rx.log")"
check_gap rx 50000
echo "  duplicated: $(received rx .duplicated)"
[ "$(received rx .duplicated)" -lt 400 ] || fail "duplicated: $(received rx .duplicated)"
