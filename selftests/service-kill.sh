#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtd is killed in mid-stream and started again, several times: no packet is lost.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_one_relay 10
send_stream tx source s0 --rate 100
send_stream tx6 source s0 --group $GROUP6 --rate 50
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 20 device_is gateway amt0 .relay.mld_flag 0x80
receive_both rx gateway amt0
sleep 5
ifindex=$(link gateway amt0 .ifindex)
ruleset=$(on gateway nft list ruleset)

for pause in 0 5 30; do
	step "killed and started again after $pause s"
	amtd_kill gateway
	sleep $pause
	expect "the ruleset without amtd" "$ruleset" "$(on gateway nft list ruleset)"
	amtd_start gateway
	expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"
	wait_for 5 state_is gateway amt0 connected
	expect "the file" "$TMP/gateway/run/amt/amt0.amt" "$(device gateway amt0 .file)"
	sleep 5
done

step "stopped and started again"
amtd_stop gateway
sleep 10
amtd_start gateway
sleep 5

end_background rx
end_background rx6
expect "IPv4 packets lost" 0 "$(received rx .lost)"
expect "IPv6 packets lost" 0 "$(received rx6 .lost)"
expect "IPv4 packets duplicated" 0 "$(received rx .duplicated)"
[ "$(received rx .received)" -gt 6000 ] || fail "too few packets for more than a minute: $(cat "$TMP/rx.log")"
check_gap rx 20000

step "a device of a killed amtd is deleted without leftovers"
check "delete" ctl gateway delete amt0
refuse "the device" exists gateway amt0
amtd_stop gateway
expect "ruleset" "" "$(on gateway nft list ruleset)"
