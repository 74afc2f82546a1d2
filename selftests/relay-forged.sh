#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Messages in the name of a relay's gateways: of every AMT type, from strangers, and from a gateway's
# own address and port with another nonce or MAC than its Query had. What the driver refuses changes
# nothing that amtd says of the tunnels, or forwards.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need python3

readonly BARE=198.51.100.3 OTHER=198.51.100.4 OTHER_PORT=3333 STRANGER=198.51.100.66

# forge SOURCE PORT TYPE... [OPTION...]: from the middle of the internet to the relay
forge() {
	on internet "$SELFTESTS/tools/forge.py" "$1" "$2" $RELAY $AMT_PORT "${@:3}"
}

# other ACTION...: a scripted gateway
other() {
	on gateway "$SELFTESTS/tools/gateway.py" --address $OTHER --port $OTHER_PORT \
		--state "$TMP/other.json" $RELAY "$@"
}

# believed: tunnels, memberships, and what is forwarded; Queries come all the time
believed() {
	device relay amtr '[.serving.begun, (.serving.tunnels[] | del(.since_usec, .last_query_usec,
		.last_update_usec))]'
	on relay cat /proc/net/mcfilter
	mroutes relay $SOURCE | sed 's/ *packets.*//; s/State:.*//'
}

unchanged() {
	expect "what is believed" "$before" "$(believed)"
}

ignored() {
	device relay amtr ".serving.ignored.$1 // 0"
}

internet 10
ip -n "${NS}gateway" address add $BARE/24 dev g0
ip -n "${NS}gateway" address add $OTHER/24 dev g0
send_stream tx source s0
relay_device '[Forward]' Upstream=r0
bare_gateway gateway amt1 g0 $BARE $RELAY rp_filter=0 force_igmp_version=3
receive_stream rx gateway amt1
expect "answers" 4 "$(other request=0x00 join=$SOURCE,$GROUP)"
wait_for 20 device_is relay amtr '[.serving.tunnels[] | select(.groups != [])] | length' 2
sleep 3
before=$(believed)

step "from a stranger, all that begins no tunnel"
forge $STRANGER $AMT_PORT 1 2 4 5 6 7 --loaded --leave --channel $SOURCE,$GROUP --count 3
unchanged
expect "Updates of no gateway" 3 "$(ignored gateway)"
expect "Teardowns" 3 "$(ignored teardown)"

step "from a gateway's address and port, with another nonce"
for type in 1 2 4 5 6 7; do
	forge $OTHER $OTHER_PORT $type --loaded --leave --channel $SOURCE,$GROUP --count 3
	forge $BARE $AMT_PORT $type --loaded --leave --channel $SOURCE,$GROUP --count 3
	unchanged
done
expect "Updates by nonce" 6 "$(ignored nonce)"
expect "Updates by MAC" 0 "$(ignored mac)"
expect "Teardowns" 9 "$(ignored teardown)"

step "with the nonce, and another MAC"
nonce=$(jq -r '.[0]' "$TMP/other.json")
forge $OTHER $OTHER_PORT 5 7 --nonce "$nonce" --leave --channel $SOURCE,$GROUP --count 3
unchanged
expect "Updates by MAC" 3 "$(ignored mac)"
expect "Teardowns" 12 "$(ignored teardown)"
expect_match "amtctl status" "ignored \(.*nonce 6, mac 3.*teardown 12" "$(ctl relay status amtr | cat)"

step "a Request is the driver's to believe: its nonce counts, for amtd as well"
forge $OTHER $OTHER_PORT 3 --nonce 01020304
sleep 0.5
other leave=$SOURCE,$GROUP # with the nonce of before
wait_for 2 device_is relay amtr .serving.ignored.nonce 7
unchanged

step "nothing is lost, and a valid Update still counts"
end_background rx
expect "lost" 0 "$(received rx .lost)"
check_gap rx 50000
expect "answers" 4 "$(other request=0x00 leave=$SOURCE,$GROUP)"
wait_for 5 device_is relay amtr '[.serving.tunnels[] | select(.groups != [])] | length' 0
