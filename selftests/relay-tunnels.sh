#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtd shows what the driver of a relay device does not: its tunnels and their gateways' memberships.
# Only messages with the nonce and MAC of a Query are accepted.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly BARE=198.51.100.3 OTHER_PORT=3333

internet 10
ip -n "${NS}gateway" address add $BARE/24 dev g0

# gateway ACTION...: a scripted gateway
gateway() {
	on gateway "$SELFTESTS/tools/gateway.py" --address $LOCAL --port $OTHER_PORT \
		--state "$TMP/gateway.json" $RELAY "$@"
}

# tunnel ADDRESS FILTER: from its JSON object
tunnel() {
	device relay amtr ".serving.tunnels[] | select(.gateway == \"$1\") | $2"
}

# channels ADDRESS: that gateway's memberships as amtd shows them
channels() {
	tunnel "$1" '[.groups[] | .mode + " " + (.sources | join("+")) + "," + .group] | sort |
		join("; ")'
}

wants() {
	same "channels" "$2" "$(channels "$1")"
}

relay_device MaxTunnels=3
expect "tunnels" 0 "$(device relay amtr '.serving.tunnels | length')"

step "a scripted gateway connects and joins in both families"
expect "answers" "4 6" "$(gateway request=0x00 join=$SOURCE,$GROUP request=0x01 \
	join=$SOURCE6,$GROUP6 join=ff0e::99 | xargs)"
wait_for 2 wants $LOCAL "exclude ,ff0e::99; include $SOURCE6,$GROUP6; include $SOURCE,$GROUP"
expect "its port" $OTHER_PORT "$(tunnel $LOCAL .port)"
expect_match "text status" "Tunnels: 1 of 3.*$LOCAL port $OTHER_PORT.*$GROUP from $SOURCE" \
	"$(ctl relay status amtr)"

step "a gateway of the bare driver"
bare_gateway gateway amt0 g0 $BARE $RELAY rp_filter=0 force_igmp_version=3
receive_stream rx gateway amt0 --count 1 --timeout 600
wait_for 20 wants $BARE "include $SOURCE,$GROUP"
end_background rx
wait_for 5 wants $BARE ""

step "leaves of the scripted gateway take effect at once"
gateway leave=$SOURCE,$GROUP leave=ff0e::99
wait_for 1 wants $LOCAL "include $SOURCE6,$GROUP6"

step "a forged Update is ignored"
expect "ignored before" null "$(device relay amtr .serving.ignored.mac)"
gateway forge=$SOURCE,$GROUP
wait_for 2 device_is relay amtr .serving.ignored.mac 1
expect "channels" "include $SOURCE6,$GROUP6" "$(channels $LOCAL)"

step "a forged Teardown is ignored; a valid one ends the tunnel"
gateway forge-teardown
wait_for 2 device_is relay amtr .serving.ignored.teardown 1
expect "channels" "include $SOURCE6,$GROUP6" "$(channels $LOCAL)"
gateway teardown
wait_for 2 device_is relay amtr .serving.teardowns 1
expect "its tunnel" "" "$(tunnel $LOCAL .port)"
gateway join=$SOURCE,$GROUP
wait_for 2 device_is relay amtr .serving.ignored.gateway 1

step "the driver's limit of three gateways is shown"
ip -n "${NS}gateway" link del amt0
ip -n "${NS}gateway" address add 198.51.100.4/24 dev g0
expect "another" 4 "$(gateway --address 198.51.100.4 request=0x00)"
expect "again" 4 "$(gateway request=0x00 join=$SOURCE,$GROUP)"
wait_for 2 device_is relay amtr '.serving.tunnels | length' 3
expect_match "text status" "Tunnels: 3 of 3, no more accepted" \
	"$(ctl relay status amtr)"
ip -n "${NS}gateway" address add 198.51.100.5/24 dev g0
expect "one too many" none "$(gateway --address 198.51.100.5 request=0x00)"

step "silent for 260 s: memberships time out; for 780 s: the tunnel"
sleep 255
expect "channels" "include $SOURCE,$GROUP" "$(channels $LOCAL)"
expect "tunnels" 3 "$(device relay amtr '.serving.tunnels | length')"
sleep 10
expect "channels" "" "$(channels $LOCAL)"
expect "the silent one" "" "$(tunnel 198.51.100.4 .port)"
sleep 505
expect "tunnels" 2 "$(device relay amtr '.serving.tunnels | length')"
sleep 15
expect "tunnels" 0 "$(device relay amtr '.serving.tunnels | length')"

step "data packets never enter a queue"
expect "queued packets, of which each is a control message" \
	"$(device relay amtr '.serving | .queries + .updates + .teardowns + ([.ignored[]] | add)')" \
	"$(queued relay)"
