#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that take all of amtd's descriptors, and one that never reads: the tunnel goes on, amtd
# does not spin, and others are served.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need jq socat

# amtd with few descriptors
printf '#!/bin/bash\nulimit -n 32\nexec %s "$@"\n' "$AMTD" >"$TMP/amtd"
chmod +x "$TMP/amtd"
AMTD=$TMP/amtd

# cpu: of amtd, in clock ticks
cpu() {
	awk '{ print $14 + $15 }' "/proc/${PIDS[amtd-gateway]}/stat"
}

descriptors() {
	find "/proc/${PIDS[amtd-gateway]}/fd" -mindepth 1 | wc -l
}

# has_ports NUMBER: of gateways, in the nftables table
has_ports() {
	same "ports" "$1" "$(on gateway nft -j list map ip amtd relay_ports |
		jq '[.nftables[].map.elem[]?] | length')"
}

hold() {
	background "$1" gateway "$SELFTESTS/tools/clients.py" "$TMP/gateway/run/amt/bus" "$2"
	wait_for 10 log_has "$1" '^connected$'
}

net_one_relay 10
send_stream tx source s0
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 30 state_is gateway amt0 connected
stream_comes gateway amt0

step "more clients than descriptors: one line, no CPU time, and the stream goes on"
hold many 60
wait_for 10 sh -c "grep -q 'cannot accept a client: Too many open files' $TMP/amtd-gateway.log"
full=$(descriptors)
echo "  $full descriptors in use"
before=$(cpu)
sleep 10
used=$(($(cpu) - before))
[ "$used" -lt 30 ] || fail "amtd used $used ticks of CPU time in 10 s"
expect "descriptors" "$full" "$(descriptors)"
[ "$full" -le 24 ] || fail "$full descriptors of 32 are in use"
expect "lines about it" 1 "$(amtd_log gateway | grep -c 'cannot accept')"
stream_comes gateway amt0

step "amtd still changes its table, and the kernel's"
write_gateway amt1 $RELAY
kill -HUP "${PIDS[amtd-gateway]}"
wait_for 20 exists gateway amt1
wait_for 20 has_ports 2
check "amtd runs" kill -0 "${PIDS[amtd-gateway]}"

step "a client is served when some have left"
end_background many
wait_for 20 ctl gateway list
check "the device" device_is gateway amt1 .ifname amt1
rm "$TMP/gateway/etc/amt/amt1.amt"
check "reload" ctl gateway reload

step "a monitor that never reads is disconnected"
AMTD_ROOT=$(amtd_root gateway) background stopped gateway "$AMTCTL" monitor --json=short
wait_for 10 seen stopped '.event == "present"'
kill -STOP "${PIDS[stopped]}"
for ((i = 0; i < 200; i++)); do
	printf '[AMT]\nLink=none\n[Relay]\nAddress=%s\n' $RELAY >"$TMP/gateway/etc/amt/many$i.amt"
done
for ((i = 0; i < 10; i++)); do
	sed -i "s/^Link=.*/Link=none$i/" "$TMP"/gateway/etc/amt/many*.amt
	check "reload" ctl gateway reload
done
wait_for 120 sh -c "grep -q 'client disconnected .*: it does not read' $TMP/amtd-gateway.log"
kill -CONT "${PIDS[stopped]}"
status=0
finish stopped || status=$?
expect "exit status of the monitor" 4 $status
stream_comes gateway amt0
