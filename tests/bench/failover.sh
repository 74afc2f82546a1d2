#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A viewer's delay until the first packet, and its gap when a relay fails. Medians, in virtual time.
# Each line is: what TAB value TAB unit TAB target.
#
# AMTD_BENCH_RUNS: runs of each (default: 20)

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../../selftests/lib.sh"

readonly RUNS=${AMTD_BENCH_RUNS:-20} RTT=10

# stdout is the table, and nothing else.
exec 4>&1 >/dev/null

row() {
	printf '%s\t%s\t%s\t%s\n' "$@" >&4
}

# median TARGET WHAT MICROSECONDS...
median() {
	local target=$1 what=$2 values
	shift 2
	readarray -t values < <(printf '%s\n' "$@" | sort -n)
	row "$what" "$((values[$# / 2] / 1000))" ms "$target"
}

# A random phase of the two seconds between the driver's Requests.
some_time() {
	sleep "$((4 + RANDOM % 2)).$(printf %03d $((RANDOM % 1000)))"
}

# An application that waits for the device, then joins, until its first packet.
receive_first() {
	# shellcheck disable=SC2016 # for the inner shell
	background rx gateway sh -c 'until [ -e /proc/sys/net/ipv4/conf/amt0 ]; do sleep 0.001; done
		exec "$@"' - "$TOOLS/stream" receive --dev amt0 --port $PORT --group $GROUP \
		--source $SOURCE --count 1 --timeout 20
}

# The relay does not know the gateway yet, nor is the group of a join known: packets of an earlier
# membership would be taken for the first one.
create_to_packet() {
	local start times=() _

	for _ in $(seq "$RUNS"); do
		start_relay $RELAY
		: >"$TMP/rx.log"
		receive_first
		start=$(now)
		ctl gateway create amt0 --link g0 --relay $RELAY "$@"
		finish rx || fail "no packet"
		times+=($(($(received rx .first_usec) - start)))
		ctl gateway delete amt0
		end_relay $RELAY
	done
	median "<= $((4 * RTT + 50))" "create to first packet, relay $RTT ms away${1:+, of two}" \
		"${times[@]}"
}

join_to_packet() {
	local start times=() i

	start_relay $RELAY
	ctl gateway create amt0 --link g0 --relay $RELAY
	wait_for 20 state_is gateway amt0 connected
	for i in $(seq "$RUNS"); do
		some_time
		start=$(now)
		receive_stream rx gateway amt0 --group "232.1.2.$i" --count 1 --timeout 20
		finish rx || fail "no packet"
		times+=($(($(received rx .first_usec) - start)))
	done
	median "<= $((RTT + 20))" "join on a running tunnel to first packet" "${times[@]}"
	ctl gateway delete amt0
	end_relay $RELAY
}

other() {
	if [ "$1" = $RELAY ]; then echo $RELAY2; else echo $RELAY; fi
}

host_of() {
	if [ "$1" = $RELAY ]; then echo relay; else echo relay2; fi
}

router_of() {
	if [ "$1" = $RELAY ]; then echo 192.0.2.126; else echo 192.0.2.254; fi
}

start_relay() {
	scripted_relay "scripted-$(host_of "$1")" "$(host_of "$1")" --address "$1" --rate "$RATE"
}

# It has no gateways when it is back: packets of old memberships would hide the gap.
end_relay() {
	end_background "scripted-$(host_of "$1")" KILL 2>/dev/null
}

end_relay_back() {
	start_relay "$1"
}

vanish() {
	ip -n "${NS}internet" route add blackhole "$1"
	ip -n "$NS$(host_of "$1")" link set r1 down
	end_relay "$1"
}

vanish_back() {
	ip -n "$NS$(host_of "$1")" link set r1 up
	default_route "$(host_of "$1")" "$(router_of "$1")"
	ip -n "${NS}internet" route del blackhole "$1"
	start_relay "$1"
}

# gaps HOW RATE TARGET WHAT: the current relay fails in this way, and is back after the failover
gaps() {
	local how=$1 times=() next current=$RELAY _

	RATE=$2
	start_relay $RELAY
	start_relay $RELAY2
	ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
	wait_for 20 state_is gateway amt0 connected
	for _ in $(seq "$RUNS"); do
		receive_stream rx gateway amt0
		some_time
		next=$(other "$current")
		"$how" "$current"
		wait_for 30 device_is gateway amt0 .last_relay "$next"
		sleep 1
		end_background rx
		times+=("$(received rx .longest_gap_usec)")
		"${how}_back" "$current"
		current=$next
	done
	median "$3" "$4" "${times[@]}"
	ctl gateway delete amt0
	end_relay $RELAY
	end_relay $RELAY2
}

internet $((RTT / 2))
second_relay
amtd_start gateway

RATE=200
create_to_packet
create_to_packet --relay $RELAY2
join_to_packet
gaps vanish 200 "<= 700" "relay's host fails: gap of 200 packets/s"
gaps vanish 20 "<= 1500" "  gap of 20 packets/s"
gaps end_relay 200 "<= 300" "relay ends, ICMP unreachable: gap of 200 packets/s"
gaps end_relay 20 "" "  gap of 20 packets/s"
