#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay sets the L flag in its Queries (RFC 7450, 5.1.4.4): the gateway moves make-before-break and
# loses nothing, then leaves the former relay with a Teardown.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 10
second_relay
scripted_first --aligned --flags G
scripted_second --aligned
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 20 state_is gateway amt0 connected
receive_stream rx gateway amt0
sleep 4
ifindex=$(link gateway amt0 .ifindex)
expect "the relay in use" $RELAY "$(device gateway amt0 .last_relay)"
expect "Updates at the second relay" 0 "$(relay_state second .updates)"

step "the relay is loaded: the gateway moves"
kill -USR1 "${PIDS[first]}"
wait_for 10 device_is gateway amt0 .last_relay $RELAY2
[ "$(device gateway amt0 .queries.loaded)" -gt 0 ] || fail "no Query with L was counted"
sleep 5
expect "state" connected "$(device gateway amt0 .state)"
expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"

step "the former relay got leaves and a Teardown"
expect "channels at the first" '[]' "$(relay_state first '.channels | tojson')"
expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state first '.teardown | tojson')"
expect "refused Updates" 0 "$(relay_state first .refused)"
expect "channels at the second" "[\"$SOURCE,$GROUP\"]" "$(relay_state second '.channels | tojson')"
expect "Teardowns at the second" 0 "$(relay_state second .teardowns)"

step "nothing is lost"
end_background rx
expect "packets lost" 0 "$(received rx .lost)"
[ "$(received rx .received)" -gt 900 ] || fail "too few packets: $(cat "$TMP/rx.log")"
check_gap rx 50000
echo "  duplicated: $(received rx .duplicated)"

step "the second is loaded, too: the gateway stays there"
kill -USR1 "${PIDS[second]}"
loaded() {
	[ "$(device gateway amt0 .queries.loaded)" -gt 20 ]
}
wait_for 60 loaded
expect "the relay in use" $RELAY2 "$(device gateway amt0 .last_relay)"
expect "state" connected "$(device gateway amt0 .state)"
