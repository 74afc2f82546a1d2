#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A relay by amtd alone: what its gateways want is joined upstream and routed into the device, and
# nothing else is. Three gateways: one of amtd's for IPv6 multicast, one of the bare driver, and one
# of another make that has P at 0x01.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly BARE=198.51.100.3 OTHER=198.51.100.4 OTHER_PORT=3333 STRANGER=203.0.113.3

# other ACTION...: the gateway of another make
other() {
	on gateway "$SELFTESTS/tools/gateway.py" --address $OTHER --port $OTHER_PORT \
		--state "$TMP/other.json" $RELAY "$@"
}

# joined: what amtd's sockets have joined upstream, as "group source" in hexadecimal
joined() {
	on relay cat /proc/net/mcfilter /proc/net/mcfilter6 | awk '$2 == "r0" { print $3, $4 }'
}

# routed SOURCE GROUP: into the relay device
routed() {
	local family=-4
	[[ $1 != *:* ]] || family=-6
	[[ $(ip -n "${NS}relay" $family mroute show) == *"($1,$2)"*"Oifs: amtr"* ]] || {
		ip -n "${NS}relay" $family mroute show
		return 1
	}
}

internet 10
ip -n "${NS}gateway" address add $BARE/24 dev g0
ip -n "${NS}gateway" address add $OTHER/24 dev g0
ip -n "${NS}source" address add $STRANGER/24 dev s0
send_stream tx source s0
send_stream tx6 source s0 --group $GROUP6
cat >"$(amtd_root relay)/etc/amt/amtr.amt" <<-END
	[AMT]
	Mode=relay
	Link=r1
	[Forward]
	Upstream=r0
END
amtd_start relay
wait_for 10 state_is relay amtr running
has_link_local() {
	[ -n "$(ip -n "${NS}relay" -6 -br address show dev amtr scope link -tentative)" ]
}
wait_for 3 has_link_local
expect "joined upstream" "" "$(joined)"

step "a gateway of the bare driver gets IPv4"
ip -n "${NS}gateway" link add amt1 type amt mode gateway local $BARE discovery $RELAY dev g0 \
	gateway_port $AMT_PORT relay_port $AMT_PORT
ip -n "${NS}gateway" link set amt1 up
set_sysctl gateway ipv4/conf/amt1/rp_filter=0 ipv4/conf/amt1/force_igmp_version=3
receive_stream rx gateway amt1 --count 300 --timeout 20
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"

step "one of amtd's gets IPv6"
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 10 state_is gateway amt0 connected
receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6 --count 300 --timeout 20
finish rx6 || fail "no stream: $(cat "$TMP/rx6.log")"
expect "lost" 0 "$(received rx6 .lost)"

step "nobody wants them any more: neither is joined upstream, nor routed"
wait_for 5 not routed $SOURCE $GROUP
wait_for 5 not routed $SOURCE6 $GROUP6
wait_for 5 device_is relay amtr .forward.ipv4.joins 0
wait_for 5 device_is relay amtr .forward.ipv6.joins 0
expect "joined upstream" "" "$(joined)"

step "source-specific: upstream just the source that a gateway asks for"
expect "answers" 4 "$(other request=0x00 join=$SOURCE,$GROUP)"
wait_for 5 routed $SOURCE $GROUP
expect "joined upstream" "0xe8010101 0xcb007102" "$(joined)"
send_stream stranger source s0 --source $STRANGER
sleep 1
refuse "the stranger's route" routed $STRANGER $GROUP
end_background stranger
expect "joined upstream" "0xe8010101 0xcb007102" "$(joined)"

step "another wants it, too, and keeps it when the first leaves"
receive_stream rx gateway amt1 --count 400 --timeout 20
wait_for 5 device_is relay amtr "[.serving.tunnels[] | select(.groups != [])] | length" 2
other leave=$SOURCE,$GROUP
finish rx || fail "the stream broke off: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"
wait_for 5 not routed $SOURCE $GROUP

step "IPv6 for a gateway that has P at 0x01"
expect "answers" 6 "$(other request=0x01 join=$SOURCE6,$GROUP6)"
wait_for 5 routed $SOURCE6 $GROUP6
[ "$(other data=1)" -gt 50 ] || fail "no IPv6 for the other gateway"
other leave=$SOURCE6,$GROUP6
wait_for 5 not routed $SOURCE6 $GROUP6

step "the last one leaves: within 0.2 s the stream stops"
silence=$(other request=0x00 join=$SOURCE,$GROUP data=1 leave=$SOURCE,$GROUP silence=5 | xargs)
expect_match "version, packets, microseconds" '^4 [0-9]{2,} [0-9]+$' "$silence"
[ "${silence##* }" -le 200000 ] || fail "the stream went on for ${silence##* } us"

step "a Teardown has the same effect"
silence=$(other request=0x00 join=$SOURCE,$GROUP data=1 teardown silence=5 | xargs)
expect_match "version, packets, microseconds" '^4 [0-9]{2,} [0-9]+$' "$silence"
[ "${silence##* }" -le 200000 ] || fail "the stream went on for ${silence##* } us"

step "amtd comes back after it was killed: what is wanted still is routed again"
receive_stream rx gateway amt1 --count 100 --timeout 30
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
receive_stream rx gateway amt1 --timeout 60 --count 1500
wait_for 5 routed $SOURCE $GROUP
amtd_kill relay
amtd_start relay
wait_for 10 routed $SOURCE $GROUP
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
