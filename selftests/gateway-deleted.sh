#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What amtd made is taken away behind its back: it makes it again.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 0
kernel_relay relay $RELAY
send_stream tx source s0
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 10 state_is gateway amt0 connected

stream_comes() {
	receive_stream rx gateway amt0 --count 100 --timeout 30
	finish rx || fail "no stream: $(cat "$TMP/rx.log")"
}

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
stream_comes

step "a hundred times in a row"
for ((i = 0; i < 100; i++)); do
	echo "link del amt0"
done | ip -n "${NS}gateway" -force -batch - 2>/dev/null || true
wait_for 10 state_is gateway amt0 connected
stream_comes

log_has() {
	amtd_log gateway | grep -q "$1"
}

step "more of other tables than amtd can hear: that is no removal"
kill -STOP "${PIDS[amtd-gateway]}"
{
	echo "table inet other { set s { type ipv4_addr; }; }"
	for ((i = 0; i < 20000; i++)); do
		echo "add element inet other s { 10.0.$((i / 256)).$((i % 256)) }"
	done
} | on gateway nft -f -
kill -CONT "${PIDS[amtd-gateway]}"
wait_for 10 log_has 'netlink events lost, resynchronizing'
refuse "a removal is logged" log_has "'ip amtd' was removed"
wait_for 5 has_table
stream_comes

step "the table, by somebody who flushes the ruleset"
check "the table is there" has_table
on gateway nft flush ruleset
wait_for 5 log_has "'ip amtd' was removed"
wait_for 5 has_table
stream_comes

step "with its name taken by another device, amtd says so, and takes over when it is gone"
kill -STOP "${PIDS[amtd-gateway]}"
ip -n "${NS}gateway" -batch - <<-END
	link del amt0
	link add amt0 type dummy
END
kill -CONT "${PIDS[amtd-gateway]}"
wait_for 10 state_is gateway amt0 failed
expect_match "reason" 'amt' "$(device gateway amt0 .reason)"
expect "what is there" dummy "$(link gateway amt0 .linkinfo.info_kind)"
ip -n "${NS}gateway" link del amt0
wait_for 10 state_is gateway amt0 connected
stream_comes
