#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A channel for which no device is named: DNS tells the relay of its source (RFC 8777), a gateway is
# made, sources behind the same relay share it, and it goes when the last channel was left.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/reverse.sh
. "$(dirname "$0")/reverse.sh"

readonly CHANNEL=$SOURCE,$GROUP CHANNEL6=$SOURCE6,$GROUP6
readonly OTHER=203.0.113.9,232.1.1.9 NOBODY=203.0.113.77,232.1.1.7

# channel_is CHANNEL FILTER VALUE
channel_is() {
	local seen
	seen=$(ctl gateway --json=short channels "$1" | jq -r ".[0] | $2")
	[ "$seen" = "$3" ] || {
		echo "$2 is '$seen'"
		return 1
	}
}

# comes GROUP: an application that joins nothing receives it
comes() {
	check "the stream of $1" on gateway "$TOOLS/stream" receive --group "$1" --port $PORT \
		--count 50 --timeout 20
}

internet 5
second_relay
reverse_dns
kernel_relay relay $RELAY
kernel_relay relay2 $RELAY2
send_stream tx source s0 --rate 20
send_stream tx6 source s0 --group $GROUP6 --rate 20
root=$(amtd_root gateway)
printf '[Channels]\nLingerSec=20\n[Relay]\nDNS=%s\nDNSSEC=no\n' $DNS >"$root/etc/amt/amtd.conf"
amtd_start gateway

step "join makes a gateway, and the stream comes"
check "join" ctl gateway join $CHANNEL
wait_for 10 channel_is $CHANNEL .state joined
expect "the devices" amt0 "$(ctl gateway --json=short list | jq -r '[.[].ifname] | join(" ")')"
comes $GROUP
expect "link" g0 "$(device gateway amt0 .linkinfo.info_data.link)"
channel_is $CHANNEL .relay $RELAY || fail "the channel names no relay"

step "another source behind the same relay shares it; one behind another gets another"
check "join" ctl gateway join $CHANNEL6 $OTHER
wait_for 20 channel_is $CHANNEL6 .device amt0
wait_for 20 channel_is $OTHER .device amt1
comes $GROUP6
wait_for 20 state_is gateway amt1 connected
expect "its relay" $RELAY2 "$(device gateway amt1 .last_relay)"

step "two at once, before the gateway has a relay, share one, too"
check "leave" ctl gateway leave $CHANNEL $CHANNEL6 $OTHER
wait_for 40 not exists gateway amt0
wait_for 40 not exists gateway amt1
check "join" ctl gateway join $CHANNEL $CHANNEL6
wait_for 10 channel_is $CHANNEL .state joined
wait_for 10 channel_is $CHANNEL6 .state joined
expect "devices" 1 "$(ctl gateway --json=short list | jq length)"
comes $GROUP
comes $GROUP6

step "a restart keeps channels and gateway"
ifindex=$(link gateway amt0 .ifindex)
amtd_kill gateway
amtd_start gateway
expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"
wait_for 10 channel_is $CHANNEL .state joined
comes $GROUP

step "a source without a relay: said, and tried again"
check "join" ctl gateway join $NOBODY
wait_for 10 channel_is $NOBODY .state waiting
wait_for 10 channel_is $NOBODY '.reason | contains("NXDOMAIN")' true
check "leave" ctl gateway leave $NOBODY
errors_of gateway join 239.1.1.1
expect "exit status" 1 "$STATUS"
expect_match "any source" "--on DEV" "$ERROR"

step "other relays for such sources: without a relay there is no route, so Link= has to tell"
amtd_kill gateway
printf '[Channels]\nLingerSec=20\n[Relay]\nAddress=%s\nDNS=%s\nDNSSEC=no\n' $RELAY $DNS \
	>"$root/etc/amt/amtd.conf"
amtd_start gateway
check "join" ctl gateway join $NOBODY
wait_for 10 channel_is $NOBODY '.reason | contains("no interface for a gateway: Network is unreachable; set Link=")' true
check "leave" ctl gateway leave $NOBODY
amtd_kill gateway
printf '[Channels]\nLingerSec=20\n[Relay]\nDNS=%s\nDNSSEC=no\n' $DNS >"$root/etc/amt/amtd.conf"
amtd_start gateway
wait_for 10 channel_is $CHANNEL .state joined

step "a gateway deleted under its channels is found anew"
check "delete" ctl gateway delete amt0
wait_for 20 channel_is $CHANNEL .state joined
comes $GROUP

step "the last channel is left: the gateway goes after LingerSec=, not before"
check "leave" ctl gateway leave $CHANNEL $CHANNEL6
left=$(now)
exists gateway amt0 || fail "it went at once"
wait_for 40 not exists gateway amt0
gone=$(($(now) - left))
if [ $gone -lt 19000000 ] || [ $gone -gt 27000000 ]; then
	fail "it went after $gone us"
fi
[ ! -e "$root/run/amt/amt0.amt" ] || fail "its file is still there"

expect "files" "" "$(find "$root/run" -type f)"
