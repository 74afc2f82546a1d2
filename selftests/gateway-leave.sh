#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A gateway that is removed leaves its memberships, sends a Teardown to a relay that gives gateway
# fields, and the relay stops sending within 0.2 s. The driver alone sends nothing, and a relay goes
# on for minutes.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
need tcpdump

readonly PROMPT=200000 # microseconds

internet 10
amtd_start gateway

# watch_wire: capture AMT data from the relays on the gateway's side of the internet
watch_wire() {
	: >"$TMP/wire.log"
	background wire internet tcpdump -i ig -n -tt -l --immediate-mode \
		"src host ($RELAY or $RELAY2) and udp src port $AMT_PORT and udp[8] = 6"
	wait_for 5 grep -q "listening on" "$TMP/wire.log"
}

# last_data_after USEC: microseconds from then to the last data packet
last_data_after() {
	awk -v start="$1" '$2 == "IP" { last = $1 } END { printf "%d", last * 1000000 - start }' \
		"$TMP/wire.log"
}

# ceases COMMAND...: the command stops the data. MOMENT: a command to run just before.
ceases() {
	local started after
	watch_wire
	wait_for 10 grep -q " IP " "$TMP/wire.log"
	${MOMENT:-true}
	started=$(now)
	"$@" >"$TMP/said" 2>&1 || fail "$* failed: $(cat "$TMP/said")"
	sleep 5
	end_background wire
	after=$(last_data_after "$started")
	echo "  last data packet after $after us"
	[ "$after" -le $((PROMPT + ${ROUND_TRIP:-0})) ] || fail "data for $after us"
}

# relay_has NUMBER: as many channels
relay_has() {
	[ "$(relay_state sr '.channels | length')" = "$1" ]
}

step "a relay with gateway fields: leaves first, then a Teardown that repeats them"
for form in "" --compatible; do
	rm -f "$TMP/sr.json"
	# shellcheck disable=SC2086 # may be empty
	scripted_relay sr relay --address $RELAY --flags G $form
	check "create" ctl gateway create amt0 --link g0 --relay $RELAY
	receive_both rx gateway amt0
	wait_for 20 relay_has 2
	wait_for 10 state_is gateway amt0 connected
	ceases ctl gateway delete amt0
	expect "Teardowns" 1 "$(relay_state sr .teardowns)"
	expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state sr '.teardown | tojson')"
	expect "refused Updates" 0 "$(relay_state sr .refused)"
	expect "channels" '[]' "$(relay_state sr '.channels | tojson')"
	end_background rx
	end_background rx6
	end_background sr
done

step "the same after a failover to another relay"
second_relay
scripted_first --flags G
scripted_second --flags G
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 20 state_is gateway amt0 connected
expect "the relay in use" $RELAY "$(device gateway amt0 .last_relay)"
end_background first KILL
receive_stream rx gateway amt0
wait_for 20 device_is gateway amt0 .last_relay $RELAY2
wait_for 20 state_is gateway amt0 connected
ceases ctl gateway delete amt0
expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state second '.teardown | tojson')"
expect "refused Updates" 0 "$(relay_state second .refused)"
end_background rx
end_background second

step "amtd stops, and the device is removed"
rm -f "$TMP/sr.json"
scripted_relay sr relay --address $RELAY --flags G
amtd_stop gateway
write_gateway amt0 $RELAY '[AMT]' KeepConfiguration=no
amtd_start gateway
wait_for 20 state_is gateway amt0 connected
receive_stream rx gateway amt0
ceases amtd_stop gateway
expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state sr '.teardown | tojson')"
end_background rx

step "KeepConfiguration=yes: the stream goes on, no Teardown"
write_gateway amt0 $RELAY '[AMT]' KeepConfiguration=yes
amtd_start gateway
wait_for 20 state_is gateway amt0 connected
receive_stream rx gateway amt0 --count 1000 --timeout 30
wait_for 20 relay_has 1
amtd_stop gateway
finish rx || fail "the stream ended with amtd: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"
expect "Teardowns" 1 "$(relay_state sr .teardowns)"

