# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Common code of the selftests: hosts (network namespaces), topologies, relays, streams, amtd.
# Sourced, not run.
#
# A selftest is one file, AREA-NAME.sh: the header that run.sh reads, this file, a topology
# (internet, net_one_relay, net_two_relays, lan_behind_proxy, ... of topology.sh), then steps. A
# step names what is tested next; expect, check and refuse test now, wait_for polls. The first
# failure ends the test with status 1 and prints the end of every log; the end of the script is a
# pass. What can be polled is never replaced by a fixed sleep.
#
# Each host is a network namespace, ${NS}HOST. The files of its amtd are below $TMP/HOST (etc/amt,
# run/amt), the output of each background process is $TMP/NAME.log; amtd's is amtd-HOST.log.
#
# To debug: "run.sh -v NAME" shows the output of a pass, too. AMTD_DEBUG is a command that runs
# after a failure, before anything is removed, in User-Mode Linux as well:
#	AMTD_DEBUG='on gateway nft list ruleset; amtd_log gateway' run.sh NAME
# Where the running kernel has amt, it may be a shell, which keeps everything until it ends:
#	AMTD_DEBUG='bash -i' ./NAME.sh	(then: ip netns exec "${NS}gateway" ...)

set -Eeuo pipefail

readonly KSFT_SKIP=4
SELFTESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
AMTD_BUILD=${AMTD_BUILD:-$(dirname "$SELFTESTS")/build}
AMTD=${AMTD:-$AMTD_BUILD/src/amtd/amtd}
AMTCTL=${AMTCTL:-$AMTD_BUILD/src/amtctl/amtctl}
TOOLS=$AMTD_BUILD/selftests/tools
RELAY_PY=$SELFTESTS/tools/relay.py

exec 3>&1 # for messages that must be seen even where the output is captured

# A prefix for each run: several may run at the same time on one machine.
NS=amtd$$-
TMP=$(mktemp -d /tmp/amtd-selftest.XXXXXX)
declare -gA PIDS=()

# ---- steps and checks ---------------------------------------------------------------------------

step() {
	echo "- $*"
}

skip() {
	echo "SKIP: $*"
	exit $KSFT_SKIP
}

fail() {
	trap - ERR
	echo "FAILED: $*" >&3
	exit 1
}

# expect WHAT WANTED SEEN
expect() {
	[ "$2" = "$3" ] || fail "$1: expected '$2', saw '$3'"
}

# expect_match WHAT REGEX SEEN
expect_match() {
	[[ $3 =~ $2 ]] || fail "$1: expected a match of '$2', saw '$3'"
}

# check WHAT COMMAND...: it succeeds
check() {
	local what=$1 output
	shift
	output=$("$@" 2>&1) || fail "$what: '$*' failed${output:+: $output}"
}

# refuse WHAT COMMAND...: it fails
refuse() {
	local what=$1 output
	shift
	if output=$("$@" 2>&1); then
		fail "$what: '$*' succeeded${output:+: $output}"
	fi
}

need() {
	local command
	for command in "$@"; do
		command -v "$command" >/dev/null || skip "$command is not installed"
	done
}

# same WHAT WANTED SEEN: like expect, but returns false, for wait_for
same() {
	[ "$2" = "$3" ] || {
		echo "$1: expected '$2', saw '$3'"
		return 1
	}
}

# wait_for SECONDS COMMAND...: poll until it succeeds. In time-travel mode the clock advances only
# while everything sleeps, and each poll costs real time: the interval starts short and grows.
wait_for() {
	local seconds=$1 end output delay=20
	shift
	end=$((${EPOCHREALTIME/./} + ${seconds%.*} * 1000000))
	until output=$("$@" 2>&1); do
		if [ "${EPOCHREALTIME/./}" -ge "$end" ]; then
			fail "timeout after $seconds s: '$*'${output:+: $output}"
		fi
		sleep "0.$(printf '%03d' $delay)"
		delay=$((delay < 500 ? delay * 5 / 4 : 500))
	done
}

not() {
	! "$@"
}

# Microseconds since the epoch.
now() {
	echo "${EPOCHREALTIME/./}"
}

# ---- the end ------------------------------------------------------------------------------------

show_logs() {
	local log
	for log in "$TMP"/*.log "$TMP"/*/log; do
		[ -s "$log" ] || continue
		echo "--- ${log#"$TMP"/}:"
		tail -n 60 "$log"
	done
	if [ -n "${PIDS[amtd-gateway]-}" ]; then
		echo "--- amtctl status:"
		timeout 5 "$AMTCTL" --bus "$TMP/gateway/run/amt/bus" status --json=pretty 2>&1 | cat || true
	fi
	dmesg -l err,crit,alert,emerg 2>/dev/null | tail -n 20 || true
}

