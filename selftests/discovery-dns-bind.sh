#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# time: real
#
# BIND, which knows the AMTRELAY type, serves what amtctl zone prints in that form, and amtctl resolve
# finds it, secure. (In time-travel mode named stops the clock.)

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly DNS=198.51.100.53 ZONE=113.0.203.in-addr.arpa ANCHOR=$TMP/anchor

need named dnssec-keygen dnssec-signzone dnssec-dsfromkey dig
net_dns $DNS

step "BIND signs and serves the output of amtctl zone"
cd "$TMP" || exit
{
	echo "\$TTL 300"
	echo "@ SOA ns.$ZONE. admin.$ZONE. 1 3600 600 864000 60"
	echo "@ NS ns.$ZONE."
	echo "ns A $DNS"
	ctl gateway zone --relay 192.0.2.1,2001:db8::1 203.0.113.2
	ctl gateway zone --relay relay.$ZONE --precedence 128 --discovery-optional 203.0.113.2
	ctl gateway zone --relay . 203.0.113.3
	ctl gateway zone --relay 192.0.2.3 --ttl 60 --generic 203.0.113.4
	echo "relay A 192.0.2.2"
} >db
check "dnssec-keygen" dnssec-keygen -q -a ECDSAP256SHA256 -f KSK $ZONE
check "dnssec-signzone" dnssec-signzone -S -z -o $ZONE -f signed db
dnssec-dsfromkey -2 K*.key >"$ANCHOR"
cat >named.conf <<-END
	options {
		directory "$TMP";
		pid-file none;
		session-keyfile none;
		listen-on { $DNS; };
		listen-on-v6 { none; };
		recursion no;
		dnssec-validation no;
	};
	controls { };
	zone "$ZONE" { type primary; file "signed"; };
END
background named dns named -g -n 1 -c "$TMP/named.conf"
wait_for 20 on gateway dig +time=1 +tries=1 "@$DNS" $ZONE SOA
cd /

step "dig shows the records in the form of RFC 8777, 4.3"
expect "AMTRELAY" "10 0 1 192.0.2.1
10 0 2 2001:db8::1
128 1 3 relay.$ZONE." "$(on gateway dig +short "@$DNS" 2.$ZONE AMTRELAY | LC_ALL=C sort)"
expect "type 0" "10 0 0 ." "$(on gateway dig +short "@$DNS" 3.$ZONE AMTRELAY)"
expect "from the form of RFC 3597" "10 0 1 192.0.2.3" \
	"$(on gateway dig +short "@$DNS" 4.$ZONE AMTRELAY)"

step "amtctl resolve finds them"
errors_of gateway --json=short resolve --server $DNS --trust-anchor "$ANCHOR" --dnssec yes \
	203.0.113.2
expect "exit status${ERROR:+ ($ERROR)}" 0 "$STATUS"
expect "relays" "10 false 192.0.2.1 300 secure
128 true 192.0.2.2 300 secure" "$(jq -r '.relays[] | select(.order) |
	"\(.precedence) \(.discovery_optional) \(.address) \(.ttl) \(.dnssec)"' <<<"$OUTPUT")"
end_background named
