#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two ways to the sources, an Ethernet and a GRE interface: `amtctl upstream` switches between them,
# and silence does. No tunnel of AMT: Mode=proxy.
#
#  source u0 ----- eth0 gateway g1 ----- v0 viewer
#         gre0 ... gre0

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need jq

# joined DEV: the group, by the kernel's host side, in IPv4
joined() {
	on gateway cat /proc/net/mcfilter | grep -q " $1 *0x${group_hex}"
}

routed_from() {
	ip -n "${NS}gateway" mroute show | grep -q "($SOURCE,$GROUP).*Iif: $1 .*Oifs: g1" || {
		ip -n "${NS}gateway" mroute show
		return 1
	}
}

# upstream_is DEV
upstream_is() {
	device_is gateway proxy0 '.forward.upstreams[0].ifname' "$1"
}

# shellcheck disable=SC2086 # four bytes
group_hex=$(printf '%02x%02x%02x%02x' ${GROUP//./ })

host source gateway viewer
wire source u0 gateway eth0
wire gateway g1 viewer v0
address source u0 $SOURCE/24 $SOURCE6/64
address gateway eth0 203.0.113.1/24 2001:db8:1::1/64
ip -n "${NS}source" link add gre0x type gre local $SOURCE remote 203.0.113.1 ttl 64 2>/dev/null ||
	skip "the kernel has no GRE"
ip -n "${NS}gateway" link add gre0x type gre local 203.0.113.1 remote $SOURCE ttl 64
address source gre0x $SOURCE/32
address gateway gre0x 10.99.0.1/24
address gateway g1 10.4.0.1/24
address viewer v0 10.4.0.2/24
default_route viewer 10.4.0.1
# Sources are found by unicast routes, of which one is there at a time.
set_sysctl gateway ipv4/conf/gre0x/rp_filter=0 ipv4/conf/eth0/rp_filter=0
cat >"$(amtd_root gateway)/etc/amt/proxy0.amt" <<-END
	[AMT]
	Mode=proxy
	[Forward]
	Upstream=eth0
	Alternative=gre0x
	SilentSec=3
	Downstream=g1
	LastMemberSec=1
END
send_stream tx source u0
amtd_start gateway
wait_for 10 state_is gateway proxy0 running

step "the stream comes by Upstream="
upstream_is eth0
receive_stream rx viewer v0 --count 200 --timeout 20
wait_for 10 routed_from eth0
check "membership at eth0" joined eth0
refuse "membership at gre0x" joined gre0x
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"

step "amtctl upstream takes it from the other one, and back"
receive_stream rx viewer v0 --timeout 600
wait_for 10 routed_from eth0
check "upstream" ctl gateway upstream gre0x
upstream_is gre0x
wait_for 5 joined gre0x
wait_for 5 not joined eth0
check "upstream of one device" ctl gateway upstream eth0 proxy0
upstream_is eth0
wait_for 5 joined eth0
wait_for 5 not joined gre0x
wait_for 5 routed_from eth0

step "what cannot be an upstream is refused, with what to do"
errors_of gateway upstream g1
expect "exit status" 1 "$STATUS"
expect_match "the line" '^amtctl: g1: no device has g1 as upstream; name it in BackupUpstream=' "$ERROR"
errors_of gateway upstream gre0x amt9
expect "exit status" 3 "$STATUS"
expect_match "the line" "no device amt9" "$ERROR"
errors_of gateway upstream
expect "exit status" 2 "$STATUS"
upstream_is eth0

step "silence: the source goes to the other way, and amtd after it, by itself"
end_background tx
send_stream tx source gre0x
wait_for 20 upstream_is gre0x
wait_for 5 routed_from gre0x
before=$(now)
receive_stream again viewer v0 --count 100 --timeout 20
finish again || fail "no stream by way of gre0x: $(cat "$TMP/again.log")"
[ $(($(now) - before)) -lt 10000000 ] || fail "100 packets took $(($(now) - before)) us"
grep -q 'upstream is now gre0x: no packets on the other one' "$TMP/amtd-gateway.log" ||
	fail "the log does not say so: $(amtd_log gateway)"

step "nobody wants anything: silence means nothing"
end_background rx
end_background tx
wait_for 10 not joined gre0x
sleep 10
upstream_is gre0x
amtd_stop gateway
