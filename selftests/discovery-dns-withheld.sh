#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Signatures that were there and are withheld, the keys of the root among them: validation is not
# switched off, and forged relays are not used.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/dns.sh
. "$(dirname "$0")/dns.sh"

# Later than all that a resolver may have cached.
readonly LATER=90000

# look NAME ARGUMENT...: lookups of one resolver in the background, into NAME.log
look() {
	local name=$1
	shift
	: >"$TMP/$name.log"
	background "$name" gateway "$TOOLS/lookup" --dnssec allow-downgrade --anchor "$ANCHOR" "$@"
}

# answer NAME ROUND SOURCE: how it was answered
answer() {
	jq -r "select(.round == $2 and .source == \"$3\") | \"\(.outcome) \(.dnssec) \(.usable)\"" \
		"$TMP/$1.log"
}

answered() {
	[ -n "$(answer "$@")" ]
}

# serve DIRECTORY: the zones there
serve() {
	dns_stop
	configuration "$1" >"$TMP/dns/knot.conf"
	dns_start
}

dns_world
# What the attacker serves: other relays, and nothing that is signed.
mkdir "$TMP/dns/forged"
for name in "${!ZONES[@]}"; do
	sed 's/c00002\([0-9a-f][0-9a-f]\)$/c6336463/; / DS /d' "$TMP/dns/plain/${name}zone" \
		>"$TMP/dns/forged/${name}zone"
done

step "the same name server withholds all signatures: bogus, whatever was asked before"
look same --server $DNS --rounds 2 --interval $LATER 203.0.113.5 198.51.100.2
wait_for 20 answered same 0 203.0.113.5
wait_for 20 answered same 0 198.51.100.2
expect "signed" "answered secure 1" "$(answer same 0 203.0.113.5)"
expect "not signed" "answered insecure 1" "$(answer same 0 198.51.100.2)"
serve forged
sleep $LATER
wait_for 60 answered same 1 203.0.113.5
wait_for 60 answered same 1 198.51.100.2
expect_match "signed before" '^bogus bogus 0$' "$(answer same 1 203.0.113.5)"
expect_match "not signed before" '^bogus bogus 0$' "$(answer same 1 198.51.100.2)"
finish same || fail "lookup failed: $(cat "$TMP/same.log")"

step "another name server without DNSSEC: only what was never signed is used"
serve signed
echo "nameserver $DNS" >"$TMP/resolv.conf"
look other --resolv-conf "$TMP/resolv.conf" --rounds 2 --interval $LATER 203.0.113.5 203.0.113.2 \
	198.51.100.2
wait_for 20 answered other 0 203.0.113.2
wait_for 20 answered other 0 203.0.113.5
expect "signed" "answered secure 1" "$(answer other 0 203.0.113.5)"
serve forged
echo "nameserver $DNS # of another network" >"$TMP/resolv.conf.new"
# In time-travel mode no time may have passed since the first one was written.
touch -d "@$(($(stat -c %Y "$TMP/resolv.conf") + 1))" "$TMP/resolv.conf.new"
mv "$TMP/resolv.conf.new" "$TMP/resolv.conf"
sleep $LATER
for source in 203.0.113.5 203.0.113.2 198.51.100.2; do
	wait_for 60 answered other 1 $source
done
expect "signed before, through an alias" "bogus bogus 0" "$(answer other 1 203.0.113.5)"
expect "signed before" "bogus bogus 0" "$(answer other 1 203.0.113.2)"
expect "never signed" "answered unchecked 1" "$(answer other 1 198.51.100.2)"
finish other || fail "lookup failed: $(cat "$TMP/other.log")"

step "a resolver that saw no signatures does without, as allow-downgrade has it"
resolve --dnssec allow-downgrade 203.0.113.5
expect "relays${ERROR:+ ($ERROR)}" 198.51.100.99 "$(relays)"
expect "state" unchecked "$(found '.lookups[0].dnssec')"
resolve --dnssec yes 203.0.113.5
expect "exit status with DNSSEC=yes" 1 "$STATUS"
