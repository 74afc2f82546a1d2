#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Applications that join on the interface that the kernel chooses by the routing table: with
# InstallRoutes=yes that is the channel's gateway, for as long as the channel is wanted.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/reverse.sh
. "$(dirname "$0")/reverse.sh"

readonly CHANNEL=$SOURCE,$GROUP CHANNEL6=$SOURCE6,$GROUP6
readonly STALE=232.9.9.1 STALE6=ff3e::9:1 FOREIGN=232.9.9.2

# configure ROUTE
configure() {
	write_amtd_conf '[Channels]' LingerSec=5 "InstallRoutes=$1"
}

# route_of GROUP: its device and protocol; nothing without a route
route_of() {
	if [[ $1 == *:* ]]; then
		ip -n "${NS}gateway" -6 -j route show table local "$1"
	else
		ip -n "${NS}gateway" -j route show "$1"
	fi | jq -r '.[] | select(.dst == "'"$1"'") | .dev + " " + (.protocol | tostring)'
}

# routed GROUP DEVICE: amtd has installed this route
routed() {
	[ "$(route_of "$1")" = "$2 113" ]
}

unrouted() {
	[ -z "$(route_of "$1")" ]
}

# watch NAME GROUP SOURCE: an application that names no interface
watch() {
	start_receiver "$1" gateway --default-dev --group "$2" --source "$3" --timeout 40 --count 100
}

# joined_by NUMBER DEVICE: as many sockets have joined the IPv4 stream there
joined_by() {
	# shellcheck disable=SC2016 # for awk
	on gateway awk -v dev="$2" -v group="0x$(hex4 $GROUP)" -v n="$1" \
		'$2 == dev && $3 == group { seen = $5 } END { exit seen + 0 != n }' \
		/proc/net/mcfilter
}

net_one_relay 5
reverse_dns
send_both source s0 --rate 20
configure yes
amtd_start gateway

step "a wanted channel is routed to its gateway"
unrouted $GROUP || fail "a route before the join"
check "join" ctl gateway join $CHANNEL $CHANNEL6
wait_for 10 routed $GROUP amt0
wait_for 10 routed $GROUP6 amt0

step "applications that name no interface join there and receive"
watch app $GROUP $SOURCE
watch app6 $GROUP6 $SOURCE6
wait_for 5 joined_by 2 amt0
finish app || fail "no stream: $(received app .)"
finish app6 || fail "no IPv6 stream: $(received app6 .)"
: >"$TMP/socat.out"
background socat gateway socat -u "UDP4-RECV:$PORT,reuseaddr,ip-add-membership=$GROUP:0.0.0.0" \
	"OPEN:$TMP/socat.out,append"
wait_for 10 test -s "$TMP/socat.out"
end_background socat

step "such an application's membership stays when the channel is left"
watch app $GROUP $SOURCE
wait_for 5 joined_by 2 amt0
check "leave" ctl gateway leave $CHANNEL
wait_for 5 unrouted $GROUP
joined_by 1 amt0 || fail "it has not joined on the gateway"
finish app || fail "the stream ended: $(received app .)"
routed $GROUP6 amt0 || fail "the other channel's route was removed, too"

step "the gateway is set down: amtd sets it up again with its routes"
check "join" ctl gateway join $CHANNEL
wait_for 10 routed $GROUP amt0
check "down" ip -n "${NS}gateway" link set amt0 down # amtd sets it up again
wait_for 5 routed $GROUP amt0
wait_for 5 routed $GROUP6 amt0

step "amtd is killed and started again: stale routes are removed, others are untouched"
amtd_kill gateway
ip -n "${NS}gateway" route add $STALE dev amt0 proto 113
ip -n "${NS}gateway" -6 route add multicast $STALE6 dev amt0 table local proto 113
ip -n "${NS}gateway" route add $FOREIGN dev g0
ip -n "${NS}gateway" monitor route >"$TMP/monitor" &
PIDS[monitor]=$!
amtd_start gateway
wait_for 5 unrouted $STALE
wait_for 5 unrouted $STALE6
routed $GROUP amt0 || fail "the route of $GROUP is '$(route_of $GROUP)'"
routed $GROUP6 amt0 || fail "the route of $GROUP6 is '$(route_of $GROUP6)'"
end_background monitor
if grep -e "$GROUP" -e "$GROUP6" "$TMP/monitor"; then
	fail "a wanted route was changed"
fi
check "join" ctl gateway join $SOURCE,$FOREIGN
wait_for 5 grep -q "$FOREIGN.*foreign route" "$TMP/amtd-gateway.log"
check "leave" ctl gateway leave $SOURCE,$FOREIGN
expect "another's route" "g0 null" "$(route_of $FOREIGN)"

step "InstallRoutes=no removes them, InstallRoutes=yes installs them again"
configure no
check "reload" ctl gateway reload
wait_for 5 unrouted $GROUP
unrouted $GROUP6 || fail "IPv6 is still routed"
configure yes
check "reload" ctl gateway reload
wait_for 5 routed $GROUP amt0
wait_for 5 routed $GROUP6 amt0

step "they are removed with their channels"
check "leave" ctl gateway leave $CHANNEL $CHANNEL6
wait_for 5 unrouted $GROUP
unrouted $GROUP6 || fail "IPv6 is still routed"
