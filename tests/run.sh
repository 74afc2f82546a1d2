#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run all tests: formatting and static checks, unit tests, the same under AddressSanitizer and
# UBSan, half a minute of each fuzzer, selftests. Installs what it needs on Debian 12, as root.
# The last line is "N passed, N failed, N skipped"; exit 1 when any failed.
#
# AMTD_FUZZ_SECONDS: for each fuzz target (default: 30)

set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")
# shellcheck source=tests/packages.sh
. "$here/packages.sh"
cd "$top" || exit 1

work=$(mktemp -d /tmp/amtd-tests.XXXXXX)
trap 'rm -rf "$work"' EXIT
build=$work/build sanitized=$work/sanitized fuzzing=$work/fuzz
# Of compilers, clang-format, linkers, meson, shellcheck, sanitizers, make and Python.
ERROR_LINES='(^|[^A-Za-z-])([Ee]rror|ERROR)(:|s? )|FAILED|undefined reference|runtime error|Traceback'
passed=0 failed=0 skipped=0

finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed -eq 0 ]
	exit
}

# show_log FILE: its error lines first, as a long log buries them, then its end
show_log() {
	local errors

	errors=$(grep -nE "$ERROR_LINES" "$1" | head -n 20)
	if [ -n "$errors" ] && [ "$(wc -l <"$1")" -gt 20 ]; then
		echo "     errors, with their line numbers in the output:"
		echo "$errors" | awk '{ print "     " $0 }'
		echo "     the end of the output:"
	fi
	tail -n 200 "$1" | sed 's/^/     /'
}

# check WHAT COMMAND...: one test; when it fails, its error lines and the end of its output
check() {
	local what=$1 start=$SECONDS
	shift
	if "$@" >"$work/log" 2>&1; then
		echo "ok   $what ($((SECONDS - start)) s)"
		passed=$((passed + 1))
		return 0
	fi
	echo "FAIL $what"
	show_log "$work/log"
	failed=$((failed + 1))
	return 1
}

# count FILE WORD: the number after "WORD:" in meson's summary
count() {
	local n
	n=$(sed -n "s/^$2: *\([0-9]*\).*/\1/p" "$1" | tail -n 1)
	echo "${n:-0}"
}

# unit_tests WHAT BUILD SUITE: each test counts
unit_tests() {
	local log=$work/unit.log

	meson test --no-rebuild --print-errorlogs -C "$2" --suite "$3" >"$log" 2>&1
	if [ "$(count "$log" Ok)" = 0 ]; then
		echo "FAIL $1"
		show_log "$log"
		failed=$((failed + 1))
		return
	fi
	grep -E '^ *[0-9]+/[0-9]+ .*(FAIL|TIMEOUT|ERROR)' "$log" && cat "$log"
	passed=$((passed + $(count "$log" Ok)))
	failed=$((failed + $(count "$log" Fail) + $(count "$log" Timeout)))
	skipped=$((skipped + $(count "$log" Skipped)))
	echo "$1: $(count "$log" Ok) ok, $(count "$log" Fail) failed"
}

build_tree() {
	local dir=$1
	shift
	meson setup "$dir" "$top" "$@" && ninja -C "$dir"
}

formatting() {
	git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror
}

shell_scripts() {
	git ls-files | while read -r file; do
		if head -n 1 "$file" | grep -qaE '^#!.*sh$|^# shellcheck shell'; then
			echo "$file"
		fi
	done | xargs shellcheck -x -e SC2317
}

static_checks() {
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 -j "$(nproc)" \
		--enable=warning --suppress=missingIncludeSystem \
		--suppress=unknownMacro -D_GNU_SOURCE -DAMTD_VERSION='""' -DAMTD_PREFIX='""' \
		-Iinclude -Isrc src
}

man_pages() {
	mandoc -T lint -W warning man/*.[0-9] "$build"/man/*.[0-9]
}

# Each target counts.
fuzz_all() {
	local log=$work/fuzz.log

	tests/fuzz.sh --seconds "${AMTD_FUZZ_SECONDS:-30}" "$fuzzing" | tee "$log"
	passed=$((passed + $(grep -c '^ok ' "$log")))
	failed=$((failed + $(grep -c '^FAIL ' "$log")))
	grep -q ' runs of .* targets in all$' "$log" && return
	echo "FAIL fuzz targets"
	failed=$((failed + 1))
}

selftests() {
	local line

	AMTD_BUILD=$build selftests/run.sh | tee "$work/selftests.log"
	line=$(tail -n 1 "$work/selftests.log")
	if [[ $line =~ ^#\ ([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
		skipped=$((skipped + BASH_REMATCH[3]))
	else
		echo "FAIL the selftests broke off: $line"
		failed=$((failed + 1))
	fi
}

install_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_SELFTESTS[@]}" "${PACKAGES_CHECKS[@]}" || {
	failed=1
	finish
}

check "build" build_tree "$build" || finish
check "formatting" formatting
check "shell scripts" shell_scripts
check "static checks" static_checks
check "man pages" man_pages
check "house" tests/house.py "$build"
check "completion" tests/completion.sh "$build"
check "command line" tests/command-line.sh "$build"
unit_tests "unit tests" "$build" unit
check "build with clang, AddressSanitizer and UBSan" \
	env CC=clang meson setup "$sanitized" "$top" -Db_sanitize=address,undefined -Db_lundef=false
check "compile it" ninja -C "$sanitized" && unit_tests "unit tests, sanitized" "$sanitized" unit
fuzz_all
selftests
finish
