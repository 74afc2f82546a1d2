#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtctl monitor prints events of devices as they happen; amtctl wait-online waits for devices.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need jq socat

# monitor NAME ARGUMENT...: a monitor at the gateway; its output is NAME.log
monitor() {
	local name=$1
	shift
	: >"$TMP/$name.log"
	AMTD_ROOT=$(amtd_root gateway) background "$name" gateway "$AMTCTL" monitor "$@"
}

# wait_online NAME ARGUMENT...: in the background
wait_online() {
	local name=$1
	shift
	: >"$TMP/$name.log"
	AMTD_ROOT=$(amtd_root gateway) background "$name" gateway "$AMTCTL" wait-online "$@"
}

# in_order NAME FILTER...: there are such events, in this order
in_order() {
	local name=$1 from=0 filter at
	shift
	for filter in "$@"; do
		at=$(jq -s "[to_entries[] | select(.key >= $from) | select(.value | $filter) |
			.key][0] // -1" "$TMP/$name.log")
		[ "$at" -ge 0 ] || fail "no event with $filter from line $from on: $(cat "$TMP/$name.log")"
		from=$((at + 1))
	done
}

net_two_relays 10
send_stream tx source s0
send_stream tx2 source2 s0

step "without amtd"
amtd_root gateway >/dev/null
errors_of gateway monitor
expect "exit status of monitor" 4 "$STATUS"
expect_match "monitor" 'not running' "$ERROR"
errors_of gateway wait-online
expect "exit status of wait-online" 4 "$STATUS"

step "no device: nothing to wait for, nothing to print"
amtd_start gateway
check "wait-online" ctl gateway wait-online --timeout 5
monitor json --json=short
monitor human

step "a device is created and connected, fails over, is deleted"
wait_online online amt0 --timeout 30
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 30 seen json '.event == "state" and .state == "connected"'
finish online || fail "wait-online: $(cat "$TMP/online.log")"
expect "output of wait-online" "" "$(cat "$TMP/online.log")"
state_is gateway amt0 connected
expect "the relay" $RELAY "$(device gateway amt0 .last_relay)"
check "wait-online for all" ctl gateway wait-online --timeout 1
ip -n "${NS}relay" link set r1 down
wait_for 60 seen json ".event == \"relay\" and .relay == \"$RELAY2\""
wait_for 60 state_is gateway amt0 connected
expect "the relay" $RELAY2 "$(device gateway amt0 .last_relay)"

status=$(ctl gateway status amt0 | cat)
expect_match "candidates" "\* $RELAY2 +configured +[0-9]+\.[0-9]+ ms" "$status"
expect_match "candidates" "  $RELAY +configured .*held down until [0-9:]+, .* left; .+" "$status"
expect_match "list" " $RELAY2 " "$(ctl gateway list | cat)"

monitor later --json=pretty 'amt*'
wait_for 10 seen later '.event == "present"'
monitor other --json=short 'eth*'
check "delete" ctl gateway delete amt0
wait_for 10 seen json '.event == "removed"'
in_order json '.event == "created" and .mode == "gateway" and .file' \
	".event == \"relay\" and .relay == \"$RELAY\" and (.former_relay | not)" \
	'.event == "state" and .state == "connected" and .former_state' \
	'.event == "state" and .state == "failing-over"' \
	".event == \"relay\" and .relay == \"$RELAY2\" and .former_relay == \"$RELAY\"" \
	'.event == "state" and .state == "connected"' \
	'.event == "removed"'
expect "names" '["amt0"]' "$(jq -sc '[.[].ifname] | unique' "$TMP/json.log")"
expect "times ascend" true "$(jq -s '[.[].time_usec] | . == sort' "$TMP/json.log")"
expect "times are current" true "$(jq -s "all(.[]; (.time_usec - $(now) | fabs) < 300000000)" \
	"$TMP/json.log")"
expect "one event a line" "$(jq -s length "$TMP/json.log")" "$(wc -l <"$TMP/json.log")"
wait_for 10 seen later '.event == "removed"'
expect "the first event of the later monitor" '{"event":"present","ifname":"amt0","state":"connected"}' \
	"$(head -n 1 "$TMP/later.log" | jq -c '{event, ifname, state}')"
expect "events of other devices" "" "$(cat "$TMP/other.log")"

wait_for 10 log_has human ' amt0 +removed$'
clock='^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} amt0 +'
check "the lines" log_has human "${clock}created, gateway, from /.*/run/amt/amt0\.amt$"
check "the lines" log_has human "${clock}relay $RELAY \(configured\) chosen: "
check "the lines" log_has human "${clock}connected: Queries from $RELAY \(was discovering\)$"
check "the lines" log_has human "${clock}relay $RELAY2 \(configured\) chosen after $RELAY: "

step "rewritten and refused Advertisements"
ip -n "${NS}relay" link set r1 up
ip -n "${NS}relay" route replace default via 192.0.2.126
check "create" ctl gateway create amt1 --link g0 --relay $RELAY --rewrite any=$RELAY
wait_for 30 seen json '.event == "advertisement" and .advertisement == "rewritten" and
	.ifname == "amt1" and .relay == "'$RELAY'" and .advertised == "'$RELAY'"'
