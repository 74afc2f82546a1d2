#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Under systemd, with the installed unit: amtd works within its sandbox, and memberships and streams
# survive restarts.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need meson unshare
[ "$(cat /proc/1/comm)" = init ] || skip "it installs to /usr/local: in User-Mode Linux only"
[ -x /lib/systemd/systemd ] || skip "systemd is not installed"

# systemd as the first process of a container on the gateway.
cat >"$TMP/boot.sh" <<-'END'
	mount --make-rprivate /
	mount -t tmpfs -o mode=755 tmpfs /run
	mount -t tmpfs tmpfs /tmp # it is emptied at every boot
	mkdir -p /run/lock
	mount -t tmpfs tmpfs /sys/fs/cgroup 2>/dev/null
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	exec env -i PATH="$PATH" container=amtd SYSTEMD_LOG_TARGET=console /lib/systemd/systemd \
		--unit=amtd.service --show-status=no
END

systemd_pid() {
	pgrep -f '^/lib/systemd/systemd --unit=amtd' | head -n 1
}

# in_container COMMAND...
in_container() {
	nsenter --target "$(systemd_pid)" --mount --pid --net -- "$@"
}

is_active() {
	[ -n "$(systemd_pid)" ] && in_container systemctl is-active amtd.service
}

property() {
	in_container systemctl show --value --property "$1" amtd.service
}

connected() {
	[ "$(in_container amtctl --json=short status amt0 | jq -r '.[0].state')" = connected ]
}

has_restarted() {
	[ "$(property MainPID)" != "$1" ] && is_active
}

check "install" meson install -C "$AMTD_BUILD" --no-rebuild
check "the unit's user" systemd-sysusers
check "exposed by 2.0 at most" systemd-analyze security --offline=yes --no-pager --threshold=20 \
	/usr/local/lib/systemd/system/amtd.service
mkdir -p /etc/amt
cat >/etc/amt/amt0.amt <<-END
	[AMT]
	Link=g0
	[Relay]
	Address=$RELAY
	[Membership]
	Join=$SOURCE,$GROUP
	[Forward]
	Downstream=g1
END
net_one_relay 10
send_stream tx source s0

step "systemd starts it, and it becomes ready"
background systemd gateway unshare --pid --fork --mount --mount-proc --cgroup \
	bash "$TMP/boot.sh"
wait_for 60 is_active
wait_for 20 connected

step "it has a user of its own, and two capabilities"
mapfile -t ids < <(in_container sed -En 's/^(Uid|CapEff):\t([0-9a-f]+).*/\2/p' \
	"/proc/$(property MainPID)/status")
expect "user" "$(id -u amtd)" "${ids[0]}"
# CAP_NET_ADMIN 12, CAP_NET_RAW 13
expect "capabilities" "$(printf '%016x' $((1 << 12 | 1 << 13)))" "${ids[1]}"

step "it forwards in its sandbox, which takes all of its kinds of sockets"
receive_stream rx viewer v0 --count 100 --timeout 20
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "problems" "[]" \
	"$(in_container amtctl --json=short status amt0 | jq -c '[.. | .error?, .failure? | strings]')"

step "killed in mid-stream and restarted: an application that only binds loses nothing"
[ "$(property NFileDescriptorStore)" -gt 0 ] || fail "no membership in the fd store"
start_receiver rx gateway --group $GROUP --count 1000 --timeout 60
sleep 2
pid=$(property MainPID)
in_container systemctl kill --signal=KILL amtd.service
wait_for 20 has_restarted "$pid"
pid=$(property MainPID)
check "restart" in_container systemctl restart amtd.service
wait_for 20 has_restarted "$pid"
finish rx || fail "no stream: $(cat "$TMP/rx.log")"
expect "lost" 0 "$(received rx .lost)"

step "reload and stop"
check "reload" in_container systemctl reload amtd.service
check "stop" in_container systemctl stop amtd.service
expect "result" success "$(property Result)"
