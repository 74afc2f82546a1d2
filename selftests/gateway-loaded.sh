#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay asks its gateways to leave (L in its Queries, RFC 7450, 5.1.4.4): the gateway moves while
# both relays send, and loses nothing. The former relay is told when it is done.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 10
second_relay
scripted_relay first relay --address $RELAY --aligned --flags G
scripted_relay second relay2 --address $RELAY2 --aligned
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 20 state_is gateway amt0 connected
receive_stream rx gateway amt0
sleep 4
ifindex=$(link gateway amt0 .ifindex)
expect "the relay in use" $RELAY "$(device gateway amt0 .last_relay)"
expect "Updates at the second relay" 0 "$(relay_state second .updates)"

step "the relay says that it is loaded: the gateway moves"
kill -USR1 "${PIDS[first]}"
wait_for 10 device_is gateway amt0 .last_relay $RELAY2
[ "$(device gateway amt0 .queries.loaded)" -gt 0 ] || fail "no loaded Query was counted"
sleep 5
expect "state" connected "$(device gateway amt0 .state)"
expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"

step "the relay that was left was told so, and sends no more"
expect "channels there" '[]' "$(relay_state first '.channels | tojson')"
expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state first '.teardown | tojson')"
expect "Updates that it refused" 0 "$(relay_state first .refused)"
expect "channels at the other" "[\"$SOURCE,$GROUP\"]" "$(relay_state second '.channels | tojson')"
expect "Teardowns there" 0 "$(relay_state second .teardowns)"

step "nothing is lost"
end_background rx
expect "packets lost" 0 "$(received rx .lost)"
[ "$(received rx .received)" -gt 900 ] || fail "too few: $(cat "$TMP/rx.log")"
[ "$(received rx .longest_gap_usec)" -lt 50000 ] ||
	fail "the stream stopped for $(received rx .longest_gap_usec) us"
echo "  twice: $(received rx .duplicated)"

step "it stays away from the loaded one, and stays with the second when that is loaded, too"
kill -USR1 "${PIDS[second]}"
loaded() {
	[ "$(device gateway amt0 .queries.loaded)" -gt 20 ]
}
wait_for 60 loaded
expect "the relay in use" $RELAY2 "$(device gateway amt0 .last_relay)"
expect "state" connected "$(device gateway amt0 .state)"
