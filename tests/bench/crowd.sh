#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Many gateways whose relay fails, in virtual time: until the last one has failed over, and the peak
# load of the next relay. Each line is: what TAB value TAB unit TAB target.
#
# AMTD_BENCH_GATEWAYS: their number (default: 1000)
# timeout: 900

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../../selftests/lib.sh"

readonly GATEWAYS=${AMTD_BENCH_GATEWAYS:-1000}
CROWD_PY=$(dirname "$0")/crowd.py

exec 4>&1 >/dev/null

row() {
	printf '%s\t%s\t%s\t%s\n' "$@" >&4
}

connected() {
	same "gateways connected to $1" "$GATEWAYS" "$(ctl gateway --json=short status |
		jq "[.[] | select(.state == \"connected\" and .last_relay == \"$1\")] | length")"
}

internet 5
second_relay
background first relay "$CROWD_PY" $RELAY "$TMP/first.json"
background second relay2 "$CROWD_PY" $RELAY2 "$TMP/second.json"
for ((i = 0; i < GATEWAYS; i++)); do
	write_gateway amt$i "$RELAY $RELAY2"
done
amtd_start gateway
wait_for 120 connected $RELAY
sleep 10

start=$(now)
end_background first KILL
ip -n "${NS}internet" route add blackhole $RELAY
wait_for 60 connected $RELAY2
sleep 3
rss=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/${PIDS[amtd-gateway]}/status")
end_background second

state=$(cat "$TMP/second.json")
expect "gateways at the next relay" "$GATEWAYS" "$(jq .gateways <<<"$state")"
row "$GATEWAYS gateways lose their relay: the last has failed over" \
	"$((($(jq .last <<<"$state") - start) / 1000))" ms "<= 10000"
row "  peak of Requests at the next relay in 100 ms" "$(jq .busiest <<<"$state")" "" "<= 200"
row "  memory of amtd (RSS)" $((rss / 1024)) MB "<= 16"
