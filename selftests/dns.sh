# shellcheck shell=bash disable=SC2028 # zone files have escapes of their own
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The DNS of the discovery-* tests: one name server, Knot, for the root zone and all zones below it,
# signed with keys of its own. Sourced after lib.sh.
#
#  gateway ---------------- dns
#   g0  198.51.100.2         d0  198.51.100.53

# shellcheck disable=SC2034 # for the scripts
readonly DNS=198.51.100.53 ANCHOR=$TMP/dns/anchor

# shellcheck source=selftests/knot.sh
. "$(dirname "${BASH_SOURCE[0]}")/knot.sh"

# How each zone is signed: secure; insecure (not signed); tampered (altered after signing); expired
# (signed long ago); forged (signed, but the parent's DS record is of another key).
declare -A ZONES=(
	[.]=secure
	[113.0.203.in-addr.arpa.]=secure
	[8.b.d.0.1.0.0.2.ip6.arpa.]=secure
	[100.51.198.in-addr.arpa.]=insecure
	[1.10.in-addr.arpa.]=tampered
	[2.10.in-addr.arpa.]=expired
	[3.10.in-addr.arpa.]=forged
	[4.10.in-addr.arpa.]=secure
	[example.]=secure
	[insecure.]=insecure
)

# ---- records ------------------------------------------------------------------------------------

# relay OWNER PRECEDENCE D TYPE [HEX]: an AMTRELAY record as Knot 3.2 takes it
relay() {
	local rdata
	rdata=$(printf '%02x%02x' "$2" $(($3 * 128 + $4)))${5-}
	echo "$1 TYPE260 \\# $((${#rdata} / 2)) $rdata"
}

# hexname NAME: the relay field of type 3
hexname() {
	local label
	for label in ${1//./ }; do
		printf '%02x' ${#label}
		printf %s "$label" | od -An -v -tx1 | tr -d ' \n'
	done
	echo 00
}

# zone NAME: with the records on stdin
zone() {
	{
		echo "\$ORIGIN ${1%.}."
		echo "\$TTL 300"
		echo "@ SOA ns.example. admin.example. 1 3600 600 864000 60"
		echo "@ NS ns.example."
		cat
	} >"$TMP/dns/plain/$1zone"
}

secure_zone() {
	local i
	relay 2 10 0 1 "$(hex4 192.0.2.1)"
	relay 2 10 0 2 20010db8000000000000000000000015
	relay 2 5 0 1 "$(hex4 192.0.2.129)"
	relay 2 128 1 3 "$(hexname relay.example)"
	relay 3 0 0 0
	# Each is unusable for another reason, but for one that is valid among them.
	relay 4 1 0 4 c0000201
	relay 4 2 0 127
	relay 4 3 0 1 c00002
	relay 4 4 0 1 c000020101
	relay 4 5 0 2 c0000201
	relay 4 6 0 3 0572656c6179
	relay 4 7 0 0 00
	relay 4 8 0 1 e0000001
	relay 4 9 0 1 7f000001
	relay 4 13 0 1 "$(hex4 169.254.169.254)"
	relay 4 14 0 1 "$(hex4 192.168.1.1)"
	relay 4 15 0 1 "$(hex4 100.64.0.1)"
	relay 4 16 0 1 "$(hex4 0.1.2.3)"
	relay 4 17 0 1 "$(hex4 240.0.0.1)"
	relay 4 18 0 2 00000000000000000000ffff7f000001
	relay 4 19 0 2 fd000000000000000000000000000001
	relay 4 20 0 2 fe800000000000000000000000000001
	relay 4 21 0 3 "$(hexname local.example)"
	relay 4 10 0 3 "$(hexname none.example)"
	relay 4 11 0 3 "$(hexname nowhere.example)"
	echo '4 TYPE260 \# 1 0c'
	relay 4 99 0 1 "$(hex4 192.0.2.99)"
	# RFC 2317: classless delegation by CNAME.
	echo '5 CNAME 5.0/25.example.'
	echo '6 CNAME 6.insecure.'
	relay 7 7 0 3 "$(hexname relay.insecure)"
	echo '8 CNAME 9'
	echo '9 CNAME 8'
	echo '10 TXT "here, but without relays"'
	for ((i = 1; i <= 70; i++)); do
		relay 40 $i 0 1 "$(hex4 192.0.2.$i)"
	done
}

example_zone() {
	echo "ns A $DNS"
	echo 'relay 60 A 192.0.2.1'
	echo 'relay 60 A 192.0.2.2'
	echo 'relay 60 AAAA 2001:db8::1'
	echo 'none TXT "no address"'
	echo 'local A 127.0.0.1'
	echo 'local A 10.0.0.1'
	relay 5.0/25 10 0 1 "$(hex4 192.0.2.5)"
	relay 9.net64 10 0 1 "$(hex4 192.0.2.64)"
	relay 10.net64 10 0 1 "$(hex4 10.0.0.1)"
	echo '_amt._udp PTR Relay\032one._amt._udp'
	echo '_amt._udp PTR Relay\032two._amt._udp'
	echo 'Relay\032one._amt._udp SRV 20 0 2268 relay'
	echo 'Relay\032two._amt._udp SRV 10 0 2269 two'
	echo 'two A 192.0.2.77'
	echo '_amt._udp.off PTR Off._amt._udp'
	echo 'Off._amt._udp SRV 0 0 0 .'
}

write_zones() {
	local name
	for name in 100.51.198 1.10 2.10 3.10; do
		{
			relay 2 10 0 1 "$(hex4 192.0.2.1)"
			relay 2.0 10 0 1 "$(hex4 192.0.2.1)"
		} | zone "$name.in-addr.arpa."
	done
	secure_zone | zone 113.0.203.in-addr.arpa.
	echo '64 DNAME net64.example.' | zone 4.10.in-addr.arpa.
	relay 2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0 10 0 1 "$(hex4 192.0.2.1)" |
		zone 8.b.d.0.1.0.0.2.ip6.arpa.
	example_zone | zone example.
	{
		echo 'relay A 192.0.2.1'
		relay 6 10 0 1 "$(hex4 192.0.2.6)"
	} | zone insecure.
	{
		echo "ns.example. A $DNS"
		for name in "${!ZONES[@]}"; do
			[ "$name" = . ] || echo "$name NS ns.example."
			case $name-${ZONES[$name]} in
			.-* | *-insecure) ;;
			# Well-formed, but of no existing key.
			*-forged) echo "$name DS 12345 13 2 $(printf '%064d' 1)" ;;
			*) keymgr -c "$TMP/dns/sign.conf" "$name" ds ;;
			esac
		done
	} | zone .
}

