#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A gateway has failed over to its second relay, the first is dead. amtd is killed in mid-stream and
# started again: no packet is lost, and the gateway stays with its relay.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_two_relays 10
send_stream tx2 source2 s0 --rate 100
send_stream tx6 source2 s0 --group $GROUP6 --rate 50
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 20 state_is gateway amt0 connected
ip -n "${NS}relay" link del amtr
wait_for 20 device_is gateway amt0 .last_relay $RELAY2
wait_for 20 state_is gateway amt0 connected
wait_for 20 device_is gateway amt0 .relay.mld_flag 0x80
receive_both rx gateway amt0
sleep 5
ifindex=$(link gateway amt0 .ifindex)
ruleset=$(on gateway nft list ruleset)
expect_match "the ruleset" "$RELAY2" "$ruleset"

for pause in 0 5 40; do
	step "killed and started again after $pause s"
	amtd_kill gateway
	sleep $pause
	expect "the ruleset without amtd" "$ruleset" "$(on gateway nft list ruleset)"
	amtd_start gateway
	wait_for 5 state_is gateway amt0 connected
	expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"
	expect "the relay in use" $RELAY2 "$(device gateway amt0 .last_relay)"
	sleep 5
	expect "the ruleset" "$ruleset" "$(on gateway nft list ruleset)"
done

end_background rx
end_background rx6
expect "IPv4 packets lost" 0 "$(received rx .lost)"
expect "IPv6 packets lost" 0 "$(received rx6 .lost)"
[ "$(received rx .received)" -gt 5500 ] || fail "too few packets: $(cat "$TMP/rx.log")"
check_gap rx 20000
