#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The relay ends, its host stays and says so by ICMP port unreachable: the gateway is with the next
# relay almost at once.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly GAP=600000 # twice of what is aimed at, in microseconds

internet 5
second_relay
kernel_relay relay $RELAY
kernel_relay relay2 $RELAY2
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
gap=$(received rx .longest_gap_usec)
echo "  no data for $gap us"
[ "$gap" -le $GAP ] || fail "no data for $gap us, more than $GAP"
[ $(($(now) - $(received rx .last_usec))) -lt 1000000 ] || fail "the stream ceased"
expect_match "the log" "relay $RELAY2 chosen: .*unreachable" "$(amtd_log gateway)"
