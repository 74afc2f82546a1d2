#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtctl resolve finds relays in a signed reverse zone of a real name server, selects the usable ones
# and gives the reason for each of the others.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/dns.sh
. "$(dirname "$0")/dns.sh"

dns_world

# resolves WHAT STATE RELAYS ARGUMENT...
resolves() {
	local what=$1 state=$2 wanted=$3
	shift 3
	resolve "$@"
	expect "$what: exit status${ERROR:+ ($ERROR)}" 0 "$STATUS"
	expect "$what: relays" "$wanted" "$(relays)"
	expect "$what: DNSSEC" "$state" "$(found '.lookups[0].dnssec')"
}

# fails WHAT REGEX ARGUMENT...: no relay, and one line that says why
fails() {
	local what=$1 regex=$2
	shift 2
	resolve "$@"
	expect "$what: exit status" 1 "$STATUS"
	expect "$what: lines" 1 "$(wc -l <<<"$ERROR")"
	expect_match "$what" "$regex" "$ERROR"
	expect "$what: relays" "" "$(relays)"
}

step "types 1, 2 and 3, in the order of precedence"
resolve 203.0.113.2
expect "exit status${ERROR:+ ($ERROR)}" 0 "$STATUS"
expect "outcome" answered "$(found '.lookups[0].outcome')"
expect "DNSSEC" secure "$(found '.lookups[0].dnssec')"
expect_match "relays" '^192\.0\.2\.129 192\.0\.2\.1 192\.0\.2\.2$' "$(relays)"
expect "the name's precedence, D and TTL" "128 true 3 60" \
	"$(found '.relays[] | select(.address == "192.0.2.2") |
		"\(.precedence) \(.discovery_optional) \(.type) \(.ttl)"')"
expect "left out" \
	"10=IPv6: the kernel's driver reaches relays over IPv4 only
128=IPv6: the kernel's driver reaches relays over IPv4 only
128=in the list already" "$(left_out | LC_ALL=C sort)"

step "an IPv6 source"
resolves "IPv6" secure 192.0.2.1 2001:db8:1::2

step "type 0: there is no relay"
fails "type 0" 'says that there is no relay' 203.0.113.3

step "unknown types, wrong lengths and the like do not affect a valid record"
resolves "bad records" secure 192.0.2.99 203.0.113.4
expect "reasons" \
	"1=unknown relay type
2=unknown relay type
3=wrong length for its relay type
4=wrong length for its relay type
5=wrong length for its relay type
6=its relay is no domain name
7=wrong length for its relay type
8=multicast address
9=loopback address
10=the name has no address
11=the name has no address
12=wrong length for its relay type
13=link-local address
14=private address, but the source is public; see Allow= in amt(5)
15=private address, but the source is public; see Allow= in amt(5)
16=address of this network, not of a relay
17=reserved address
18=IPv4 address within an IPv6 address
19=private address, but the source is public; see Allow= in amt(5)
20=link-local address
21=loopback address
21=private address, but the source is public; see Allow= in amt(5)" "$(left_out | sort -n)"

step "RFC 2317: a delegation by CNAME"
resolves "CNAME" secure 192.0.2.5 203.0.113.5
expect "canonical name" 5.0/25.example. "$(found '.lookups[0].canonical')"

step "DNAME"
resolves "DNAME" secure 192.0.2.64 10.4.64.9
expect "canonical name" 9.net64.example. "$(found '.lookups[0].canonical')"

step "a private relay of a private source"
resolves "private" secure 10.0.0.1 10.4.64.10

step "a chain is as secure as its weakest link"
resolves "CNAME into an insecure zone" insecure 192.0.2.6 203.0.113.6
fails "the same, with DNSSEC=yes" 'not signed, and DNSSEC is required' --dnssec yes 203.0.113.6
resolves "a relay's name in an insecure zone" secure 192.0.2.1 203.0.113.7
expect "the relay" insecure "$(found '.relays[0].dnssec')"
fails "the same, with DNSSEC=yes" 'not signed, and DNSSEC is required' --dnssec yes 203.0.113.7

