#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs on the proxy itself that join on a downstream interface receive what they joined, once.
# No AMT: Mode=proxy.
#
#  source u0 ---- eth0 gateway g1 ---- v0 viewer

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly ANY=239.1.1.1

# program NAME GROUP SECONDS [SOURCE]: as most do it; prints how many packets came
program() {
	cat >"$TMP/$1.py" <<-END
		import socket, sys, time
		group, seconds, source = "$2", $3, "${4-}"
		inet = socket.AF_INET6 if ":" in group else socket.AF_INET
		s = socket.socket(inet, socket.SOCK_DGRAM)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		s.bind((group, $PORT))
		index = socket.if_nametoindex("g1")
		if ":" in group:
		    s.setsockopt(41, 20, socket.inet_pton(inet, group) + index.to_bytes(4, "little"))
		elif source:
		    s.setsockopt(0, 39, socket.inet_aton(group) + socket.inet_aton("10.4.0.1") +
		                 socket.inet_aton(source))
		else:
		    s.setsockopt(0, 35, socket.inet_aton(group) + socket.inet_aton("10.4.0.1"))
		s.settimeout(0.1)
		end, seen = time.time() + seconds, []
		while time.time() < end:
		    try:
		        seen.append(s.recv(2000))
		    except TimeoutError:
		        pass
		print(len(seen), len(seen) - len(set(seen)))
	END
	background "$1" gateway python3 "$TMP/$1.py"
}

# member GROUP: upstream
member() {
	ip -n "${NS}gateway" maddress show dev eth0 | grep -qw "$1"
}

# got NAME: packets, none twice
got() {
	local packets twice
	finish "$1" || fail "$1: $(cat "$TMP/$1.log")"
	read -r packets twice <"$TMP/$1.log"
	[ "$packets" -gt 50 ] || fail "$1 got $packets packets"
	expect "packets that $1 got twice" 0 "$twice"
}

lan_behind_proxy source viewer
address gateway g1 2001:db8:4::1/64
default_route source 203.0.113.1
set_sysctl gateway ipv4/ip_forward=1 ipv6/conf/all/forwarding=1
write_proxy gateway proxy0 Upstream=eth0 Downstream=g1 LastMemberSec=1
amtd_start gateway
wait_for 10 state_is gateway proxy0 running
for group in $ANY $GROUP $GROUP6; do
	send_stream "tx$group" source u0 --rate 50 --ttl 8 --group "$group"
done

step "a program that joins a group, one that joins a source, one of IPv6"
program any $ANY 6
program ssm $GROUP 6 $SOURCE
wait_for 4 member $ANY
wait_for 4 joined gateway eth0 $SOURCE
got any
got ssm

step "they leave: so does amtd, within a second or two"
wait_for 5 not member $ANY
wait_for 5 not joined gateway eth0 $SOURCE

step "IPv6, without a source outside of the SSM range"
send_stream tx6 source u0 --rate 50 --ttl 8 --group ff1e::99
program any6 ff1e::99 6
wait_for 4 member ff1e::99
got any6
wait_for 5 not member ff1e::99

step "a viewer that receives the group loses nothing when the program comes and goes"
start_receiver rx viewer --dev v0 --group $ANY --count 400 --timeout 30
wait_for 10 member $ANY
program beside $ANY 3
finish beside || fail "beside: $(cat "$TMP/beside.log")"
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"

step "DenyGroups= counts for it, too"
wait_for 10 not member $ANY
write_proxy gateway proxy0 Upstream=eth0 Downstream=g1 DenyGroups=$ANY
check "reload" ctl gateway reload
program denied $ANY 4
sleep 3
refuse "a membership" member $ANY
finish denied || fail "denied: $(cat "$TMP/denied.log")"

step "amtd's own memberships do not count: another device's upstream is this downstream"
write_proxy gateway inner Upstream=g1 Downstream=eth0 Table=77
check "reload" ctl gateway reload
wait_for 10 state_is gateway inner running
start_receiver rx source --dev u0 --group 239.1.1.9 --timeout 60
wait_for 10 bash -c "ip -n ${NS}gateway maddress show dev g1 | grep -qw 239.1.1.9"
sleep 3
refuse "a membership" member 239.1.1.9
