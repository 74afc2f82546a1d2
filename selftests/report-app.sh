#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An application in a container does its own signalling: it receives Queries and the Reports of others
# from amtctl monitor, and sends Reports and Leaves with amtctl report, unicast to the bridge or
# multicast. The container's amtd forwards nothing: Mode=proxy with Upstream= alone.
#
#  source u0 ----- eth0 gateway g1 ----- v0 container

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need jq python3

IGMP=$SELFTESTS/tools/igmp.py

# monitor NAME HOST ARGUMENT...: its output is NAME.log
monitor() {
	local name=$1 host=$2
	shift 2
	: >"$TMP/$name.log"
	AMTD_ROOT=$(amtd_root "$host") background "$name" "$host" "$AMTCTL" monitor "$@"
}

routed() {
	ip -n "${NS}gateway" mroute show | grep -q "($SOURCE,$1).*Oifs: g1"
}

lan_behind_proxy source container
GATEWAY6=$(link_local gateway g1) CONTAINER6=$(link_local container v0)
send_stream tx source u0
background heard source "$IGMP" listen u0
wait_for 10 seen heard '.what == "listening"'

write_proxy gateway proxy0 Upstream=eth0 Downstream=g1 ForwardQueries=yes UnicastReports=only
write_proxy container app0 Upstream=v0
amtd_start gateway
amtd_start container
wait_for 10 state_is container app0 running
monitor app container --json=short --messages
monitor quiet container --json=short
monitor human container --messages
monitor outer gateway --json=short --messages
for name in app quiet human outer; do
	wait_for 10 log_has $name 'present|is running'
done

step "the application gets a Query from outside as an event"
on source "$IGMP" query u0 $SOURCE --response 2
wait_for 10 seen app '.event == "query" and .ifname == "app0" and .on == "v0" and
	.side == "upstream" and .protocol == "igmp" and .version == 3 and .source == "10.4.0.1" and
	.max_response_usec == 2000000 and (.group | not)'
wait_for 10 seen outer '.event == "query" and .on == "eth0" and .side == "upstream" and
	.source == "203.0.113.2"'
wait_for 10 log_has human ' app0 +IGMPv3 Query from 10\.4\.0\.1 on v0 \(upstream\)$'

