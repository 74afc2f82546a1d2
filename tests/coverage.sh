#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Which lines of src/amtd the unit tests reach, file by file. Builds in a folder of its own, which
# goes again. Arguments are for gcovr: --html-details FILE, or --txt-metric branch.
set -eu

top=$(realpath "$(dirname "$0")/..")
# shellcheck source=tests/packages.sh
. "$top/tests/packages.sh"
install_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_COVERAGE[@]}"

build=$(mktemp -d /tmp/amtd-coverage-XXXXXX)
trap 'rm -rf "$build"' EXIT

meson setup "$build" "$top" -Db_coverage=true -Doptimization=0 >"$build.log" 2>&1 ||
	{ cat "$build.log"; exit 1; }
rm -f "$build.log"
ninja -C "$build" >"$build/ninja.log" || { tail -n 50 "$build/ninja.log"; exit 1; }
meson test --no-rebuild --print-errorlogs -C "$build" --suite unit >"$build/test.log" 2>&1 ||
	{ cat "$build/test.log"; exit 1; }
grep -E '^(Ok|Fail|Skipped):' "$build/test.log"
(cd "$build" && gcovr -r "$top" --filter "$top/src/amtd/" "$@" .)