port=$(device gateway amt1 .port)
for _ in 1 2 3 4 5; do
	printf '\x02\x00' |
		on internet socat -u - "UDP:$LOCAL:$port,bind=$RELAY2:$AMT_PORT,ip-transparent,reuseaddr"
done
wait_for 10 seen json '.event == "advertisement" and .advertisement == "refused" and
	.reason == "source" and .count == 1'
expect "events of refused Advertisements" 1 "$(jq -s '[.[] | select(.advertisement == "refused")] | length' \
	"$TMP/json.log")"
check "delete" ctl gateway delete amt1
write_gateway amt3 "$RELAY $RELAY2" Allow=192.0.2.0/24 \
	'[Rewrite]' Advertised=any Relay=10.9.9.9
check "reload" ctl gateway reload
wait_for 10 seen json '.event == "advertisement" and .advertisement == "refused" and
	.ifname == "amt3" and .reason == "allow" and (.advertised | startswith("192.0.2."))'
rm "$TMP/gateway/etc/amt/amt3.amt"
check "reload" ctl gateway reload

step "wait-online names the devices that are not online, with reasons"
ip -n "${NS}relay" link set r1 down
ip -n "${NS}relay2" link set r1 down
check "create" ctl gateway create amt2 --link g0 --relay $RELAY
errors_of gateway wait-online amt2 amt9 --timeout 3
expect "exit status" 1 "$STATUS"
expect_match "the line" '^amtctl: wait-online: not online after 3 s: amt9 \(no such device.*\), amt2 \(.+: .+\)$' \
	"$ERROR"
errors_of gateway wait-online --timeout 0.5
expect "exit status" 1 "$STATUS"
expect_match "the line" 'not online after 0.5 s: amt2 \([a-z-]+: .+\)$' "$ERROR"
errors_of gateway wait-online --timeout soon
expect "exit status" 2 "$STATUS"

step "amtd stops: its clients exit"
wait_online online --timeout 0
wait_for 10 seen json '.event == "created" and .ifname == "amt2"'
sleep 0.1
amtd_stop gateway
for name in json human online; do
	status=0
	finish $name || status=$?
	expect "exit status of $name" 4 $status
done
expect_match "its last line" '^amtctl: .*/run/amt/bus: connection to amtd lost' "$(tail -n 1 "$TMP/human.log")"

step "a monitor exits 0 on SIGINT and on a closed pipe"
amtd_start gateway
monitor json --json=short
wait_for 10 seen json '.event == "present"'
kill -INT "${PIDS[json]}"
status=0
finish json || status=$?
expect "exit status" 0 $status
check "one line, then a closed pipe" timeout 20 bash -c \
	"AMTD_ROOT=$(amtd_root gateway) $AMTCTL monitor --json=short | head -n 1"

step "a client that does not read costs no memory, and gets the number of lost events"
memory() {
	awk '/^VmRSS:/ { print $2 }' "/proc/${PIDS[amtd-gateway]}/status"
}
check "delete" ctl gateway delete amt2
for ((i = 0; i < 200; i++)); do
	printf '[AMT]\nLink=none\n[Relay]\nAddress=%s\n' $RELAY >"$TMP/gateway/etc/amt/many$i.amt"
done
ctl gateway reload
monitor stopped --json=short
monitor json --json=short
wait_for 10 seen stopped '.event == "present"'
wait_for 10 seen json '.event == "present"'
kill -STOP "${PIDS[stopped]}"
# rounds NUMBER: 200 events each, as the reason names the link
rounds() {
	local end=$((round + $1))
	for ((; round < end; round++)); do
		sed -i "s/^Link=.*/Link=none$round/" "$TMP"/gateway/etc/amt/many*.amt
		ctl gateway reload
	done
}
round=0
rounds 15
before=$(memory)
rounds 10
after=$(memory)
[ $((after - before)) -lt 256 ] || fail "amtd grew from $before kB to $after kB"
wait_for 30 seen json '.ifname == "many199" and .event == "state" and (.reason | test("none24"))'
refuse "events lost by the client that reads" seen json '.event == "lost"'
expect "its events" 5000 "$(jq -s '[.[] | select(.event == "state" and
	(.ifname | startswith("many")))] | length' "$TMP/json.log")"
kill -CONT "${PIDS[stopped]}"
wait_for 30 seen stopped '.event == "lost" and .count > 1000'
in_order stopped '.event == "lost"' '.event == "present" and .ifname == "many199" and
	(.reason | test("none24"))'
lost=$(jq -s '[.[] | select(.event == "lost")][0].count' "$TMP/stopped.log")
expect "events received or lost" 5000 "$(jq -s "$lost + ([.[] | select(.event == \"state\" and
	(.ifname | startswith(\"many\")))] | length)" "$TMP/stopped.log")"
