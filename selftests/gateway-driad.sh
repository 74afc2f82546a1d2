#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A gateway that is told a source and no relay: it finds one in DNS (RFC 8777), takes the best, keeps
# it while DNS is down for an hour, and moves to what DNS says later when the relay dies.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly DNS=198.51.101.53

need knotd kdig

# dns_start RELAY...: a zone that has them in order of precedence, for 60 s
dns_start() {
	local relay precedence=0
	mkdir -p "$TMP/dns"
	{
		echo "\$ORIGIN 113.0.203.in-addr.arpa."
		echo "\$TTL 60"
		echo "@ SOA ns.example. admin.example. $((serial += 1)) 3600 600 864000 60"
		echo "@ NS ns.example."
		for relay in "$@"; do
			# shellcheck disable=SC2046,SC2086,SC2183
			printf '2 TYPE260 \\# 6 %02x01%02x%02x%02x%02x\n' $((precedence += 10)) ${relay//./ }
		done
	} >"$TMP/dns/zone"
	cat >"$TMP/dns/conf" <<-END
		server:
		    rundir: "$TMP/dns"
		    listen: [ $DNS@53 ]
		    user: root:root
		    udp-workers: 1
		    tcp-workers: 1
		    background-workers: 1
		database:
		    storage: "$TMP/dns"
		template:
		  - id: default
		    journal-content: none
		    zonefile-sync: -1
		zone:
		  - domain: 113.0.203.in-addr.arpa.
		    file: "$TMP/dns/zone"
	END
	background knotd dns knotd -c "$TMP/dns/conf"
	wait_for 10 answers
}
serial=0

answers() {
	[ -n "$(on gateway kdig +time=1 +retry=0 +short "@$DNS" 2.113.0.203.in-addr.arpa TYPE260)" ]
}

stream_comes() {
	receive_stream rx gateway amt0 --count 100 --timeout 30
	finish rx || fail "no stream: $(cat "$TMP/rx.log")"
}

internet 5
second_relay
host dns
wire dns d0 internet id
address dns d0 $DNS/24
address internet id 198.51.101.1/24
default_route dns 198.51.101.1
kernel_relay relay $RELAY
kernel_relay relay2 $RELAY2
send_stream tx source s0 --rate 10
send_stream tx2 source2 s0 --rate 10
root=$(amtd_root gateway)
printf '[AMT]\nLink=g0\n[Relay]\nDriad=%s\nDNS=%s\nDNSSEC=no\n' $SOURCE $DNS >"$root/etc/amt/amt0.amt"

step "no DNS yet: amtd says so, and makes no device"
amtd_start gateway
wait_for 30 state_is gateway amt0 no-relay
expect_match "reason" 'DNS' "$(device gateway amt0 .reason)"
exists gateway amt0 && fail "a device without a relay"

step "DNS comes: the relay with the lower precedence is taken"
dns_start $RELAY $RELAY2
wait_for 130 state_is gateway amt0 connected
expect "candidates" "driad $RELAY true, driad $RELAY2 false" "$(device gateway amt0 \
	'[.candidates[] | "\(.origin) \(.address) \(.chosen)"] | join(", ")')"
stream_comes

step "DNS is down for an hour: the tunnel does not mind"
end_background knotd
sleep 3600
state_is gateway amt0 connected
expect "relay" $RELAY "$(device gateway amt0 .last_relay)"
stream_comes

step "DNS has another relay only: a tunnel that works stays, a restart of amtd included"
dns_start $RELAY2
wait_for 200 device_is gateway amt0 '[.candidates[].origin] | join(" ")' "driad in-use"
amtd_kill gateway
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
expect "relay" $RELAY "$(device gateway amt0 .last_relay)"

step "the relay dies: the next one is DNS's"
receive_stream rx gateway amt0 --count 400 --timeout 60
ip -n "${NS}relay" link set r1 down
wait_for 10 device_is gateway amt0 .last_relay $RELAY2
finish rx || fail "no stream from the next relay: $(cat "$TMP/rx.log")"

step "what Allow= does not name is refused"
printf '[AMT]\nLink=g0\n[Relay]\nDriad=%s\nDNS=%s\nDNSSEC=no\nAllow=10.0.0.0/8\n' $SOURCE $DNS \
	>"$root/etc/amt/amt0.amt"
ctl gateway reload
wait_for 20 device_is gateway amt0 .candidates_refused 1