step "insecure, secure"
resolves "insecure" insecure 192.0.2.1 198.51.100.2
fails "insecure, DNSSEC=yes" 'not signed, and DNSSEC is required' --dnssec yes 198.51.100.2
resolves "secure, DNSSEC=yes" secure 192.0.2.5 --dnssec yes 203.0.113.5
resolves "secure, DNSSEC=no" unchecked 192.0.2.5 --dnssec no 203.0.113.5

step "bogus: altered, expired, signed with another key"
for net in 1 2 3; do
	fails "10.$net" "bogus: .*in-addr\.arpa" 10.$net.0.2
	expect "10.$net: records" bogus "$(found '[.relays[] | .dnssec] | unique | join(" ")')"
	fails "10.$net, DNSSEC=yes" "bogus: " --dnssec yes 10.$net.0.2
done
resolves "altered, DNSSEC=no" unchecked 192.0.2.66 --dnssec no 10.1.0.2

step "no records"
fails "NXDOMAIN" 'NXDOMAIN.*amtctl zone' 203.0.113.77
fails "other records only" 'no AMTRELAY records' 203.0.113.10
fails "a loop of CNAMEs" '203\.0\.113\.8' 203.0.113.8

step "70 records: TCP"
resolves "70 records" secure "$(printf '192.0.2.%s ' {1..70} | sed 's/ $//')" 203.0.113.40
expect_match "truncated over UDP" 'Flags:[^;]* tc' \
	"$(on gateway kdig +ignore +notcp +dnssec "@$DNS" 40.113.0.203.in-addr.arpa TYPE260)"

step "DNS-SD: relays of a domain come first, by priority, with their ports"
resolve --domain example 203.0.113.5
expect "exit status${ERROR:+ ($ERROR)}" 0 "$STATUS"
expect "relays, and where they are from" "1 dns-sd 10 192.0.2.77:2269
2 dns-sd 20
3 dns-sd 20
4 driad 10 192.0.2.5" "$(found '.relays[] | select(.order) | "\(.order) \(.origin) \(.precedence)" +
	if .precedence == 20 then "" else " \(.address)" + if .port then ":\(.port)" else "" end end')"
expect "the two of a name" "192.0.2.1:2268 192.0.2.2:2268" \
	"$(found '[.relays[] | select(.order and .precedence == 20) | "\(.address):\(.port)"] | sort |
		join(" ")')"
resolve --domain off.example 203.0.113.5
expect "a service that is off" "192.0.2.5" "$(relays)"
resolve --domain nowhere.example 203.0.113.5
expect "a domain without the service" "192.0.2.5" "$(relays)"

step "text output"
errors_of gateway resolve --server "$DNS" --trust-anchor "$ANCHOR" 203.0.113.4
expect_match "heading" '^ *# +PRECEDENCE +D +TYPE +RELAY +ADDRESS +TTL +DNSSEC +REASON' "$OUTPUT"
expect_match "a relay" $'\n *1 +99 +0 +1 +192\.0\.2\.99 +192\.0\.2\.99 +300 +secure' "$OUTPUT"
expect_match "footer" '4\.113\.0\.203\.in-addr\.arpa\.'$'\n''1 of 23 relays usable' "$OUTPUT"

step "the output of amtctl zone, served by Knot, is found by amtctl resolve"
dns_stop
ctl gateway zone --relay 192.0.2.7,relay.example --precedence 3 --discovery-optional --generic \
	203.0.113.90 >>"$TMP/dns/plain/113.0.203.in-addr.arpa.zone"
sign 113.0.203.in-addr.arpa.
dns_start
resolve 203.0.113.90
expect "relays" "192.0.2.1 192.0.2.2 192.0.2.7" "$(relays | tr ' ' '\n' | sort | xargs)"
expect "precedence and D" "3 true" \
	"$(found '[.relays[] | "\(.precedence) \(.discovery_optional)"] | unique | join(" ")')"
