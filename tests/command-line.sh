#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# amtctl's command line, as far as it needs no amtd: bad values and former names.
# usage: command-line.sh BUILD

set -uo pipefail

amtctl=$(cd "$1" && pwd)/src/amtctl/amtctl
failed=0

# expect STATUS "STDERR" ARGUMENT...: STDERR is a regular expression for all of it
expect() {
	local status=$1 wanted=$2 errors seen
	shift 2
	errors=$("$amtctl" "$@" 2>&1 >/dev/null)
	seen=$?
	if [ $seen != "$status" ] || ! [[ $errors =~ ^$wanted$ ]]; then
		echo "amtctl $*: expected $status and '$wanted', got $seen and '$errors'" >&2
		failed=1
	fi
}

line="[^"$'\n'"]+"

# Each option of create: what, why, what is expected, in one line.
options=$("$amtctl" help create | sed -n 's/^  --\([a-z-]*\) .*/\1/p')
[ "$(wc -w <<<"$options")" -gt 15 ] || {
	echo "amtctl help create lists only: $options" >&2
	exit 1
}
for option in $options; do
	expect 2 "amtctl: --$option : empty; expected $line" create amt0 "--$option" ''
	expect 2 "amtctl: --$option: missing value; $line" create amt0 "--$option"
done
expect 2 "amtctl: --port 0: out of range; expected a number from 1 to 65535" create amt0 --port 0
expect 2 "amtctl: --mode both: not valid; expected gateway, relay or proxy" create amt0 --mode both

# Options of other verbs.
expect 2 "amtctl: --port 65536: expected a number from 1 to 65535" probe --port 65536 192.0.2.1
expect 2 "amtctl: --interval 0: expected seconds from 0.001 to 3600" probe --interval 0 192.0.2.1
expect 2 "amtctl: --ttl -1: expected a number from 0 to 2147483647" \
	zone --relay . --ttl -1 203.0.113.2
expect 2 "amtctl: --relay: more than 32" zone --relay "$(seq -s, 33)" 203.0.113.2
expect 2 "amtctl: --server: more than 16" resolve --server "$(seq -s, 17)" 203.0.113.2
expect 2 "amtctl: --timeout soon: expected seconds from 0 to 999999" wait-online --timeout soon

# A former name works, and warns once.
warning="amtctl: --alternative is deprecated, use --backup-upstream"
expect 2 "$warning"$'\n'"amtctl: create: --link is missing; $line" create amt0 --alternative lo
expect 2 "$warning"$'\n'"amtctl: --backup-upstream: given twice; expected once" \
	create amt0 --alternative lo --alternative lo
expect 2 "$warning"$'\n'"amtctl: --backup-upstream a/b: not valid; expected $line" \
	create amt0 --alternative a/b
exit $failed
