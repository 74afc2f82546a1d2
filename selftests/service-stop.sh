#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtd is asked to end: devices and their sysctls stay, or go, as KeepConfiguration= says, and what a
# device that stays needs stays, too.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 0
kernel_relay relay $RELAY
send_stream tx source s0
send_stream tx6 source s0 --group $GROUP6
etc=$TMP/gateway/etc/amt
amtd_root gateway >/dev/null

# write_file NAME [LINE...]: [AMT] lines
write_file() {
	local name=$1
	shift
	{
		printf '[AMT]\nLink=g0\n'
		printf '%s\n' "$@"
		printf '[Relay]\nAddress=%s\n' $RELAY
	} >"$etc/$name.amt"
}

tables() {
	on gateway nft list tables
}

stopped_well() {
	amtd_stop gateway
	[ ! -e "$TMP/gateway/run/amt/bus" ] || fail "the socket is still there"
	errors_of gateway list
	[ "$STATUS" = 4 ] || [ -n "$OUTPUT" ] || fail "list without amtd: exit $STATUS, '$ERROR'"
}

step "by default a device stays, its stream goes on, a new join works, and amtd says so"
write_file amt0
amtd_start gateway
wait_for 20 device_is gateway amt0 .relay.mld_flag 0x80
receive_stream rx gateway amt0 --count 3000 --timeout 60
sleep 2
ifindex=$(link gateway amt0 .ifindex)
stopped_well
expect_match "the log" 'amt0' "$(amtd_log gateway | tail -n 5)"
expect_match "tables" amtd "$(tables)"
receive_stream rx6 gateway amt0 --group $GROUP6 --source $SOURCE6 --count 100 --timeout 20
finish rx6 || fail "no new stream without amtd: $(cat "$TMP/rx6.log")"
finish rx || fail "the stream ended with amtd: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"
expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"
expect "rp_filter" 2 "$(sysctl_of gateway ipv4/conf/amt0/rp_filter)"
expect "force_igmp_version" 3 "$(sysctl_of gateway ipv4/conf/amt0/force_igmp_version)"

step "KeepConfiguration=no takes the device with it, and the table"
write_file amt0 KeepConfiguration=no
amtd_start gateway
expect "ifindex" "$ifindex" "$(link gateway amt0 .ifindex)"
wait_for 10 state_is gateway amt0 connected
stopped_well
refuse "the device" exists gateway amt0
expect "tables" "" "$(tables)"

step "of two devices one goes, and the table stays for the other"
# A kernel relay tells gateways apart by their addresses only.
address gateway g0 198.51.100.3/24
write_file amt1 Local=198.51.100.3
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
wait_for 10 state_is gateway amt1 connected
stopped_well
refuse "the device that goes" exists gateway amt0
check "the device that stays" exists gateway amt1
expect_match "tables" amtd "$(tables)"
rm "$etc/amt0.amt" "$etc/amt1.amt"
amtd_start gateway
refuse "a device whose file went while amtd was away" exists gateway amt1
stopped_well
expect "tables" "" "$(tables)"

step "a device that was there before is adopted, and given back as it was"
address gateway g0 198.51.100.4/24
ip -n "${NS}gateway" link add amt2 type amt mode gateway local 198.51.100.4 discovery $RELAY dev g0 \
	gateway_port 61000 relay_port 61000
set_sysctl gateway ipv4/conf/amt2/rp_filter=1 ipv4/conf/amt2/force_igmp_version=2 \
	ipv4/conf/amt2/igmpv3_unsolicited_report_interval=777
ifindex=$(link gateway amt2 .ifindex)
write_file amt2 Local=198.51.100.4 Port=61000 KeepConfiguration=no
amtd_start gateway
wait_for 10 state_is gateway amt2 connected
expect "ifindex" "$ifindex" "$(link gateway amt2 .ifindex)"
expect "rp_filter" 2 "$(sysctl_of gateway ipv4/conf/amt2/rp_filter)"
expect "force_igmp_version" 3 "$(sysctl_of gateway ipv4/conf/amt2/force_igmp_version)"
expect "what rp_filter was" 1 "$(device gateway amt2 '.sysctls["ipv4.rp_filter"].previous')"

step "even by an amtd that did not see it itself"
amtd_kill gateway
amtd_start gateway
stopped_well
check "the device" exists gateway amt2
expect "ifindex" "$ifindex" "$(link gateway amt2 .ifindex)"
expect "rp_filter" 1 "$(sysctl_of gateway ipv4/conf/amt2/rp_filter)"
expect "force_igmp_version" 2 "$(sysctl_of gateway ipv4/conf/amt2/force_igmp_version)"
expect "report interval" 777 \
	"$(sysctl_of gateway ipv4/conf/amt2/igmpv3_unsolicited_report_interval)"
expect "its address" "" "$(ip -n "${NS}gateway" -4 -br address show dev amt2 |
	awk '{ print $3 }')"
expect "tables" "" "$(tables)"
