#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtd is killed and started again between a message of the driver and its answer, whose nonce it has
# not seen: it leaves the answer to the driver, rewritten where that is due, and no time is lost.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly PRIVATE=10.99.0.1

# One round trip is 1.2 s: longer than a start of amtd, and shorter than the driver's patience.
internet 600
scripted_first --advertise $PRIVATE
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --rewrite any=$RELAY \
	--on-failure drop

# sent COUNTER N: the driver has sent so many
sent() {
	[ "$(device gateway amt0 ".$1")" -ge "$2" ]
}

restart() {
	amtd_kill gateway
	amtd_start gateway
}

step "between Discovery and Advertisement"
wait_for 20 sent discoveries 1
restart
expect "Advertisements so far" 0 "$(device gateway amt0 .advertisements.seen)"
expect "the driver's relay" null "$(link gateway amt0 .linkinfo.info_data.remote)"
# One round trip for this, another for Request and Query.
wait_for 3 device_is gateway amt0 .advertisements.passed 1
expect "Discoveries since" 0 "$(device gateway amt0 .discoveries)"
wait_for 1 device_is gateway amt0 .requests 2
wait_for 1 device_is gateway amt0 .last_relay $RELAY
expect "the driver's relay" $RELAY "$(link gateway amt0 .linkinfo.info_data.remote)"
wait_for 3 state_is gateway amt0 connected
expect "Advertisements that the relay sent the driver" 1 \
	"$(relay_state first ".rounds[\"$LOCAL:$(device gateway amt0 .port)\"]")"

step "between Request and Query, under a stream"
receive_stream rx gateway amt0
sleep 6
for _ in 1 2 3; do
	requests=$(device gateway amt0 .requests)
	wait_for 10 sent requests $((requests + 1))
	restart
	expect "refused" 0 "$(device gateway amt0 .queries.dropped)"
	# The next Request is 2 s after the Query, and a round trip.
	wait_for 6 state_is gateway amt0 connected
	expect "refused" 0 "$(device gateway amt0 .queries.dropped)"
done
end_background rx
expect "lost" 0 "$(received rx .lost)"
check_gap rx 50000
