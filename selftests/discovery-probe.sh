#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtctl probe: relays that answer, that answer wrongly and that do not; and no gateway is disturbed.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need jq
internet 10
amtd_root gateway >/dev/null

# probe STATUS RELAY ARGUMENT...: exits with STATUS; $OUTPUT is its JSON
probe() {
	local status=$1
	shift
	errors_of gateway probe --json=short "$@"
	expect "exit status of 'amtctl probe $*' ('$ERROR')" "$status" "$STATUS"
}

# of FILTER: from the first relay's object
of() {
	jq -r ".[0] | $1" <<<"$OUTPUT"
}

# fresh_relay OPTION...: a new scripted relay in place of the last
fresh_relay() {
	[ -z "${PIDS[sr]-}" ] || end_background sr
	rm -f "$TMP/sr.json"
	scripted_relay sr relay --address $RELAY "$@"
}

step "a kernel relay, 20 ms away"
kernel_relay relay $RELAY
probe 0 $RELAY
expect "answers" "3 of 3" "$(of '"\(.received) of \(.sent)"')"
expect "advertised" $RELAY "$(of .advertised)"
expect "outcome" answered "$(of .outcome)"
expect "remarks" "" "$(of '.notes[]')"
rtt=$(of .rtt_usec.min)
if [ "$rtt" -lt 20000 ] || [ "$rtt" -ge 21000 ]; then
	fail "the round trip took $rtt us"
fi
expect "errors" "" "$ERROR"

step "text output"
errors_of gateway probe $RELAY --count 1
expect_match "the table" "RELAY .*RESULT.*$RELAY +1 +0 +2[0-4]\.[0-9]+ ms .*advertises $RELAY" \
	"${OUTPUT//$'\n'/ }"

step "the handshake: a Linux relay, and no membership"
probe 0 $RELAY --count 1 --handshake
expect "Query" true "$(of .handshake.query)"
expect "flags" "false false" "$(of '"\(.handshake.loaded) \(.handshake.gateway_address)"')"
expect "P flag at" '["0x80"]' "$(of '.handshake.mld_flags | tostring')"
expect_match "remarks" "a Linux relay" "$(of '.notes | tostring')"
tunnelled() {
	link relay amtr .stats64.tx.packets
}
before=$(tunnelled)
send_stream tx source s0
sleep 1
expect "packets into the relay's tunnels" "$before" "$(tunnelled)"

step "a gateway of the bare driver uses the relay: no handshake"
ip -n "${NS}gateway" address add 198.51.100.3/24 dev g0
bare_gateway gateway amt0 g0 198.51.100.3 $RELAY rp_filter=0 force_igmp_version=3
probe 1 $RELAY --count 1 --handshake
expect_match "why" "gateway amt0 uses this relay" "$ERROR"
expect "lines on stderr" 1 "$(wc -l <<<"$ERROR")"
expect "handshake" null "$(of .handshake)"

step "its stream loses nothing during probes"
receive_stream rx gateway amt0 --count 500 --timeout 30
for _ in 1 2 3; do
	probe 0 $RELAY --count 5 --interval 0.1
	expect "answers" 5 "$(of .received)"
done
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"
ip -n "${NS}gateway" link del amt0
ip -n "${NS}relay" link del amtr
end_background tx
end_background smcrouted-relay

step "a gateway of amtd uses the relay: no handshake"
fresh_relay
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 10 state_is gateway amt0 connected
sleep 0.5
requests=$(relay_state sr '[.requests[]] | add')
probe 1 $RELAY --count 1 --handshake --timeout 0.1
expect_match "why" "gateway amt0 uses this relay" "$ERROR"
expect "answers" 1 "$(of .received)"
expect "Requests to it" "$requests" "$(relay_state sr '[.requests[]] | add')"
check "delete" ctl gateway delete amt0
amtd_stop gateway

step "a relay that sets L and G and accepts P at 0x01 only"
fresh_relay --flags GL
probe 0 $RELAY --count 1 --handshake
expect "flags" "true true" "$(of '"\(.handshake.loaded) \(.handshake.gateway_address)"')"
expect_match "seen as" "^$LOCAL:[0-9]+$" "$(of .handshake.seen_as)"
expect "P flag at" '["0x01"]' "$(of '.handshake.mld_flags | tostring')"
expect_match "remarks" "wants no more gateways" "$(of '.notes | tostring')"
expect "Updates" 0 "$(relay_state sr .updates)"

step "a relay that advertises a private address"
fresh_relay --advertise 10.1.1.1
probe 0 $RELAY --count 1 --handshake
expect "advertised" 10.1.1.1 "$(of .advertised)"
expect_match "remarks" "private .*--rewrite 10.1.1.1=$RELAY" "$(of '.notes | tostring')"
expect "the handshake was with" $RELAY "$(of .handshake.relay)"
expect "Query" true "$(of .handshake.query)"

