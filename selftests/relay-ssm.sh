#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The driver of a relay copies all packets of a group to each tunnel that has the group. With amtd
# each gateway gets the sources that it asked for, and loses none of them: over changes of its
# memberships, reloads, restarts, and while amtd is dead. Packets are counted where they arrive, on
# the gateways' link.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
need nft jq

readonly G=239.1.1.1 G6=ff0e::239 OTHER=203.0.113.3 OTHER6=2001:db8:1::3
readonly LOCALS=("$LOCAL" 198.51.100.3 198.51.100.4)

internet 10
ip -n "${NS}gateway" address add "${LOCALS[1]}/24" dev g0
ip -n "${NS}gateway" address add "${LOCALS[2]}/24" dev g0
address source s0 $OTHER/24 $OTHER6/64

relay_device MaxTunnels=10

# Another program routes, which outlives amtd.
cat >"$TMP/routes" <<END
phyint r0 enable
phyint amtr enable
mroute from r0 source $SOURCE group $G to amtr
mroute from r0 source $OTHER group $G to amtr
mroute from r0 source $SOURCE6 group $G6 to amtr
mroute from r0 source $OTHER6 group $G6 to amtr
END
background smcrouted relay smcrouted -n -N -l info -i relay -f "$TMP/routes" \
	-u "$TMP/routes.sock" -P "$TMP/routes.pid"
routed() {
	[ "$(ip -n "${NS}relay" mroute show | grep -c $G)" = 2 ] &&
		[ "$(ip -n "${NS}relay" -6 mroute show | grep -c $G6)" = 2 ]
}
wait_for 10 routed

# count_arrivals: a counter for each gateway and source, at the gateways
count_arrivals() {
	local i
	{
		echo "table ip arrivals {"
		echo "chain input { type filter hook input priority raw;"
		for i in 0 1 2; do
			echo "@th,64,8 6 ip daddr ${LOCALS[i]} jump gateway$i"
		done
		echo "}"
		for i in 0 1 2; do
			echo "chain gateway$i {"
			echo "@th,80,4 4 @th,176,32 0x$(hex4 $SOURCE) counter comment \"first\""
			echo "@th,80,4 4 @th,176,32 0x$(hex4 $OTHER) counter comment \"other\""
			echo "@th,80,4 6 @th,240,32 2 counter comment \"first6\""
			echo "@th,80,4 6 @th,240,32 3 counter comment \"other6\""
			echo "}"
		done
		echo "}"
	} | on gateway nft -f -
}

# arrived GATEWAY: first other first6 other6
arrived() {
	on gateway nft -j list chain ip arrivals "gateway$1" | jq -r '[.nftables[].rule | select(.) |
		.expr[] | .counter | select(.) | .packets] | join(" ")'
}

# arrives GATEWAY WHICH: its counter of this source rises
arrives() {
	local before after
	before=$(arrived "$1" | cut -d ' ' -f "$2")
	sleep 0.3
	after=$(arrived "$1" | cut -d ' ' -f "$2")
	[ "$after" -gt "$before" ]
}

# send RATE COUNT: all four streams
send() {
	send_stream tx1 source s0 --group $G --source $SOURCE --rate "$1" --count "$2"
	send_stream tx2 source s0 --group $G --source $OTHER --rate "$1" --count "$2"
	send_stream tx3 source s0 --group $G6 --source $SOURCE6 --rate "$1" --count "$2"
	send_stream tx4 source s0 --group $G6 --source $OTHER6 --rate "$1" --count "$2"
}

# sent: wait for the end of the four streams, and of the packets on the way
sent() {
	local stream
	for stream in tx1 tx2 tx3 tx4; do
		finish $stream || fail "cannot send: $(cat "$TMP/$stream.log")"
	done
	sleep 1
}

stop_sending() {
	local stream
	for stream in tx1 tx2 tx3 tx4; do
		end_background $stream
	done
}

