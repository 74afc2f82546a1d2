#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What it costs that a relay device sends each gateway only the sources that it asked for: two relays
# of amtd, one of which was killed, so that its filter is gone, in one run.
#
#   source  - relay  - internet - gateway   filtered
#   source2 - relay2 - internet - gateway2  not filtered
#
# time: real

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../../selftests/lib.sh"

internet 0
second_relay
host gateway2
wire gateway2 g0 internet ig2
address gateway2 g0 198.51.101.2/24
address internet ig2 198.51.101.1/24
default_route gateway2 198.51.101.1

# serve RELAY GATEWAY LOCAL ADDRESS: by amtd there
serve() {
	write_device "$1" amtr '[AMT]' Mode=relay Link=r1
	amtd_start "$1"
	wait_for 10 state_is "$1" amtr running
	wait_for 3 has_link_local "$1" amtr
	route_stream "$1" r0 amtr
}

# has_channel RELAY: its only tunnel has the stream, and is filtered
has_channel() {
	[ "$(device "$1" amtr '.serving.tunnels[] | .filtered and (.groups | length > 0)')" = true ]
}

# connect GATEWAY LOCAL RELAY: a bare device, configured like amtd's
connect() {
	bare_gateway "$1" amt0 g0 "$2" "$3" force_igmp_version=3
	ip -n "$NS$1" address add "$2/32" dev amt0
	receive_stream "rx-$1" "$1" amt0
}

serve relay
serve relay2
connect gateway $LOCAL $RELAY
connect gateway2 198.51.101.2 $RELAY2
wait_for 20 has_channel relay
wait_for 20 has_channel relay2
amtd_kill relay2
end_background rx-gateway
end_background rx-gateway2

"$AMTD_BUILD/tests/bench/bench-datapath" $GROUP $PORT $SOURCE \
	bare "${NS}source2" s0 "${NS}gateway2" amt0 filtered "${NS}source" s0 "${NS}gateway" amt0
refuse "the table of the killed one" on relay2 nft list table ip amtd-relay
echo "elements	$(on relay nft -j list table ip amtd-relay | jq '[.nftables[].set.elem[]?] | length')"
