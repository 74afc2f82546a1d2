#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A gateway that does not work: its reason is what is missing, and it works as soon as that is there.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_one_relay 5
send_stream tx source s0
amtd_start gateway

# reason_is REGEX [DEVICE]: of amt0
reason_is() {
	local reason
	reason=$(device gateway "${2-amt0}" .reason)
	[[ $reason =~ $1 ]] || {
		echo "expected a match of '$1', saw '$reason'"
		return 1
	}
}

# handshake_from ADDRESS: of amtctl with the relay
handshake_from() {
	ip -n "${NS}gateway" address add "$1/24" dev g0
	ip -n "${NS}gateway" route change default via 198.51.100.1 src "$1"
	check "handshake" ctl gateway probe $RELAY --count 1 --handshake
	ip -n "${NS}gateway" route change default via 198.51.100.1
}

# works: it connects, and the stream comes
works() {
	wait_for 30 state_is gateway amt0 connected
	[ -n "${PIDS[tx]-}" ] || send_stream tx source s0
	stream_comes gateway amt0
}

step "the route to the relay leads through another interface"
ip -n "${NS}gateway" route replace default via 10.4.0.2
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
expect "state" waiting "$(device gateway amt0 .state)"
expect_match "reason" "the route to $RELAY leads through g1, not g0" "$(device gateway amt0 .reason)"

step "no route; one that forbids; the link down; no address"
ip -n "${NS}gateway" route del default
wait_for 5 reason_is "no route to $RELAY"
ip -n "${NS}gateway" route add unreachable default
wait_for 5 reason_is "forbids packets to $RELAY \(No route to host\)"
ip -n "${NS}gateway" route del unreachable default
ip -n "${NS}gateway" link set g0 down
wait_for 5 reason_is "g0 \(Link=\) is down"
ip -n "${NS}gateway" link set g0 up
ip -n "${NS}gateway" address flush dev g0
wait_for 5 reason_is "g0 \(Link=\) has no IPv4 address"
address gateway g0 $LOCAL/24
default_route gateway 198.51.100.1
works

step "Allow= excludes the relay in use: it is left, and taken again"
write_gateway amt1 $RELAY "Allow=192.0.2.0/25" '[AMT]' Local=198.51.100.4
ip -n "${NS}gateway" address add 198.51.100.4/24 dev g0
check "reload" ctl gateway reload
wait_for 20 state_is gateway amt1 connected
receive_stream rx1 gateway amt1
packets=0
# 100 packets since there were $packets
receives_more() {
	[ "$(link gateway amt1 .stats64.rx.packets)" -gt $((packets + 100)) ]
}
wait_for 20 receives_more
sed -i 's/^Allow=.*/Allow=203.0.113.0\/24/' "$TMP/gateway/etc/amt/amt1.amt"
check "reload" ctl gateway reload
wait_for 5 state_is gateway amt1 no-relay
expect_match "reason" "Allow= excludes $RELAY, the only relay" "$(device gateway amt1 .reason)"
sleep 5
packets=$(link gateway amt1 .stats64.rx.packets)
sleep 20
expect "packets received" "$packets" "$(link gateway amt1 .stats64.rx.packets)"
sed -i 's/^Allow=.*/Allow=192.0.2.0\/25/' "$TMP/gateway/etc/amt/amt1.amt"
check "reload" ctl gateway reload
wait_for 20 state_is gateway amt1 connected
wait_for 20 receives_more # the same socket as before
end_background rx1
rm "$TMP/gateway/etc/amt/amt1.amt"
check "reload" ctl gateway reload
ip -n "${NS}gateway" address del 198.51.100.4/24 dev g0

step "handshakes took the tunnel, once without amtd's knowledge: reasons, and then a stream"
check "delete" ctl gateway delete amt0
amtd_stop gateway
end_background tx # for the sake of speed
unset 'PIDS[tx]'
handshake_from 198.51.100.5
amtd_start gateway
handshake_from 198.51.100.6
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --local 198.51.100.6
wait_for 10 state_is gateway amt0 no-relay
expect_match "reason" "probe --handshake. took the tunnel of 198.51.100.6, .* wait until ..:..:.. at the latest" \
	"$(device gateway amt0 .reason)"
check "create" ctl gateway create amt1 --link g0 --relay $RELAY --local 198.51.100.5
wait_for 20 reason_is "relay $RELAY answers, but sends no Query; a Linux relay does so for up to" amt1
sleep 255
wait_for 30 state_is gateway amt1 connected
works
