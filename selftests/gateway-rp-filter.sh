#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An application receives the stream whatever rp_filter is in conf/all and conf/default.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_one_relay 0
send_stream tx source s0

receive() {
	receive_stream rx gateway amt0 --count 20 --timeout "$1"
	finish rx
}

step "a bare device with systemd's default of 2: the application receives nothing"
# At a separate address: the relay keeps the port of a gateway's first Request.
address gateway g0 198.51.100.3/24
bare_gateway gateway amt0 g0 198.51.100.3 $RELAY
expect "rp_filter" 2 "$(sysctl_of gateway ipv4/conf/amt0/rp_filter)"
! receive 10 || fail "a stream: $(cat "$TMP/rx.log")"
[ "$(link gateway amt0 .stats64.rx.packets)" -gt 0 ] || fail "the device itself received nothing"
ip -n "${NS}gateway" link del amt0
ip -n "${NS}gateway" address del 198.51.100.3/24 dev g0

amtd_start gateway
for all in 0 1 2; do
	for default in 0 1 2; do
		step "rp_filter: all $all, default $default"
		set_sysctl gateway ipv4/conf/all/rp_filter=$all ipv4/conf/default/rp_filter=$default
		check "create" ctl gateway create amt0 --link g0 --relay $RELAY
		receive 20 || fail "no stream: $(cat "$TMP/rx.log"), $(
			on gateway grep . /proc/sys/net/ipv4/conf/{all,default,amt0,g0}/rp_filter)"
		check "delete" ctl gateway delete amt0
	done
done
