#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets with a TTL of 1 are not routed into a relay device: amtctl status shows a hint, and TTL=
# raises the TTL, in both families.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

other() {
	on gateway "$SELFTESTS/tools/gateway.py" $RELAY "$@" | xargs
}

internet 10
send_both source s0 --ttl 1
relay_device '[Forward]' Upstream=r0

step "no stream, and status shows a hint"
expect "version, packets" "4 0" "$(other request=0x00 join=$SOURCE,$GROUP data=1)"
expect_match "a hint" "Hint: .*TTL" "$(ctl relay status amtr)"

step "with TTL= the stream arrives, IPv4 and IPv6"
echo TTL=64 >>"$(amtd_root relay)/etc/amt/amtr.amt"
check "reload" ctl relay reload
expect_match "version, packets" '^4 [0-9]{2,}$' \
	"$(other request=0x00 join=$SOURCE,$GROUP data=1)"
expect_match "version, packets" '^6 [0-9]{2,}$' \
	"$(other request=0x01 join=$SOURCE6,$GROUP6 leave=$SOURCE,$GROUP data=1)"
[[ $(ctl relay status amtr) != *Hint:* ]] || fail "the hint is still there"

step "without TTL= the IPv6 table is removed"
sed -i /TTL/d "$(amtd_root relay)/etc/amt/amtr.amt"
check "table" on relay nft list table ip6 amtd
check "reload" ctl relay reload
refuse "table" on relay nft list table ip6 amtd

step "an interface name that nft cannot express is logged"
printf 'TTL=64\nUpstream=eth*\n' >>"$(amtd_root relay)/etc/amt/amtr.amt"
check "reload" ctl relay reload
expect_match "the log" "TTL= needs" "$(amtd_log relay)"
