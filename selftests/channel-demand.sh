#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtctl join without a device: the relay is found in DNS (RFC 8777), a gateway is created, sources
# behind the same relay share it, and it is removed after the last leave.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/reverse.sh
. "$(dirname "$0")/reverse.sh"

readonly CHANNEL=$SOURCE,$GROUP CHANNEL6=$SOURCE6,$GROUP6
readonly OTHER=203.0.113.9,232.1.1.9 NO_RELAY=203.0.113.77,232.1.1.7

# comes GROUP: an application that only binds receives it
comes() {
	check "the stream of $1" on gateway "$TOOLS/stream" receive --group "$1" --port $PORT \
		--count 50 --timeout 20
}

net_two_relays 5
reverse_dns
send_both source s0 --rate 20
root=$(amtd_root gateway)
write_amtd_conf '[Channels]' LingerSec=20
amtd_start gateway

step "join creates a gateway, and the stream arrives"
check "join" ctl gateway join $CHANNEL
wait_for 10 channel_is $CHANNEL .state joined
expect "the devices" amt0 "$(ctl gateway --json=short list | jq -r '[.[].ifname] | join(" ")')"
comes $GROUP
expect "link" g0 "$(device gateway amt0 .linkinfo.info_data.link)"
channel_is $CHANNEL .relay $RELAY || fail "the channel has no relay"

step "another source behind the same relay shares it; one behind another relay gets its own"
check "join" ctl gateway join $CHANNEL6 $OTHER
wait_for 20 channel_is $CHANNEL6 .device amt0
wait_for 20 channel_is $OTHER .device amt1
comes $GROUP6
wait_for 20 state_is gateway amt1 connected
expect "its relay" $RELAY2 "$(device gateway amt1 .last_relay)"

step "two joined at once, before the gateway has a relay, share one, too"
check "leave" ctl gateway leave $CHANNEL $CHANNEL6 $OTHER
wait_for 40 not exists gateway amt0
wait_for 40 not exists gateway amt1
check "join" ctl gateway join $CHANNEL $CHANNEL6
wait_for 10 channel_is $CHANNEL .state joined
wait_for 10 channel_is $CHANNEL6 .state joined
expect "devices" 1 "$(ctl gateway --json=short list | jq length)"
comes $GROUP
comes $GROUP6

step "amtd is killed and started again: channels and gateway stay"
ifindex=$(link gateway amt0 .ifindex)
amtd_kill gateway
amtd_start gateway
expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"
wait_for 10 channel_is $CHANNEL .state joined
comes $GROUP

step "a source without a relay: a reason, and retries"
check "join" ctl gateway join $NO_RELAY
wait_for 10 channel_is $NO_RELAY .state waiting
wait_for 10 channel_is $NO_RELAY '.reason | contains("NXDOMAIN")' true
check "leave" ctl gateway leave $NO_RELAY
errors_of gateway join 239.1.1.1
expect "exit status" 1 "$STATUS"
expect_match "any source" "--on DEV" "$ERROR"

step "[Relay] Address= for such sources: there is no route to the source, so Link= is required"
amtd_kill gateway
write_amtd_conf '[Channels]' LingerSec=20 '[Relay]' Address=$RELAY
amtd_start gateway
check "join" ctl gateway join $NO_RELAY
wait_for 10 channel_is $NO_RELAY '.reason | contains("no interface for a gateway: Network is unreachable; set Link=")' true
check "leave" ctl gateway leave $NO_RELAY
amtd_kill gateway
write_amtd_conf '[Channels]' LingerSec=20
amtd_start gateway
wait_for 10 channel_is $CHANNEL .state joined

step "a gateway deleted under its channels is created again"
check "delete" ctl gateway delete amt0
wait_for 20 channel_is $CHANNEL .state joined
comes $GROUP

step "after the last leave the gateway is removed after LingerSec=, not before"
check "leave" ctl gateway leave $CHANNEL $CHANNEL6
left=$(now)
exists gateway amt0 || fail "removed at once"
wait_for 40 not exists gateway amt0
gone=$(($(now) - left))
if [ $gone -lt 19000000 ] || [ $gone -gt 27000000 ]; then
	fail "removed after $gone us"
fi
[ ! -e "$root/run/amt/amt0.amt" ] || fail "its file is still there"

expect "files" "" "$(find "$root/run" -type f)"
