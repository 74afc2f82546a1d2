#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# [Rewrite] and failover together: the second relay advertises a private address, which a rule maps to
# its public one. The gateway fails over to it, whatever relay the driver has, and finds it again
# after a new Discovery.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly PRIVATE=10.99.0.1

internet 10
second_relay
scripted_relay first relay --address $RELAY
scripted_second --advertise $PRIVATE
amtd_start gateway

step "without a rule Requests go to the private address"
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2
wait_for 20 state_is gateway amt0 connected
end_background first KILL
sleep 20
refuse "connected" state_is gateway amt0 connected
expect "Requests at the second" 0 "$(relay_state second '[.requests[]] | add')"
check "delete" ctl gateway delete amt0

step "with a rule the gateway fails over to the public address"
scripted_relay first relay --address $RELAY
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --relay $RELAY2 \
	--rewrite 10.99.0.0/16=$RELAY2
wait_for 20 state_is gateway amt0 connected
receive_stream rx gateway amt0
sleep 3
end_background first KILL
wait_for 10 device_is gateway amt0 .last_relay $RELAY2
wait_for 10 state_is gateway amt0 connected
sleep 3
end_background rx
check_flowing rx
expect "the driver's relay" $RELAY "$(link gateway amt0 .linkinfo.info_data.remote)"
[ "$(relay_state second .updates)" -gt 0 ] || fail "no Update at the second relay"

step "both are down for a minute, the second comes back: the driver's Discovery finds it"
end_background second KILL
sleep 60
expect "state" no-relay "$(device gateway amt0 .state)"
scripted_second --advertise $PRIVATE
receive_stream rx gateway amt0 --count 100 --timeout 20
finish rx || fail "no data: $(cat "$TMP/rx.log")"
expect "the driver's relay" $RELAY "$(link gateway amt0 .linkinfo.info_data.remote)"
[ "$(device gateway amt0 .advertisements.rewritten)" -gt 0 ] || fail "no Advertisement was rewritten"
