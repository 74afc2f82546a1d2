#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is sent with a TTL of 1 is not routed into a relay device: amtctl status hints at it, and
# TTL= mends it, in both families.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

other() {
	on gateway "$SELFTESTS/tools/gateway.py" $RELAY "$@" | xargs
}

internet 10
send_stream tx source s0 --ttl 1
send_stream tx6 source s0 --group $GROUP6 --ttl 1
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

step "nothing comes, and status says why that may be"
expect "version, packets" "4 0" "$(other request=0x00 join=$SOURCE,$GROUP data=1)"
expect_match "a hint" "Hint: .*TTL" "$(ctl relay status amtr)"

step "with TTL= the stream comes, in IPv4 and IPv6"
echo TTL=64 >>"$(amtd_root relay)/etc/amt/amtr.amt"
check "reload" ctl relay reload
expect_match "version, packets" '^4 [0-9]{2,}$' \
	"$(other request=0x00 join=$SOURCE,$GROUP data=1)"
expect_match "version, packets" '^6 [0-9]{2,}$' \
	"$(other request=0x01 join=$SOURCE6,$GROUP6 leave=$SOURCE,$GROUP data=1)"
[[ $(ctl relay status amtr) != *Hint:* ]] || fail "the hint stays"

step "without it the table of IPv6 goes"
sed -i /TTL/d "$(amtd_root relay)/etc/amt/amtr.amt"
check "table" on relay nft list table ip6 amtd
check "reload" ctl relay reload
refuse "table" on relay nft list table ip6 amtd

step "a name that nft cannot spell is warned of"
printf 'TTL=64\nUpstream=eth*\n' >>"$(amtd_root relay)/etc/amt/amtr.amt"
check "reload" ctl relay reload
expect_match "the log" "TTL= needs" "$(amtd_log relay)"
