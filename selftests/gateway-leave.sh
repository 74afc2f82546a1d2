#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A gateway that goes says so: its memberships are left, a relay that gives gateway fields gets a
# Teardown, and what the relay sends ceases within 0.2 s. The kernel alone says nothing, and a relay
# sends on for minutes.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
need tcpdump

readonly PROMPT=200000 # microseconds

internet 10
amtd_start gateway

# watch_wire: when AMT data comes from a relay, where it leaves the internet
watch_wire() {
	: >"$TMP/wire.log"
	background wire internet tcpdump -i ig -n -tt -l --immediate-mode \
		"src host ($RELAY or $RELAY2) and udp src port $AMT_PORT and udp[8] = 6"
	wait_for 5 grep -q "listening on" "$TMP/wire.log"
}

# Microseconds from the argument to the last data packet that came.
last_data_after() {
	awk -v start="$1" '$2 == "IP" { last = $1 } END { printf "%d", last * 1000000 - start }' \
		"$TMP/wire.log"
}

# ceases COMMAND...: data flows, until the command is run. MOMENT: what is waited for before.
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
	echo "  the last data packet crossed the wire $after us after it was asked to go"
	[ "$after" -le $((PROMPT + ${ROUND_TRIP:-0})) ] || fail "data for $after us"
}

joined() {
	[ "$(relay_state sr '.channels | length')" = "$1" ]
}

step "a relay that gives gateway fields: memberships first, then the Teardown, which repeats them"
for form in "" --compatible; do
	rm -f "$TMP/sr.json"
	# shellcheck disable=SC2086 # none is none
	scripted_relay sr relay --address $RELAY --flags G $form
	check "create" ctl gateway create amt0 --link g0 --relay $RELAY
	receive_stream rx4 gateway amt0
	receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6
	wait_for 20 joined 2
	wait_for 10 state_is gateway amt0 connected
	ceases ctl gateway delete amt0
	expect "Teardowns" 1 "$(relay_state sr .teardowns)"
	expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state sr '.teardown | tojson')"
	expect "Updates that were refused" 0 "$(relay_state sr .refused)"
	expect "channels" '[]' "$(relay_state sr '.channels | tojson')"
	end_background rx4
	end_background rx6
	end_background sr
done

step "the same of a gateway that was moved to another relay"
second_relay
scripted_relay sr relay --address $RELAY --flags G
scripted_relay sr2 relay2 --address $RELAY2 --flags G
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 20 state_is gateway amt0 connected
expect "the relay in use" $RELAY "$(device gateway amt0 .last_relay)"
end_background sr KILL
receive_stream rx4 gateway amt0
wait_for 20 device_is gateway amt0 .last_relay $RELAY2
wait_for 20 state_is gateway amt0 connected
ceases ctl gateway delete amt0
expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state sr2 '.teardown | tojson')"
expect "Updates that were refused" 0 "$(relay_state sr2 .refused)"
end_background rx4
end_background sr2

step "amtd stops, and the device with it"
rm -f "$TMP/sr.json"
scripted_relay sr relay --address $RELAY --flags G
amtd_stop gateway
# write_file KEEP
write_file() {
	printf '[AMT]\nLink=g0\nKeepConfiguration=%s\n[Relay]\nAddress=%s\n' "$1" $RELAY \
		>"$TMP/gateway/etc/amt/amt0.amt"
}
write_file no
amtd_start gateway
wait_for 20 state_is gateway amt0 connected
receive_stream rx4 gateway amt0
ceases amtd_stop gateway
expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state sr '.teardown | tojson')"
end_background rx4

step "a device that is kept goes on: nothing is sent"
write_file yes
amtd_start gateway
wait_for 20 state_is gateway amt0 connected
receive_stream rx4 gateway amt0 --count 1000 --timeout 30
wait_for 20 joined 1
amtd_stop gateway
finish rx4 || fail "the stream ended with amtd: $(cat "$TMP/rx4.log")"
expect "lost" 0 "$(received rx4 .lost)"
expect "Teardowns" 1 "$(relay_state sr .teardowns)"

step "it moves to another address, which takes another device"
ip -n "${NS}gateway" address add 198.51.100.3/24 dev g0
receive_stream rx4 gateway amt0
amtd_start gateway
wait_for 20 state_is gateway amt0 connected
wait_for 20 joined 1
sed -i '/^Link=/a Local=198.51.100.3' "$TMP/gateway/etc/amt/amt0.amt"
ceases ctl gateway reload
expect "Teardowns" 2 "$(relay_state sr .teardowns)"
expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state sr '.teardown | tojson')"
expect "the local address" 198.51.100.3 "$(link gateway amt0 .linkinfo.info_data.local)"
wait_for 20 state_is gateway amt0 connected
end_background rx4
amtd_stop gateway

step "its file goes"
receive_stream rx4 gateway amt0
amtd_start gateway
wait_for 20 state_is gateway amt0 connected
rm "$TMP/gateway/etc/amt/amt0.amt"
ceases ctl gateway reload
expect "Teardowns" 3 "$(relay_state sr .teardowns)"
expect "the Teardown" '{"faults":[],"channels":0}' "$(relay_state sr '.teardown | tojson')"
end_background rx4
end_background sr
rm "$TMP/sr.json"

step "the kernel's relay, which forgets at once what an IGMPv2 Leave names, and nothing else"
kernel_relay relay $RELAY
send_stream tx source s0
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive_stream rx4 gateway amt0
ceases ctl gateway delete amt0
end_background rx4

# The driver makes no other use of an Update: what CHANGE_TO_INCLUDE {} and BLOCK leave it forgets
# when its timers end, 260 s later. That is why amtd gives its gateways the link-local address they
# have; see include/amt/leave.h.
step "and of the hosts of an MLDv1 Done those whose address has nothing behind its fourth byte"
send_stream tx6 source s0 --group $GROUP6
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6
ceases ctl gateway delete amt0
end_background rx6

# This relay knows the nonce of the last Request alone, and until its Query comes amtd does not.
request_leaves() {
	: >"$TMP/requests.log"
	background requests gateway tcpdump -i g0 -n -l --immediate-mode \
		"udp dst port $AMT_PORT and udp[8] = 3"
	wait_for 10 grep -q " IP " "$TMP/requests.log"
	end_background requests
}

step "a Request of the driver is on its way, on a way of 300 ms"
on internet tc qdisc change dev ig root netem delay 300ms limit 100000
on gateway tc qdisc change dev g0 root netem delay 300ms limit 100000
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive_stream rx4 gateway amt0
receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6
wait_for 20 state_is gateway amt0 connected
sleep 5
MOMENT=request_leaves ROUND_TRIP=600000 ceases ctl gateway delete amt0
end_background rx4
end_background rx6
