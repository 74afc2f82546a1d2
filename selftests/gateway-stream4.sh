#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An IPv4 stream reaches an application through a gateway without loss, and no data packet enters the
# queue. FAMILY=6: the IPv6 stream, for gateway-stream6.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

if [ "${FAMILY:-4}" = 6 ]; then
	group=$GROUP6 source=$SOURCE6
else
	group=$GROUP source=$SOURCE
fi

# amtd has counted every queued packet as a control message.
counted_all() {
	local counted
	counted=$(device gateway amt0 '.advertisements.seen + .queries.seen + .discoveries +
		.requests')
	[ "$counted" = "$(queued gateway)" ] || {
		echo "counted $counted of $(queued gateway)"
		return 1
	}
}

net_one_relay 10
send_stream tx source s0 --group "$group"
amtd_start gateway

step "no stream without a gateway"
refuse "reception" on gateway "$TOOLS/stream" receive --dev g0 --group "$group" \
	--source "$source" --port $PORT --timeout 3

check "create" ctl gateway create amt0 --link g0 --relay $RELAY

step "a thousand packets, 100 a second"
receive_stream rx gateway amt0 --group "$group" --source "$source" --count 1000 --timeout 30
started=$(now)
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "received" 1000 "$(received rx .received)"
expect "lost" 0 "$(received rx .lost)"
expect "duplicated" 0 "$(received rx .duplicated)"
expect "source" "$source" "$(received rx .from)"
[ "$(($(received rx .first_usec) - started))" -lt 3000000 ] ||
	fail "first packet $(($(received rx .first_usec) - started)) us after the join"

step "the relay is recognized as a Linux one, IGMP and MLD pass"
wait_for 10 state_is gateway amt0 connected
wait_for 20 device_is gateway amt0 .relay.mld_flag 0x80
[ "$(device gateway amt0 .queries.ipv4)" -gt 0 ] || fail "no IGMP Query"
[ "$(device gateway amt0 .queries.ipv6)" -gt 0 ] || fail "no MLD Query"

step "only control messages entered the queue"
receive_stream rx gateway amt0 --group "$group" --source "$source" --count 1000 --timeout 30
before=$(queued gateway)
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
after=$(queued gateway)
expect "lost" 0 "$(received rx .lost)"
[ "$before" -gt 0 ] || fail "nothing was queued"
# Ten seconds; every two of them a Request and a Query of each protocol, and a few more.
[ $((after - before)) -le 30 ] || fail "$((after - before)) packets queued during 1000 of data"
wait_for 5 counted_all
