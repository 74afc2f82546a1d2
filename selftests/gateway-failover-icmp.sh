#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The relay ends while its host stays up and sends ICMP port unreachable: fast failover.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly GAP=600000 # microseconds: twice the target

net_two_relays 5
send_stream tx source s0 --rate 200
send_stream tx2 source2 s0 --rate 200
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 20 state_is gateway amt0 connected
receive_stream rx gateway amt0
sleep 6.3
expect "the relay in use" $RELAY "$(device gateway amt0 .last_relay)"

step "the relay ends"
ip -n "${NS}relay" link del amtr
wait_for 20 device_is gateway amt0 .last_relay $RELAY2
sleep 2
end_background rx
check_gap rx $GAP
check_flowing rx
expect_match "the log" "relay $RELAY2 chosen: .*unreachable" "$(amtd_log gateway)"
