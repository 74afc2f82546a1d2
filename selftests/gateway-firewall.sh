#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A stateful firewall on the gateway's host accepts established connections only. Packets between
# relay and gateway match one connection, although amtd changes their ports.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need nft
net_one_relay 10
send_stream tx source s0 --rate 20
amtd_start gateway

# firewall RULE...: input rules; decapsulated packets belong to no connection and are accepted
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

step "everything is dropped: no stream"
firewall
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
! receive 1 20 || fail "a stream came: the firewall does not work: $(cat "$TMP/rx.log")"

step "established is accepted: the stream arrives"
firewall "ct state established accept"
receive 100 20 || fail "no stream: $(cat "$TMP/rx.log")"
wait_for 10 state_is gateway amt0 connected

step "the same for a new gateway minutes later, for 5 minutes"
check "delete" ctl gateway delete amt0
sleep 200
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive 6000 320 || fail "the stream ended: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"

step "dropping invalid packets makes no difference"
firewall "ct state invalid drop" "ct state established accept"
receive 200 20 || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"
