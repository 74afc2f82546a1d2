# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Debian packages that the build, the demo and the tests need. Sourced.
# shellcheck disable=SC2034 # for those who source it

PACKAGES_BUILD=(gcc libc6-dev meson ninja-build pkg-config libsystemd-dev libnl-3-dev
	libnl-route-3-dev libmnl-dev libnetfilter-queue-dev libnftables-dev libjansson-dev
	libsmartcols-dev libunbound-dev libcmocka-dev)

# To build the User-Mode Linux kernels, and the programs that the selftests run.
PACKAGES_SELFTESTS=(linux-source-6.1 make flex bison bc xz-utils libelf-dev perl-base
	iproute2 igmpproxy kmod util-linux procps nftables iptables jq socat smcroute python3 strace
	tcpdump mount passwd man-db knot knot-dnsutils knot-dnssecutils
	bind9 bind9-utils bind9-dnsutils dns-root-data systemd)

PACKAGES_CHECKS=(clang clang-format cppcheck libclang-rt-14-dev shellcheck mandoc
	valgrind git ca-certificates)

# What tests/coverage.sh counts lines with, and what the daemon's unit tests are skipped without.
PACKAGES_COVERAGE=(gcovr iproute2 nftables)

# install_packages PACKAGE...: those that are missing
install_packages() {
	local package missing=()

	for package in "$@"; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		echo "These packages are missing, and only root may install them:" >&2
		echo "  sudo apt-get install ${missing[*]}" >&2
		return 1
	fi
	echo "Installing ${missing[*]}"
	apt-get update -qq || return
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		"${missing[@]}" >/tmp/amtd-apt.log 2>&1 && return
	tail -n 5 /tmp/amtd-apt.log >&2
	return 1
}
