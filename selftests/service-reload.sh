#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Device files are changed and reloaded: the differences are applied, everything else is untouched.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

net_two_relays 0
send_stream tx source s0
# The port tells it from the first relay's.
send_stream tx2 source2 s0 --port $((PORT + 1))
etc=$TMP/gateway/etc/amt run=$TMP/gateway/run/amt lib=$TMP/gateway/usr/lib/amt
amtd_root gateway >/dev/null

# Each device has its own address: the driver's relay identifies gateways by address only.
declare -A locals=([steady]=198.51.100.3 [one]=198.51.100.4 [two]=198.51.100.5
	[three]=198.51.100.6 [broken]=198.51.100.7 [other]=198.51.100.8)
address gateway g0 "${locals[@]/%//24}"

# write_file PATH RELAY [LINE...]: LINE: in [AMT], from line 4 on
write_file() {
	local path=$1 relay=$2 name
	name=$(basename "$path" .amt)
	shift 2
	{
		printf '[AMT]\nLink=g0\nLocal=%s\n' "${locals[$name]}"
		printf '%s\n' "$@"
		printf '[Relay]\nAddress=%s\n' "$relay"
	} >"$path"
}

ifindex_of() {
	link gateway "$1" .ifindex
}

# warned REGEX: in the log since the last reload
warned() {
	tail -n "+$((logged + 1))" "$TMP/amtd-gateway.log" | grep -Eq "$1"
}

reload() {
	logged=$(amtd_log gateway | wc -l)
	check "reload" ctl gateway reload
	sleep 0.5
}

step "files are read at start, by precedence"
write_file "$lib/steady.amt" $RELAY
write_file "$lib/one.amt" $RELAY2
write_file "$etc/one.amt" $RELAY "Description=from etc"
amtd_start gateway
wait_for 10 state_is gateway steady connected
wait_for 10 state_is gateway one connected
expect "the file" "$etc/one.amt" "$(device gateway one .file)"
expect "the relay" $RELAY "$(device gateway one .relay.configured[0])"
steady=$(ifindex_of steady) one=$(ifindex_of one)

step "the steady device's stream, through all reloads"
receive_stream rx gateway steady
sleep 3

step "nothing has changed: nothing is done"
reload
expect "ifindex" "$one" "$(ifindex_of one)"

step "a new file makes a new device; SIGHUP reloads"
write_file "$run/two.amt" $RELAY2
kill -HUP "${PIDS[amtd-gateway]}"
wait_for 10 exists gateway two
wait_for 10 state_is gateway two connected

step "description and MTU are changed in place"
write_file "$etc/one.amt" $RELAY "Description=another" "MTUBytes=1300"
reload
wait_for 5 device_is gateway one .mtu 1300
expect "description" another "$(device gateway one .description)"
expect "ifindex" "$one" "$(ifindex_of one)"

step "a drop-in sets sysctls; without it they are restored"
mkdir -p "$etc/one.amt.d"
printf '[Sysctl]\nipv4.igmpv3_unsolicited_report_interval=333\nipv4.proxy_arp=1\n' \
	>"$etc/one.amt.d/10-slow.conf"
default=$(sysctl_of gateway ipv4/conf/one/igmpv3_unsolicited_report_interval)
reload
expect "interval" 333 "$(sysctl_of gateway ipv4/conf/one/igmpv3_unsolicited_report_interval)"
expect "proxy_arp" 1 "$(sysctl_of gateway ipv4/conf/one/proxy_arp)"
expect "drop-ins" "$etc/one.amt.d/10-slow.conf" "$(device gateway one '.dropins | join(" ")')"
rm "$etc/one.amt.d/10-slow.conf"
reload
expect "interval" "$default" \
	"$(sysctl_of gateway ipv4/conf/one/igmpv3_unsolicited_report_interval)"
expect "proxy_arp, restored" 0 "$(sysctl_of gateway ipv4/conf/one/proxy_arp)"
expect "ifindex" "$one" "$(ifindex_of one)"

step "another relay is used at once"
write_file "$etc/one.amt" $RELAY2
reload
receive_stream rx2 gateway one --port $((PORT + 1)) --count 50 --timeout 30
finish rx2 || fail "no stream of the second relay: $(cat "$TMP/rx2.log")"

step "a change of the port makes a new device"
one=$(ifindex_of one)
write_file "$etc/one.amt" $RELAY2 "Port=5700"
reload
wait_for 10 state_is gateway one connected
expect "port" 5700 "$(link gateway one .linkinfo.info_data.relay_port)"
[ "$(ifindex_of one)" != "$one" ] || fail "the same device with another port"

step "a malformed file is logged and affects no other"
printf '[AMT]\nLink=g0\nNonsense=1\nPort=nine\njust words\n[Nowhere]\nX=1\n' >"$etc/broken.amt"
write_file "$etc/three.amt" $RELAY
reload
warned 'broken\.amt:3: .*Nonsense' || fail "no warning of the unknown key"
warned 'broken\.amt:4: .*Port' || fail "no warning of the bad value"
warned 'broken\.amt:5: ' || fail "no warning of the line without an assignment"
warned 'broken\.amt:7: .*Nowhere' || fail "no warning of the unknown section"
warned 'broken\.amt: .*Address=' || fail "no warning of the missing relay"
wait_for 10 state_is gateway three connected
refuse "the broken device" exists gateway broken

step "invalid values alone are ignored"
write_file "$etc/broken.amt" $RELAY "MTUBytes=many" "Port=70000"
reload
warned 'broken\.amt:4: .*MTUBytes' || fail "no warning of the bad value"
wait_for 10 state_is gateway broken connected

step "a link to /dev/null and an empty file mask; a removed file removes its device"
ln -sf /dev/null "$etc/one.amt"
: >"$run/two.amt"
rm "$etc/three.amt" "$etc/broken.amt"
reload
for name in one two three broken; do
	refuse "the device $name" exists gateway $name
done

step "unmasked: the file of lower precedence is used"
rm "$etc/one.amt"
reload
wait_for 10 state_is gateway one connected
expect "the file" "$lib/one.amt" "$(device gateway one .file)"

step "[Match] limits a file to a host"
write_file "$etc/other.amt" $RELAY
printf '[Match]\nHost=somebody-else\n' >>"$etc/other.amt"
reload
refuse "the device of another host" exists gateway other

end_background rx
expect "ifindex of the steady one" "$steady" "$(ifindex_of steady)"
expect "packets lost" 0 "$(received rx .lost)"
[ "$(received rx .received)" -gt 100 ] || fail "too few packets: $(cat "$TMP/rx.log")"
