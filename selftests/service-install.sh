#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The files of `meson install` are complete, and the installed programs run.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need meson
stage=$TMP/stage
net_one_relay 0
send_stream tx source s0

step "install"
check "meson install" meson install -C "$AMTD_BUILD" --no-rebuild --destdir "$stage"
files=$(cd "$stage" && find . -type f -o -type l | sort)

# installed REGEX...
installed() {
	local regex
	for regex in "$@"; do
		grep -Eq "$regex" <<<"$files" || fail "no file like '$regex' among: $files"
	done
}

step "all files are installed"
installed '/amtd$' '/bin/amtctl$' '/amtd\.service$' '/amtd-wait-online\.service$' \
	'/man1/amtctl\.1' '/man8/amtd\.8' '/man5/amt\.5' '/man7/amt-forward\.7' '\.amt(\.example)?$'

step "no test programs are installed"
! grep -E 'stream|fuzz|test|relay\.py' <<<"$files" || fail "test programs are installed"

step "man(1) has no warnings for the manual pages"
if command -v man >/dev/null; then
	while read -r page; do
		warnings=$(man --warnings=all -l "$stage/$page" 2>&1 >/dev/null | head -n 5)
		expect "warnings of $page" "" "$warnings"
	done < <(grep -E '/man/' <<<"$files")
fi

step "the unit starts the installed daemon"
unit=$stage/$(grep '/amtd\.service$' <<<"$files")
start=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$unit")
[ -x "$stage$start" ] || fail "ExecStart=$start is not in the staging root"
grep -q '^Type=notify' "$unit" || fail "the unit is not Type=notify"

step "a stream with the installed programs"
AMTD=$stage$start
AMTCTL=$stage/$(grep '/bin/amtctl$' <<<"$files")
expect "amtctl --version" "$("$AMTD" --version | grep -Eo '[0-9.]+' | head -n 1)" \
	"$("$AMTCTL" --version | grep -Eo '[0-9.]+' | head -n 1)"
amtd_start gateway
check "create" ctl gateway create amt0 --link g0 --relay $RELAY
receive_stream rx gateway amt0 --count 100 --timeout 20
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
check "delete" ctl gateway delete amt0
amtd_stop gateway
