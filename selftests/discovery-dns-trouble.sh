#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Name servers that fail, do not answer, are spoofed or have no DNSSEC; and the resolver's query rate.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly DNS=198.51.100.53 STRANGER=198.51.100.54 ANCHOR=$TMP/anchor

need python3 jq
net_dns $DNS $STRANGER
# Of no existing key.
echo ". DS 12345 13 2 $(printf '%064d' 1)" >"$ANCHOR"

# mode WORD: the server's, from now on
mode() {
	echo "$1" >"$TMP/mode"
	[ -z "${PIDS[dns]-}" ] || {
		kill -HUP "${PIDS[dns]}"
		sleep 0.1
	}
}

# server [OPTION...]: (re)start it with an empty log
server() {
	[ -z "${PIDS[dns]-}" ] || end_background dns
	: >"$TMP/questions"
	background dns dns "$SELFTESTS/tools/dns.py" --listen $DNS --stranger $STRANGER \
		--mode-file "$TMP/mode" --log "$TMP/questions" "$@"
	wait_for 10 grep -q ready "$TMP/questions"
}

# questions [PATTERN]: their number
questions() {
	grep -c "^[0-9].*${1-}" "$TMP/questions" || true
}

# resolve ARGUMENT...: into $STATUS, $OUTPUT, $ERROR; $TOOK microseconds
resolve() {
	local begin
	begin=$(now)
	errors_of gateway --json=short resolve --server $DNS "$@"
	TOOK=$(($(now) - begin))
}

relays() {
	jq -r '[.relays[] | select(.order) | .address] | join(" ")' <<<"$OUTPUT"
}

# fails WHAT REGEX MILLISECONDS: one line within that time
fails() {
	expect "$1: exit status" 1 "$STATUS"
	expect "$1: lines" 1 "$(wc -l <<<"$ERROR")"
	expect_match "$1" "$2" "$ERROR"
	[ $TOOK -lt $(($3 * 1000)) ] || fail "$1: it took $TOOK us"
	expect "$1: relays" "" "$(relays)"
}

# lookup ARGUMENT...: lookups of one resolver, a line each
lookup() {
	on gateway "$TOOLS/lookup" "$@"
}

step "SERVFAIL, REFUSED"
mode servfail
server
resolve --dnssec no 203.0.113.2
fails "SERVFAIL" 'SERVFAIL.*--server' 4000
mode refused
resolve --dnssec no 203.0.113.2
fails "REFUSED" 'SERVFAIL.*--server' 4000

step "no answer"
mode silent
resolve --dnssec no 203.0.113.2
fails "silence" 'timeout: .*no name server answered in time' 6000
[ "$(questions)" -gt 1 ] || fail "one question only"

step "no server: port unreachable"
end_background dns
unset 'PIDS[dns]'
resolve --dnssec no 203.0.113.2
fails "no server" 'no relay' 6000

step "answers from another address, and with a wrong ID"
mode stranger
server
resolve --dnssec no 203.0.113.2
fails "answer from another address" 'timeout' 6000
mode race
resolve --dnssec no 203.0.113.2
expect "the right answer among spoofed ones" 192.0.2.1 "$(relays)"

step "a server without DNSSEC"
mode plain
resolve --dnssec no 203.0.113.2
expect "no: relays${ERROR:+ ($ERROR)}" 192.0.2.1 "$(relays)"
resolve --dnssec allow-downgrade --trust-anchor "$ANCHOR" 203.0.113.2
expect "allow-downgrade: relays${ERROR:+ ($ERROR)}" 192.0.2.1 "$(relays)"
expect "allow-downgrade: state" unchecked "$(jq -r '.relays[0].dnssec' <<<"$OUTPUT")"
resolve --dnssec yes --trust-anchor "$ANCHOR" 203.0.113.2
fails "yes" 'bogus' 6000

step "invalid trust anchors"
resolve --dnssec yes --trust-anchor "$TMP/nowhere" 203.0.113.2
expect "exit status" 1 "$STATUS"
expect_match "missing" 'nowhere: No such file or directory; install dns-root-data' "$ERROR"
resolve --dnssec yes --trust-anchor /dev/null 203.0.113.2
expect "exit status" 1 "$STATUS"
expect_match "empty" '/dev/null: no trust anchor' "$ERROR"
resolve --trust-anchor "$TMP/nowhere" 203.0.113.2
expect "allow-downgrade without one" 192.0.2.1 "$(relays)"

step "at most 10 questions in 100 ms"
server
lookup --server $DNS 203.0.113.{100..159} >"$TMP/lookups"
expect "answers" 60 "$(grep -c '"usable":1' "$TMP/lookups")"
expect "questions" 60 "$(questions)"
expect "maximum in 100 ms" 10 "$(awk '/^[0-9]/ {
	t[++n] = $1
	while (t[n] - t[first + 1] >= 0.0999) first++
	if (n - first > most) most = n - first
} END { print most }' "$TMP/questions")"

step "concurrent lookups of the same name share one question"
server
same=()
for ((i = 0; i < 300; i++)); do
	same+=(203.0.113.2)
done
lookup --server $DNS "${same[@]}" >"$TMP/lookups"
expect "answers" 300 "$(grep -c '"usable":1' "$TMP/lookups")"
expect "questions" 1 "$(questions)"

step "answers are cached for their TTL, negative ones, too"
server --ttl 30
lookup --server $DNS --rounds 5 --interval 9 203.0.113.2 203.0.113.77 >"$TMP/lookups"
for source in 203.0.113.2 203.0.113.77; do
	ttls=$(jq -s -r "[.[] | select(.source == \"$source\") | .ttl] | join(\" \")" "$TMP/lookups")
	# A second more or less: the clock advances in between.
	expect_match "TTLs of $source" '^30 2[12] 1[23] [34] (30|29)$' "$ttls"
done
expect "NXDOMAIN" 5 "$(grep -c NXDOMAIN "$TMP/lookups")"
expect "questions" "2 2" "$(questions ' 2\.113') $(questions ' 77\.113')"

step "cancelled lookups give no result, and the next ones work"
server
lookup --server $DNS --cancel-rounds 2 --rounds 3 203.0.113.{2..9} >"$TMP/lookups"
expect "answers" "8" "$(grep -c '"round":2.*"usable":1' "$TMP/lookups")"
expect "lines" "8" "$(wc -l <"$TMP/lookups")"

step "a server that was silent for ten minutes is used again within a minute of its return"
mode silent
server
background lookup gateway "$TOOLS/lookup" --server $DNS --rounds 1000 --interval 25 203.0.113.2
sleep 600
! grep -q '"usable":1' "$TMP/lookup.log" || fail "an answer while silent: $(tail -n 1 "$TMP/lookup.log")"
asked=$(questions)
[ "$asked" -gt 20 ] || fail "$asked questions only"
mode plain
wait_for 60 grep -q '"usable":1' "$TMP/lookup.log"
end_background lookup

step "resolv.conf is read again when it changes"
echo "nameserver 198.51.100.99" >"$TMP/resolv.conf"
server
background lookup gateway "$TOOLS/lookup" --resolv-conf "$TMP/resolv.conf" --rounds 10 \
	--interval 1 203.0.113.2
wait_for 10 grep -q timeout "$TMP/lookup.log"
echo "nameserver $DNS" >"$TMP/resolv.conf.new"
mv "$TMP/resolv.conf.new" "$TMP/resolv.conf"
wait_for 10 grep -q '"usable":1' "$TMP/lookup.log"
end_background lookup
