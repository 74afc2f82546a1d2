#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# HostJoins=yes: applications that know nothing of AMT join a source on the default interface, and
# receive it: amtd sees the join, finds the relay in DNS, and makes the gateway. When they leave,
# all of it goes.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/reverse.sh
. "$(dirname "$0")/reverse.sh"

readonly CHANNEL=$SOURCE,$GROUP CHANNEL6=$SOURCE6,$GROUP6

# configure HOSTJOINS ROUTE
configure() {
	printf '[Channels]\nLingerSec=5\nHostJoins=%s\nRoute=%s\n[Relay]\nDNS=%s\nDNSSEC=no\n' "$1" "$2" \
		$DNS >"$root/etc/amt/amtd.conf"
}

# watch NAME GROUP SOURCE PACKETS: an application that names no interface
watch() {
	: >"$TMP/$1.log"
	background "$1" gateway "$TOOLS/stream" receive --default-dev --group "$2" --source "$3" \
		--port $PORT --timeout 60 --count "$4"
}

# wanted_by CHANNEL OWNERS: "" for none
wanted_by() {
	local seen
	seen=$(ctl gateway --json=short channels |
		jq -r --arg channel "$1" '[.[] | select(.channel == $channel) | .wanted_by[]] | join(" ")')
	[ "$seen" = "$2" ] || {
		echo "wanted by '$seen'"
		return 1
	}
}

# in_filters DEVICE: the kernel tells that somebody has joined the IPv4 stream there
in_filters() {
	local hex
	# shellcheck disable=SC2046,SC2086,SC2183
	hex=$(printf '0x%02x%02x%02x%02x' ${GROUP//./ })
	on gateway grep -q "$1 $hex" /proc/net/mcfilter
}

# any NAME GROUP DEVICE: somebody joins a group from any source there
any() {
	local hex
	# shellcheck disable=SC2046,SC2086,SC2183
	hex=$(printf '%02X%02X%02X%02X' $(tac -s. <<<"$2." | tr '.\n' '  '))
	background "$1" gateway socat -u \
		"UDP4-RECV:9,reuseaddr,ip-add-membership=$2:0.0.0.0:$3" OPEN:/dev/null,wronly
	wait_for 5 on gateway grep -q "$hex" /proc/net/igmp
}

internet 5
reverse_dns
kernel_relay relay $RELAY
send_stream tx source s0 --rate 20
send_stream tx6 source s0 --group $GROUP6 --rate 20
root=$(amtd_root gateway)
configure yes no

step "joined before amtd was there, and the kernel does not tell: the newest group has no sources"
watch app $GROUP $SOURCE 100
wait_for 5 in_filters g0
any any 239.1.1.1 g0
refuse "the kernel tells" in_filters g0
amtd_start gateway
wait_for 10 wanted_by $CHANNEL host
finish app || fail "nothing came: $(received app .)"
expect "device" amt0 "$(ctl gateway --json=short list | jq -r '[.[].ifname] | join(" ")')"

step "it goes with the application, and the gateway after LingerSec="
wait_for 10 wanted_by $CHANNEL ""
wait_for 20 not exists gateway amt0
end_background any

step "IPv6, and a program that was written for any network"
watch app6 $GROUP6 $SOURCE6 100
wait_for 10 wanted_by $CHANNEL6 host
cat >"$TMP/app.py" <<-END
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	s.bind(("", $PORT))
	s.setsockopt(socket.IPPROTO_IP, 39, # IP_ADD_SOURCE_MEMBERSHIP
	             socket.inet_aton("$GROUP") + socket.inet_aton("0.0.0.0") +
	             socket.inet_aton("$SOURCE"))
	s.settimeout(60)
	for i in range(100):
	    print(s.recvfrom(2000)[1][0], flush=True)
END
background python gateway python3 "$TMP/app.py"
wait_for 10 wanted_by $CHANNEL host
errors_of gateway leave $CHANNEL
expect "exit status" 1 "$STATUS"
expect_match "leave" "HostJoins=yes" "$ERROR"
finish app6 || fail "nothing came of IPv6: $(received app6 .)"
finish python || fail "the program did not receive"
expect "sender" $SOURCE "$(tail -n 1 "$TMP/python.log")"

step "one that wants only what comes in on the interface that it named does not receive, in IPv4"
receive_stream strict gateway g0 --timeout 8 --count 1
wait_for 10 wanted_by $CHANNEL host
if finish strict; then
	fail "it received: $(received strict .)"
fi

step "amtd killed and started again: nothing is lost, nothing joined twice"
watch app $GROUP $SOURCE 300
wait_for 10 wanted_by $CHANNEL host
sleep 5
amtd_kill gateway
amtd_start gateway
wait_for 5 wanted_by $CHANNEL host
expect "devices" 1 "$(ctl gateway --json=short list | jq length)"
finish app || fail "the stream ended: $(received app .)"
expect "lost" 0 "$(received app .lost)"

step "somebody joins another group on lo: all is seen as before"
wait_for 10 wanted_by $CHANNEL ""
kill -STOP "${PIDS[amtd-gateway]}"
watch app $GROUP $SOURCE 20
wait_for 5 in_filters g0
any any-g0 239.1.1.1 g0
in_filters g0 || fail "amtd's membership on lo does not keep the list whole"
any any-lo 239.1.1.2 lo
refuse "the kernel tells" in_filters g0
kill -CONT "${PIDS[amtd-gateway]}"
wait_for 10 wanted_by $CHANNEL host
finish app || fail "nothing came: $(received app .)"

step "what amtd itself joins on an interface is no application's"
wait_for 10 wanted_by $CHANNEL ""
check "join" ctl gateway join $CHANNEL --on g0
sleep 4
wanted_by $CHANNEL amtctl || fail "somebody else wants it"
check "leave" ctl gateway leave $CHANNEL

step "with InstallRoutes=yes the next one joins on the gateway, and keeps it when the first one leaves"
configure yes yes
check "reload" ctl gateway reload
watch app $GROUP $SOURCE 100
wait_for 10 wanted_by $CHANNEL host
in_filters g0 || fail "the first one has not joined on the default interface"
watch next $GROUP $SOURCE 400
sleep 1
finish app || fail "nothing came: $(received app .)"
wait_for 10 wanted_by $CHANNEL ""
in_filters amt0 || fail "the next one has not joined on the gateway"
finish next || fail "the stream ended: $(received next .)"
expect "lost" 0 "$(received next .lost)"
configure yes no
check "reload" ctl gateway reload

step "HostJoins=no: nobody looks any more"
watch app $GROUP $SOURCE 1000
wait_for 10 wanted_by $CHANNEL host
configure no no
check "reload" ctl gateway reload
wanted_by $CHANNEL "" || fail "it is still wanted"
sleep 3
wanted_by $CHANNEL "" || fail "it is wanted again"
if on gateway grep ' lo ' /proc/net/mcfilter /proc/net/mcfilter6; then
	fail "amtd has left a membership on lo"
fi