step "a unicast Report starts the stream, a Leave stops it"
receive_stream always container v0
check "report" ctl container report --unicast 10.4.0.1 --on v0 "$SOURCE,$GROUP"
wait_for 10 seen outer ".event == \"report\" and .on == \"g1\" and .side == \"downstream\" and .unicast and
	.version == 3 and .source == \"10.4.0.2\" and (.leave | not) and
	.records == [{\"type\": \"allow\", \"group\": \"$GROUP\", \"sources\": [\"$SOURCE\"]}]"
wait_for 10 routed $GROUP
wait_for 10 seen heard ".ttl == 1 and .good and .source == \"203.0.113.1\" and
	.destination == \"224.0.0.22\" and any(.records[]; .group == \"$GROUP\" and .type == \"allow\")"
check "report --leave" ctl container report --leave --unicast 10.4.0.1 --on v0 "$SOURCE,$GROUP"
wait_for 10 seen outer ".event == \"report\" and .unicast and any(.records[]; .type == \"block\" and
	.group == \"$GROUP\" and .sources == [\"$SOURCE\"])"
wait_for 10 not routed $GROUP
wait_for 10 seen heard ".source == \"203.0.113.1\" and
	any(.records[]?; .group == \"$GROUP\" and .type == \"block\")"

step "multicast Reports and Leaves of all versions; sources of a group in one record"
check "IGMPv3" ctl container report --on v0 239.1.1.1 "$SOURCE,232.2.2.2" "203.0.113.9,232.2.2.2"
wait_for 10 seen outer ".event == \"report\" and (.unicast | not) and .records == [
	{\"type\": \"allow\", \"group\": \"232.2.2.2\", \"sources\": [\"$SOURCE\", \"203.0.113.9\"]},
	{\"type\": \"to_ex\", \"group\": \"239.1.1.1\", \"sources\": []}]"
check "IGMPv2" ctl container report --on v0 --version 2 232.3.3.3
wait_for 10 seen outer '.event == "report" and .version == 2 and .records[0].group == "232.3.3.3"'
check "IGMPv2, Leave" ctl container report --on v0 --version 2 --leave 232.3.3.3
wait_for 10 seen outer '.event == "report" and .version == 2 and .leave and
	.records[0].group == "232.3.3.3"'
check "IGMPv1" ctl container report --on v0 --version 1 239.4.4.4
wait_for 10 seen outer '.event == "report" and .version == 1 and .records[0].group == "239.4.4.4"'
check "MLDv2" ctl container report --on v0 "$SOURCE6,$GROUP6"
wait_for 10 seen outer ".event == \"report\" and .protocol == \"mld\" and .version == 2 and
	.source == \"$CONTAINER6\" and .records[0].group == \"$GROUP6\" and
	.records[0].sources == [\"$SOURCE6\"]"
check "MLDv1" ctl container report --on v0 --version 1 --unicast "$GATEWAY6" ff0e::5
wait_for 10 seen outer '.event == "report" and .protocol == "mld" and .version == 1 and .unicast and
	.records[0].group == "ff0e::5"'
check "from the gateway" ctl gateway report --on g1 239.6.6.6
wait_for 10 seen app '.event == "report" and .on == "v0" and .source == "10.4.0.1" and
	.records[0].group == "239.6.6.6"'
wait_for 10 log_has human \
	' app0 +IGMPv3 Report from 10\.4\.0\.1 on v0 \(upstream\): to_ex 239\.6\.6\.6$'

step "invalid Reports are refused with a hint"
# refused CODE PATTERN ARGUMENT...
refused() {
	local code=$1 pattern=$2
	shift 2
	errors_of container report "$@"
	expect "exit status of report $*" "$code" "$STATUS"
	expect_match "report $*" "$pattern" "$ERROR"
	expect "lines of report $*" 1 "$(wc -l <"$TMP/stderr")"
}
refused 2 'report: --on is missing' 239.1.1.1
refused 2 '--version 4: expected a number from 1 to 3' --on v0 --version 4 239.1.1.1
refused 1 'IGMPv2 has no sources' --on v0 --version 2 "$SOURCE,$GROUP"
refused 1 'MLD has the versions 1 to 2' --on v0 --version 3 "$SOURCE6,$GROUP6"
refused 1 'IGMPv1 has no Leave' --on v0 --version 1 --leave 239.1.1.1
refused 1 'name the source' --on v0 $GROUP
refused 1 'no multicast address' --on v0 10.1.1.1
refused 1 'of the other family' --on v0 --unicast 10.4.0.1 "$SOURCE6,$GROUP6"
refused 1 'expected the address of a host' --on v0 --unicast 239.1.1.1 239.1.1.1
refused 3 'no such interface' --on v9 239.1.1.1

step "a flood of Reports does not become a flood of events"
before=$(wc -l <"$TMP/app.log")
start=$(now)
on gateway "$IGMP" report g1 10.4.0.1 --count 2000 239.7.7.7
check "the last one" ctl gateway report --on g1 239.8.8.8
wait_for 10 device_is container app0 '.heard_upstream[0].igmp.reports > 2000' true
sleep 2
check "another" ctl gateway report --on g1 239.8.8.9
wait_for 10 seen app '.event == "report" and .records[0].group == "239.8.8.9" and .missed > 1000'
seconds=$((($(now) - start) / 1000000 + 2))
lines=$(($(wc -l <"$TMP/app.log") - before))
[ $lines -le $((100 * seconds)) ] || fail "$lines events in $seconds s"
expect "events and missed ones" "$(device container app0 '.heard_upstream[0].igmp.reports')" \
	"$(jq -s '[.[] | select(.event == "report" and .protocol == "igmp")] |
		length + (map(.missed // 0) | add)' "$TMP/app.log")"
expect "events without --messages" '["present"]' \
	"$(jq -sc '[.[].event] | unique' "$TMP/quiet.log")"
amtd_stop container
amtd_stop gateway
