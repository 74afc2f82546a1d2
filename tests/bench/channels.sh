#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Many channels joined by 100 hosts on a LAN, in real time: their cost for amtd, Mode=proxy between two
# Ethernets, and for igmpproxy. Each line is: what TAB value TAB unit TAB target.
#
#  hosts ------------ router ------------ source
#   h0   10.4.0.0/16   lan0, up0  10.5.0.0/16  s0
#
# AMTD_BENCH_CHANNELS: their numbers, ascending (default: 1000 10000 100000)

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../../selftests/lib.sh"

read -ra SIZES <<<"${AMTD_BENCH_CHANNELS:-1000 10000 100000}"
readonly BENCH=$AMTD_BUILD/tests/bench/bench-channels
readonly ROUTER=/run/netns/${NS}router HOSTS=/run/netns/${NS}hosts SOURCES=/run/netns/${NS}source

exec 4>&1 >/dev/null

# bench NAME PID SOURCES 4|6 SECONDS COUNT...
bench() {
	local name=$1 pid=$2
	shift 2
	"$BENCH" "$name" "$pid" "$ROUTER" "$HOSTS" "$@" >&4
}

host router hosts source
wire router lan0 hosts h0
wire source s0 router up0
address router lan0 10.4.0.1/16 2001:db8:4::1/64
address hosts h0 10.4.0.2/16
address router up0 10.5.0.1/16 2001:db8:5::1/64
address source s0 10.5.0.2/16

# systemd's limit for services.
ulimit -Hn 524288

on router "$AMTD_BUILD/tests/bench/bench-joins" "${SIZES[@]}" >&4

amtd_proxy() {
	write_proxy router proxy Upstream=up0 Downstream=lan0 MaxGroups=200000
	amtd_start router
}

amtd_proxy
bench amtd "${PIDS[amtd-router]}" - 4 180 "${SIZES[@]}"
start=$(now)
amtd_stop router
printf '  amtd stops within\t%d\tms\t\n' $((($(now) - start) / 1000)) >&4

amtd_proxy
bench amtd "${PIDS[amtd-router]}" - 6 120 10000
amtd_stop router

# It needs the default routing table, one socket for all memberships, and a packet of each channel
# before it installs a route.
command -v igmpproxy >/dev/null || exit 0
cat >"$TMP/igmpproxy.conf" <<-END
	phyint up0 upstream ratelimit 0 threshold 1
		altnet 10.5.0.0/16
	phyint lan0 downstream ratelimit 0 threshold 1
	phyint lo disabled
END
set_sysctl router ipv4/igmp_max_memberships=1000000
echo $((1 << 30)) >/proc/sys/net/core/optmem_max
background igmpproxy router igmpproxy -n "$TMP/igmpproxy.conf"
bench igmpproxy "${PIDS[igmpproxy]}" "$SOURCES" 4 30 "${SIZES[@]}"
end_background igmpproxy
