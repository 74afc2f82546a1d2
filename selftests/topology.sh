# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hosts, cables and topologies of the selftests. Sourced by lib.sh.
#
# internet:
#
#  source ------------ relay ------------. internet .----------- gateway ------------ viewer
#   s0   203.0.113.0/24  r0  r1            i1     ig            g0  g1              v0
#   .2                   .1  192.0.2.1     .254   198.51.100.1  .2  10.4.0.1        10.4.0.2
#   2001:db8:1::2        ::1

# shellcheck disable=SC2034 # for the scripts
readonly SOURCE=203.0.113.2 GROUP=232.1.1.1 SOURCE6=2001:db8:1::2 GROUP6=ff3e::8000:1 PORT=5000 \
	RELAY=192.0.2.1 RELAY2=192.0.2.129 LOCAL=198.51.100.2 AMT_PORT=2268

# ---- hosts and cables ---------------------------------------------------------------------------

# host NAME...: namespaces, with rp_filter as systemd's defaults set it
host() {
	local name
	printf "netns add $NS%s\n" "$@" | ip -batch -
	for name in "$@"; do
		set_sysctl "$name" ipv4/conf/default/rp_filter=2 ipv4/conf/all/rp_filter=0 \
			ipv4/ip_forward=0
		ip -n "$NS$name" link set lo up
	done
}

# wire HOST DEV HOST DEV: a veth pair between the two
wire() {
	ip link add dev "$2" netns "$NS$1" type veth peer dev "$4" netns "$NS$3"
}

# address HOST DEV ADDRESS...: add them and set the device up
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

# make_bridge HOST NAME PORT...: a bridge of these ports, all up
make_bridge() {
	local host=$1 bridge=$2 port
	shift 2
	{
		echo "link add $bridge up type bridge forward_delay 0"
		for port in "$@"; do
			echo "link set $port master $bridge up"
		done
	} | ip -n "$NS$host" -batch -
}

# link_local HOST DEV: its IPv6 link-local address; nothing while it is tentative
link_local() {
	ip -n "$NS$1" -6 -o address show dev "$2" scope link -tentative |
		sed -n 's/.* inet6 \([^/ ]*\).*/\1/p' | head -n 1
}

has_link_local() {
	[ -n "$(link_local "$1" "$2")" ]
}

# ---- topologies ---------------------------------------------------------------------------------

# relay_host NAME NUMBER: a relay's host on the internet with a source's network behind it.
# NUMBER 1: RELAY, source; 2: RELAY2, source2. Both sources have the same address, so that the
# stream is the same whichever relay it comes from.
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

# internet MILLISECONDS: the hosts of the diagram above, with this one-way delay between gateway and
# relay in each direction
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

# source2 --- relay2 (RELAY2) --- internet: a second relay beside the first
second_relay() {
	relay_host relay2 2
}

# net_one_relay MILLISECONDS: internet, with the driver's relay on relay
net_one_relay() {
	internet "$1"
	kernel_relay relay $RELAY
}

# net_two_relays MILLISECONDS: net_one_relay, and source2 --- relay2 with the driver's relay, too
net_two_relays() {
	net_one_relay "$1"
	second_relay
	kernel_relay relay2 $RELAY2
}

# lan_behind_proxy OUTER INNER: without AMT; IPv6 link-local addresses are ready at once
#
#  OUTER u0 ------------- eth0 gateway g1 ------------- v0 INNER
#        203.0.113.2   203.0.113.1   10.4.0.1     10.4.0.2
#        2001:db8:1::2 2001:db8:1::1
lan_behind_proxy() {
	local outer=$1 inner=$2 end where dev
	local ends=("$outer u0" "gateway eth0" "gateway g1" "$inner v0")

	host "$outer" gateway "$inner"
	wire "$outer" u0 gateway eth0
	wire gateway g1 "$inner" v0
	for end in "${ends[@]}"; do
		read -r where dev <<<"$end"
		set_sysctl "$where" "ipv6/conf/$dev/accept_dad=0"
	done
	address "$outer" u0 $SOURCE/24 $SOURCE6/64
	address gateway eth0 203.0.113.1/24 2001:db8:1::1/64
	address gateway g1 10.4.0.1/24
	address "$inner" v0 10.4.0.2/24
	default_route "$inner" 10.4.0.1
	for end in "${ends[@]}"; do
		read -r where dev <<<"$end"
		wait_for 10 has_link_local "$where" "$dev"
	done
}

# net_dns ADDRESS...: gateway g0 (LOCAL) --- d0 dns, a name server's host, which is the router, too
net_dns() {
	host gateway dns
	wire gateway g0 dns d0
	address gateway g0 $LOCAL/24
	address dns d0 "${@/%//24}"
	default_route gateway "$1"
}
