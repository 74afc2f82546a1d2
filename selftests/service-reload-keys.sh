#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
#
# Each key of device files is changed and changed back under a stream: what is reloaded interrupts
# nothing, except where the driver has to make another device.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# HOST KEY LINES LOST: LINES, by ";": added to the device file of that host. LOST: packets of a
# viewer's stream that it may cost, there and back: 0, or "new" where the device has to be made
# anew, after which the stream comes again. "end", the last one: the driver's relay sends to the
# former port until it forgets the tunnel. HOST: gateway, relay or both.
readonly ROWS="
both	Match.Host	Host=*	0
both	Match.KernelVersion	KernelVersion=>=3	0
both	Match.Virtualization	Virtualization=!xen	0
gateway	AMT.Name	Name=amt9	new
both	AMT.Description	Description=another	0
gateway	AMT.Mode	Mode=proxy;[Forward];Upstream=g2	new
both	AMT.Link	Link=SPARE	new
gateway	AMT.Local	Local=198.51.100.3	new
gateway	AMT.RelayPort	RelayPort=2269	new
relay	AMT.MaxTunnels	MaxTunnels=64	new
both	AMT.MTUBytes	MTUBytes=1300	0
both	AMT.KeepConfiguration	KeepConfiguration=no	0
both	AMT.OnDemand	OnDemand=no	0
gateway	Relay.Address	Address=$RELAY2	0
gateway	Relay.Driad	Driad=203.0.113.2	0
gateway	Relay.DNSSD	DNSSD=example.net	0
gateway	Relay.Anycast	Anycast=yes	0
gateway	Relay.Order	Order=driad configured	0
gateway	Relay.Allow	Allow=192.0.2.0/24	0
gateway	Relay.DNS	DNS=198.51.100.1	0
gateway	Relay.DNSSEC	DNSSEC=no	0
gateway	Relay.TrustAnchor	TrustAnchor=/nowhere	0
gateway	Relay.HoldDownSec	HoldDownSec=1	0
gateway	Relay.DeadSec	DeadSec=9	0
gateway	Relay.ReturnSec	ReturnSec=1	0
gateway	Rewrite.*	any=$RELAY	0
gateway	Rewrite.Advertised	Advertised=10.0.0.0/8;Relay=$RELAY	0
gateway	Rewrite.Relay	Advertised=10.0.0.0/8;Relay=$RELAY2	0
gateway	Rewrite.OnFailure	OnFailure=drop	0
both	Sysctl.*	ipv4.igmpv3_unsolicited_report_interval=900	0
gateway	Membership.Join	Join=$SOURCE,232.9.9.9	0
both	Forward.Downstream	Downstream=SPARE	0
gateway	Forward.Upstream	Upstream=amt0;Upstream=g2 10.9.0.0/16	0
relay	Forward.Upstream	Upstream=;Upstream=r2	0
both	Forward.BackupUpstream	BackupUpstream=SPARE	0
both	Forward.UpstreamTimeoutSec	UpstreamTimeoutSec=60	0
both	Forward.Table	Table=77	0
both	Forward.Querier	Querier=no	0
both	Forward.IGMPVersion	IGMPVersion=2	0
both	Forward.MLDVersion	MLDVersion=1	0
both	Forward.Robustness	Robustness=3	0
both	Forward.QueryIntervalSec	QueryIntervalSec=60	0
both	Forward.QueryResponseSec	QueryResponseSec=5	0
both	Forward.LastMemberSec	LastMemberSec=2	0
both	Forward.FastLeave	FastLeave=yes	0
both	Forward.MaxGroups	MaxGroups=1	0
both	Forward.MaxSources	MaxSources=1	0
both	Forward.MaxGroupsPerHost	MaxGroupsPerHost=1	0
both	Forward.AllowGroups	AllowGroups=232.0.0.0/8 ff3e::/16	0
both	Forward.DenyGroups	DenyGroups=239.255.0.0/16	0
both	Forward.SSMPrefix	SSMPrefix=232.1.0.0/16	0
both	Forward.MapSource	MapSource=239.1.1.1 $SOURCE	0
both	Forward.TTL	TTL=9	0
both	Forward.RequireRouterAlert	RequireRouterAlert=yes	0
both	Forward.UnicastReports	UnicastReports=only	0
both	Forward.ForwardQueries	ForwardQueries=yes	0
both	Forward.ForwardReports	ForwardReports=yes	0
both	Forward.UnsolicitedReportSec	UnsolicitedReportSec=1	0
both	Forward.SelfQuerySec	SelfQuerySec=1	0
gateway	AMT.Port	Port=5700	end
"

