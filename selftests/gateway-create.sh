#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A gateway is created, shown and deleted by amtctl, and nothing is left behind.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_one_relay 0
links_before=$(ip -n "${NS}gateway" -br link | awk '{ print $1 }')
amtd_start gateway

step "create applies all options"
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --mtu 1400 \
	--description "the first one"
ip=$(ip -n "${NS}gateway" -d -j link show dev amt0 | jq -c '.[0]')
of_ip() {
	jq -r "$1" <<<"$ip"
}
expect "kind" amt "$(of_ip .linkinfo.info_kind)"
expect "mode" gateway "$(of_ip .linkinfo.info_data.mode)"
expect "link" g0 "$(of_ip .linkinfo.info_data.link)"
expect "local" $LOCAL "$(of_ip .linkinfo.info_data.local)"
expect "discovery" $RELAY "$(of_ip .linkinfo.info_data.discovery)"
expect "mtu" 1400 "$(of_ip .mtu)"
expect "up" true "$(of_ip '.flags | contains(["UP"])')"
port=$(of_ip .linkinfo.info_data.gateway_port)
expect "relay_port, which the driver binds" "$port" "$(of_ip .linkinfo.info_data.relay_port)"
[ "$port" != $AMT_PORT ] || fail "the gateway has no private port"
expect "address" "$LOCAL/32" "$(on gateway ip -j -4 address show dev amt0 |
	jq -r '.[0].addr_info[0] | "\(.local)/\(.prefixlen)"')"

step "it connects"
wait_for 10 state_is gateway amt0 connected
expect "the driver's relay" $RELAY "$(link gateway amt0 .linkinfo.info_data.remote)"

step "status agrees with ip"
status=$(ctl gateway status amt0 --json=short)
for key in .ifname .ifindex .mtu .operstate .linkinfo.info_kind .linkinfo.info_data.mode \
	.linkinfo.info_data.gateway_port .linkinfo.info_data.relay_port \
	.linkinfo.info_data.link .linkinfo.info_data.local .linkinfo.info_data.discovery; do
	expect "$key" "$(of_ip "$key")" "$(jq -r ".[0] | $key" <<<"$status")"
done
expect "description" "the first one" "$(jq -r '.[0].description' <<<"$status")"
expect "relay" $RELAY "$(jq -r '.[0].relay.configured[0]' <<<"$status")"
expect_match "text status" "$RELAY" "$(ctl gateway status amt0)"
expect "--json=pretty" "$(jq -cS '.[0] | .ifname' <<<"$status")" \
	"$(ctl gateway status amt0 --json=pretty | jq -cS '.[0] | .ifname')"

step "list shows it"
table=$(ctl gateway list)
expect_match "list" 'amt0' "$table"
expect_match "list" 'connected' "$table"
expect "lines without the legend" 1 "$(ctl gateway list --no-legend | wc -l)"
[ "$(wc -l <<<"$table")" -gt 1 ] || fail "list has no legend: $table"
expect "list --json" '["amt0"]' "$(ctl gateway list --json=short | jq -c '[.[].ifname]')"
without_age() {
	sed -E 's/([^ ]+ ago|just now)$//'
}
expect "the bare command" "$(without_age <<<"$table")" "$(ctl gateway | without_age)"

step "the device file is there, and cat shows it"
expect_match "cat" "Address=$RELAY" "$(ctl gateway cat amt0)"
grep -q "^Link=g0" "$TMP/gateway/run/amt/amt0.amt" || fail "no Link= in the device file"

step "a second create of the same name is refused and changes nothing"
errors_of gateway create amt0 --link g0 --relay $RELAY2
expect "exit status" 1 "$STATUS"
expect_match "the message" amt0 "$ERROR"
expect "ifindex" "$(of_ip .ifindex)" "$(link gateway amt0 .ifindex)"
expect_match "cat" "Address=$RELAY" "$(ctl gateway cat amt0)"

step "delete removes it"
check "delete" ctl gateway delete amt0
refuse "the interface" exists gateway amt0
[ ! -e "$TMP/gateway/run/amt/amt0.amt" ] || fail "the device file is still there"
errors_of gateway status amt0
expect "exit status of status" 3 "$STATUS"
expect "list --json" '[]' "$(ctl gateway list --json=short | jq -c .)"

step "nothing is left when amtd has stopped"
check "create" ctl gateway create amt1 --link g0 --relay $RELAY
check "delete" ctl gateway delete amt1
amtd_stop gateway
expect "ruleset" "" "$(on gateway nft list ruleset)"
expect "files" "" "$(find "$TMP/gateway/run" -type f -o -type s)"
expect "links" "$links_before" "$(ip -n "${NS}gateway" -br link | awk '{ print $1 }')"
