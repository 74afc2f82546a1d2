#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The data path of a device that amtd manages and that of a bare one, in one run. Separate paths, so
# that they do not share a packet:
#
#   source  - relay  - internet - gateway   amtd's device
#   source2 - relay2 - internet - gateway2  bare
#
# time: real

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../../selftests/lib.sh"

net_two_relays 0
host gateway2
wire gateway2 g0 internet ig2
address gateway2 g0 198.51.101.2/24
address internet ig2 198.51.101.1/24
default_route gateway2 198.51.101.1

amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY

# The bare device is configured like amtd's, but has no nftables table.
ip -n "${NS}gateway2" link add amt0 type amt mode gateway local 198.51.101.2 discovery $RELAY2 dev g0
ip -n "${NS}gateway2" address add 198.51.101.2/32 dev amt0
ip -n "${NS}gateway2" link set amt0 up
wait_for 20 state_is gateway amt0 connected
bare_is_up() {
	[ "$(link gateway2 amt0 .linkinfo.info_data.remote)" = $RELAY2 ]
}
wait_for 20 bare_is_up

before=$(queued gateway)
"$AMTD_BUILD/tests/bench/bench-datapath" $GROUP $PORT $SOURCE \
	bare "${NS}source2" s0 "${NS}gateway2" amt0 managed "${NS}source" s0 "${NS}gateway" amt0
echo "queued	$(($(queued gateway) - before))"
