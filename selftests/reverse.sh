# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The reverse zones of the sources, with the AMTRELAY records by which their relays are found (RFC
# 8777). Sourced after lib.sh.

readonly DNS=198.51.101.53

need knotd kdig

# record OWNER RELAY
record() {
	# shellcheck disable=SC2046,SC2086,SC2183
	printf '%s TYPE260 \\# 6 0a01%02x%02x%02x%02x\n' "$1" ${2//./ }
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
	printf '  - domain: "%s"\n    file: "%s"\n' "$1" "$TMP/dns/$1" >>"$TMP/dns/conf"
}

# Knot on a host of the internet, with both sources of the selftests, one more, 203.0.113.9, and
# those of DRIAD: [LAST]=RELAY for 203.0.113.LAST
declare -gA DRIAD=()

reverse_dns() {
	local last
	host dns
	wire dns d0 internet id
	address dns d0 $DNS/24
	address internet id 198.51.101.1/24
	default_route dns 198.51.101.1
	mkdir -p "$TMP/dns"
	cat >"$TMP/dns/conf" <<-END
		server:
		    rundir: "$TMP/dns"
		    listen: [ $DNS@53 ]
		    user: root:root
		    udp-workers: 1
		    tcp-workers: 1
		    background-workers: 1
		database:
		    storage: "$TMP/dns"
		template:
		  - id: default
		    journal-content: none
		    zonefile-sync: -1
		zone:
	END
	{
		record 2 "$RELAY"
		record 9 "$RELAY2"
		for last in "${!DRIAD[@]}"; do
			record "$last" "${DRIAD[$last]}"
		done
	} | zone 113.0.203.in-addr.arpa.
	record 2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 "$RELAY" |
		zone 1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.
	background knotd dns knotd -c "$TMP/dns/conf"
	wait_for 10 answers
}

answers() {
	[ -n "$(on gateway kdig +time=1 +retry=0 +short "@$DNS" 2.113.0.203.in-addr.arpa TYPE260)" ]
}
