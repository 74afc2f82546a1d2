#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A hostile host on the LAN: floods of Reports, forged Queries, groups that must never be forwarded,
# garbage. The limits hold and are reported, amtd's memory is bounded, other receivers are unaffected.
# timeout: 600

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need python3

flood() {
	on mallory "$SELFTESTS/tools/flood.py" v0 "$@" >/dev/null || fail "flood.py $*"
}

# lan PROTOCOL FILTER
lan() {
	device gateway amt0 ".forward.downstreams[0].$1.$2"
}

lan_is() {
	device_is gateway amt0 ".forward.downstreams[0].$1.$2" true
}

rss() {
	awk '/^VmRSS/ { print $2 }' "/proc/${PIDS[amtd-gateway]}/status"
}

# bounded KIBIBYTES: amtd runs, and has grown by no more than that since the first measurement
bounded() {
	local grown
	kill -0 "${PIDS[amtd-gateway]}" || fail "amtd ended"
	grown=$(($(rss) - before))
	echo "  amtd has grown by $grown KiB"
	[ $grown -le "$1" ] || fail "it grew by $grown KiB, limit $1 KiB"
}

# The viewer and mallory are on one bridge, lan0.
host mallory
net_one_relay 10
ip -n "${NS}gateway" address flush dev g1
wire gateway g2 mallory v0
make_bridge gateway lan0 g1 g2
address gateway lan0 10.4.0.1/24
address mallory v0 10.4.0.66/24
# A Linux relay has room for 32 groups a tunnel: the groups of the floods have another upstream.
ip -n "${NS}gateway" link add void type dummy
address gateway void 198.18.255.1/24 2001:db8:64:ff::1/64
send_stream tx source s0 --rate 20
write_gateway amt0 $RELAY '[Forward]' Downstream=lan0 Upstream=amt0 \
	"Upstream=void 198.18.0.0/15 2001:db8:64::/48" MaxGroups=2000 MaxGroupsPerHost=500 \
	MaxSources=100 QueryIntervalSec=10 QueryResponseSec=2
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
wait_for 10 lan_is mld querying
receive_stream rx viewer v0 --count 100000 --timeout 600
wait_for 10 lan_is igmp "groups == 1"
sleep 3
before=$(rss)

step "one host joins 20,000 groups: MaxGroupsPerHost= are accepted"
flood groups 20000
wait_for 30 lan_is igmp "ignored.max_groups_per_host >= 19000"
wait_for 30 lan_is mld "ignored.max_groups_per_host >= 19000"
expect "IPv4 groups" 501 "$(lan igmp groups)"
expect "IPv6 groups" 500 "$(lan mld groups)"

step "200 forged hosts join 20,000 groups: MaxGroups= on the interface"
flood groups 20000 --hosts 200
wait_for 30 lan_is igmp "ignored.max_groups > 10000"
wait_for 30 lan_is mld "ignored.max_groups > 10000"
expect "IPv4 groups" 2000 "$(lan igmp groups)"
expect "IPv6 groups" 2000 "$(lan mld groups)"

step "2,000 sources of one group: MaxSources="
wait_for 60 lan_is igmp "groups == 1"
wait_for 60 lan_is mld "groups == 0"
flood sources 2000
wait_for 30 lan_is igmp "ignored.max_sources >= 1800"
wait_for 30 lan_is mld "ignored.max_sources >= 1800"
bounded 2048

step "groups that are never forwarded"
groups=$(lan igmp groups) ignored=$(lan mld ignored.group)
flood never
wait_for 10 lan_is igmp "ignored.group >= 3"
wait_for 10 lan_is mld "ignored.group >= $((ignored + 4))"
expect "groups" "$groups" "$(lan igmp groups)"
refuse "a membership" grep -qi "amt0 .*0xe000" <(on gateway cat /proc/net/mcfilter)

step "forged Queries, without source or from higher addresses, are ignored"
flood queries
wait_for 10 lan_is igmp "ignored.query + .forward.downstreams[0].igmp.refused.source >= 2"
expect "the IGMP querier" 10.4.0.1 "$(lan igmp querier)"
expect "MLD querier" true "$(lan mld querying)"

step "a Query from a lower address that only the router receives: believed, there would be no querier"
flood aside
wait_for 10 lan_is igmp "refused.unicast_query == 1"
expect "the IGMP querier" 10.4.0.1 "$(lan igmp querier)"

step "Queries of somebody who wants it silent: no host's timer, and no stream, depends on them"
flood silence
wait_for 10 lan_is igmp "refused.subnet == 2 and .forward.downstreams[0].igmp.ignored.response == 2"
flood silence --to "$(on gateway ip -br link show lan0 | awk '{ print $3 }')"
wait_for 10 lan_is igmp "refused.frame == 4"
expect "the IGMP querier" 10.4.0.1 "$(lan igmp querier)"

step "garbage"
flood garbage 2000
wait_for 10 lan_is igmp "refused | add > 300"
wait_for 10 lan_is mld "refused | add > 300"
bounded 2048

step "amtctl status shows every limit that was hit"
status=$(ctl gateway status amt0 | cat)
echo "$status" | sed -n '/Upstream:/,/Sysctls:/p'
for word in "over MaxGroups=" "over MaxGroupsPerHost=" "over MaxSources=" \
	"with a wrong checksum" "in a frame to this host alone"; do
	expect_match "status" "$word" "$status"
done

step "the other receiver has lost nothing"
end_background rx
expect "lost" 0 "$(received rx .lost)"
[ "$(received rx .received)" -gt 500 ] || fail "$(cat "$TMP/rx.log")"
