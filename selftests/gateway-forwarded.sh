#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The gateway's host is a router, too: what it forwards passes byte for byte, although its ports are
# those of a gateway, a relay device, or a relay that a gateway was redirected to.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

raw=$SELFTESTS/tools/raw.py
# Advertisement; Queries without and with flags; Request with P; Update, Teardown; data; Discovery
readonly PAYLOADS=(
	02000000aabbccddc0000242
	04000000aabbccddeeff11224500001400000000010200000a000001e0000001
	04010000aabbccddeeff11224500001400000000010200000a000001e0000001
	04020000aabbccddeeff11224500001400000000010200000a000001e0000001
	04030000aabbccddeeff11224500001400000000010200000a000001e0000001
	03010000aabbccdd 03800000aabbccdd
	05000000aabbccddeeff11224500001400000000010200000a000001e0000001
	07000000aabbccddeeff1122 0600450000 01000000aabbccdd
)

# passes HOST FROM TO-HOST TO: all payloads, from and to an ADDRESS:PORT
passes() {
	local host=$1 from=$2 to_host=$3 to=$4 sent

	: >"$TMP/seen.log"
	background seen "$to_host" "$raw" listen "$to" ${#PAYLOADS[@]}
	wait_for 10 grep -q listening "$TMP/seen.log"
	sent=$(on "$host" "$raw" udp "$from" "$to" "${PAYLOADS[@]}")
	finish seen || fail "$from to $to: not all came: $(cat "$TMP/seen.log")"
	expect "$from to $to" "$(sort <<<"$sent")" "$(sed 1d "$TMP/seen.log" | sort)"
}

net_two_relays 5
send_stream tx source s0 --rate 100
send_stream tx2 source2 s0 --rate 100
set_sysctl gateway ipv4/ip_forward=1
ip -n "${NS}internet" route add 10.4.0.0/24 via $LOCAL
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
check "create" ctl gateway create amtr --link g1 --mode relay
wait_for 10 state_is gateway amt0 connected
wait_for 10 state_is gateway amtr running
port=$(device gateway amt0 .port)

step "to the viewer, from the relay in use, on the gateway's port and on the AMT port"
passes relay $RELAY:$AMT_PORT viewer "10.4.0.2:$port"
passes internet 198.51.100.1:$AMT_PORT viewer "10.4.0.2:$port"
passes internet 198.51.100.1:"$port" viewer 10.4.0.2:$AMT_PORT

step "from the viewer"
passes viewer "10.4.0.2:$port" internet "198.51.100.1:$port"
passes viewer "10.4.0.2:$port" relay $RELAY:4444
passes viewer 10.4.0.2:$AMT_PORT internet 198.51.100.1:4444

step "the same while the tunnel is redirected"
receive_stream rx gateway amt0
sleep 3
ip -n "${NS}relay" link del amtr
wait_for 20 device_is gateway amt0 .last_relay $RELAY2
passes relay2 $RELAY2:$AMT_PORT viewer "10.4.0.2:$port"
passes relay $RELAY:$AMT_PORT viewer "10.4.0.2:$port"
passes viewer "10.4.0.2:$port" relay2 $RELAY2:4444
sleep 3
end_background rx
check_flowing rx

step "a port that another program has is its own"
check "delete" ctl gateway delete amt0
background holder gateway socat -u UDP-RECV:5555 /dev/null
wait_for 5 on gateway sh -c 'ss -uln | grep -q :5555'
write_gateway amt1 $RELAY2 '[AMT]' Port=5555
check "reload" ctl gateway reload
expect "state" failed "$(device gateway amt1 .state)"
passes internet 198.51.100.1:$AMT_PORT gateway $LOCAL:5555
passes gateway $LOCAL:5555 internet 198.51.100.1:5555
end_background holder
has_rule() {
	on gateway nft list map ip amtd relay_ports | grep 5555 >/dev/null # not -q: SIGPIPE
}
refuse "a rule for it" has_rule
# Not connected: the driver's relay sends to the port of the gateway before.
wait_for 10 has_rule
