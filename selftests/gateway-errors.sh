#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ICMP errors on a gateway's host: those of others reach their owners, and forged ones end neither a
# tunnel nor a probe.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

raw=$SELFTESTS/tools/raw.py

# told WANTED HOST PROTOCOL FROM TO [OPTION...]: what a socket is told
told() {
	expect "$3 from $4 to $5" "$1" "$(on "$2" "$raw" "${@:6}" talk "$3" "$4" "$5")"
}

net_one_relay 5
second_relay # a host without a relay
send_stream tx source s0 --rate 100
set_sysctl gateway ipv4/ip_forward=1
ip -n "${NS}internet" route add 10.4.0.0/24 via $LOCAL
ip -n "${NS}internet" route add unreachable 192.0.2.66/32
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 10 state_is gateway amt0 connected
port=$(device gateway amt0 .port)
receive_stream rx gateway amt0
sleep 3

step "those of local sockets"
told ECONNREFUSED gateway udp $LOCAL:4444 $RELAY:9
told EHOSTUNREACH gateway udp $LOCAL:4444 192.0.2.66:$AMT_PORT
told EHOSTUNREACH gateway tcp "$LOCAL:$port" 192.0.2.66:9

step "those that are forwarded, about the same ports"
told ECONNREFUSED viewer udp "10.4.0.2:$port" $RELAY:9
told ECONNREFUSED viewer udp "10.4.0.2:$port" $RELAY2:$AMT_PORT
told EHOSTUNREACH viewer udp "10.4.0.2:$port" 192.0.2.66:$AMT_PORT
told EHOSTUNREACH viewer tcp "10.4.0.2:$port" 192.0.2.66:9

step "path MTU, of forwarded packets and of local sockets"
ip -n "${NS}internet" link set i2 mtu 1000
told EMSGSIZE viewer udp "10.4.0.2:$port" $RELAY2:4444 --size 1400
told EMSGSIZE gateway udp $LOCAL:4444 $RELAY2:4444 --size 1400
expect "state" connected "$(device gateway amt0 .state)"

# messages: the numbers of Discoveries and Requests that came to the internet since count_messages
count_messages() {
	on internet nft -f - <<-END
		table ip count {
			chain forward {
				type filter hook forward priority 0
				udp dport $AMT_PORT @th,64,8 1 counter
				udp dport $AMT_PORT @th,64,8 3 counter
			}
		}
	END
}

messages() {
	on internet nft -j list table ip count |
		jq -r '[.nftables[].rule.expr // [] | .[].counter.packets // empty] | join(" ")'
}

step "forged ones about all that the gateway sends: its tunnel stays, and it is not hurried"
background haunter internet "$raw" haunt ig
wait_for 10 grep -q watching "$TMP/haunter.log"
count_messages
sleep 60
read -r discoveries requests <<<"$(messages)"
echo "  $requests Requests, $discoveries Discoveries"
# A pair every two seconds.
[ "$requests" -le 70 ] || fail "$requests Requests in a minute"
[ "$discoveries" -le 200 ] || fail "$discoveries Discoveries in a minute"
refuse "the log" log_has amtd-gateway "chosen: .*unreachable"
end_background rx
expect "lost" 0 "$(received rx .lost)"
expect "duplicated" 0 "$(received rx .duplicated)"
check_flowing rx
wait_for 5 state_is gateway amt0 connected

step "a new gateway connects, and its relay's end is noticed, among them"
check "delete" ctl gateway delete amt0
check "create" ctl gateway create amt0 --link g0 --relay $RELAY2 --relay $RELAY
wait_for 20 device_is gateway amt0 .last_relay $RELAY

step "a probe among them is answered"
probe=$(ctl gateway probe $RELAY --count 5 --interval 0.3 --json=short)
expect "answers" 5 "$(jq -r '.[0].received' <<<"$probe")"
end_background haunter
expect_match "the log of the attacker" 'sent [0-9]{4}' "$(cat "$TMP/haunter.log")"
