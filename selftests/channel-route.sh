#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Applications that join on the interface that the kernel chooses, which asks the routing table:
# with InstallRoutes=yes that is the gateway of the channel, for as long as it is wanted.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/reverse.sh
. "$(dirname "$0")/reverse.sh"

readonly CHANNEL=$SOURCE,$GROUP CHANNEL6=$SOURCE6,$GROUP6
readonly STALE=232.9.9.1 STALE6=ff3e::9:1 FOREIGN=232.9.9.2

# configure ROUTE
configure() {
	printf '[Channels]\nLingerSec=5\nRoute=%s\n[Relay]\nDNS=%s\nDNSSEC=no\n' "$1" $DNS \
		>"$root/etc/amt/amtd.conf"
}

# route_of GROUP: the device and whose it is; nothing where there is none
route_of() {
	if [[ $1 == *:* ]]; then
		ip -n "${NS}gateway" -6 -j route show table local "$1"
	else
		ip -n "${NS}gateway" -j route show "$1"
	fi | jq -r '.[] | select(.dst == "'"$1"'") | .dev + " " + (.protocol | tostring)'
}

# routed GROUP DEVICE: by amtd
routed() {
	[ "$(route_of "$1")" = "$2 113" ]
}

unrouted() {
	[ -z "$(route_of "$1")" ]
}

# watch NAME GROUP SOURCE: an application that names no interface
watch() {
	: >"$TMP/$1.log"
	background "$1" gateway "$TOOLS/stream" receive --default-dev --group "$2" --source "$3" \
		--port $PORT --timeout 40 --count 100
}

# joined_by NUMBER DEVICE: so many have joined the IPv4 stream there
joined_by() {
	local hex
	# shellcheck disable=SC2046,SC2086,SC2183
	hex=$(printf '0x%02x%02x%02x%02x' ${GROUP//./ })
	# shellcheck disable=SC2016 # for awk
	on gateway awk -v dev="$2" -v group="$hex" -v n="$1" \
		'$2 == dev && $3 == group { seen = $5 } END { exit seen + 0 != n }' \
		/proc/net/mcfilter
}

internet 5
reverse_dns
kernel_relay relay $RELAY
send_stream tx source s0 --rate 20
send_stream tx6 source s0 --group $GROUP6 --rate 20
root=$(amtd_root gateway)
configure yes
amtd_start gateway

step "a channel that is wanted is routed to its gateway"
unrouted $GROUP || fail "a route before there is a channel"
check "join" ctl gateway join $CHANNEL $CHANNEL6
wait_for 10 routed $GROUP amt0
wait_for 10 routed $GROUP6 amt0

step "applications that name no interface join there, and receive"
watch app $GROUP $SOURCE
watch app6 $GROUP6 $SOURCE6
wait_for 5 joined_by 2 amt0
finish app || fail "nothing came: $(received app .)"
finish app6 || fail "nothing came of IPv6: $(received app6 .)"
: >"$TMP/socat.out"
background socat gateway socat -u "UDP4-RECV:$PORT,reuseaddr,ip-add-membership=$GROUP:0.0.0.0" \
	"OPEN:$TMP/socat.out,append"
wait_for 10 test -s "$TMP/socat.out"
end_background socat

step "what such an application has joined stays when the channel is left"
watch app $GROUP $SOURCE
wait_for 5 joined_by 2 amt0
check "leave" ctl gateway leave $CHANNEL
wait_for 5 unrouted $GROUP
joined_by 1 amt0 || fail "it has not joined on the gateway"
finish app || fail "the stream ended: $(received app .)"
routed $GROUP6 amt0 || fail "the other channel's route went, too"

step "set down, the gateway is up again, and has its routes"
check "join" ctl gateway join $CHANNEL
wait_for 10 routed $GROUP amt0
check "down" ip -n "${NS}gateway" link set amt0 down # amtd sets it up again
wait_for 5 routed $GROUP amt0
wait_for 5 routed $GROUP6 amt0

step "killed and started again: what is wanted stays, what is not goes, others' are left alone"
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
	fail "a route that was wanted was changed"
fi
check "join" ctl gateway join $SOURCE,$FOREIGN
wait_for 5 grep -q "$FOREIGN.*not amtd's" "$TMP/amtd-gateway.log"
check "leave" ctl gateway leave $SOURCE,$FOREIGN
expect "another's route" "g0 null" "$(route_of $FOREIGN)"

step "InstallRoutes=no takes them away, InstallRoutes=yes brings them back"
configure no
check "reload" ctl gateway reload
wait_for 5 unrouted $GROUP
unrouted $GROUP6 || fail "IPv6 is still routed"
configure yes
check "reload" ctl gateway reload
wait_for 5 routed $GROUP amt0
wait_for 5 routed $GROUP6 amt0

step "they go with their channels"
check "leave" ctl gateway leave $CHANNEL $CHANNEL6
wait_for 5 unrouted $GROUP
unrouted $GROUP6 || fail "IPv6 is still routed"
