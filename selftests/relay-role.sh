#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay by amtd alone: the channels that its gateways request are joined upstream and routed into
# the device, and no others. Three gateways: amtd's, the bare driver's, and a script with P at 0x01.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly BARE=198.51.100.3 OTHER=198.51.100.4 OTHER_PORT=3333 STRANGER=203.0.113.3

# other ACTION...: the scripted gateway
other() {
	on gateway "$SELFTESTS/tools/gateway.py" --address $OTHER --port $OTHER_PORT \
		--state "$TMP/other.json" $RELAY "$@"
}

# joined_upstream: amtd's memberships there, as "group source" in hexadecimal
joined_upstream() {
	on relay cat /proc/net/mcfilter /proc/net/mcfilter6 | awk '$2 == "r0" { print $3, $4 }'
}

# routed SOURCE GROUP: there is a route into the relay device
routed() {
	[[ $(mroutes relay "$1") == *"($1,$2)"*"Oifs: amtr"* ]] || {
		mroutes relay "$1"
		return 1
	}
}

internet 10
ip -n "${NS}gateway" address add $BARE/24 dev g0
ip -n "${NS}gateway" address add $OTHER/24 dev g0
ip -n "${NS}source" address add $STRANGER/24 dev s0
send_both source s0
relay_device '[Forward]' Upstream=r0
expect "joined upstream" "" "$(joined_upstream)"

step "a gateway of the bare driver receives IPv4"
bare_gateway gateway amt1 g0 $BARE $RELAY rp_filter=0 force_igmp_version=3
receive_stream rx gateway amt1 --count 300 --timeout 20
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"

step "amtd's gateway receives IPv6"
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 10 state_is gateway amt0 connected
receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6 --count 300 --timeout 20
finish rx6 || fail "no stream: $(cat "$TMP/rx6.log")"
expect "lost" 0 "$(received rx6 .lost)"

step "both have left: nothing is joined upstream, nothing is routed"
wait_for 5 not routed $SOURCE $GROUP
wait_for 5 not routed $SOURCE6 $GROUP6
wait_for 5 device_is relay amtr .forward.ipv4.joins 0
wait_for 5 device_is relay amtr .forward.ipv6.joins 0
expect "joined upstream" "" "$(joined_upstream)"

step "source-specific: only the requested source is joined upstream"
expect "answers" 4 "$(other request=0x00 join=$SOURCE,$GROUP)"
wait_for 5 routed $SOURCE $GROUP
expect "joined upstream" "0xe8010101 0xcb007102" "$(joined_upstream)"
send_stream stranger source s0 --source $STRANGER
sleep 1
refuse "a route of the other source" routed $STRANGER $GROUP
end_background stranger
expect "joined upstream" "0xe8010101 0xcb007102" "$(joined_upstream)"

step "a second gateway joins the channel and keeps it when the first leaves"
receive_stream rx gateway amt1 --count 400 --timeout 20
wait_for 5 device_is relay amtr "[.serving.tunnels[] | select(.groups != [])] | length" 2
other leave=$SOURCE,$GROUP
finish rx || fail "the stream stopped: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"
wait_for 5 not routed $SOURCE $GROUP

step "IPv6 for a gateway with P at 0x01"
expect "answers" 6 "$(other request=0x01 join=$SOURCE6,$GROUP6)"
wait_for 5 routed $SOURCE6 $GROUP6
[ "$(other data=1)" -gt 50 ] || fail "no IPv6 at the scripted gateway"
other leave=$SOURCE6,$GROUP6
wait_for 5 not routed $SOURCE6 $GROUP6

step "the last one leaves: the stream stops within 0.2 s"
silence=$(other request=0x00 join=$SOURCE,$GROUP data=1 leave=$SOURCE,$GROUP silence=5 | xargs)
expect_match "version, packets, microseconds" '^4 [0-9]{2,} [0-9]+$' "$silence"
[ "${silence##* }" -le 200000 ] || fail "the stream went on for ${silence##* } us"

step "the same after a Teardown"
silence=$(other request=0x00 join=$SOURCE,$GROUP data=1 teardown silence=5 | xargs)
expect_match "version, packets, microseconds" '^4 [0-9]{2,} [0-9]+$' "$silence"
[ "${silence##* }" -le 200000 ] || fail "the stream went on for ${silence##* } us"

step "amtd is killed and started again: wanted channels are routed again"
receive_stream rx gateway amt1 --count 100 --timeout 30
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
receive_stream rx gateway amt1 --timeout 60 --count 1500
wait_for 5 routed $SOURCE $GROUP
amtd_kill relay
amtd_start relay
wait_for 10 routed $SOURCE $GROUP
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