# shellcheck disable=SC2317 # called by trap
end() {
	local status=$? ns pid
	trap - ERR EXIT
	set +e
	if [ $status -ne 0 ] && [ $status -ne $KSFT_SKIP ]; then
		show_logs
		export NS TMP
		eval "${AMTD_DEBUG-}" >&3 2>&1
	fi
	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid"
	done 2>/dev/null
	wait 2>/dev/null
	ip netns list | while read -r ns _; do
		[[ $ns != "$NS"* ]] || ip netns del "$ns"
	done
	rm -rf "$TMP"
	exit $status
}
trap end EXIT
trap 'fail "${BASH_SOURCE[0]##*/}:$LINENO: \"$BASH_COMMAND\" failed"' ERR
trap 'exit 1' INT TERM

# ---- hosts --------------------------------------------------------------------------------------

# on HOST COMMAND...
on() {
	local host=$1
	shift
	nsenter "--net=/run/netns/$NS$host" -- "$@"
}

# background NAME HOST COMMAND...: run it there, with its output in NAME.log, until the test ends
background() {
	local name=$1 host=$2
	shift 2
	nsenter "--net=/run/netns/$NS$host" -- "$@" >>"$TMP/$name.log" 2>&1 &
	PIDS[$name]=$!
}

# finish NAME: wait for it and return its exit status
finish() {
	local status=0
	wait "${PIDS[$1]}" || status=$?
	unset "PIDS[$1]"
	return $status
}

# end_background NAME [SIGNAL]
end_background() {
	kill "-${2:-TERM}" "${PIDS[$1]}"
	{ finish "$1" || true; } 2>/dev/null
}

# set_sysctl HOST NAME=VALUE...: names below /proc/sys/net, with / between
set_sysctl() {
	local host=$1
	shift
	# shellcheck disable=SC2016 # for the inner shell
	on "$host" sh -ec 'cd /proc/sys/net; for s; do echo "${s#*=}" >"${s%%=*}"; done' - "$@"
}

# shellcheck source=selftests/topology.sh
. "$SELFTESTS/topology.sh"

# ---- relays -------------------------------------------------------------------------------------

# kernel_relay HOST LOCAL: the driver's relay, with the source's stream routed into it
kernel_relay() {
	local host=$1 address=$2

	ip -n "$NS$host" link add amtr type amt mode relay local "$address" dev r1 ||
		fail "the kernel cannot create a relay device"
	# The driver's MLD Query comes from the device's link-local address.
	address "$host" amtr fe80::1/64
	route_stream "$host" r0 amtr
}

# route_stream HOST FROM TO: install multicast routes for the stream, both families
route_stream() {
	cat >"$TMP/$1.smcroute" <<-END
		phyint $2 enable
		phyint $3 enable
		mroute from $2 source $SOURCE group $GROUP to $3
		mroute from $2 source $SOURCE6 group $GROUP6 to $3
	END
	background "smcrouted-$1" "$1" smcrouted -n -N -l info -i "$1" -f "$TMP/$1.smcroute" \
		-u "$TMP/$1.smcroute.sock" -P "$TMP/$1.smcroute.pid"
	wait_for 10 is_routed "$1"
}

is_routed() {
	[[ $(ip -n "$NS$1" mroute show) == *"$GROUP"* &&
		$(ip -n "$NS$1" -6 mroute show) == *"$GROUP6"* ]]
}

# scripted_relay NAME HOST OPTION...: a relay that follows RFC 7450 where the driver does not, see
# relay.py --help; its state is in NAME.json
scripted_relay() {
	local name=$1 host=$2
	shift 2
	background "$name" "$host" "$RELAY_PY" --state "$TMP/$name.json" "$@"
	wait_for 10 test -s "$TMP/$name.json"
}

# scripted_first, scripted_second [OPTION...]: "first" on relay, "second" on relay2
scripted_first() {
	scripted_relay first relay --address $RELAY "$@"
}

scripted_second() {
	scripted_relay second relay2 --address $RELAY2 "$@"
}

# relay_state NAME FILTER: from its state file
relay_state() {
	jq -r "$2" "$TMP/$1.json"
}

# relay_device LINE...: amtd on relay with the relay device amtr; LINE: of its file, in [AMT]
relay_device() {
	write_device relay amtr '[AMT]' Mode=relay Link=r1 "$@"
	amtd_start relay
	wait_for 10 state_is relay amtr running
	# The driver's MLD Queries come from there.
	wait_for 3 has_link_local relay amtr
}

