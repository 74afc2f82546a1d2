#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two paths to the sources, an Ethernet and a GRE interface: `amtctl upstream` switches between them,
# and so does a silent upstream. No AMT: Mode=proxy.
#
#  source u0 ----- eth0 gateway g1 ----- v0 viewer
#         gre0 ... gre0

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need jq

# routed_from DEV
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

lan_behind_proxy source viewer
ip -n "${NS}source" link add gre0x type gre local $SOURCE remote 203.0.113.1 ttl 64 2>/dev/null ||
	skip "the kernel has no GRE"
ip -n "${NS}gateway" link add gre0x type gre local 203.0.113.1 remote $SOURCE ttl 64
address source gre0x $SOURCE/32
address gateway gre0x 10.99.0.1/24
# There is one unicast route to the source at a time, so RPF would fail on the other path.
set_sysctl gateway ipv4/conf/gre0x/rp_filter=0 ipv4/conf/eth0/rp_filter=0
# configure SECONDS: of silence
configure() {
	write_proxy gateway proxy0 Upstream=eth0 Alternative=gre0x SilentSec="$1" Downstream=g1 \
		LastMemberSec=1
}
configure 60
send_stream tx source u0
amtd_start gateway
wait_for 10 state_is gateway proxy0 running

step "the stream comes from Upstream="
upstream_is eth0
receive_stream rx viewer v0 --count 200 --timeout 20
wait_for 10 routed_from eth0
check "membership at eth0" joined gateway eth0 $GROUP
refuse "membership at gre0x" joined gateway gre0x $GROUP
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"

step "amtctl upstream switches to the other one and back"
receive_stream rx viewer v0 --timeout 600
wait_for 10 routed_from eth0
check "upstream" ctl gateway upstream gre0x
upstream_is gre0x
wait_for 5 joined gateway gre0x $GROUP
wait_for 15 not joined gateway eth0 $GROUP # it is left after 10 s
check "upstream of one device" ctl gateway upstream eth0 proxy0
upstream_is eth0
wait_for 5 joined gateway eth0 $GROUP
wait_for 15 not joined gateway gre0x $GROUP
wait_for 5 routed_from eth0

step "an invalid upstream is refused with a hint"
errors_of gateway upstream g1
expect "exit status" 1 "$STATUS"
expect_match "the line" '^amtctl: g1: no device has g1 as upstream; name it in BackupUpstream=' "$ERROR"
errors_of gateway upstream gre0x amt9
expect "exit status" 3 "$STATUS"
expect_match "the line" "no device amt9" "$ERROR"
errors_of gateway upstream
expect "exit status" 2 "$STATUS"
upstream_is eth0

step "silence: the source moves to the other path, and amtd follows"
configure 3
check "reload" ctl gateway reload
end_background tx
send_stream tx source gre0x
wait_for 20 upstream_is gre0x
wait_for 5 routed_from gre0x
before=$(now)
receive_stream again viewer v0 --count 100 --timeout 20
finish again || fail "no stream from gre0x: $(cat "$TMP/again.log")"
[ $(($(now) - before)) -lt 10000000 ] || fail "100 packets took $(($(now) - before)) us"
grep -q 'upstream is now gre0x: no packets on the other one' "$TMP/amtd-gateway.log" ||
	fail "no log message: $(amtd_log gateway)"

step "no receivers: silence does not switch"
end_background rx
end_background tx
wait_for 15 not joined gateway gre0x $GROUP
sleep 10
upstream_is gre0x
amtd_stop gateway
