#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# HostJoins=yes: applications unaware of AMT join a source on the default interface and receive it:
# amtd sees the join, finds the relay in DNS and creates the gateway, and removes it after the leave.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/reverse.sh
. "$(dirname "$0")/reverse.sh"

readonly CHANNEL=$SOURCE,$GROUP CHANNEL6=$SOURCE6,$GROUP6

# configure HOSTJOINS ROUTE
configure() {
	write_amtd_conf '[Channels]' LingerSec=5 "HostJoins=$1" "Route=$2"
}

# watch NAME GROUP SOURCE PACKETS: an application that names no interface
watch() {
	start_receiver "$1" gateway --default-dev --group "$2" --source "$3" --timeout 60 --count "$4"
}

# wanted_by CHANNEL OWNERS: "" for none
wanted_by() {
	local seen
	seen=$(ctl gateway --json=short channels |
		jq -r --arg channel "$1" '[.[] | select(.channel == $channel) | .wanted_by[]] | join(" ")')
	same "wanted_by" "$2" "$seen"
}

# in_filters DEVICE: /proc/net/mcfilter lists a join of the IPv4 stream there
in_filters() {
	joined gateway "$1" $GROUP
}

# any NAME GROUP DEVICE: an any-source join of the group there
any() {
	local hex
	# shellcheck disable=SC2046,SC2086,SC2183
	hex=$(printf '%02X%02X%02X%02X' $(tac -s. <<<"$2." | tr '.\n' '  '))
	background "$1" gateway socat -u \
		"UDP4-RECV:9,reuseaddr,ip-add-membership=$2:0.0.0.0:$3" OPEN:/dev/null,wronly
	wait_for 5 on gateway grep -q "$hex" /proc/net/igmp
}

net_one_relay 5
reverse_dns
send_both source s0 --rate 20
configure yes no

step "joined before amtd starts, and not listed by the kernel, as the newest group has no sources"
watch app $GROUP $SOURCE 100
wait_for 5 in_filters g0
any any 239.1.1.1 g0
refuse "the kernel lists it" in_filters g0
amtd_start gateway
wait_for 10 wanted_by $CHANNEL host
finish app || fail "no stream: $(received app .)"
expect "device" amt0 "$(ctl gateway --json=short list | jq -r '[.[].ifname] | join(" ")')"

step "the channel is left with the application, the gateway removed after LingerSec="
wait_for 10 wanted_by $CHANNEL ""
wait_for 20 not exists gateway amt0
end_background any

step "IPv6, and a Python program unaware of AMT"
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
finish app6 || fail "no IPv6 stream: $(received app6 .)"
finish python || fail "the program did not receive"
expect "sender" $SOURCE "$(tail -n 1 "$TMP/python.log")"

step "IPv4, a socket that filters by the interface it joined on (IP_MULTICAST_ALL=0) does not receive"
receive_stream strict gateway g0 --timeout 8 --count 1
wait_for 10 wanted_by $CHANNEL host
if finish strict; then
	fail "it received: $(received strict .)"
fi

step "amtd is killed and started again: nothing is lost, nothing joined twice"
watch app $GROUP $SOURCE 300
wait_for 10 wanted_by $CHANNEL host
sleep 5
amtd_kill gateway
amtd_start gateway
wait_for 5 wanted_by $CHANNEL host
expect "devices" 1 "$(ctl gateway --json=short list | jq length)"
finish app || fail "the stream ended: $(received app .)"
expect "lost" 0 "$(received app .lost)"

step "another group is joined on lo: joins are still seen"
wait_for 10 wanted_by $CHANNEL ""
kill -STOP "${PIDS[amtd-gateway]}"
watch app $GROUP $SOURCE 20
wait_for 5 in_filters g0
any any-g0 239.1.1.1 g0
in_filters g0 || fail "amtd's membership on lo does not keep the list complete"
any any-lo 239.1.1.2 lo
refuse "the kernel lists it" in_filters g0
kill -CONT "${PIDS[amtd-gateway]}"
wait_for 10 wanted_by $CHANNEL host
finish app || fail "no stream: $(received app .)"

step "amtd's own joins are not taken for an application's"
wait_for 10 wanted_by $CHANNEL ""
check "join" ctl gateway join $CHANNEL --on g0
sleep 4
wanted_by $CHANNEL amtctl || fail "taken for an application's"
check "leave" ctl gateway leave $CHANNEL

step "InstallRoutes=yes: the next application joins on the gateway and keeps it when the first leaves"
configure yes yes
check "reload" ctl gateway reload
watch app $GROUP $SOURCE 100
wait_for 10 wanted_by $CHANNEL host
in_filters g0 || fail "the first one has not joined on the default interface"
watch next $GROUP $SOURCE 400
sleep 1
finish app || fail "no stream: $(received app .)"
wait_for 10 wanted_by $CHANNEL ""
in_filters amt0 || fail "the next one has not joined on the gateway"
finish next || fail "the stream ended: $(received next .)"
expect "lost" 0 "$(received next .lost)"
configure yes no
check "reload" ctl gateway reload

step "HostJoins=no: joins are ignored"
watch app $GROUP $SOURCE 1000
wait_for 10 wanted_by $CHANNEL host
configure no no
check "reload" ctl gateway reload
wanted_by $CHANNEL "" || fail "it is still wanted"
sleep 3
wanted_by $CHANNEL "" || fail "it is wanted again"
if on gateway grep ' lo ' /proc/net/mcfilter /proc/net/mcfilter6; then
	fail "amtd's membership on lo is still there"
fi
