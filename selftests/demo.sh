#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Show amtd at work: build it, make a small internet of network namespaces, let a multicast stream
# reach a viewer in a network that has no multicast to the source, and take all down again.
# usage: demo.sh
#
# Natively where the running kernel has amt, else in User-Mode Linux. AMTD_BUILD is the build folder
# (default: build).

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")
export AMTD_BUILD=${AMTD_BUILD:-$top/build}

# Decided outside: the console of User-Mode Linux is always a terminal.
if [ -z "${AMTD_COLOUR-}" ]; then
	AMTD_COLOUR=no
	[ ! -t 1 ] || [ -n "${NO_COLOR-}" ] || AMTD_COLOUR=yes
	export AMTD_COLOUR
fi
bold='' dim='' normal=''
if [ "$AMTD_COLOUR" = yes ]; then
	bold=$'\e[1m' dim=$'\e[2m' normal=$'\e[0m'
else
	export NO_COLOR=1
fi

say() {
	printf '\n%s%s%s\n' "$bold" "$*" "$normal"
}

# ---- outside: build, and find a kernel ----------------------------------------------------------

build() {
	say "Building amtd in $AMTD_BUILD"
	if [ ! -e "$AMTD_BUILD/build.ninja" ]; then
		meson setup "$AMTD_BUILD" "$top" >/dev/null || return
	fi
	ninja -C "$AMTD_BUILD" src/amtd/amtd src/amtctl/amtctl selftests/tools/stream | tail -n 1
}

outside() {
	local kernel job status

	# shellcheck source=tests/packages.sh
	. "$top/tests/packages.sh"
	# shellcheck source=selftests/uml/boot.sh
	. "$here/uml/boot.sh"
	say "Looking for what is needed"
	install_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_SELFTESTS[@]}"
	echo "All packages are there."
	build || {
		echo "demo.sh: the build failed; see above, or in $AMTD_BUILD/meson-logs" >&2
		exit 1
	}

	if kernel_has_amt; then
		say "This kernel, $(uname -r), has amt: all happens in namespaces of its own"
		exec "$here/demo.sh" --inside
	fi
	say "This kernel, $(uname -r), has no amt: all happens in User-Mode Linux, another one"
	kernel=$("$here/uml/kernel.sh" demo)
	job=$(mktemp -d /tmp/amtd-demo.XXXXXX)
	uml_start "$job" "$kernel" real "$here/demo.sh" --inside > >(sed -u '/^reboot: /d')
	# shellcheck disable=SC2064 # $! is to be expanded now
	trap "uml_kill $! || true; rm -rf '$job'" EXIT
	trap 'exit 130' INT TERM
	wait $! || true
	status=$(cat "$job/status" 2>/dev/null || echo 1)
	exit "$status"
}

# ---- inside: the show ---------------------------------------------------------------------------

# run HOST COMMAND...: as a user there would type it
run() {
	local host=$1
	shift
	printf '%s%s#%s %s\n' "$dim" "$host" "$normal" "$*"
	if [ "$1" = amtctl ]; then
		shift
		ctl "$host" --no-pager "$@"
	else
		on "$host" "$@"
	fi
}

show_map() {
	cat <<-END

	  source ------- relay ------------ internet ------------ gateway ------- viewer
	  $SOURCE    $RELAY        (no multicast)      $LOCAL     10.4.0.2
	                    '~~~~~~~~~~~~~~ the tunnel ~~~~~~~~~~~~~~'
	END
}

inside() {
	# shellcheck source=selftests/lib.sh
	. "$here/lib.sh"

	say "A small internet, 10 ms from the relay to the gateway"
	show_map
	internet 10

	say "The relay: the kernel's amt driver, fed with the source's stream"
	kernel_relay relay $RELAY
	run relay ip -brief link show dev amtr
	send_stream tx source s0
	echo "The source sends 100 packets a second to $GROUP, port $PORT."

	say "Without a gateway the viewer's network has no such stream"
	on gateway "$TOOLS/stream" receive --dev g0 --group $GROUP --source $SOURCE --port $PORT \
		--timeout 2 | jq -r '"In 2 seconds: \(.received) packets."' || true

	say "amtd on the gateway's host, and one command"
	amtd_start gateway
	run gateway amtctl create amt0 --link g0 --relay $RELAY --downstream g1
	wait_for 10 state_is gateway amt0 connected
	run gateway amtctl

	say "The viewer joins the channel $SOURCE,$GROUP, for 5 seconds"
	receive_stream rx viewer v0 --count 500 --timeout 20
	finish rx || fail "no stream came"
	received rx '"\(.received) packets from \(.from), \(.lost) lost, " +
		"longest gap \(.longest_gap_usec / 1000 | round) ms, " +
		"longest way \(.longest_delay_usec / 1000 | round) ms"'

	say "What amtd knows of it"
	run gateway amtctl status amt0

	say "Packets that passed through userspace: control messages only"
	echo "$(queued gateway) queued, $(link gateway amt0 .stats64.rx.packets) received by the device"

	say "Everything is taken down"
	run gateway amtctl delete amt0
	amtd_stop gateway
	echo "Interfaces of type amt left: $(ip -n "${NS}gateway" -j link show type amt | jq length);" \
		"nftables rules left: $(on gateway nft -a list ruleset | grep -c handle || true)"
}

case ${1-} in
--inside) inside ;;
'') outside ;;
*)
	echo "usage: demo.sh" >&2
	exit 2
	;;
esac
