#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtctl join: applications that only bind receive, both families; amtctl leave stops the stream.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

readonly CHANNEL=$SOURCE,$GROUP CHANNEL6=$SOURCE6,$GROUP6 ANY=239.1.1.1

# passive NAME GROUP [OPTION...]: an application that only binds
passive() {
	local name=$1 group=$2
	shift 2
	start_receiver "$name" gateway --group "$group" "$@"
}

is_joined() {
	on gateway ip maddress show dev amt0 | grep -qw "$1"
}

net_one_relay 10
cat >>"$TMP/relay.smcroute" <<-END
	mroute from r0 source $SOURCE group $ANY to amtr
END
on relay smcroutectl -u "$TMP/relay.smcroute.sock" reload
send_both source s0
send_stream tx_any source s0 --group $ANY
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
wait_for 20 device_is gateway amt0 .relay.mld_flag 0x80

step "no stream without a join"
refuse "reception" on gateway "$TOOLS/stream" receive --group $GROUP --port $PORT --timeout 3

step "source-specific in both families, and any source of a group"
passive rx $GROUP --count 300 --timeout 20
passive rx6 $GROUP6 --count 300 --timeout 20
passive rx_any $ANY --count 300 --timeout 20
background socat gateway socat -u "UDP-RECV:$PORT,reuseaddr" "OPEN:$TMP/socat.out,creat,append"
expect "output of join" "$CHANNEL: joined on amt0" "$(ctl gateway join $CHANNEL --on amt0)"
# The file omits interfaces whose newest group has no sources, hence before the others.
# shellcheck disable=SC2016 # for awk
expect "filter" "1 0" "$(on gateway awk '$3 == "0xe8010101" { print $5, $6 }' /proc/net/mcfilter)"
check "join" ctl gateway join $CHANNEL6 $ANY --on amt0
for rx in rx rx6 rx_any; do
	finish $rx || fail "$rx: no stream: $(cat "$TMP/$rx.log")"
	expect "$rx: lost" 0 "$(received $rx .lost)"
done
wait_for 5 test -s "$TMP/socat.out"
end_background socat

step "channels shows owner, device, relay and state"
expect "channels" "$CHANNEL $ANY $CHANNEL6" \
	"$(ctl gateway --json=short channels | jq -r '[.[].channel] | join(" ")')"
expect "wanted by" amtctl "$(channel $CHANNEL '.wanted_by | join(" ")')"
expect "device" amt0 "$(channel $CHANNEL .device)"
expect "relay" $RELAY "$(channel $CHANNEL .relay)"
expect "state" joined "$(channel $CHANNEL .state)"
expect_match "the table" "$CHANNEL +joined +amt0 +$RELAY +amtctl" "$(ctl gateway channels)"

step "packet counters of each channel, while the stream flows and after"
wait_for 5 channel_is $CHANNEL '.packets > 300' true
wait_for 5 channel_is $CHANNEL6 '.packets > 300' true
wait_for 5 channel_is $ANY '.rate > 90 and .rate < 110' true
end_background tx_any
sleep 3
packets=$(channel $ANY .packets)
last=$(channel $ANY .last_packet_usec)
sleep 3
expect "packets after the end" "$packets" "$(channel $ANY .packets)"
expect "the last packet" "$last" "$(channel $ANY .last_packet_usec)"
expect "rate" 0 "$(channel $ANY .rate)"
sent=$(tail -n 1 "$TMP/tx_any.log" | jq .sent)
[ "$packets" -le "$sent" ] || fail "$packets packets of $sent that were sent"
send_stream tx_any source s0 --group $ANY

step "joined twice is joined once"
check "join" ctl gateway join $CHANNEL --on amt0
expect "channels" 3 "$(ctl gateway channels --no-legend | wc -l)"

step "invalid joins and leaves"
errors_of gateway join 232.1.1.1 --on amt0
expect "exit status" 2 "$STATUS"
expect_match "a source-specific group" "source-specific" "$ERROR"
errors_of gateway join "$SOURCE,224.0.0.5" --on amt0
expect_match "a link's own group" "never leaves its link" "$ERROR"
errors_of gateway join $CHANNEL --on amt7
expect "exit status" 3 "$STATUS"
expect_match "no such device" "amt7" "$ERROR"
errors_of gateway leave "$SOURCE,232.9.9.9"
expect "exit status" 1 "$STATUS"
expect_match "not joined" "not joined" "$ERROR"

step "leave: the stream stops, the others go on"
check "leave" ctl gateway leave $CHANNEL
refuse "reception" on gateway "$TOOLS/stream" receive --group $GROUP --port $PORT --timeout 5 \
	--count 100
check "the other" on gateway "$TOOLS/stream" receive --group $ANY --port $PORT --timeout 5 --count 100
refuse "membership" is_joined $GROUP
check "leave" ctl gateway leave $CHANNEL6 $ANY
expect "channels" 0 "$(ctl gateway channels --no-legend | wc -l)"
elements() {
	on gateway nft list table inet amtd | grep -c packets
}
wait_for 3 not elements
[ ! -e "$TMP/gateway/run/amt/channels" ] || fail "the state file is still there"

step "Join= in a device file, changed by a reload"
mkdir -p "$TMP/gateway/etc/amt/amt0.amt.d" "$TMP/gateway/run/amt/amt0.amt.d"
printf '[Membership]\nJoin=%s\nJoin=%s %s\n' $CHANNEL $CHANNEL6 $ANY \
	>"$TMP/gateway/run/amt/amt0.amt.d/join.conf"
ctl gateway reload
expect "wanted by" file "$(channel $CHANNEL '.wanted_by | join(" ")')"
check "reception" on gateway "$TOOLS/stream" receive --group $GROUP --port $PORT --timeout 5 --count 100
errors_of gateway leave $CHANNEL
expect "exit status" 1 "$STATUS"
expect_match "leave of a channel of Join=" "Join=" "$ERROR"
printf '[Membership]\nJoin=%s\nJoin=\nJoin=%s\n' $CHANNEL $CHANNEL6 \
	>"$TMP/gateway/run/amt/amt0.amt.d/join.conf"
ctl gateway reload
expect "channels" $CHANNEL6 "$(ctl gateway --json=short channels | jq -r '.[].channel')"
refuse "membership" is_joined $GROUP

step "a device that is created again is joined again"
check "join" ctl gateway join $CHANNEL --on amt0
ip -n "${NS}gateway" link del amt0
wait_for 10 is_joined $GROUP
passive rx $GROUP --count 100 --timeout 10
finish rx || fail "no stream: $(cat "$TMP/rx.log")"

step "amtd is killed and started again: the channels are joined again"
amtd_kill gateway
amtd_start gateway
expect "joined" joined "$(channel $CHANNEL .state)"
expect "wanted by" amtctl "$(channel $CHANNEL '.wanted_by | join(" ")')"
check "reception" on gateway "$TOOLS/stream" receive --group $GROUP --port $PORT --timeout 10 --count 100
