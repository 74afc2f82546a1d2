#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kick: an ICMP port unreachable that quotes a gateway's own Request makes the driver send the
# next one at once, even during its back-off, and passes a stateful firewall.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need tcpdump jq
internet 0

# The bare driver's device: its behaviour is what is tested.
gateway_up() {
	bare_gateway gateway amt0 g0 $LOCAL $RELAY
}

# watch NAME TYPE: capture the gateway's messages of this type, with times, in NAME.log
watch() {
	background "$1" gateway tcpdump -i g0 -l -n -tt --immediate-mode \
		"udp dst port $AMT_PORT and udp[8] == $2 and udp[9] == 0"
	wait_for 5 grep -q listening "$TMP/$1.log"
}

# requests: their times in microseconds; only IGMP ones, each of which is paired with an MLD one
requests() {
	sed -n 's/^\([0-9]*\)\.\([0-9]*\) IP .*/\1\2/p' "$TMP/requests.log"
}

count() {
	grep -c ' IP ' "$TMP/requests.log" || true
}

discoveries() {
	grep -c ' IP ' "$TMP/discoveries.log" || true
}

# Times are taken from the capture, so polling may be slow; each poll costs a process or two.
more_than() {
	sleep 0.25
	[ "$($2)" -gt "$1" ]
}

# kick [PORT [RELAY-PORT]]
kick() {
	on gateway "$TOOLS/kick" $LOCAL "${1:-$AMT_PORT}" $RELAY "${2:-$AMT_PORT}"
}

# kicked: kick, then print the microseconds until the next Request
kicked() {
	local before time
	before=$(count)
	time=$(now)
	kick
	wait_for 5 more_than "$before" count
	echo $(($(requests | sed -n "$((before + 1))p") - time))
}

watch discoveries 1
watch requests 3
gateway_up

step "a gateway whose relay is silent: a kick in Discovery does nothing"
wait_for 10 more_than 0 discoveries
kick
sleep 1
expect "Requests" 0 "$(count)"

step "its relay answers: a Request every 2 s"
scripted_relay sr relay --address $RELAY
wait_for 10 more_than 3 count
readarray -t times < <(requests)
gap=$((times[3] - times[2]))
[ $gap -ge 1900000 ] || fail "the next Request after $gap us"

step "a kick: the next Request within a millisecond"
sleep 0.5
gap=$(kicked)
[ "$gap" -lt 1000 ] || fail "after $gap us"
echo "  after $gap us"

step "it is answered: the tunnel stays up"
queries=$(relay_state sr .queries4)
more_queries() {
	sleep 0.25
	[ "$(relay_state sr .queries4)" -gt "$((queries + 2))" ]
}
wait_for 10 more_queries
expect "Discoveries since" 0 "$(($(discoveries) - $(relay_state sr .discoveries) - 1))"

step "a kick that quotes other ports does nothing"
before=$(count) time=$(now)
wait_for 5 more_than "$before" count
kick $((AMT_PORT + 1)) $((AMT_PORT + 2))
sleep 1
expect "Requests" $((before + 1)) "$(count)"

step "the relay dies: back-off of 2, 4, 8 s, and a kick ends it"
end_background sr KILL
# Without ICMP, like a host without power.
ip -n "${NS}relay" link set r1 down
before=$(count)
wait_for 30 more_than $((before + 1)) count
gap=$(kicked)
[ "$gap" -lt 1000 ] || fail "after $gap us"
echo "  after $gap us"

step "each kick uses up a retry: after four unanswered Requests the driver discovers"
unanswered() {
	kick
	sleep 0.1
}
before=$(discoveries)
for _ in 1 2 3; do unanswered; done
wait_for 10 more_than "$before" discoveries
requests=$(count)
kick
sleep 1
expect "Requests after that" "$requests" "$(count)"

step "a firewall that accepts related packets lets it pass"
ip -n "${NS}relay" link set r1 up
default_route relay 192.0.2.126
on gateway nft -f - <<'END'
table inet guard {
	chain input {
		type filter hook input priority 0; policy drop
		ct state invalid drop
		ct state established,related accept
	}
}
END
scripted_relay sr relay --address $RELAY
before=$(count)
wait_for 20 more_than $((before + 2)) count
sleep 0.5
before=$(count)
kick $AMT_PORT 9
sleep 0.2
expect "Requests after a kick that quotes another relay port" "$before" "$(count)"
gap=$(kicked)
[ "$gap" -lt 1000 ] || fail "after $gap us"
