#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A stateful firewall on the gateway's host: everything that comes is dropped but what belongs to a
# connection of the host's own. Relay and gateway are one, whatever amtd does to the packets' ports.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need nft
internet 10
kernel_relay relay $RELAY
send_stream tx source s0 --rate 20
amtd_start gateway

# firewall RULE...: for what comes in; what has left the tunnel is let in, it is no answer to anybody
firewall() {
	on gateway nft -f - <<-END
		table inet filter
		delete table inet filter
		table inet filter {
			chain input {
				type filter hook input priority filter; policy drop
				iifname lo accept
				iifname amt0 accept
				$(printf '%s\n' "$@")
			}
			chain forward {
				type filter hook forward priority filter; policy drop
			}
		}
	END
}

receive() {
	receive_stream rx gateway amt0 --count "$1" --timeout "$2"
	finish rx
}

step "with nothing let in, no stream comes"
firewall
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
! receive 1 20 || fail "a stream came: the firewall does not work: $(cat "$TMP/rx.log")"

step "with answers let in, it does"
firewall "ct state established accept"
receive 100 20 || fail "no stream: $(cat "$TMP/rx.log")"
wait_for 10 state_is gateway amt0 connected

step "and goes on, minutes later, for a gateway that is new"
check "delete" ctl gateway delete amt0
sleep 200
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive 6000 320 || fail "the stream ended: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"

step "invalid packets dropped first make no difference"
firewall "ct state invalid drop" "ct state established accept"
receive 200 20 || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"
