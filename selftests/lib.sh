# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the selftests share: hosts (network namespaces), topologies, relays, streams, amtd.
# Sourced, not run. A test says what it is about to show (step), looks (check, expect, wait_for), and
# fails with what it saw; the end of the script is a pass.
#
# internet:
#
#  source ------------ relay ------------. internet .----------- gateway ------------ viewer
#   s0   203.0.113.0/24  r0  r1            i1     ig            g0  g1              v0
#   .2                   .1  192.0.2.1     .254   198.51.100.1  .2  10.4.0.1        10.4.0.2
#   2001:db8:1::2        ::1

set -Eeuo pipefail

readonly KSFT_SKIP=4
readonly SOURCE=203.0.113.2 GROUP=232.1.1.1 SOURCE6=2001:db8:1::2 GROUP6=ff3e::8000:1 PORT=5000
# shellcheck disable=SC2034 # for the scripts
readonly RELAY=192.0.2.1 RELAY2=192.0.2.129 LOCAL=198.51.100.2 AMT_PORT=2268

SELFTESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
AMTD_BUILD=${AMTD_BUILD:-$(dirname "$SELFTESTS")/build}
AMTD=${AMTD:-$AMTD_BUILD/src/amtd/amtd}
AMTCTL=${AMTCTL:-$AMTD_BUILD/src/amtctl/amtctl}
TOOLS=$AMTD_BUILD/selftests/tools
RELAY_PY=$SELFTESTS/tools/relay.py

exec 3>&1 # for what must be seen even where the output is caught

# Namespaces of a run of its own: several may go on on one machine.
NS=amtd$$-
TMP=$(mktemp -d /tmp/amtd-selftest.XXXXXX)
declare -gA PIDS=()

# ---- saying and judging -------------------------------------------------------------------------

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
	[[ $3 =~ $2 ]] || fail "$1: expected something like '$2', saw '$3'"
}

# check WHAT COMMAND...: it succeeds
check() {
	local what=$1 output
	shift
	output=$("$@" 2>&1) || fail "$what: '$*' failed${output:+, saying: $output}"
}

# refuse WHAT COMMAND...: it fails
refuse() {
	local what=$1 output
	shift
	if output=$("$@" 2>&1); then
		fail "$what: '$*' succeeded${output:+, saying: $output}"
	fi
}

need() {
	local command
	for command in "$@"; do
		command -v "$command" >/dev/null || skip "$command is not installed"
	done
}