# ---- the server ---------------------------------------------------------------------------------

# configuration DIRECTORY [LINE]: for the zones in it
configuration() {
	local name
	knot_conf "${2-}"
	for name in "${!ZONES[@]}"; do
		knot_zone "$name" "$TMP/dns/$1/${name}zone"
	done
}

# sign NAME [SECONDS]: as of that many seconds ago
sign() {
	kzonesign -c "$TMP/dns/sign.conf" -o "$TMP/dns/signed" -t "$(($(date +%s) - ${2-0}))" "$1" \
		>>"$TMP/kzonesign.log" 2>&1 || fail "kzonesign fails for the zone $1"
}

sign_zones() {
	local name
	for name in "${!ZONES[@]}"; do
		case ${ZONES[$name]} in
		insecure) cp "$TMP/dns/plain/${name}zone" "$TMP/dns/signed/" ;;
		expired) sign "$name" $((60 * 86400)) ;;
		*) sign "$name" ;;
		esac
	done
	# Signed is the relay 192.0.2.1, served is 192.0.2.66.
	sed -i 's/0A01C0000201/0A01C0000242/' "$TMP/dns/signed/1.10.in-addr.arpa.zone"
	grep -q 0A01C0000242 "$TMP/dns/signed/1.10.in-addr.arpa.zone" || fail "nothing to tamper with"
}

dns_start() {
	knot_start . SOA
}

dns_stop() {
	end_background knotd
}

# dns_world: net_dns with Knot running
dns_world() {
	local name before=$(($(date +%s) - 90 * 86400))
	need keymgr kzonesign
	net_dns $DNS
	set_sysctl dns ipv4/ip_forward=1
	mkdir -p "$TMP"/dns/{plain,signed}
	configuration plain $'dnssec-signing: on\n    dnssec-policy: one' >"$TMP/dns/sign.conf"
	configuration signed >"$TMP/dns/knot.conf"
	for name in "${!ZONES[@]}"; do
		[ "${ZONES[$name]}" = insecure ] ||
			keymgr -c "$TMP/dns/sign.conf" "$name" generate algorithm=13 ksk=yes \
				zsk=yes created=$before publish=$before ready=$before \
				active=$before >>"$TMP/keymgr.log" 2>&1 || fail "keymgr: no key"
	done
	write_zones
	sign_zones
	keymgr -c "$TMP/dns/sign.conf" . ds | grep ' 13 2 ' >"$ANCHOR"
	dns_start
}

# ---- queries ------------------------------------------------------------------------------------

# resolve ARGUMENT...: into $STATUS, $OUTPUT (JSON) and $ERROR
resolve() {
	errors_of gateway --json=short resolve --server $DNS --trust-anchor "$ANCHOR" "$@"
}

# found FILTER: from the output of resolve
found() {
	jq -r "$1" <<<"$OUTPUT"
}

# relays: the usable ones in order; left_out: the others with the reason
relays() {
	found '[.relays[] | select(.order) | .address] | join(" ")'
}

left_out() {
	found '[.relays[] | select(.skip) | "\(.precedence)=\(.skip)"] | join("\n")'
}
