#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A gateway's UDP port: random, outside of the ephemeral ones, kept while the host runs.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

state=$TMP/gateway/run/amt/state

port_of() {
	link gateway "$1" .linkinfo.info_data.gateway_port
}

# is_lasting PORT: from 1024 on, outside of the ephemeral ports as Linux has them, not AMT's own
is_lasting() {
	[ "$1" -ge 1024 ] && [ "$1" != $AMT_PORT ] && { [ "$1" -lt 32768 ] || [ "$1" -gt 60999 ]; }
}

has_port() {
	same "the port of $1" "$2" "$(port_of "$1")"
}

# ports_stay: those of amt0 and amt1 are still $port0 and $port1
ports_stay() {
	expect "amt0's port" "$port0" "$(port_of amt0)"
	expect "amt1's port" "$port1" "$(port_of amt1)"
}

net_two_relays 5
send_stream tx source s0 --rate 100
set_sysctl gateway ipv4/ip_local_port_range="32768 60999"
write_gateway amt0 $RELAY
write_gateway amt1 $RELAY2
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
wait_for 10 state_is gateway amt1 connected
port0=$(port_of amt0) port1=$(port_of amt1)
[ "$port0" != "$port1" ] || fail "two gateways have port $port0"
check "amt0's port $port0 is outside of the ephemeral ones" is_lasting "$port0"
check "amt1's port $port1 is outside of the ephemeral ones" is_lasting "$port1"
receive_stream rx gateway amt0
sleep 3

step "it stays over a reload, a restart and SIGKILL, and no packet is lost"
check "reload" ctl gateway reload
ports_stay
amtd_stop gateway
amtd_start gateway
ports_stay
for _ in 1 2 3; do
	amtd_kill gateway
	amtd_start gateway
	ports_stay
done
wait_for 10 state_is gateway amt0 connected

step "an older amtd's record without a port, or with the one it derived"
amtd_stop gateway
sed -i '/^Port=/d' "$state/amt0"
amtd_start gateway
ports_stay
wait_for 10 state_is gateway amt0 connected
sleep 3
end_background rx
expect "lost" 0 "$(received rx .lost)"
check_flowing rx

step "it stays when another program deletes the device"
ip -n "${NS}gateway" link del amt0
wait_for 10 exists gateway amt0
ports_stay
stream_comes gateway amt0

step "KeepConfiguration=no: the device goes with amtd and comes back with its port"
write_gateway amt0 $RELAY '[AMT]' KeepConfiguration=no
check "reload" ctl gateway reload
amtd_stop gateway
refuse "the device" exists gateway amt0
amtd_start gateway
ports_stay
# The driver's relay would send to another port only after minutes.
stream_comes gateway amt0

step "Port= wins, also over what another gateway has drawn"
write_gateway amt0 $RELAY '[AMT]' "Port=$port1"
check "reload" ctl gateway reload
wait_for 10 has_port amt0 "$port1"
[ "$(port_of amt1)" != "$port1" ] || fail "both have port $port1"

# reboot: all of /run is gone, and the devices
reboot() {
	amtd_stop gateway
	ip -n "${NS}gateway" link del amt0
	ip -n "${NS}gateway" link del amt1
	rm -r "$state"
	on gateway nft flush ruleset
	amtd_start gateway
}

step "the host restarts: other ports"
write_gateway amt0 $RELAY
ports=()
for _ in 1 2 3; do
	reboot
	ports+=("$(port_of amt0)" "$(port_of amt1)")
done
expect "different ports of ${ports[*]}" 6 "$(printf '%s\n' "${ports[@]}" | sort -u | wc -l)"

step "another range of ephemeral ports, reserved ones, and what sockets have"
set_sysctl gateway ipv4/ip_local_port_range="1024 64999" ipv4/ip_local_reserved_ports=65000-65270
background holder gateway socat -u UDP-RECV:65271 /dev/null
for _ in 1 2 3; do
	reboot
	for name in amt0 amt1; do
		port=$(port_of $name)
		[ "$port" -gt 65271 ] || fail "$name has port $port"
	done
done
refuse "the log" log_has amtd-gateway 'ip_local_port_range'

step "no room: said once, and one that is free"
set_sysctl gateway ipv4/ip_local_port_range="1024 65535" ipv4/ip_local_reserved_ports=
reboot
wait_for 10 exists gateway amt0
wait_for 10 exists gateway amt1
[ "$(port_of amt0)" != "$(port_of amt1)" ] || fail "both have the same port"
expect "lines in the log" 1 "$(amtd_log gateway | grep -c 'ip_local_port_range, 1024 to 65535, leaves too few')"
amtd_stop gateway
