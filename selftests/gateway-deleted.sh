#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What amtd created is removed by somebody else: amtd creates it again.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_one_relay 0
send_stream tx source s0
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 10 state_is gateway amt0 connected

is_new() {
	exists gateway amt0 && [ "$(link gateway amt0 .ifindex)" != "$1" ]
}

has_table() {
	[[ $(on gateway nft list tables) == *amtd* ]]
}

step "the device"
ifindex=$(link gateway amt0 .ifindex)
ip -n "${NS}gateway" link del amt0
wait_for 5 is_new "$ifindex"
wait_for 10 state_is gateway amt0 connected
expect "rp_filter of the new one" 2 "$(sysctl_of gateway ipv4/conf/amt0/rp_filter)"
stream_comes gateway amt0

step "a hundred times in a row"
for ((i = 0; i < 100; i++)); do
	echo "link del amt0"
done | ip -n "${NS}gateway" -force -batch - 2>/dev/null || true
wait_for 10 state_is gateway amt0 connected
stream_comes gateway amt0

step "more events of other tables than the socket holds: not taken for a removal"
kill -STOP "${PIDS[amtd-gateway]}"
{
	echo "table inet other { set s { type ipv4_addr; }; }"
	for ((i = 0; i < 20000; i++)); do
		echo "add element inet other s { 10.0.$((i / 256)).$((i % 256)) }"
	done
} | on gateway nft -f -
kill -CONT "${PIDS[amtd-gateway]}"
wait_for 10 log_has amtd-gateway 'netlink events lost, resynchronizing'
refuse "a removal is logged" log_has amtd-gateway "'ip amtd' was removed"
wait_for 5 has_table
stream_comes gateway amt0

step "the nftables table, by nft flush ruleset"
check "the table is there" has_table
on gateway nft flush ruleset
wait_for 5 log_has amtd-gateway "'ip amtd' was removed"
wait_for 5 has_table
stream_comes gateway amt0

step "its name is taken by another device: failed with a reason, until that is removed"
kill -STOP "${PIDS[amtd-gateway]}"
ip -n "${NS}gateway" -batch - <<-END
	link del amt0
	link add amt0 type dummy
END
kill -CONT "${PIDS[amtd-gateway]}"
wait_for 10 state_is gateway amt0 failed
expect_match "reason" 'amt' "$(device gateway amt0 .reason)"
expect "kind" dummy "$(link gateway amt0 .linkinfo.info_kind)"
ip -n "${NS}gateway" link del amt0
wait_for 10 state_is gateway amt0 connected
stream_comes gateway amt0
