#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run the selftests: network namespaces on the kernel's real amt driver. TAP on stdout.
#
# A script exits 0 (pass), 1 (fail) or 4 (skip) and has its requirements in its header:
#   # kernel: full|noqueue|bare   User-Mode Linux kernel, see uml/kernel.sh; bare has no amt
#   # time: real                  not in time-travel mode
#   # timeout: SECONDS            of the wall clock, until it counts as hung (default 300)

set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")
export AMTD_BUILD=${AMTD_BUILD:-$top/build}
# shellcheck source=selftests/uml/boot.sh
. "$here/uml/boot.sh"

usage() {
	cat <<-END
	usage: run.sh [OPTION...] [NAME|PATTERN...]

	Run the selftests whose names match, all of them by default. A pattern is a shell glob.

	  --list         print the names and stop
	  --native       in namespaces of the running kernel, as root
	  --uml          in User-Mode Linux, one boot a script
	                 (default: natively where the kernel has amt, else in User-Mode Linux)
	  --realtime     in User-Mode Linux, without time travel: timers take the time they take
	  -j, --jobs N   scripts run side by side in User-Mode Linux (default: one a processor)
	  -v, --verbose  the output of scripts that pass, too
	  -h, --help     this text

	AMTD_BUILD is the build folder (default: build; it is made when it is missing).
	END
}

die() {
	echo "run.sh: $*" >&2
	exit 2
}

list=false mode=auto time=travel verbose=false jobs=$(nproc) patterns=()
while [ $# -gt 0 ]; do
	case $1 in
	--list) list=true ;;
	--native) mode=native ;;
	--uml) mode=uml ;;
	--realtime) time=real ;;
	-v | --verbose) verbose=true ;;
	-j | --jobs)
		[ $# -ge 2 ] || die "$1 wants a number"
		jobs=$2
		shift
		;;
	-j*) jobs=${1#-j} ;;
	--jobs=*) jobs=${1#--jobs=} ;;
	-h | --help)
		usage
		exit 0
		;;
	-*) die "unknown option '$1': see run.sh --help" ;;
	*) patterns+=("${1%.sh}") ;;
	esac
	shift
done
[[ $jobs =~ ^[1-9][0-9]*$ ]] || die "'$jobs' is no number of jobs"

# header KEY SCRIPT DEFAULT: what the script's leading comments say
header() {
	local value
	value=$(sed -n "/^[^#]/q; s/^# $1: *//p" "$2" | head -n 1)
	echo "${value:-$3}"
}

names=()
for script in "$here"/*-*.sh; do
	name=$(basename "$script" .sh)
	for pattern in "${patterns[@]-*}"; do
		# shellcheck disable=SC2053 # a glob is meant
		if [[ $name == $pattern ]]; then
			names+=("$name")
			break
		fi
	done
done
[ ${#names[@]} -gt 0 ] || die "no selftest matches '${patterns[*]-}': see run.sh --list"
if $list; then
	printf '%s\n' "${names[@]}"
	exit 0
fi

if [ $mode = auto ]; then
	if kernel_has_amt; then mode=native; else mode=uml; fi
fi
if [ $mode = native ]; then
	[ "$(id -u)" = 0 ] || die "--native wants root"
	jobs=1
fi

if [ ! -x "$AMTD_BUILD/src/amtctl/amtctl" ] || [ ! -x "$AMTD_BUILD/selftests/tools/stream" ]; then
	echo "Building into $AMTD_BUILD" >&2
	[ -e "$AMTD_BUILD/build.ninja" ] || meson setup "$AMTD_BUILD" "$top" >&2 ||
		die "meson setup failed"
	ninja -C "$AMTD_BUILD" >&2 || die "the build failed"
fi

work=$(mktemp -d /tmp/amtd-selftests.XXXXXX)
declare -A pids=()

# shellcheck disable=SC2317 # called by trap
clean_up() {
	local pid

	for pid in "${pids[@]}"; do
		uml_kill "$pid"
	done 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

declare -A kernels=()
find_kernels() {
	local name variant variants=() paths=()

	for name in "${names[@]}"; do
		variant=$(header kernel "$here/$name.sh" full)
		[ -z "${kernels[$variant]+set}" ] || continue
		kernels[$variant]=''
		variants+=("$variant")
	done
	mapfile -t paths < <("$here/uml/kernel.sh" "${variants[@]}")
	[ ${#paths[@]} -eq ${#variants[@]} ] ||
		die "no User-Mode Linux kernels (${variants[*]}); see above"
	for variant in "${variants[@]}"; do
		kernels[$variant]=${paths[0]}
		paths=("${paths[@]:1}")
	done
}

start_uml() {
	local name=$1 script=$here/$1.sh time_of_script=real

	[ $time = real ] || time_of_script=$(header time "$script" travel)
	uml_start "$work/$name" "${kernels[$(header kernel "$script" full)]}" \
		"$time_of_script" "$script" >"$work/$name/output" 2>&1
	pids[$name]=$!
}

# watch NAME: end the script when it hangs. The group is named after its leader.
watch() {
	local pid=${pids[$1]-}

	[ -n "$pid" ] || return 0
	{
		timeout "$(header timeout "$here/$1.sh" 300)" tail -s 0.5 --pid="$pid" -f /dev/null
		[ $? -ne 124 ] || uml_kill "$pid"
	} 2>/dev/null &
}

start_native() {
	local name=$1 script=$here/$1.sh job=$work/$1

	if [ "$(header kernel "$script" full)" != full ]; then
		echo "the running kernel has amt: this is for one that lacks it" >"$job/output"
		echo 4 >"$job/status"
		return
	fi
	setsid "$script" </dev/null >"$job/output" 2>&1 &
	pids[$name]=$!
}

start() {
	mkdir "$work/$1"
	"start_$mode" "$1"
	watch "$1"
}

# report NUMBER NAME: the TAP line of a script that has ended
passed=0 failed=0 skipped=0
report() {
	local name=$2 output=$work/$2/output status reason

	status=$(cat "$work/$name/status" 2>/dev/null || echo hung)
	sed -i 's/reboot: System halted\r*$//' "$output"
	case $status in
	0)
		echo "ok $1 $name"
		passed=$((passed + 1))
		$verbose && sed 's/^/# /' "$output"
		;;
	4)
		reason=$(tail -n 1 "$output")
		echo "ok $1 $name # SKIP ${reason#SKIP: }"
		skipped=$((skipped + 1))
		;;
	*)
		echo "not ok $1 $name"
		failed=$((failed + 1))
		sed 's/^/# /' "$output"
		if [ "$status" = hung ] || [ "$status" = 137 ]; then
			echo "# $name: no end within $(header timeout "$here/$name.sh" 300) s," \
				"or the kernel died"
		fi
		;;
	esac
}

[ $mode = uml ] && find_kernels

echo "TAP version 13"
echo "1..${#names[@]}"
started=0
for ((i = 0; i < ${#names[@]}; i++)); do
	while [ $started -lt ${#names[@]} ] && [ $started -lt $((i + jobs)) ]; do
		start "${names[started]}"
		started=$((started + 1))
	done
	name=${names[i]}
	if [ -n "${pids[$name]-}" ]; then
		wait "${pids[$name]}" 2>/dev/null
		status=$?
		unset "pids[$name]"
		[ $mode = native ] && echo $status >"$work/$name/status"
	fi
	report $((i + 1)) "$name"
done

echo "# $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
