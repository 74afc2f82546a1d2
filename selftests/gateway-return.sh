#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The better relay failed and is back: after its hold-down, and when it was good for a while, the
# gateway returns to it. That loses nothing, for both relays send meanwhile.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 10
second_relay
scripted_relay first relay --address $RELAY --aligned
scripted_relay second relay2 --address $RELAY2 --aligned
amtd_start gateway
cat >"$TMP/gateway/etc/amt/amt0.amt" <<-END
	[AMT]
	Link=g0
	[Relay]
	Address=$RELAY $RELAY2
	HoldDownSec=30
	ReturnSec=20
END
check "reload" ctl gateway reload
wait_for 20 state_is gateway amt0 connected

step "the better one fails"
end_background first KILL
wait_for 20 device_is gateway amt0 .last_relay $RELAY2
ifindex=$(link gateway amt0 .ifindex)

step "it is back, but was not good for long"
scripted_relay first relay --address $RELAY --aligned
receive_stream rx gateway amt0
sleep 25
expect "the relay in use" $RELAY2 "$(device gateway amt0 .last_relay)"

step "it was good for a while"
wait_for 90 device_is gateway amt0 .last_relay $RELAY
wait_for 5 state_is gateway amt0 connected
sleep 5
expect "the relay in use" $RELAY "$(device gateway amt0 .last_relay)"
expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"
expect "channels at the other relay" '[]' "$(relay_state second '.channels | tojson')"
expect "channels at this one" "[\"$SOURCE,$GROUP\"]" "$(relay_state first '.channels | tojson')"
expect_match "the log" "relay $RELAY chosen: it is preferred" "$(amtd_log gateway)"

step "nothing is lost, and the other's copies end"
end_background rx
expect "packets lost" 0 "$(received rx .lost)"
[ "$(received rx .received)" -gt 4000 ] || fail "too few: $(cat "$TMP/rx.log")"
[ "$(received rx .longest_gap_usec)" -lt 50000 ] ||
	fail "the stream stopped for $(received rx .longest_gap_usec) us"
echo "  twice: $(received rx .duplicated)"
[ "$(received rx .duplicated)" -lt 400 ] || fail "twice: $(received rx .duplicated)"