declare -rA DEVICES=([gateway]=amt0 [relay]=amtr) SPARES=([gateway]=g2 [relay]=r3)

write_all() {
	write_gateway amt0 $RELAY '[Forward]' Downstream=g1
	write_device relay amtr '[AMT]' Mode=relay Link=r1 '[Forward]' Upstream=r0
}

# changed HOST SECTION LINES: add them to its device file
changed() {
	local lines=${3//SPARE/${SPARES[$1]}}

	printf '[%s]\n%s\n' "$2" "${lines//;/$'\n'}" >>"$TMP/$1/etc/amt/${DEVICES[$1]}.amt"
}

# reload HOST: and its state has settled, the previous upstream is left
reload() {
	check "reload" ctl "$1" reload
	sleep "$2"
}

# row HOST KEY LINES LOST
row() {
	local host=$1 key=$2 lost=$4 seconds=2 index

	[ "$key" != Forward.Upstream ] || seconds=12
	start_receiver row viewer --group $GROUP --timeout 60
	start_receiver row6 viewer --group $GROUP6 --timeout 60
	sleep 0.2
	index=$(link "$host" "${DEVICES[$host]}" .ifindex)
	changed "$host" "${key%.*}" "$3"
	reload "$host" $seconds
	write_all
	reload "$host" $seconds
	end_background row
	end_background row6
	echo "  $host $key: lost $(received row .lost), $(received row6 .lost)"
	case $lost in
	new) stream_comes viewer v0 && return ;;
	end) return ;;
	esac
	expect "$host: ifindex after $3" "$index" "$(link "$host" "${DEVICES[$host]}" .ifindex)"
	expect "$host: lost with $3" "$lost $lost" "$(received row .lost) $(received row6 .lost)"
	[ "$(received row .received)" -gt $((seconds * 390)) ] || fail "the stream stopped: $3"
	[ "$(received row6 .received)" -gt $((seconds * 390)) ] || fail "the IPv6 stream stopped: $3"
}

step "each key has its row"
expect "keys" "$("$TOOLS/keys" | sort -u)" "$(cut -f 2 <<<"$ROWS" | sed '/^$/d' | sort -u)"

internet 10
wire source s1 relay r2
ip -n "${NS}source" address flush dev s0
make_bridge source lan s0 s1
ip -n "${NS}source" link set lan type bridge mcast_querier 1 mcast_query_use_ifaddr 1
address source lan $SOURCE/24 $SOURCE6/64
default_route source 203.0.113.1
address relay r2 203.0.113.3/24 2001:db8:1::3/64
for end in "relay r3" "gateway g2"; do
	ip -n "$NS${end% *}" link add "${end#* }" type dummy
done
address relay r3 10.5.0.1/24
address gateway g2 10.6.0.1/24
address gateway g0 198.51.100.3/24
address viewer v0 2001:db8:4::2/64
write_all
amtd_start relay
wait_for 10 state_is relay amtr running
wait_for 3 has_link_local relay amtr
amtd_start gateway
wait_for 20 state_is gateway amt0 connected
send_both source lan --rate 200
receive_both member viewer v0
stream_comes viewer v0
sleep 15

step "each key is changed, and changed back"
while read -r host key rest; do
	[ -n "$host" ] || continue
	lost=${rest##*$'\t'}
	lines=${rest%"$lost"}
	lines=${lines%"${lines##*[![:blank:]]}"} # blanks at the end
	[ "$host" = both ] && hosts="gateway relay" || hosts=$host
	for where in $hosts; do
		[ -z "${AMTD_KEY-}" ] || [ "$key" = "$AMTD_KEY" ] || continue
		row "$where" "$key" "$lines" "$lost"
	done
done <<<"$ROWS"
