#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Invalid input on the command line and in files: one line with the error and a hint, the right exit
# status, no partial changes, and amtd goes on.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_one_relay 0
run=$TMP/gateway/run/amt etc=$TMP/gateway/etc/amt

# refused STATUS REGEX ARGUMENT...: amtctl ends with this status and one line on stderr
refused() {
	local status=$1 regex=$2
	shift 2
	errors_of gateway "$@"
	expect "exit status of 'amtctl $*' ('$ERROR')" "$status" "$STATUS"
	expect "lines on stderr of 'amtctl $*' ('$ERROR')" 1 "$(wc -l <<<"$ERROR")"
	expect_match "'amtctl $*'" "$regex" "$ERROR"
	expect "stdout of 'amtctl $*'" "" "$OUTPUT"
}

# only_devices NAMES: there are no others, as amtd, the kernel and the files have it
only_devices() {
	expect "devices" "$1" "$(ctl gateway list --json=short | jq -r '[.[].ifname] | join(" ")')"
	expect "amt interfaces" "$1" "$(ip -n "${NS}gateway" -j link show type amt |
		jq -r '[.[].ifname] | join(" ")')"
	expect "device files" "$(for name in $1; do echo "$run/$name.amt"; done)" \
		"$(find "$run" -name '*.amt')"
}

step "without amtd: exit 4"
amtd_root gateway >/dev/null
refused 4 'amtd.*not running|systemctl start amtd' create amt0 --link g0 --relay $RELAY
refused 4 'not running|systemctl start amtd' delete amt0
refused 4 'not running|systemctl start amtd' reload

amtd_start gateway

step "usage: exit 2"
long=abcdefghijklmnop
refused 2 frobnicate frobnicate
refused 2 'did you mean' creat amt0
refused 2 '--frobnicate' list --frobnicate
refused 2 '--json' list --json=loud
refused 2 'NAME' create
refused 2 'amt1' create amt0 amt1 --link g0 --relay $RELAY
refused 2 'link' create amt0 --relay $RELAY
refused 2 'relay' create amt0 --link g0
refused 2 '15 bytes' create $long --link g0 --relay $RELAY
refused 2 'name' create a/b --link g0 --relay $RELAY
refused 2 'name' create '' --link g0 --relay $RELAY
refused 2 'name' create . --link g0 --relay $RELAY
refused 2 'name' create ' ' --link g0 --relay $RELAY
refused 2 'link' create amt0 --link $long --relay $RELAY
for bad in 192.0.2 192.0.2.1.1 192.0.2.256 127.0.0.1 0.0.0.0 224.0.0.1 255.255.255.255 ::1 \
	2001:db8::1 relay.example '' '192.0.2.1 '; do
	refused 2 'relay' create amt0 --link g0 --relay "$bad"
	refused 2 'local' create amt0 --link g0 --relay $RELAY --local "$bad"
	refused 2 'rewrite' create amt0 --link g0 --relay $RELAY --rewrite "any=$bad"
done
for bad in '' any 10.0.0.0/8 "10.0.0.1/8=$RELAY" "10.0.0.0/33=$RELAY" "=$RELAY" "x=$RELAY"; do
	refused 2 'rewrite' create amt0 --link g0 --relay $RELAY --rewrite "$bad"
done
for bad in 0 65536 -1 x '' 99999999999999999999 1.5 0x10; do
	refused 2 'port' create amt0 --link g0 --relay $RELAY --port "$bad"
	refused 2 'relay-port' create amt0 --link g0 --relay $RELAY --relay-port "$bad"
done
refused 2 'mtu' create amt0 --link g0 --relay $RELAY --mtu 0
refused 2 'tunnels' create amtr --link g0 --mode relay --max-tunnels none
refused 2 'mode' create amt0 --link g0 --relay $RELAY --mode bridge
refused 2 'relay' create amtr --link g0 --mode relay --relay $RELAY
only_devices ""

step "no such device: exit 3"
refused 3 amt7 status amt7
refused 3 amt7 delete amt7
refused 3 amt7 cat amt7

step "errors of the kernel: exit 1, with its extack"
refused 1 nosuch create amt0 --link nosuch --relay $RELAY
refused 1 'Ethernet' create amt0 --link lo --relay $RELAY
refused 1 'exists' create g1 --link g0 --relay $RELAY
background taken gateway socat -u UDP4-RECV:4444 /dev/null
wait_for 5 sh -c "nsenter --net=/run/netns/${NS}gateway ss -uln | grep -q :4444"
refused 1 '4444' create amt0 --link g0 --relay $RELAY --port 4444
refused 1 'MTU|mtu' create amt0 --link g0 --relay $RELAY --mtu 60000
only_devices ""

step "a name or a port of another device"
check "create" ctl gateway create amt0 --link g0 --relay $RELAY --port 5555
refused 1 amt0 create amt0 --link g0 --relay $RELAY
refused 1 5555 create amt1 --link g0 --relay $RELAY --port 5555
only_devices amt0

step "amtctl does not delete a device of a file in /etc"
write_gateway mine $RELAY
check "reload" ctl gateway reload
check "the device" exists gateway mine
refused 1 "$etc/mine\\.amt" delete mine
check "the device" exists gateway mine
rm "$etc/mine.amt"
check "reload" ctl gateway reload

step "malformed files are logged, and the rest works"
head -c 5000 /dev/urandom >"$etc/junk.amt"
{
	printf '[AMT]\nLink=g0\nDescription='
	head -c 1000000 /dev/zero | tr '\0' x
	printf '\n[Relay]\nAddress=%s\n' $RELAY
} >"$etc/line.amt"
{
	printf '[AMT]\nLink=g0\n[Relay]\nAddress=%s\n' $RELAY
	awk 'BEGIN { for (i = 0; i < 600000; i++) print "# filler" }'
} >"$etc/huge.amt"
printf '[AMT]\r\nLink=g0\r\n[Relay]\r\nAddress=%s\r\n' $RELAY >"$etc/dos.amt"
printf '[AMT]\nLink=g0\n[Relay]\nAddress=%s' $RELAY >"$etc/unended.amt"
mkdir "$etc/directory.amt"
ln -s nowhere "$etc/dangling.amt"
logged=$(amtd_log gateway | wc -l)
check "reload" ctl gateway reload
for name in junk line huge directory; do
	tail -n "+$((logged + 1))" "$TMP/amtd-gateway.log" | grep -q "$name\.amt" ||
		fail "no warning about $name.amt"
done
[ "$(amtd_log gateway | awk '{ if (length > n) n = length } END { print n }')" -lt 2000 ] ||
	fail "a log line of 2000 characters or more"
if amtd_log gateway | LC_ALL=C grep -q $'[\x01-\x08\x0e-\x1f\x7f]'; then
	fail "the log holds control characters"
fi
check "the device of a file without a newline at its end" exists gateway unended
check "the device of a file with one long line" exists gateway line
refuse "the device of a huge file" exists gateway huge

step "amtd still runs, and so does its device"
wait_for 10 state_is gateway amt0 connected
