#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtd is killed and restarted by its service manager: a channel that amtctl joined is never left, and
# an application that only binds loses no packet.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# keeper FILTER: from the service manager's state file
keeper() {
	jq -r "$1" "$TMP/keeper.json"
}

keeper_is() {
	same "$1" "$2" "$(keeper "$1")"
}

restarted() {
	[ "$(keeper .pid)" != "$1" ] && [ "$(keeper .ready)" = true ]
}

net_one_relay 10
send_both source s0
AMTD_ROOT=$(amtd_root gateway) background keeper gateway "$SELFTESTS/tools/keeper.py" \
	"$TMP/keeper.json" "$AMTD"
wait_for 10 test -s "$TMP/keeper.json"
wait_for 15 keeper_is .ready true
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 20 device_is gateway amt0 .relay.mld_flag 0x80
check "join" ctl gateway join $SOURCE,$GROUP $SOURCE6,$GROUP6 --on amt0
wait_for 5 keeper_is .stored 2

step "killed twice and terminated once in mid-stream: no packet is lost"
start_receiver rx gateway --group $GROUP --count 1500 --timeout 60
start_receiver rx6 gateway --group $GROUP6 --count 1500 --timeout 60
for signal in KILL KILL TERM; do
	sleep 3
	pid=$(keeper .pid)
	kill -$signal "$pid"
	wait_for 10 restarted "$pid"
done
finish_both rx
expect "IPv4 lost" 0 "$(received rx .lost)"
expect "IPv6 lost" 0 "$(received rx6 .lost)"

step "stored duplicates are dropped in time, and a leave takes effect"
wait_for 60 keeper_is .stored 2
check "leave" ctl gateway leave $SOURCE,$GROUP $SOURCE6,$GROUP6
wait_for 5 keeper_is .stored 0
refuse "reception" on gateway "$TOOLS/stream" receive --group $GROUP --port $PORT --timeout 3
end_background keeper
