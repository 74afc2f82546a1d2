#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run the benchmarks and print one table. Not a test: it passes whatever the numbers are.
# usage: bench.sh [PART...]
#
# AMTD_BUILD is the build folder (default: build; it is made when it is missing).

set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")
export AMTD_BUILD=${AMTD_BUILD:-$top/build}

# Each part prints lines of: what TAB value TAB unit TAB target.
PARTS=(rewrite pass forwarder queue datapath relay-filter failover crowd create channels kill)

die() {
	echo "bench.sh: $*" >&2
	exit 2
}

# missing WHAT WHY: a line without a number
missing() {
	printf '%s\t-\t\t%s\n' "$1" "$2"
}

# count_instructions FUNCTION COMMAND...: those inside of the function
count_instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect="$1" "${@:2}" 2>&1 |
		sed -n 's/.*Collected : \([0-9]*\)$/\1/p'
}

part_rewrite() {
	local count=100000 rounds=11 instructions

	"$AMTD_BUILD/tests/bench/bench-rewrite" || return
	if ! command -v valgrind >/dev/null; then
		missing "  instructions" "valgrind is not installed"
		return
	fi
	instructions=$(count_instructions rewrite "$AMTD_BUILD/tests/bench/bench-rewrite" $count)
	printf '  instructions (callgrind)\t%s\t\t\n' $((instructions / (count * rounds)))
}

part_pass() {
	local devices instructions

	"$AMTD_BUILD/tests/bench/bench-pass" || return
	if ! command -v valgrind >/dev/null; then
		missing "  instructions" "valgrind is not installed"
		return
	fi
	for devices in 1000 10000; do
		instructions=$(count_instructions pass_run "$AMTD_BUILD/tests/bench/bench-pass" $devices)
		printf '  instructions a gateway, of %s (callgrind)\t%s\t\t\n' $devices \
			$((instructions / devices))
	done
}

part_forwarder() {
	"$AMTD_BUILD/tests/bench/bench-forwarder"
}

part_queue() {
	if [ "$(id -u)" != 0 ]; then
		missing "Advertisements through NFQUEUE" "needs root"
		return
	fi
	"$AMTD_BUILD/tests/bench/bench-queue"
}

# in_uml travel|real SCRIPT: print its output; natively where the kernel has amt, else in User-Mode
# Linux
in_uml() {
	local kernel job status

	# shellcheck source=selftests/uml/boot.sh
	. "$top/selftests/uml/boot.sh"
	if kernel_has_amt; then
		"$2"
		return
	fi
	kernel=$("$top/selftests/uml/kernel.sh" full) || return
	job=$(mktemp -d /tmp/amtd-bench.XXXXXX)
	uml_start "$job" "$kernel" "$1" "$2" >"$job/output" 2>&1
	wait $!
	status=$(cat "$job/status" 2>/dev/null || echo 1)
	tr -d '\r' <"$job/output" | sed 's/reboot: System halted$//'
	rm -rf "$job"
	return "$status"
}

# in_uml_rows travel|real SCRIPT: those of its lines that are of the table
in_uml_rows() {
	in_uml "$1" "$here/bench/$2" | grep "	"
	return "${PIPESTATUS[0]}"
}

# Real time: CPU time is measured.
part_datapath() {
	in_uml real "$here/bench/datapath.sh" | awk -F '\t' '
		$1 == "bare" { print "data path: a packet through a bare device\t" $2 "\tns\t" }
		$1 == "managed" { print "  through one that amtd manages\t" $2 "\tns\t" }
		$1 == "ratio" { print "  ratio\t" $2 "\t\t<= 1.05" }
		$1 == "queued" { print "  of 819200 data packets, queued with Queries\t" $2 "\t\t" }'
	return "${PIPESTATUS[0]}"
}

# Real time, likewise; and what the daemon writes.
part_relay-filter() {
	in_uml real "$here/bench/relay-filter.sh" | awk -F '\t' '
		$1 == "bare" { print "relay: a packet to a gateway, without the filter\t" $2 "\tns\t" }
		$1 == "filtered" { print "  with the filter of sources\t" $2 "\tns\t" }
		$1 == "ratio" { print "  ratio\t" $2 "\t\t<= 1.05" }'
	[ "${PIPESTATUS[0]}" = 0 ] || return
	if [ "$(id -u)" != 0 ]; then
		missing "what gateways of a relay ask for" "needs root"
		return
	fi
	"$AMTD_BUILD/tests/bench/bench-tunnel-filter"
}

# Virtual time in User-Mode Linux: delays are exact, and waiting takes none.
part_failover() {
	in_uml_rows travel failover.sh
}

part_crowd() {
	in_uml_rows travel crowd.sh
}

part_create() {
	in_uml_rows real create.sh
}

part_channels() {
	in_uml_rows real channels.sh
}

# AMTD_SEED in the environment: the moments of an earlier run.
part_kill() {
	AMTD_KILLS=${AMTD_KILLS:-100} in_uml real "$top/selftests/service-kill-random.sh" |
		grep "	"
	return "${PIPESTATUS[0]}"
}

parts=("$@")
[ $# -gt 0 ] || parts=("${PARTS[@]}")
for part in "${parts[@]}"; do
	declare -F "part_$part" >/dev/null || die "no part '$part': ${PARTS[*]}"
done

if [ ! -e "$AMTD_BUILD/build.ninja" ]; then
	echo "Building into $AMTD_BUILD" >&2
	meson setup "$AMTD_BUILD" "$top" >&2 || die "meson setup failed"
fi
ninja -C "$AMTD_BUILD" >/dev/null || die "the build failed: ninja -C $AMTD_BUILD"

# With a TAB in IFS, read drops empty fields.
printf '%-58s %12s %-5s %s\n' WHAT VALUE UNIT TARGET
for part in "${parts[@]}"; do
	"part_$part" || missing "$part" "failed"
done | tr '\t' '\037' | while IFS=$'\037' read -r what value unit target; do
	printf '%-58s %12s %-5s %s\n' "$what" "$value" "$unit" "$target"
done
