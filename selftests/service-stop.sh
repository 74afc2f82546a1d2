#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtd stops: devices and their sysctls stay or are removed as KeepConfiguration= says, and the rules
# that a kept device needs stay, too.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_one_relay 0
send_both source s0
etc=$TMP/gateway/etc/amt

# configure NAME [LINE...]: of [AMT]
configure() {
	write_gateway "$1" $RELAY '[AMT]' "${@:2}"
}

tables() {
	on gateway nft list tables
}

# stop: amtd stops, and its socket is removed
stop() {
	amtd_stop gateway
	[ ! -e "$TMP/gateway/run/amt/bus" ] || fail "the socket is still there"
	errors_of gateway list
	[ "$STATUS" = 4 ] || [ -n "$OUTPUT" ] || fail "list without amtd: exit $STATUS, '$ERROR'"
}

step "default: the device stays, its stream goes on, a new join works, amtd logs it"
configure amt0
amtd_start gateway
wait_for 20 device_is gateway amt0 .relay.mld_flag 0x80
receive_stream rx gateway amt0 --count 3000 --timeout 60
sleep 2
ifindex=$(link gateway amt0 .ifindex)
stop
expect_match "the log" 'amt0' "$(amtd_log gateway | tail -n 5)"
expect_match "tables" amtd "$(tables)"
receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6 --count 100 --timeout 20
finish rx6 || fail "no new stream without amtd: $(cat "$TMP/rx6.log")"
finish rx || fail "the stream ended with amtd: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"
expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"
expect "rp_filter" 2 "$(sysctl_of gateway ipv4/conf/amt0/rp_filter)"
expect "force_igmp_version" 3 "$(sysctl_of gateway ipv4/conf/amt0/force_igmp_version)"

step "KeepConfiguration=no: device and table are removed"
configure amt0 KeepConfiguration=no
amtd_start gateway
expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"
wait_for 10 state_is gateway amt0 connected
stop
refuse "the device" exists gateway amt0
expect "tables" "" "$(tables)"

step "two devices, one is removed, the table stays for the other"
# The driver's relay identifies gateways by address only.
address gateway g0 198.51.100.3/24
configure amt1 Local=198.51.100.3
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
wait_for 10 state_is gateway amt1 connected
stop
refuse "the removed device" exists gateway amt0
check "the kept device" exists gateway amt1
expect_match "tables" amtd "$(tables)"
rm "$etc/amt0.amt" "$etc/amt1.amt"
amtd_start gateway
refuse "a device whose file was removed meanwhile" exists gateway amt1
stop
expect "tables" "" "$(tables)"

step "an existing device is adopted, and restored on stop"
address gateway g0 198.51.100.4/24
ip -n "${NS}gateway" link add amt2 type amt mode gateway local 198.51.100.4 discovery $RELAY dev g0 \
	gateway_port 61000 relay_port 61000
set_sysctl gateway ipv4/conf/amt2/rp_filter=1 ipv4/conf/amt2/force_igmp_version=2 \
	ipv4/conf/amt2/igmpv3_unsolicited_report_interval=777
ifindex=$(link gateway amt2 .ifindex)
configure amt2 Local=198.51.100.4 Port=61000 KeepConfiguration=no
amtd_start gateway
wait_for 10 state_is gateway amt2 connected
expect "ifindex" "$ifindex" "$(link gateway amt2 .ifindex)"
expect "rp_filter" 2 "$(sysctl_of gateway ipv4/conf/amt2/rp_filter)"
expect "force_igmp_version" 3 "$(sysctl_of gateway ipv4/conf/amt2/force_igmp_version)"
expect "the previous rp_filter" 1 "$(device gateway amt2 '.sysctls["ipv4.rp_filter"].previous')"

step "the same after amtd was killed and started again"
amtd_kill gateway
amtd_start gateway
stop
check "the device" exists gateway amt2
expect "ifindex" "$ifindex" "$(link gateway amt2 .ifindex)"
expect "rp_filter" 1 "$(sysctl_of gateway ipv4/conf/amt2/rp_filter)"
expect "force_igmp_version" 2 "$(sysctl_of gateway ipv4/conf/amt2/force_igmp_version)"
expect "report interval" 777 \
	"$(sysctl_of gateway ipv4/conf/amt2/igmpv3_unsolicited_report_interval)"
expect "its address" "" "$(ip -n "${NS}gateway" -4 -br address show dev amt2 |
	awk '{ print $3 }')"
expect "tables" "" "$(tables)"
