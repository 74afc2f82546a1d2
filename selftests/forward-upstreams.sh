#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sources behind several upstreams, by the longest prefix: two gateways with a relay each, and an
# Ethernet; one of them goes, and comes back.
#
#  source  203.0.113.2  --- relay  ---.
#                                     internet --- gateway g1 --- viewer
#  source2 203.0.113.2  --- relay2 ---'               e0
#          (and .3)                                   |
#                                                   near 100.64.0.2

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need smcrouted smcroutectl

readonly THIRD=203.0.113.3 NEAR=100.64.0.2

# comes_from SOURCE DEV: by the kernel's route to the network; DEV "": there is none
comes_from() {
	local seen
	seen=$(ip -n "${NS}gateway" mroute show |
		sed -n "s/^($1,$GROUP) *Iif: \([^ ]*\) *Oifs: g1.*/\1/p")
	[ "$seen" = "$2" ] || {
		echo "from $1 it comes from '$seen'"
		return 1
	}
}

# joined SOURCE DEV: upstream
joined() {
	local -a bytes
	IFS=. read -ra bytes <<<"$1"
	on gateway cat /proc/net/mcfilter | grep -q " $2 .*$(printf '%02x' "${bytes[@]}")"
}

# watch NAME SOURCE
watch() {
	: >"$TMP/$1.log"
	background "$1" viewer "$TOOLS/stream" receive --dev v0 --port $PORT --group $GROUP \
		--source "$2" --count 40 --timeout 60
}

watched() {
	finish "$1" || fail "$1: $(cat "$TMP/$1.log")"
	expect "source of $1" "$2" "$(received "$1" .from)"
}

# near_link: the Ethernet to the near source, which may be made again
near_link() {
	wire near n0 gateway e0
	address near n0 $NEAR/24
	address gateway e0 100.64.0.1/24
}

internet 10
second_relay
host near
near_link
# The second relay's source is another one here.
ip -n "${NS}source2" address flush dev s0
address source2 s0 $THIRD/24
default_route source2 203.0.113.1
kernel_relay relay $RELAY
kernel_relay relay2 $RELAY2
on relay2 smcroutectl -u "$TMP/relay2.smcroute.sock" add r0 $THIRD $GROUP amtr || fail "smcroutectl"
send_stream tx source s0 --rate 20
send_stream tx3 source2 s0 --rate 20
send_stream near near n0 --rate 20
cat >"$(amtd_root gateway)/etc/amt/amt0.amt" <<-END
	[AMT]
	Link=g0
	[Relay]
	Address=$RELAY
	[Forward]
	Downstream=g1
	Upstream=amt0
	Upstream=amt1 $THIRD/32 198.51.100.0/24
	Upstream=e0 100.64.0.0/10
END
cat >"$(amtd_root gateway)/etc/amt/amt1.amt" <<-END
	[AMT]
	Link=g0
	[Relay]
	Address=$RELAY2
END
amtd_start gateway
wait_for 10 state_is gateway amt0 connected
wait_for 10 state_is gateway amt1 connected

step "each source is joined where it is, and comes from there"
watch a $SOURCE
watch b $THIRD
watch c $NEAR
wait_for 10 comes_from $SOURCE amt0
wait_for 10 comes_from $THIRD amt1
wait_for 10 comes_from $NEAR e0
check "joined" joined $SOURCE amt0
check "joined" joined $THIRD amt1
check "joined" joined $NEAR e0
refuse "joined elsewhere" joined $SOURCE amt1
refuse "joined elsewhere" joined $NEAR amt0
watched a $SOURCE
watched b $THIRD
watched c $NEAR

step "the Ethernet is taken away while somebody watches, and said so; the others go on"
watch c $NEAR
wait_for 10 comes_from $NEAR e0
end_background near
ip -n "${NS}gateway" link del e0
wait_for 5 device_is gateway amt0 '.forward.upstreams[] | select(.ifname == "e0") | .running' false
expect_match "log" "upstream e0 is absent or down" "$(amtd_log gateway)"
watch a $SOURCE
watched a $SOURCE

step "it is back under its name: whoever still watches gets it again, by itself"
near_link
send_stream near near n0 --rate 20
wait_for 10 comes_from $NEAR e0
watched c $NEAR

step "down, and up again"
watch c $NEAR
wait_for 10 comes_from $NEAR e0
ip -n "${NS}gateway" link set e0 down
wait_for 5 device_is gateway amt0 '.forward.upstreams[] | select(.ifname == "e0") | .running' false
ip -n "${NS}gateway" link set e0 up
wait_for 10 comes_from $NEAR e0
watched c $NEAR

step "a gateway goes with its file, and comes back with it"
watch b $THIRD
wait_for 10 comes_from $THIRD amt1
mv "$(amtd_root gateway)/etc/amt/amt1.amt" "$TMP/amt1.amt"
check "reload" ctl gateway reload
wait_for 10 not exists gateway amt1
mv "$TMP/amt1.amt" "$(amtd_root gateway)/etc/amt/amt1.amt"
check "reload" ctl gateway reload
wait_for 15 state_is gateway amt1 connected
wait_for 15 comes_from $THIRD amt1
watched b $THIRD

step "nobody watches: nothing is joined anywhere"
wait_for 10 not joined $SOURCE amt0
wait_for 10 not joined $THIRD amt1
wait_for 10 not joined $NEAR e0
expect "failures" null "$(device gateway amt0 .forward.ipv4.failure)"