step "a relay that advertises another address, where no relay answers"
fresh_relay --advertise 192.0.2.2
ip -n "${NS}relay" address add 192.0.2.2/32 dev r1
probe 1 $RELAY --count 1 --handshake
expect_match "remarks" "gateways go to 192.0.2.2" "$(of '.notes | tostring')"
expect "the handshake was with" 192.0.2.2 "$(of .handshake.relay)"
expect "why it failed" "Connection refused" "$(of .handshake.reason)"

step "garbage before the valid answer is ignored"
fresh_relay --garbage all --other 192.0.2.2
probe 0 $RELAY --count 2
expect "answers" 2 "$(of .received)"

step "garbage alone: the reason"
# kind, outcome, regex of the reason
while read -r kind outcome regex; do
	fresh_relay --garbage "$kind" --garbage-only 100 --other 192.0.2.2
	probe 1 $RELAY --count 1
	expect "outcome of '$kind'" "$outcome" "$(of .outcome)"
	expect_match "reason of '$kind'" "$regex" "$(of .reason)"
	expect_match "error of '$kind'" "$regex" "$ERROR"
	expect "lines on stderr" 1 "$(wc -l <<<"$ERROR")"
done <<-END
	empty malformed too short
	version malformed version
	reserved malformed reserved
	zero malformed relay address
	address-length malformed relay address
	nonce nonce nonce
	source source 192.0.2.2
	checksum timeout no answer
	fragment timeout no answer
END

step "a host without a relay: port unreachable, at once"
end_background sr
start=$(now)
probe 1 $RELAY --count 1 --timeout 10
took=$(($(now) - start))
expect "reason" "port unreachable (from $RELAY)" "$(of .reason)"
expect_match "hint" "does a relay run there" "$ERROR"
[ $took -lt 300000 ] || fail "it took $took us"

step "no such host: no answer, later host unreachable from its router"
probe 1 192.0.2.77 --count 1
expect "reason" "no answer" "$(of .reason)"
probe 1 192.0.2.77 --count 1 --timeout 10
expect "reason" "host unreachable (from 198.51.100.1)" "$(of .reason)"

step "no route: at a router, and on this host"
ip -n "${NS}internet" route add unreachable 192.0.2.66/32
ip -n "${NS}gateway" route add unreachable 192.0.2.67/32
ip -n "${NS}gateway" route add prohibit 192.0.2.68/32
probe 1 192.0.2.66 192.0.2.67 192.0.2.68 --count 1 --timeout 10
expect "reasons" "host unreachable (from 198.51.100.1),host unreachable,forbidden by this host" \
	"$(jq -r 'map(.reason) | join(",")' <<<"$OUTPUT")"
expect "lines on stderr" 3 "$(wc -l <<<"$ERROR")"

step "one of two answers: exit 1, and both are shown"
fresh_relay
probe 1 $RELAY 192.0.2.66 --count 1
expect "answers" "1 0" "$(jq -r 'map(.received) | join(" ")' <<<"$OUTPUT")"

step "invalid input: one line, the right exit status"
# status, regex, arguments
while IFS='|' read -r status regex arguments; do
	read -ra words <<<"$arguments"
	errors_of gateway probe "${words[@]}"
	expect "exit status of 'probe $arguments'" "$status" "$STATUS"
	expect "lines on stderr of 'probe $arguments' ('$ERROR')" 1 "$(wc -l <<<"$ERROR")"
	expect_match "'probe $arguments'" "$regex" "$ERROR"
	expect "stdout of 'probe $arguments'" "" "$OUTPUT"
done <<-END
	2|RELAY is missing|
	2|1 to 65535|--port 0 $RELAY
	2|seconds|--timeout x $RELAY
	2|seconds|--timeout 0 $RELAY
	2|seconds|--interval 1.2.3 $RELAY
	2|a number|--count 0 $RELAY
	2|not together|--watch --handshake $RELAY
	2|did you mean --timeout|--timeuot 1 $RELAY
	2|not the address of a host|224.0.0.1
	2|not the address of a host|0.0.0.0
	1|IPv6 relay is not usable yet|2001:db8::1
	1|expected an IPv4 address or a name|no.such.host.invalid
END

step "--watch shows a relay fail and come back, and exits 0 on SIGINT"
AMTD_ROOT=$TMP/gateway background watch gateway "$AMTCTL" --json=short probe $RELAY --watch \
	--interval 0.2
# watched FILTER: true for the last line
watched() {
	[ "$(tail -n 1 "$TMP/watch.log" | jq -r "$1")" = true ]
}
# turned OUTCOME: a line that is marked as a change has it
turned() {
	jq -e --arg outcome "$1" 'select(.changed and .outcome == $outcome)' "$TMP/watch.log"
}
wait_for 5 watched '.outcome == "answered" and (.changed | not)'
end_background sr
wait_for 5 turned unreachable
wait_for 5 watched '.outcome == "unreachable" and (.changed | not)'
fresh_relay
wait_for 5 turned answered
kill -INT "${PIDS[watch]}"
status=0
finish watch || status=$?
expect "exit status of the watch" 0 $status
expect "changes" 2 "$(jq -s 'map(select(.changed)) | length' "$TMP/watch.log")"
