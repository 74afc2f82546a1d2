#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Messages that no gateway may believe, since it asked for none of them: of every AMT type, from
# strangers and from the relay's own address and port, with another nonce than the driver's. Nothing
# that amtd or the driver says of the tunnel changes, and a relay that is dead is still found dead.
# timeout: 600

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need python3

readonly STRANGER=192.0.2.66

# The time that a dead relay takes, in microseconds: what gateway-failover allows without a stream.
readonly GAP=3000000

net_two_relays 10
amtd_start gateway --log-level debug
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 20 state_is gateway amt0 connected
send_both source s0
receive_both rx gateway amt0
GATEWAY_PORT=$(device gateway amt0 .port)

# forge SOURCE PORT TYPE... [OPTION...]: from the middle of the internet to the gateway
forge() {
	on internet "$SELFTESTS/tools/forge.py" "$1" "$2" $LOCAL "$GATEWAY_PORT" "${@:3}"
}

# believed: the tunnel as amtd and the driver have it, without counters
believed() {
	device gateway amt0 'del(.stats64, .advertisements, .queries, .discoveries, .requests,
		.last_query_usec, .candidates[].rtt_usec)'
	link gateway amt0 '.linkinfo.info_data'
}

unchanged() {
	expect "what is believed" "$before" "$(believed)"
}

# refused MESSAGES REASON: how many
refused() {
	device gateway amt0 ".$1.dropped_by_reason.$2"
}

wait_for 20 device_is gateway amt0 .relay.mld_flag 0x80
sleep 4
before=$(believed)
expect "refused" "0 0" "$(refused queries nonce) $(refused advertisements nonce)"

step "all types from an address that is not the relay's"
forge $STRANGER $AMT_PORT 1 2 3 4 5 6 7 --loaded --count 2
unchanged
expect "Advertisements by source" 2 "$(refused advertisements source)"
expect "Queries by source" 2 "$(refused queries source)"

step "from the relay's address, and another port"
forge $RELAY 2269 1 2 3 4 5 6 7 --loaded --count 2
unchanged
expect "Advertisements by port" 2 "$(refused advertisements port)"
expect "Queries by port" 2 "$(refused queries port)"

step "from the relay's address and port"
for type in 1 2 3 4 5 6 7; do
	forge $RELAY $AMT_PORT $type --loaded --count 4
	unchanged
done
expect "Advertisements by nonce" 4 "$(refused advertisements nonce)"
expect "Queries by nonce" 4 "$(refused queries nonce)"
expect_match "amtctl status" "Advertisements: .*nonce 4.*Queries: .*nonce 4" \
	"$(ctl gateway status amt0 | cat)"

step "an Advertisement a second, for a minute"
# Each amid what is really said.
forge $RELAY $AMT_PORT 2 --count 60 --interval 1
unchanged
expect "Advertisements by nonce" 64 "$(refused advertisements nonce)"
expect "Queries by source" 2 "$(refused queries source)"

step "Queries with the L flag, of both protocols"
forge $RELAY $AMT_PORT 4 --loaded --count 40 --interval 0.1
sleep 3
unchanged
expect "Queries by nonce" 44 "$(refused queries nonce)"

step "nothing is lost"
end_background rx
end_background rx6
expect "IPv4 packets lost" 0 "$(received rx .lost)"
expect "IPv6 packets lost" 0 "$(received rx6 .lost)"
check_gap rx 100000

step "a dead relay, and Queries in its name: the gateway leaves it as soon as without"
# No stream, so that nothing else shows it.
end_background tx
end_background tx6
sleep 4
background forger internet "$SELFTESTS/tools/forge.py" $RELAY $AMT_PORT $LOCAL "$GATEWAY_PORT" 4 \
	--count 100000 --interval 0.25
sleep 2
expect "the relay in use" $RELAY "$(device gateway amt0 .last_relay)"
# Without ICMP.
ip -n "${NS}internet" route add blackhole $RELAY
ip -n "${NS}relay" link set r1 down
start=$(now)
wait_for 60 device_is gateway amt0 .last_relay $RELAY2
wait_for 60 state_is gateway amt0 connected
gap=$(($(now) - start))
echo "  connected to the second relay after $gap us"
[ $gap -le $GAP ] || fail "the second relay is in use after $gap us, limit $GAP us"

step "and the relay that was left, in its name, does not bring it back"
sleep 5
expect "the relay in use" $RELAY2 "$(device gateway amt0 .last_relay)"
expect "state" connected "$(device gateway amt0 .state)"
end_background forger
