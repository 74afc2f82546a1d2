#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets that the tunnel cannot carry, and ways that lose fragments: the status has the cause, and the
# payload that fits.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 5
relay_device '[Forward]' Upstream=r0
write_gateway amt0 $RELAY
amtd_start gateway
wait_for 20 state_is gateway amt0 connected

# hint HOST DEVICE CAUSE: it is among the hints
hint() {
	[ "$(device "$1" "$2" "any(.hints[]?; .cause == \"$3\")")" = true ] || {
		device "$1" "$2" .hints
		return 1
	}
}

# sends FAMILY SIZE: a stream of payloads of this size, Don't Fragment set as Linux does
sends() {
	local group=$GROUP
	[ "$1" = ipv4 ] || group=$GROUP6
	send_stream tx source s0 --rate 50 --size "$2" --group $group
	if [ "$1" = ipv4 ]; then
		receive_stream rx gateway amt0 --count 50 --timeout 10
	else
		receive_stream rx gateway amt0 --count 50 --timeout 10 --group $GROUP6 --source $SOURCE6
	fi
}

step "what fits, as the status has it, comes"
expect "payload" "1432 1412" "$(device relay amtr '"\(.payload.ipv4) \(.payload.ipv6)"')"
expect_match "status" "MTU: 1460, UDP payload of 1432 bytes with IPv4, 1412 with IPv6" "$(ctl relay status amtr)"
for family in ipv4 ipv6; do
	sends $family "$(device relay amtr ".payload.$family")"
	finish rx || fail "$family: no stream: $(cat "$TMP/rx.log")"
	end_background tx
	expect "hints" null "$(device relay amtr .hints)"
done

step "a byte more is dropped by the kernel: the status says so, and not that the TTL is 1"
on source nft -f - <<-END
	table ip6 deaf {
		chain input {
			type filter hook input priority 0
			icmpv6 type packet-too-big drop
		}
	}
END
for family in ipv4 ipv6; do
	sends $family $(($(device relay amtr ".payload.$family") + 1))
	! finish rx || fail "$family: a stream came"
	end_background tx
	wait_for 10 hint relay amtr too-big-$family
	refuse "the TTL is blamed" hint relay amtr ttl
done
expect_match "status" "Hint: this host dropped [0-9]+ IPv4 packets .* Don't Fragment .* payload of 1432 bytes" \
	"$(ctl relay status amtr)"
expect_match "status" "Hint: [0-9]+ IPv6 packets were too big for amtr, .* payload of 1412 bytes" \
	"$(ctl relay status amtr)"

step "an IPv6 source that receives Packet Too Big sends fragments, which come"
on source nft delete table ip6 deaf
sends ipv6 1413
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
end_background tx

step "the way carries less than the relay's link: fragments are put together by the gateway's host"
ip -n "${NS}internet" link set ig mtu 1400
sends ipv4 1432
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
end_background tx
expect "hints" null "$(device gateway amt0 .hints)"

step "... and loses fragments: the gateway's status says so"
on gateway nft -f - <<-END
	table ip lossy {
		chain prerouting { # before fragments are put together
			type filter hook prerouting priority -450
			ip frag-off & 0x1fff != 0 drop
		}
	}
END
sends ipv4 1432
! finish rx || fail "a stream came"
end_background tx
wait_for 60 hint gateway amt0 incomplete
expect_match "status" "Hint: this host received [0-9]+ packets .* fragments were missing" \
	"$(ctl gateway status amt0)"
