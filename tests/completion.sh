#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bash completion, called as the shell calls it. usage: completion.sh BUILD

set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$(cd "$1" && pwd)/src/amtctl:$PATH
# shellcheck source=units/amtctl.bash
. "$here/../units/amtctl.bash"
failed=0

# expect "REPLY..." WORD...: the completions of the last word, which may be empty
expect() {
	local wanted=$1 got
	shift
	COMP_WORDS=(amtctl "$@")
	COMP_CWORD=$#
	_amtctl
	got=$(printf '%s\n' "${COMPREPLY[@]-}" | sort -u | xargs)
	if [ "$got" != "$wanted" ]; then
		echo "amtctl $*: expected '$wanted', got '$got'" >&2
		failed=1
	fi
}

expect "reload report resolve" re
expect "--relay --relay-port --rewrite" create amt0 --re
expect "gateway" create amt0 --mode g
expect "relay" create site --link lo --mode r
expect "lo" create amt0 --link lo
expect "lo" create amt0 --backup-upstream lo
expect "lo" join --on lo
expect "accept" create amt0 --on-failure a
expect "yes" create amt0 --anycast y
expect "short" --json s
expect "wait-online" help wait
expect "" create amt0 --no-such
# Every option of create, and the values of those that have a few.
while read -r option argument _; do
	expect "$(amtctl --complete - | grep -e "^$option" | sort -u | xargs)" create amt0 "$option"
	case $argument in
	DEV | "'DEV") expect lo create amt0 "$option" lo ;;
	BOOL) expect "no yes" create amt0 "$option" "" ;;
	MODE) expect "gateway proxy relay" create amt0 "$option" "" ;;
	WORD) expect "accept drop" create amt0 "$option" "" ;;
	esac
done < <(amtctl help create | grep '^  --')
exit $failed