step "Local= changes, which needs a new device"
ip -n "${NS}gateway" address add 198.51.100.3/24 dev g0
receive_stream rx gateway amt0
amtd_start gateway
wait_for 20 state_is gateway amt0 connected
wait_for 20 relay_has 1
sed -i '/^Link=/a Local=198.51.100.3' "$TMP/gateway/etc/amt/amt0.amt"
ceases ctl gateway reload
expect "Teardowns" 2 "$(relay_state sr .teardowns)"
expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state sr '.teardown | tojson')"
expect "the local address" 198.51.100.3 "$(link gateway amt0 .linkinfo.info_data.local)"
wait_for 20 state_is gateway amt0 connected
end_background rx
amtd_stop gateway

step "its file is removed"
receive_stream rx gateway amt0
amtd_start gateway
wait_for 20 state_is gateway amt0 connected
rm "$TMP/gateway/etc/amt/amt0.amt"
ceases ctl gateway reload
expect "Teardowns" 3 "$(relay_state sr .teardowns)"
expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state sr '.teardown | tojson')"
end_background rx
end_background sr
rm "$TMP/sr.json"

step "the driver's relay: removes a group at once only after an IGMPv2 Leave"
kernel_relay relay $RELAY
send_stream tx source s0
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive_stream rx gateway amt0
ceases ctl gateway delete amt0
end_background rx

# After CHANGE_TO_INCLUDE {} and BLOCK it sends until its timers expire, 260 s later. Hence the
# link-local address that amtd gives its gateways; see device/leave.h.
step "after an MLDv1 Done: only of hosts whose address is zero after its fourth byte"
send_stream tx6 source s0 --group $GROUP6
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6
ceases ctl gateway delete amt0
end_background rx6

# Then the kernel has no membership any more, and its own leave is delayed, or means nothing to this
# relay.
step "the applications end, and at once both gateways are deleted"
readonly FIRST=198.51.100.5 SECOND=198.51.100.6
ip -n "${NS}gateway" address add $FIRST/24 dev g0
ip -n "${NS}gateway" address add $SECOND/24 dev g0
on gateway nft -f - <<-END
	table ip arrivals {
		chain input {
			type filter hook input priority raw;
			udp sport $AMT_PORT @th,64,8 6 counter
		}
	}
END
arrived() {
	on gateway nft -j list table ip arrivals | jq '.nftables[].rule | select(.) | .expr[] |
		.counter | select(.) | .packets'
}
for ((n = 1; n <= 20; n++)); do
	check "create" ctl gateway create amt1 --link g0 --local $FIRST --relay $RELAY
	check "create" ctl gateway create amt2 --link g0 --local $SECOND --relay $RELAY
	receive_both a gateway amt1 --count 10 --timeout 30
	receive_both b gateway amt2 --count 10 --timeout 30
	finish_both a
	finish_both b
	receive_both a gateway amt1
	receive_both b gateway amt2
	sleep 1.5 # memberships are read every second
	for name in a a6 b b6; do
		end_background $name
	done
	check "delete" ctl gateway delete amt1 amt2
	sleep 0.2
	before=$(arrived)
	sleep 2
	expect "packets in the next 2 s, in round $n" 0 $(($(arrived) - before))
done

# This relay accepts only the last Request's nonce, which amtd learns from the Query.
request_leaves() {
	: >"$TMP/requests.log"
	background requests gateway tcpdump -i g0 -n -l --immediate-mode \
		"udp dst port $AMT_PORT and udp[8] = 3"
	wait_for 10 grep -q " IP " "$TMP/requests.log"
	end_background requests
}

step "a Request of the driver is in flight, one-way delay 300 ms"
on internet tc qdisc change dev ig root netem delay 300ms limit 100000
on gateway tc qdisc change dev g0 root netem delay 300ms limit 100000
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive_both rx gateway amt0
wait_for 20 state_is gateway amt0 connected
sleep 5
MOMENT=request_leaves ROUND_TRIP=600000 ceases ctl gateway delete amt0
end_background rx
end_background rx6
