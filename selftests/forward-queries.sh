#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Queries from upstream are forwarded downstream, Reports and Leaves from downstream upstream, in all
# versions of IGMP and MLD; unsolicited Reports; Queries of its own where there is no querier. The
# peers are a script that reads and writes packets, and the kernel's own IGMP and MLD.
#
#  outside u0 ----- eth0 gateway g1 ----- v0 inside

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need jq python3

IGMP=$SELFTESTS/tools/igmp.py

# hear HOST DEV: record IGMP and MLD from now on, in HOST.log
hear() {
	[ -z "${PIDS[$1]-}" ] || end_background "$1"
	: >"$TMP/$1.log"
	background "$1" "$1" "$IGMP" listen "$2"
	wait_for 10 seen "$1" '.what == "listening"'
}

# configure LINE...: of [Forward]
configure() {
	write_proxy gateway proxy0 Upstream=eth0 Downstream=g1 "$@"
}

lan_behind_proxy outside inside
OUTSIDE6=$(link_local outside u0) GATEWAY6=$(link_local gateway eth0)
G1_6=$(link_local gateway g1) INSIDE6=$(link_local inside v0)

configure ForwardQueries=yes ForwardReports=yes Querier=no
hear outside u0
hear inside v0
amtd_start gateway
wait_for 10 state_is gateway proxy0 running

step "forwarded Queries have the same content and the gateway's source address"
on outside "$IGMP" query u0 203.0.113.2 --response 1.5
on outside "$IGMP" query u0 203.0.113.2 --group 232.1.1.1,$SOURCE,203.0.113.9
on outside "$IGMP" query u0 "$OUTSIDE6" --response 1.5
on outside "$IGMP" query u0 "$OUTSIDE6" --response 2.5 --group ff3e::1
sane='.ttl == 1 and .alert and .good'
wait_for 5 seen inside "$sane and .protocol == \"igmp\" and .what == \"query\" and .version == 3 and
	.source == \"10.4.0.1\" and .destination == \"224.0.0.1\" and .code == 15 and .qrv == 2 and
	.qqic == 125 and (.group | not)"