# bare_gateway HOST DEV LINK LOCAL RELAY [SYSCTL=VALUE...]: a gateway device of the driver alone, on
# the AMT port; SYSCTL: below ipv4/conf/DEV
bare_gateway() {
	local host=$1 dev=$2 link=$3 address=$4 relay=$5
	shift 5
	ip -n "$NS$host" link add "$dev" type amt mode gateway local "$address" discovery "$relay" \
		dev "$link" gateway_port $AMT_PORT relay_port $AMT_PORT
	ip -n "$NS$host" link set "$dev" up
	[ $# -eq 0 ] || set_sysctl "$host" "${@/#/ipv4/conf/$dev/}"
}

# ---- streams ------------------------------------------------------------------------------------

# send_stream NAME HOST DEV [OPTION...]: IPv4 unless --group says otherwise
send_stream() {
	local name=$1 host=$2 dev=$3
	shift 3
	background "$name" "$host" "$TOOLS/stream" send --dev "$dev" --port $PORT --group $GROUP "$@"
}

# send_both HOST DEV [OPTION...]: the IPv4 stream as tx, the IPv6 stream as tx6
send_both() {
	send_stream tx "$@"
	send_stream tx6 "$@" --group $GROUP6
}

# start_receiver NAME HOST [OPTION...]: which joins nothing unless an option says so
start_receiver() {
	local name=$1 host=$2
	shift 2
	: >"$TMP/$name.log"
	background "$name" "$host" "$TOOLS/stream" receive --port $PORT "$@"
}

# receive_stream NAME HOST DEV [OPTION...]: source-specific
receive_stream() {
	local name=$1 host=$2 dev=$3
	shift 3
	start_receiver "$name" "$host" --dev "$dev" --group $GROUP --source $SOURCE "$@"
}

# receive_both NAME HOST DEV [OPTION...]: the IPv4 stream as NAME, the IPv6 stream as NAME6
receive_both() {
	local name=$1
	shift
	receive_stream "$name" "$@"
	receive_stream "${name}6" "$@" --group $GROUP6 --source $SOURCE6
}

# finish_both NAME: both receivers got what they waited for
finish_both() {
	finish "$1" || fail "no IPv4 stream: $(cat "$TMP/$1.log")"
	finish "${1}6" || fail "no IPv6 stream: $(cat "$TMP/${1}6.log")"
}

# received NAME FILTER: from the receiver's summary, after its end
received() {
	tail -n 1 "$TMP/$1.log" | jq -r "$2"
}

# stream_comes HOST DEV: 100 packets within 30 s
stream_comes() {
	receive_stream rx "$1" "$2" --count 100 --timeout 30
	finish rx || fail "no stream: $(cat "$TMP/rx.log")"
}

# check_gap NAME MICROSECONDS: the receiver's longest gap is shorter
check_gap() {
	local gap
	gap=$(received "$1" .longest_gap_usec)
	echo "  longest gap: $gap us"
	[ "$gap" -lt "$2" ] || fail "no data for $gap us, limit $2 us"
}

# check_flowing NAME: the receiver, which was just ended, had a packet within the last second
check_flowing() {
	[ $(($(now) - $(received "$1" .last_usec))) -lt 1000000 ] || fail "the stream stopped"
}

# ---- logs ---------------------------------------------------------------------------------------

# seen NAME FILTER: some JSON object in NAME.log matches
seen() {
	jq -se "any(.[]; $2)" "$TMP/$1.log" >/dev/null || {
		tail -n 20 "$TMP/$1.log"
		return 1
	}
}

# log_has NAME REGEX: some line of NAME.log matches
log_has() {
	grep -Eq -- "$2" "$TMP/$1.log" || {
		tail -n 20 "$TMP/$1.log"
		return 1
	}
}

# ---- amtd ---------------------------------------------------------------------------------------

# amtd_root HOST: the root directory of its amtd's files
amtd_root() {
	[ -d "$TMP/$1" ] || mkdir -p "$TMP/$1/etc/amt" "$TMP/$1/run/amt" "$TMP/$1/usr/lib/amt" \
		"$TMP/$1/usr/local/lib/amt"
	echo "$TMP/$1"
}

# write_device HOST NAME LINE...: the device file in its etc/amt
write_device() {
	local host=$1 name=$2
	shift 2
	printf '%s\n' "$@" >"$(amtd_root "$host")/etc/amt/$name.amt"
}

# write_gateway NAME RELAY [LINE...]: device file of a gateway over g0; LINE: in [Relay], or of the
# section that an earlier LINE opens
write_gateway() {
	local name=$1 relay=$2
	shift 2
	write_device gateway "$name" '[AMT]' Link=g0 '[Relay]' "Address=$relay" "$@"
}

# write_proxy HOST NAME [LINE...]: device file of a Mode=proxy device; LINE: in [Forward]
write_proxy() {
	local host=$1 name=$2
	shift 2
	write_device "$host" "$name" '[AMT]' Mode=proxy '[Forward]' "$@"
}

# amtd_start HOST [OPTION...]: start it and wait for its READY=1
amtd_start() {
	local host=$1 root
	shift
	need socat jq
	root=$(amtd_root "$host")
	rm -f "$root/notify" "$root/notified"
	: >"$root/notified"
	background "notify-$host" "$host" socat -u "UNIX-RECV:$root/notify" \
		"OPEN:$root/notified,append"
	wait_for 5 test -S "$root/notify"
	AMTD_ROOT=$root NOTIFY_SOCKET=$root/notify background "amtd-$host" "$host" "$AMTD" "$@"
	wait_for 15 amtd_is_ready "$host"
}

amtd_is_ready() {
	kill -0 "${PIDS[amtd-$1]}" || fail "amtd ended"
	grep -q '^READY=1' "$TMP/$1/notified"
}

# amtd_stop HOST: SIGTERM; its exit status is 0
amtd_stop() {
	local status=0
	kill -TERM "${PIDS[amtd-$1]}"
	finish "amtd-$1" || status=$?
	end_background "notify-$1"
	expect "exit status of amtd" 0 $status
}

amtd_kill() {
	end_background "amtd-$1" KILL
	end_background "notify-$1"
}

amtd_log() {
	cat "$TMP/amtd-$1.log"
}

# ctl HOST ARGUMENT...: run amtctl there
ctl() {
	local host=$1
	shift
	AMTD_ROOT=$(amtd_root "$host") on "$host" "$AMTCTL" "$@"
}

# device HOST NAME FILTER: from the device's JSON object
device() {
	ctl "$1" --json=short status "$2" | jq -r ".[0] | $3"
}

# device_is HOST NAME FILTER VALUE
device_is() {
	same "$3" "$4" "$(device "$1" "$2" "$3")"
}

state_is() {
	device_is "$1" "$2" .state "$3"
}

# channel CHANNEL FILTER: from the JSON object of a channel at the gateway
channel() {
	ctl gateway --json=short channels "$1" | jq -r ".[0] | $2"
}

# channel_is CHANNEL FILTER VALUE
channel_is() {
	same "$2" "$3" "$(channel "$1" "$2")"
}

# ---- the kernel ---------------------------------------------------------------------------------

# link HOST NAME FILTER: from ip's JSON object of the link
link() {
	ip -n "$NS$1" -d -s -j link show dev "$2" | jq -r ".[0] | $3"
}

exists() {
	ip -n "$NS$1" link show dev "$2" >/dev/null 2>&1
}

# sysctl_of HOST NAME: below /proc/sys/net, with / between
sysctl_of() {
	on "$1" cat "/proc/sys/net/$2"
}

# hex4 ADDRESS: an IPv4 address as 8 hexadecimal digits
hex4() {
	# shellcheck disable=SC2086 # four bytes
	printf '%02x' ${1//./ }
}

# joined HOST DEV ADDRESS: DEV's IPv4 source filters have this group or source
joined() {
	on "$1" grep -q " $2 .*0x$(hex4 "$3")" /proc/net/mcfilter
}

# mroutes HOST ADDRESS: the multicast routes of the address's family
mroutes() {
	local family=-4
	[[ $2 != *:* ]] || family=-6
	ip -n "$NS$1" $family mroute show
}

# kernel_test NAME...: run tests/kernel/test-NAME, which creates network namespaces of its own
kernel_test() {
	local name
	for name in "$@"; do
		step "tests/kernel/test-$name"
		"$AMTD_BUILD/tests/kernel/test-$name" || fail "test-$name"
	done
}

# Packets that ever entered an NFQUEUE of the host.
queued() {
	# shellcheck disable=SC2016 # for awk
	on "$1" awk '{ n += $8 } END { print n + 0 }' /proc/net/netfilter/nfnetlink_queue
}

# errors_of HOST ARGUMENT...: run amtctl; its exit status, stderr and stdout are in $STATUS, $ERROR
# and $OUTPUT
# shellcheck disable=SC2034 # for the scripts
errors_of() {
	STATUS=0
	OUTPUT=$(ctl "$@" 2>"$TMP/stderr") || STATUS=$?
	ERROR=$(cat "$TMP/stderr")
}
