#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Many gateways created at once, in real time: by a reload of amtd, and bare ones by `ip -batch`. Each
# line is: what TAB value TAB unit TAB target.
#
# AMTD_BENCH_GATEWAYS: their number (default: 1000)

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../../selftests/lib.sh"

readonly GATEWAYS=${AMTD_BENCH_GATEWAYS:-1000}

exec 4>&1 >/dev/null

row() {
	printf '%s\t%s\t%s\t%s\n' "$@" >&4
}

# cpu PID: its CPU time in milliseconds
cpu() {
	awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$1/stat"
}

all_up() {
	same "gateways that are up" "$GATEWAYS" \
		"$(ip -n "${NS}gateway" -o link show up type amt | wc -l)"
}

internet 0
for ((i = 0; i < GATEWAYS; i++)); do
	echo "link add amt$i type amt mode gateway local $LOCAL discovery $RELAY dev g0 \
		gateway_port $((40000 + i)) relay_port $((40000 + i))"
	echo "address add 10.5.0.1/32 dev amt$i"
	echo "link set amt$i up"
done >"$TMP/batch"
start=$(now)
ip -n "${NS}gateway" -batch "$TMP/batch" || fail "ip -batch"
row "$GATEWAYS gateways created by ip -batch" $((($(now) - start) / 1000)) ms ""
ip -n "${NS}gateway" -o link show type amt | sed 's/^[0-9]*: \([^:]*\):.*/link delete \1/' |
	ip -n "${NS}gateway" -batch -

amtd_start gateway
pid=${PIDS[amtd-gateway]}
for ((i = 0; i < GATEWAYS; i++)); do
	write_gateway amt$i $RELAY
done
before=$(cpu "$pid") start=$(now)
ctl gateway reload || true # it may take longer than amtctl's timeout
wait_for 120 all_up
row "  by amtd" $((($(now) - start) / 1000)) ms ""
row "  CPU time of that" $(($(cpu "$pid") - before)) ms ""