wait_for 5 seen inside "$sane and .protocol == \"igmp\" and .what == \"query\" and .version == 3 and
	.group == \"232.1.1.1\" and .destination == \"232.1.1.1\" and
	.sources == [\"$SOURCE\", \"203.0.113.9\"]"
wait_for 5 seen inside "$sane and .protocol == \"mld\" and .what == \"query\" and .version == 2 and
	.source == \"$G1_6\" and .destination == \"ff02::1\" and .code == 1500"
wait_for 5 seen inside "$sane and .protocol == \"mld\" and .what == \"query\" and .version == 2 and
	.source == \"$G1_6\" and .group == \"ff3e::1\" and .destination == \"ff3e::1\" and .code == 2500"
expect "Queries inside" 4 "$(jq -s '[.[] | select(.what == "query")] | length' "$TMP/inside.log")"
expect "Queries copied" 4 "$(device gateway proxy0 \
	'.heard_upstream[0] | .igmp.queries_copied + .mld.queries_copied')"
expect "the querier" 203.0.113.2 "$(device gateway proxy0 '.heard_upstream[0].igmp.querier')"

step "forwarded Reports and Leaves, from the kernel and from the script"
hear outside u0
receive_stream rx inside v0 --group 239.1.2.3 --source $SOURCE --timeout 600
wait_for 10 seen outside "$sane and .what == \"report\" and .version == 3 and
	.source == \"203.0.113.1\" and .destination == \"224.0.0.22\" and
	any(.records[]; .group == \"239.1.2.3\" and .type == \"allow\" and .sources == [\"$SOURCE\"])"
end_background rx
wait_for 10 seen outside "any(.records[]?; .group == \"239.1.2.3\" and .type == \"block\" and
	.sources == [\"$SOURCE\"])"
on inside "$IGMP" report v0 10.4.0.2 --version 2 239.9.9.9
wait_for 10 seen outside "$sane and .what == \"report\" and .version == 2 and
	.group == \"239.9.9.9\" and .destination == \"239.9.9.9\" and .source == \"203.0.113.1\""
on inside "$IGMP" report v0 10.4.0.2 --version 2 --type to_in 239.9.9.9
wait_for 10 seen outside "$sane and .what == \"leave\" and .group == \"239.9.9.9\" and
	.destination == \"224.0.0.2\""
on inside "$IGMP" report v0 "$INSIDE6" --type to_ex ff3e::9,2001:db8::5
wait_for 10 seen outside "$sane and .protocol == \"mld\" and .source == \"$GATEWAY6\" and
	.destination == \"ff02::16\" and .records == [{\"type\": \"to_ex\", \"group\": \"ff3e::9\",
	\"sources\": [\"2001:db8::5\"]}]"
on inside "$IGMP" report v0 "$INSIDE6" --version 1 --type to_in ff3e::9
wait_for 10 seen outside "$sane and .protocol == \"mld\" and .what == \"leave\" and
	.group == \"ff3e::9\""

step "link-local groups stay inside"
on inside "$IGMP" report v0 10.4.0.2 224.0.0.99
on inside "$IGMP" report v0 10.4.0.2 239.8.8.8
wait_for 10 seen outside 'any(.records[]?; .group == "239.8.8.8")'
refuse "a Report of 224.0.0.99" seen outside 'any(.records[]?; .group == "224.0.0.99")'

step "unsolicited Reports of the memberships, in the version of the upstream querier"
configure UnsolicitedReportSec=20 ForwardQueries=yes
check "reload" ctl gateway reload
receive_stream rx inside v0 --group 239.1.2.3 --source $SOURCE --timeout 600
background any inside "$TOOLS/stream" receive --dev v0 --port $PORT --group 239.5.5.5 --timeout 600
receive_stream rx6 inside v0 --group ff3e::77 --source 2001:db8::5 --timeout 600
both_joined() {
	local joined
	joined=$(ip -n "${NS}gateway" maddress show dev eth0)
	[[ $joined == *239.1.2.3* && $joined == *239.5.5.5* ]]
}
wait_for 10 both_joined
sleep 2
hear outside u0
wait_for 30 seen outside "$sane and .version == 3 and any(.records[]; .group == \"239.1.2.3\" and
	.type == \"is_in\" and .sources == [\"$SOURCE\"]) and
	any(.records[]; .group == \"239.5.5.5\" and .type == \"is_ex\" and .sources == [])"
wait_for 10 seen outside "$sane and .protocol == \"mld\" and any(.records[]; .group == \"ff3e::77\" and
	.type == \"is_in\" and .sources == [\"2001:db8::5\"])"
hear inside v0
on outside "$IGMP" query u0 203.0.113.2 --version 2 --response 2.5
on outside "$IGMP" query u0 "$OUTSIDE6" --version 1 --response 2.5
wait_for 5 seen inside "$sane and .protocol == \"igmp\" and .what == \"query\" and .version == 2 and
	.source == \"10.4.0.1\" and .code == 25"
wait_for 5 seen inside "$sane and .protocol == \"mld\" and .what == \"query\" and .version == 1 and
	.source == \"$G1_6\" and .code == 2500"
# After the kernel's own answers.
sleep 3
hear outside u0
wait_for 30 seen outside "$sane and .what == \"report\" and .version == 2 and .group == \"239.1.2.3\""
wait_for 10 seen outside "$sane and .what == \"report\" and .version == 2 and .group == \"239.5.5.5\""
wait_for 10 seen outside "$sane and .what == \"report\" and .version == 1 and .group == \"ff3e::77\""

step "no querier: Queries on both interfaces, which this host answers, too"
end_background rx
end_background any
end_background rx6
configure SelfQuerySec=5 Querier=no
check "reload" ctl gateway reload
# Those of before are remembered for 255 s.
wait_for 300 device_is gateway proxy0 '.heard_upstream[0] | .igmp.querier + .mld.querier' ""
hear inside v0
hear outside u0
background own gateway "$TOOLS/stream" receive --dev eth0 --port 5001 --group 239.7.7.7 --timeout 600
wait_for 15 seen outside "$sane and .protocol == \"igmp\" and .what == \"query\" and
	.source == \"203.0.113.1\" and .destination == \"224.0.0.1\""
wait_for 15 seen outside "$sane and .protocol == \"mld\" and .what == \"query\" and
	.source == \"$GATEWAY6\""
wait_for 15 seen inside "$sane and .protocol == \"igmp\" and .what == \"query\" and
	.source == \"10.4.0.1\""
wait_for 30 seen outside "$sane and .what == \"report\" and any(.records[]?; .group == \"239.7.7.7\" and
	.type == \"is_ex\") or (.version == 2 and .group == \"239.7.7.7\")"

step "another querier appears: it is the only one"
hear outside u0
on outside "$IGMP" query u0 203.0.113.2
on outside "$IGMP" query u0 "$OUTSIDE6"
wait_for 5 device_is gateway proxy0 '.heard_upstream[0].igmp.querier' 203.0.113.2
asked=$(device gateway proxy0 '.heard_upstream[0] | .igmp.queries_sent + .mld.queries_sent')
sleep 11
expect "Queries upstream" "$asked" \
	"$(device gateway proxy0 '.heard_upstream[0] | .igmp.queries_sent + .mld.queries_sent')"
amtd_stop gateway
