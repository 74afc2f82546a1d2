# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Knot, the name server of dns.sh and reverse.sh, on the host "dns" at $DNS. Its files are in
# $TMP/dns. Sourced by both.

need knotd kdig

# knot_conf [LINE]: its configuration as far as the list of zones; LINE: for every zone
knot_conf() {
	mkdir -p "$TMP"/dns/{run,db}
	cat <<-END
		server:
		    rundir: "$TMP/dns/run"
		    listen: [ $DNS@53 ]
		    user: root:root
		    udp-workers: 1
		    tcp-workers: 1
		    background-workers: 1
		log:
		  - target: stderr
		    any: warning
		database:
		    storage: "$TMP/dns/db"
		policy:
		  - id: one
		    algorithm: ecdsap256sha256
		    single-type-signing: on
		template:
		  - id: default
		    journal-content: none
		    zonefile-sync: -1
		    ${1-}
		zone:
	END
}

# knot_zone NAME FILE: an entry of that list
knot_zone() {
	printf '  - domain: "%s"\n    file: "%s"\n' "$1" "$2"
}

# knot_start NAME TYPE: until the gateway gets this record
knot_start() {
	background knotd dns knotd -c "$TMP/dns/knot.conf"
	wait_for 10 knot_answers "$1" "$2"
}

knot_answers() {
	[ -n "$(on gateway kdig +time=1 +retry=0 +short "@$DNS" "$1" "$2")" ]
}
