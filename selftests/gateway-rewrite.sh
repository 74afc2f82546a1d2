#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay behind NAT in a cloud: it advertises its private address, but is reachable only at the
# public one.
#
#  source --- relay (10.99.0.1) --- cloud (192.0.2.1) --- internet --- gateway

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly PRIVATE=10.99.0.1

need nft
host cloud internet gateway relay source
set_sysctl cloud ipv4/ip_forward=1
set_sysctl internet ipv4/ip_forward=1
set_sysctl relay ipv4/ip_forward=1
wire source s0 relay r0
address source s0 $SOURCE/24
address relay r0 203.0.113.1/24 2001:db8:1::1/64
wire relay r1 cloud c0
address relay r1 $PRIVATE/24
address cloud c0 10.99.0.254/24
default_route relay 10.99.0.254
wire cloud c1 internet i1
address cloud c1 $RELAY/25
address internet i1 192.0.2.126/25
default_route cloud 192.0.2.126
wire gateway g0 internet ig
address gateway g0 $LOCAL/24
address internet ig 198.51.100.1/24
default_route gateway 198.51.100.1
on cloud nft -f - <<-END
	table ip cloud {
		chain in {
			type nat hook prerouting priority dstnat
			ip daddr $RELAY udp dport $AMT_PORT dnat to $PRIVATE
		}
		chain out {
			type nat hook postrouting priority srcnat
			oifname c1 ip saddr $PRIVATE snat to $RELAY
		}
	}
END
kernel_relay relay $PRIVATE
send_stream tx source s0
amtd_start gateway

# gateway_gets_nothing OPTION...
gateway_gets_nothing() {
	check "create" ctl gateway create amt0 --link g0 --relay $RELAY "$@"
	receive_stream rx gateway amt0 --count 1 --timeout 20
	! finish rx || fail "a stream: $(cat "$TMP/rx.log")"
	[ "$(device gateway amt0 .advertisements.seen)" -gt 0 ] || fail "no Advertisement"
	expect "rewritten" 0 "$(device gateway amt0 .advertisements.rewritten)"
	[ "$(device gateway amt0 .state)" != connected ] || fail "connected"
	check "delete" ctl gateway delete amt0
}

# gateway_gets_stream OPTION...
gateway_gets_stream() {
	check "create" ctl gateway create amt0 --link g0 --relay $RELAY "$@"
	receive_stream rx gateway amt0 --count 300 --timeout 20
	finish rx || fail "no stream: $(cat "$TMP/rx.log")"
	expect "lost" 0 "$(received rx .lost)"
	expect "rewritten" 1 "$(device gateway amt0 .advertisements.rewritten)"
	expect "the driver's relay" $RELAY "$(link gateway amt0 .linkinfo.info_data.remote)"
	wait_for 10 state_is gateway amt0 connected
	check "delete" ctl gateway delete amt0
}

step "without a rule Requests go to the private address: no stream"
gateway_gets_nothing

step "a rule for other addresses changes nothing"
gateway_gets_nothing --rewrite 172.16.0.0/12=$RELAY

step "with a rule for the private prefix the stream arrives"
gateway_gets_stream --rewrite 10.99.0.0/24=$RELAY

step "with a rule for any address as well"
gateway_gets_stream --rewrite any=$RELAY

step "the first matching rule applies"
gateway_gets_stream --rewrite 10.98.0.0/16=192.0.2.66 --rewrite 10.99.0.0/16=$RELAY \
	--rewrite any=192.0.2.67