# groups GATEWAY: its memberships at the relay, in both families
groups() {
	device relay amtr ".serving.tunnels[] | select(.gateway == \"${LOCALS[$1]}\") | [.groups[] |
		select(.group == \"$G\" or .group == \"$G6\") | .mode + \" \" + (.sources | join(\"+\"))] |
		sort | join(\"; \")"
}

groups_are() {
	same "memberships of gateway $1" "$2" "$(groups "$1")"
}

filtered() {
	device relay amtr '[.serving.tunnels[].filtered] | unique | join(" ")'
}

filtered_is() {
	same "filtered" "$1" "$(filtered)"
}

not_asked() {
	device relay amtr .serving.not_asked
}

step "two gateways ask for a source each, a third for all"
amtd_start gateway
for i in 0 1 2; do
	check "create" ctl gateway create amt$i --link g0 --local "${LOCALS[i]}" --relay $RELAY
done
receive_stream a gateway amt0 --group $G
receive_stream a6 gateway amt0 --group $G6 --source $SOURCE6
receive_stream b gateway amt1 --group $G --source $OTHER
receive_stream b6 gateway amt1 --group $G6 --source $OTHER6
start_receiver c gateway --dev amt2 --group $G
start_receiver c6 gateway --dev amt2 --group $G6
wait_for 20 groups_are 0 "include $SOURCE6; include $SOURCE"
wait_for 20 groups_are 1 "include $OTHER6; include $OTHER"
wait_for 20 groups_are 2 "exclude ; exclude "
expect "filtered" true "$(filtered)"
count_arrivals
before=$(not_asked)
send 200 500
sent
expect "at the first gateway" "500 0 500 0" "$(arrived 0)"
expect "at the second" "0 500 0 500" "$(arrived 1)"
expect "at the third" "500 500 500 500" "$(arrived 2)"
expect "dropped" 2000 $(($(not_asked) - before))
expect "control messages, which alone were queued" \
	"$(device relay amtr '.serving | .queries + .updates + .teardowns + ([.ignored[]] | add)')" \
	"$(queued relay)"

step "the first asks for the other source, too, then for it alone"
send 25 100000
receive_stream d gateway amt0 --group $G --source $OTHER
receive_stream d6 gateway amt0 --group $G6 --source $OTHER6
wait_for 5 arrives 0 2
wait_for 5 arrives 0 4
for name in a a6; do
	end_background $name
	expect "lost" 0 "$(received $name .lost)"
done
wait_for 5 groups_are 0 "include $OTHER6; include $OTHER"
wait_for 5 not arrives 0 1
wait_for 5 not arrives 0 3
arrives 0 2 || fail "the other source stopped, too"

step "amtd reloads: nothing changes"
check "reload" ctl relay reload
expect "filtered" true "$(filtered)"
not arrives 0 1 || fail "the first gateway gets a source that it did not ask for"

step "amtd is killed: all sources pass"
amtd_kill relay
wait_for 5 arrives 0 1
wait_for 5 arrives 1 1
refuse "the table" on relay nft list table ip amtd-relay

step "while it is dead, a gateway asks for another source"
receive_stream f gateway amt1 --group $G --timeout 60 --count 25
finish f || fail "no stream: $(cat "$TMP/f.log")"

step "it starts: it does not know what was asked for before, and says so"
amtd_start relay
wait_for 20 groups_are 0 "include $OTHER6; include $OTHER"
expect "filtered" false "$(filtered)"
arrives 0 1 || fail "the first gateway gets less than before"
log_has amtd-relay "amtr: for 260 s gateways get all sources of their groups"
expect_match "text status" "not filtered by source" "$(ctl relay status amtr)"
sleep 250
arrives 0 1 || fail "filtered too early"
wait_for 20 filtered_is true
wait_for 5 not arrives 0 1
wait_for 5 not arrives 1 1

step "the first asks for all, and for one again"
start_receiver e gateway --dev amt0 --group $G
wait_for 5 arrives 0 1
expect_match "memberships" "^exclude ; include" "$(groups 0)"
end_background e
wait_for 5 not arrives 0 1
arrives 0 2 || fail "the other source stopped, too"

step "another program flushes the ruleset"
on relay nft flush ruleset
wait_for 5 arrives 0 1
expect "filtered" false "$(filtered)"

step "nobody lost a packet"
stop_sending
sleep 1
for name in b b6 d d6; do
	end_background $name
	expect "lost by $name" 0 "$(received $name .lost)"
	[ "$(received $name .received)" -gt 6000 ] || fail "too few: $(cat "$TMP/$name.log")"
done

step "amtd stops"
amtd_stop relay
refuse "the table" on relay nft list table ip amtd-relay
