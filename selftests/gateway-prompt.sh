#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay with a Max Resp Time of 10 s, the default of RFC 9776: a channel that was joined before the
# tunnel was up, or at another relay, still arrives at once.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# In microseconds. From the relay's Query to the first packet: 1.5 round trips and some timer ticks.
# GAP: limit of a failover.
readonly ROUND_TRIP=10000
readonly FIRST=$((ROUND_TRIP * 3 / 2 + 50000)) GAP=1400000

internet $((ROUND_TRIP / 2000))
second_relay
amtd_start gateway

# patient_relay NAME HOST ADDRESS OPTION...
patient_relay() {
	rm -f "$TMP/$1.json"
	scripted_relay "$1" "$2" --address "$3" --max-response 100 "${@:4}"
}

# comes GROUP SOURCE FLAGS: the relay appears long after the host's unsolicited Reports
comes() {
	local after
	check "create" ctl gateway create amt0 --link g0 --relay $RELAY
	receive_stream rx gateway amt0 --group "$1" --source "$2" --count 1 --timeout 30
	sleep 8
	patient_relay sr relay $RELAY --flags "$3"
	finish rx || fail "no packet: $(cat "$TMP/rx.log")"
	after=$(($(received rx .first_usec) - $(relay_state sr .first_query_usec)))
	echo "  $1: first packet after $after us"
	[ $after -le $FIRST ] || fail "the first packet came $after us after the first Query"
	check "delete" ctl gateway delete amt0
	end_background sr
}

step "joined before the tunnel is up"
comes $GROUP $SOURCE ""
comes $GROUP6 $SOURCE6 ""

step "the same when the rules clear flags and checksum of Queries"
comes $GROUP $SOURCE GL
comes $GROUP6 $SOURCE6 GL

step "only the first Queries: later ones are answered within the relay's Max Resp Time"
patient_relay sr relay $RELAY
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 20 state_is gateway amt0 connected
receive_stream rx gateway amt0
sleep 60
# At a random time within 10 s, so that one Report often answers several of the 30 Queries.
updates=$(relay_state sr .updates)
echo "  $updates Updates in a minute, $(relay_state sr .queries4) Queries"
[ "$(relay_state sr .queries4)" -gt 25 ] || fail "$(relay_state sr .queries4) Queries"
[ "$updates" -lt 45 ] || fail "$updates Updates in a minute"

step "failover: the next relay gets the Report at once"
check "delete" ctl gateway delete amt0
end_background rx
patient_relay sr2 relay2 $RELAY2 --rate 200
end_background sr
patient_relay sr relay $RELAY --rate 200
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 20 state_is gateway amt0 connected
receive_stream rx gateway amt0
sleep 5
expect "the relay in use" $RELAY "$(device gateway amt0 .last_relay)"
ip -n "${NS}internet" route add blackhole $RELAY
ip -n "${NS}relay" link set r1 down
wait_for 20 device_is gateway amt0 .last_relay $RELAY2
sleep 3
end_background rx
check_gap rx $GAP
check_flowing rx
