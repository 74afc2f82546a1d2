#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 90
#
# A hundred channels on one host, with low limits for a socket's memberships and sources; an error
# names the limit.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly CHANNEL=$SOURCE,$GROUP

joined_count() {
	ctl gateway --json=short channels | jq '[.[] | select(.state == "joined")] | length'
}

groups_of_kernel() {
	on gateway ip -4 -j maddress show dev amt0 |
		jq '[.[].maddr[] | select(.address // "" | startswith("232."))] | length'
}

set_limits() {
	set_sysctl gateway "ipv4/igmp_max_memberships=$1" "ipv4/igmp_max_msf=$2"
}

net_one_relay 10
send_stream tx source s0
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 20 state_is gateway amt0 connected

step "20 memberships a socket, 10 sources each: 100 groups, and 30 sources of one"
set_limits 20 10
channels=()
for i in {1..99}; do
	channels+=("203.0.113.2,232.2.0.$i")
done
for i in {1..30}; do
	channels+=("203.0.114.$i,232.3.0.1")
done
check "join" ctl gateway join "${channels[@]}" $CHANNEL --on amt0
expect "joined" 130 "$(joined_count)"
expect "groups" 101 "$(groups_of_kernel)"
check "the stream" on gateway "$TOOLS/stream" receive --group $GROUP --port $PORT --count 100 \
	--timeout 10

step "2 memberships a socket, 1 source each: joined as well"
check "leave" ctl gateway leave "${channels[@]}"
expect "groups" 1 "$(groups_of_kernel)"
set_limits 2 1
check "join" ctl gateway join "${channels[@]}" --on amt0
expect "joined" 130 "$(joined_count)"
expect "groups" 101 "$(groups_of_kernel)"

step "no memberships at all: refused, in one line that names the limit"
check "leave" ctl gateway leave "${channels[@]}" $CHANNEL
set_limits 0 10
errors_of gateway join $CHANNEL --on amt0
expect "exit status" 1 "$STATUS"
expect_match "the message" "igmp_max_memberships" "$ERROR"
expect "lines" 1 "$(wc -l <<<"$ERROR")"
expect "channels" 0 "$(ctl gateway channels --no-legend | wc -l)"

step "the limit is raised: joined"
set_limits 20 10
check "join" ctl gateway join $CHANNEL --on amt0
check "the stream" on gateway "$TOOLS/stream" receive --group $GROUP --port $PORT --count 100 \
	--timeout 10

step "MaxChannels= in amtd.conf"
printf '[Channels]\nLimit=2\n' >"$TMP/gateway/etc/amt/amtd.conf"
ctl gateway reload
check "the second" ctl gateway join "${channels[0]}" --on amt0
errors_of gateway join "${channels[1]}" --on amt0
expect "exit status" 1 "$STATUS"
expect_match "the message" "MaxChannels=" "$ERROR"
