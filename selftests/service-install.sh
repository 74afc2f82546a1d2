#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `meson install` puts into place is complete, and runs from there.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need meson
stage=$TMP/stage
internet 0
kernel_relay relay $RELAY
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

step "everything is there"
installed '/amtd$' '/bin/amtctl$' '/amtd\.service$' '/amtd-wait-online\.service$' \
	'/man1/amtctl\.1' '/man8/amtd\.8' '/man5/amt\.5' '/man7/amt-forward\.7' '\.amt(\.example)?$'

step "nothing of the tests is"
! grep -E 'stream|fuzz|test|relay\.py' <<<"$files" || fail "test programs are installed"

step "the manual pages are without faults"
if command -v man >/dev/null; then
	while read -r page; do
		faults=$(man --warnings=all -l "$stage/$page" 2>&1 >/dev/null | head -n 5)
		expect "faults of $page" "" "$faults"
	done < <(grep -E '/man/' <<<"$files")
fi

step "the unit starts the daemon that is installed"
unit=$stage/$(grep '/amtd\.service$' <<<"$files")
start=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$unit")
[ -x "$stage$start" ] || fail "ExecStart=$start is no program in the staging root"
grep -q '^Type=notify' "$unit" || fail "the unit is not Type=notify"

step "a stream through the installed programs"
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
