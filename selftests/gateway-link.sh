#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The interface below a gateway appears late, gets its address later, changes it, is removed and comes
# back: the gateway waits with a reason, and follows.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_one_relay 0
send_stream tx source s0
ip -n "${NS}gateway" link del g0

plug_in() {
	wire gateway g0 internet ig
	address internet ig 198.51.100.1/24
}

give_address() {
	address gateway g0 "$1/24"
	default_route gateway 198.51.100.1
}

step "create refuses a link that does not exist"
amtd_start gateway
errors_of gateway create amt0 --link g0 --relay $RELAY
expect "exit status" 1 "$STATUS"
expect_match "the message" g0 "$ERROR"
[ ! -e "$TMP/gateway/run/amt/amt0.amt" ] || fail "create left a device file"

step "a device file may name a missing link"
write_gateway amt0 $RELAY
check "reload" ctl gateway reload
expect "state" waiting "$(device gateway amt0 .state)"
expect_match "reason" g0 "$(device gateway amt0 .reason)"
refuse "the device" exists gateway amt0

step "the link appears, the gateway waits for its address"
plug_in
ip -n "${NS}gateway" link set g0 up
wait_for 5 device_is gateway amt0 '.reason | contains("address")' true
expect "state" waiting "$(device gateway amt0 .state)"

step "the address appears, the stream flows"
give_address $LOCAL
stream_comes gateway amt0
expect "local" $LOCAL "$(link gateway amt0 .linkinfo.info_data.local)"

step "the address changes, the gateway follows"
ip -n "${NS}gateway" address del $LOCAL/24 dev g0
wait_for 5 device_is gateway amt0 .state waiting
give_address 198.51.100.77
wait_for 10 state_is gateway amt0 connected
expect "local" 198.51.100.77 "$(link gateway amt0 .linkinfo.info_data.local)"
stream_comes gateway amt0

step "a second address changes nothing"
ifindex=$(link gateway amt0 .ifindex)
address gateway g0 198.51.100.78/24
sleep 3
expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"

step "the link is removed, the gateway waits; it comes back, the stream flows"
ip -n "${NS}gateway" link del g0
wait_for 5 state_is gateway amt0 waiting
refuse "the device" exists gateway amt0
plug_in
give_address $LOCAL
wait_for 10 state_is gateway amt0 connected
stream_comes gateway amt0

step "Local=: the gateway waits for the address and uses it"
write_gateway amt0 $RELAY '[AMT]' Local=198.51.100.99
check "reload" ctl gateway reload
wait_for 5 state_is gateway amt0 waiting
expect_match "reason" '198\.51\.100\.99' "$(device gateway amt0 .reason)"
address gateway g0 198.51.100.99/24
wait_for 10 state_is gateway amt0 connected
expect "local" 198.51.100.99 "$(link gateway amt0 .linkinfo.info_data.local)"
stream_comes gateway amt0

step "a gateway with an invalid MTU does not affect another one"
write_gateway amt1 $RELAY '[AMT]' MTUBytes=1480
check "reload" ctl gateway reload
wait_for 10 state_is gateway amt1 failed
expect_match "reason" MTUBytes "$(device gateway amt1 .reason)"
# It has no Queries, so its relay is probed, answers, and is chosen again.
wait_for 30 grep -q ^Aim= "$TMP/gateway/run/amt/state/amt1"
expect_match "reason" MTUBytes "$(device gateway amt1 .reason)"
expect "state" connected "$(device gateway amt0 .state)"
stream_comes gateway amt0
