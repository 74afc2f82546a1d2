#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# All relays are down for ten minutes: state no-relay, few probes. One comes back, and soon after that
# the stream does.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly BACK=20000000 # microseconds until the stream is back: twice the target
readonly PACKETS=100   # that amtd may send in ten minutes

internet 5
second_relay
# Relays that make the stream themselves, so that nothing else happens in the ten minutes.
scripted_first --rate 20
scripted_second --rate 20
amtd_start gateway

# amtd's own Discoveries have another source port than the device's.
count_packets() {
	on gateway nft -f - <<-END
		table ip count {
			chain out {
				type filter hook output priority 0
				udp dport $AMT_PORT udp sport != $(device gateway amt0 .port) counter
			}
		}
	END
}

packets() {
	on gateway nft -j list table ip count |
		jq '[.nftables[].rule.expr // [] | .[].counter.packets // 0] | add'
}

# The relays' router sends no ICMP.
silence() {
	ip -n "${NS}internet" route add blackhole $RELAY
	ip -n "${NS}internet" route add blackhole $RELAY2
}

# returns NAME HOST ADDRESS: it comes back after ten minutes without any relay
returns() {
	local start gap

	wait_for 60 state_is gateway amt0 no-relay
	receive_stream rx gateway amt0
	count_packets
	sleep 600
	expect "state" no-relay "$(device gateway amt0 .state)"
	echo "  amtd sent $(packets) packets"
	[ "$(packets)" -lt $PACKETS ] || fail "amtd sent $(packets) packets"
	on gateway nft delete table ip count

	step "$1 comes back"
	start=$(now)
	scripted_relay "$1" "$2" --address "$3" --rate 20
	ip -n "${NS}internet" route del blackhole "$3" 2>/dev/null || true
	wait_for 60 state_is gateway amt0 connected
	expect "the relay in use" "$3" "$(device gateway amt0 .last_relay)"
	sleep 1
	end_background rx
	gap=$(($(received rx .first_usec) - start))
	echo "  data after $gap us"
	[ $gap -le $BACK ] || fail "data after $gap us only"
}

check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 20 state_is gateway amt0 connected

step "both are silent for ten minutes, no ICMP"
silence
end_background first KILL
end_background second KILL
returns second relay2 $RELAY2

step "none for ten minutes, with ICMP unreachable"
ip -n "${NS}internet" route del blackhole $RELAY
end_background second KILL
returns first relay $RELAY

step "the only one is silent for ten minutes"
check "delete" ctl gateway delete amt0
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 20 state_is gateway amt0 connected
ip -n "${NS}internet" route add blackhole $RELAY
end_background first KILL
returns first relay $RELAY
