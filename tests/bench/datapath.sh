#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The data path of a device that amtd manages beside that of a bare one, in one run. Two of
# everything, so that no packet of one crosses the other:
#
#   source  - relay  - internet - gateway   amtd's device
#   source2 - relay2 - internet - gateway2  bare
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

kernel_relay relay $RELAY
kernel_relay relay2 $RELAY2
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY

# The bare device gets what amtd's gets, but amtd's table.
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
