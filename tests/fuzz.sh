#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Search for inputs that break the fuzz targets; see --help.

set -uo pipefail

usage() {
	cat <<-END
	usage: fuzz.sh [OPTION...] [DIRECTORY]

	Run each fuzz target for a while, as many at once as there are processors. What was found
	and how often each ran is kept in DIRECTORY (default: ~/.cache/amtd/fuzz), and the next call
	goes on from there; Ctrl-C loses the slices under way at most.

	  --seconds N   of each slice (default: 30)
	  --total N     slices until all targets together ran N times (default: one slice each)
	  --only NAME   this target alone
	  -h, --help    this text

	Needs clang and root, or user namespaces. Exit 1 when an input broke a target; it is named.
	END
}

die() {
	echo "fuzz.sh: $*" >&2
	exit 2
}

seconds=30 total=0 only='*' directory=''
while [ $# -gt 0 ]; do
	case $1 in
	--seconds | --total | --only)
		[ $# -ge 2 ] || die "$1 wants a value"
		[ "$1" = --only ] || [[ $2 =~ ^[1-9][0-9]*$ ]] || die "$1 $2: not a number"
		declare "${1#--}=$2"
		shift
		;;
	-h | --help)
		usage
		exit 0
		;;
	-*) die "unknown option '$1': see fuzz.sh --help" ;;
	*) directory=$1 ;;
	esac
	shift
done

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/fuzz" && pwd)
directory=${directory:-${XDG_CACHE_HOME:-$HOME/.cache}/amtd/fuzz}
build=$directory/build
mkdir -p "$directory/runs" "$directory/found" || exit 2

targets=()
for file in "$here"/fuzz-*.c; do
	name=$(basename "$file" .c)
	# shellcheck disable=SC2053 # a glob is meant
	[[ ${name#fuzz-} == $only ]] && targets+=("${name#fuzz-}")
done
[ ${#targets[@]} -gt 0 ] || die "there is no target '$only'"

[ -d "$build" ] || CC=clang meson setup "$build" "$(dirname "$(dirname "$here")")" -Dfuzz=true \
	>"$directory/build.log" 2>&1 || {
	cat "$directory/build.log"
	exit 1
}
ninja -C "$build" fuzz >"$directory/build.log" 2>&1 || {
	cat "$directory/build.log"
	exit 1
}

runs_of() {
	cat "$directory/runs/$1" 2>/dev/null || echo 0
}

runs_in_all() {
	local name sum=0

	for name in "${targets[@]}"; do
		sum=$((sum + $(runs_of "$name")))
	done
	echo "$sum"
}

# slice NAME: what it finds stays in corpus/NAME, beside the seeds of the checkout
slice() {
	local name=$1 log=$directory/$1.log n seeds=()

	mkdir -p "$directory/corpus/$name"
	[ -d "$here/corpus/$name" ] && seeds=("$here/corpus/$name")
	"$build/tests/fuzz/fuzz-$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$directory/found/$name-" \
		"$directory/corpus/$name" "${seeds[@]}" >"$log" 2>&1 || {
		echo "FAIL fuzz $name: see $log"
		tail -n 40 "$log" | sed 's/^/     /'
		return 1
	}
	n=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	echo $(($(runs_of "$name") + n)) >"$directory/runs/$name.new"
	mv "$directory/runs/$name.new" "$directory/runs/$name"
	echo "ok   fuzz $name: $n runs, $(runs_of "$name") in all"
}

failed=0
while :; do
	for name in "${targets[@]}"; do
		while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
			wait -n || failed=1
		done
		slice "$name" &
	done
	while [ "$(jobs -p | wc -l)" -gt 0 ]; do
		wait -n || failed=1
		jobs >/dev/null
	done
	if [ $failed = 1 ] || [ "$(runs_in_all)" -ge "$total" ]; then
		break
	fi
done
echo "$(runs_in_all) runs of ${#targets[@]} targets in all"
exit $failed