# wait_for SECONDS COMMAND...: until it succeeds. It sleeps in between: in time-travel mode only
# that lets the clock go on, and there it is the looking that takes time. So it looks often at
# first, and then less and less.
wait_for() {
	local seconds=$1 end output delay=20
	shift
	end=$((${EPOCHREALTIME/./} + ${seconds%.*} * 1000000))
	until output=$("$@" 2>&1); do
		if [ "${EPOCHREALTIME/./}" -ge "$end" ]; then
			fail "waited $seconds s in vain for '$*'${output:+, which said: $output}"
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

# ---- ending -------------------------------------------------------------------------------------

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
	[ $status -eq 0 ] || [ $status -eq $KSFT_SKIP ] || show_logs
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

# background NAME HOST COMMAND...: started there, its output in NAME.log, ended with the test
background() {
	local name=$1 host=$2
	shift 2
	nsenter "--net=/run/netns/$NS$host" -- "$@" >>"$TMP/$name.log" 2>&1 &
	PIDS[$name]=$!
}

# finish NAME: wait for it; its exit status
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

# host NAME...: rp_filter as systemd's defaults have it
host() {
	local name
	printf "netns add $NS%s\n" "$@" | ip -batch -
	for name in "$@"; do
		set_sysctl "$name" ipv4/conf/default/rp_filter=2 ipv4/conf/all/rp_filter=0 \
			ipv4/ip_forward=0
		ip -n "$NS$name" link set lo up
	done
}

# wire HOST DEV HOST DEV: an Ethernet cable between the two
wire() {
	ip link add dev "$2" netns "$NS$1" type veth peer dev "$4" netns "$NS$3"
}

# address HOST DEV ADDRESS...: and the device up
address() {
	local host=$1 dev=$2 address
	shift 2
	{
		echo "link set $dev up"
		for address in "$@"; do
			[[ $address != *:* ]] || address+=" nodad"
			echo "address add $address dev $dev"
		done
	} | ip -n "$NS$host" -batch -
}

default_route() {
	ip -n "$NS$1" route add default via "$2"
}

# relay_host NAME NUMBER: a relay's host beside the internet, its own network behind it, with the
# source there. NUMBER 1: RELAY, source; NUMBER 2: RELAY2, source2. The stream has the same source
# address everywhere, so that it does not matter which relay it comes from.
relay_host() {
	local name=$1 number=$2 source=source address=$RELAY
	if [ "$number" = 2 ]; then
		source=source2 address=$RELAY2
	fi
	host "$name" "$source"
	wire "$source" s0 "$name" r0
	address "$source" s0 $SOURCE/24 $SOURCE6/64
	address "$name" r0 203.0.113.1/24 2001:db8:1::1/64
	default_route "$source" 203.0.113.1
	wire "$name" r1 internet "i$number"
	address "$name" r1 "$address/25"
	if [ "$number" = 1 ]; then
		address internet i1 192.0.2.126/25
		default_route "$name" 192.0.2.126
	else
		address internet i2 192.0.2.254/25
		default_route "$name" 192.0.2.254
	fi
	set_sysctl "$name" ipv4/ip_forward=1 ipv6/conf/all/forwarding=1
}

# internet MILLISECONDS: the hosts of the picture above; so long on the way from the gateway to
# the relay, and again back
internet() {
	host internet gateway viewer
	set_sysctl internet ipv4/ip_forward=1
	relay_host relay 1
	wire gateway g0 internet ig
	address gateway g0 $LOCAL/24
	address internet ig 198.51.100.1/24
	default_route gateway 198.51.100.1
	wire gateway g1 viewer v0
	address gateway g1 10.4.0.1/24
	address viewer v0 10.4.0.2/24
	default_route viewer 10.4.0.1
	if [ "$1" != 0 ]; then
		on internet tc qdisc add dev ig root netem delay "$1ms" limit 100000
		on gateway tc qdisc add dev g0 root netem delay "$1ms" limit 100000
	fi
}

# A second relay, with a source of the same address.
second_relay() {
	relay_host relay2 2
}

# ---- relays -------------------------------------------------------------------------------------

# kernel_relay HOST LOCAL: the driver's relay, fed with the source's stream in both families
kernel_relay() {
	local host=$1 address=$2

	ip -n "$NS$host" link add amtr type amt mode relay local "$address" dev r1 ||
		fail "the kernel makes no relay"
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

# A relay that follows RFC 7450 where the driver does not; see relay.py --help. Its state is in
# NAME.json.
# scripted_relay NAME HOST OPTION...
scripted_relay() {
	local name=$1 host=$2
	shift 2
	background "$name" "$host" "$RELAY_PY" --state "$TMP/$name.json" "$@"
	wait_for 10 test -s "$TMP/$name.json"
}

# relay_state NAME FILTER: from its state file
relay_state() {
	jq -r "$2" "$TMP/$1.json"
}

# ---- streams ------------------------------------------------------------------------------------

# send_stream NAME HOST DEV [OPTION...]: IPv4 unless --group says otherwise
send_stream() {
	local name=$1 host=$2 dev=$3
	shift 3
	background "$name" "$host" "$TOOLS/stream" send --dev "$dev" --port $PORT --group $GROUP "$@"
}

# receive_stream NAME HOST DEV [OPTION...]: source-specific
receive_stream() {
	local name=$1 host=$2 dev=$3
	shift 3
	: >"$TMP/$name.log"
	background "$name" "$host" "$TOOLS/stream" receive --dev "$dev" --port $PORT \
		--group $GROUP --source $SOURCE "$@"
}

# received NAME FILTER: from the receiver's line, after its end
received() {
	tail -n 1 "$TMP/$1.log" | jq -r "$2"
}

# ---- amtd ---------------------------------------------------------------------------------------

# amtd_root HOST: the root below which its amtd has its files
amtd_root() {
	[ -d "$TMP/$1" ] || mkdir -p "$TMP/$1/etc/amt" "$TMP/$1/run/amt" "$TMP/$1/usr/lib/amt" \
		"$TMP/$1/usr/local/lib/amt"
	echo "$TMP/$1"
}

# amtd_start HOST [OPTION...]: until it says that it is ready
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

# amtd_stop HOST: SIGTERM, and a clean end
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

# ctl HOST ARGUMENT...: amtctl there
ctl() {
	local host=$1
	shift
	AMTD_ROOT=$(amtd_root "$host") on "$host" "$AMTCTL" "$@"
}

# device HOST NAME FILTER: of the device's JSON object
device() {
	ctl "$1" --json=short status "$2" | jq -r ".[0] | $3"
}

# device_is HOST NAME FILTER VALUE
device_is() {
	local value
	value=$(device "$1" "$2" "$3")
	[ "$value" = "$4" ] || {
		echo "$3 is '$value'"
		return 1
	}
}

state_is() {
	device_is "$1" "$2" .state "$3"
}

# link HOST NAME FILTER: of the kernel's link, as ip tells it
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

# Packets that ever entered a queue of the host.
queued() {
	# shellcheck disable=SC2016 # for awk
	on "$1" awk '{ n += $8 } END { print n + 0 }' /proc/net/netfilter/nfnetlink_queue
}

# errors_of HOST ARGUMENT...: the exit status of amtctl, and what it said on stderr, in $STATUS,
# $ERROR and $OUTPUT
# shellcheck disable=SC2034 # for the scripts
errors_of() {
	STATUS=0
	OUTPUT=$(ctl "$@" 2>"$TMP/stderr") || STATUS=$?
	ERROR=$(cat "$TMP/stderr")
}
