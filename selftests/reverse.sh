# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The reverse zones of the sources, with the AMTRELAY records of their relays (RFC 8777). Sourced
# after lib.sh, used after internet.
#
#  internet id ------------------ d0 dns
#           198.51.101.1  198.51.101.53

readonly DNS=198.51.101.53 ZONE4=113.0.203.in-addr.arpa. ZONE6=1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.

# shellcheck source=selftests/knot.sh
. "$(dirname "${BASH_SOURCE[0]}")/knot.sh"

# record OWNER RELAY [PRECEDENCE]
record() {
	printf '%s TYPE260 \\# 6 %02x01%s\n' "$1" "${3:-10}" "$(hex4 "$2")"
}

# zone NAME: with the records on stdin
zone() {
	{
		echo "\$ORIGIN $1"
		echo "\$TTL 60"
		echo "@ SOA ns.example. admin.example. 1 3600 600 864000 60"
		echo "@ NS ns.example."
		cat
	} >"$TMP/dns/$1"
	knot_zone "$1" "$TMP/dns/$1" >>"$TMP/dns/knot.conf"
}

dns_host() {
	host dns
	wire dns d0 internet id
	address dns d0 $DNS/24
	address internet id 198.51.101.1/24
	default_route dns 198.51.101.1
	mkdir "$TMP/dns"
}

dns_start() {
	knot_start 2.$ZONE4 TYPE260
}

# Further IPv4 sources of reverse_dns: [LAST]=RELAY for 203.0.113.LAST
declare -gA DRIAD=()

# reverse_dns: Knot with RELAY for both of the sources' addresses, RELAY2 for 203.0.113.9, and DRIAD
reverse_dns() {
	local last
	dns_host
	knot_conf "" >"$TMP/dns/knot.conf"
	{
		record 2 "$RELAY"
		record 9 "$RELAY2"
		for last in "${!DRIAD[@]}"; do
			record "$last" "${DRIAD[$last]}"
		done
	} | zone $ZONE4
	record 2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 "$RELAY" | zone $ZONE6
	dns_start
}

# write_amtd_conf [LINE...]: the gateway's amtd.conf: LINE, and a [Relay] section that uses this DNS
write_amtd_conf() {
	printf '%s\n' "$@" '[Relay]' DNS=$DNS DNSSEC=no >"$(amtd_root gateway)/etc/amt/amtd.conf"
}
