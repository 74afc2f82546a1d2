#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Build the User-Mode Linux kernels that the selftests run on, once, and print the path of one.
# usage: kernel.sh [full|noqueue|bare]
#
# full     everything the selftests use
# noqueue  the same without nft_queue
# bare     without amt as well, as many a distribution ships it: how amtd tells the user
#
# The kernel comes from Debian's linux-source package and is kept in a cache outside the checkout,
# named by the source's version and the configuration, so that a change of either builds anew.
#
# AMTD_CACHE: the cache's directory (default: $XDG_CACHE_HOME/amtd or ~/.cache/amtd)

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${AMTD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/amtd}
source=/usr/src/linux-source-6.1.tar.xz
variant=${1:-full}
# Timer interrupts a second. User-Mode Linux fixes 100 in its Kconfig; Debian's own kernels run at
# 250, and a host's first IGMP report waits for one or two of these steps.
hz=250

die() {
	echo "kernel.sh: $*" >&2
	exit 1
}

case $variant in
full | noqueue | bare) ;;
*) die "unknown kernel '$variant': it is full, noqueue or bare" ;;
esac

[ -r "$source" ] || die "$source is missing: apt-get install linux-source-6.1"

key=$({
	dpkg-query -W -f='${Version}' linux-source-6.1
	cat "$here/kernel.config"
	echo "HZ $hz"
} | sha256sum | cut -c1-12)
kernel=$cache/linux-um-$key-$variant

if [ -x "$kernel" ]; then
	echo "$kernel"
	exit 0
fi

mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
if [ -x "$kernel" ]; then # somebody else built it while this one waited
	echo "$kernel"
	exit 0
fi

build=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$build"' EXIT
log=$cache/build.log
: >"$log"
echo "Building the User-Mode Linux kernels, once (about 5 minutes on 2 cores); log: $log" >&2

make_um() {
	make -C "$build" ARCH=um KBUILD_BUILD_USER=amtd KBUILD_BUILD_HOST=selftests "$@"
}

# build_kernel VARIANT [CONFIG_LINE...]
build_kernel() {
	local out=$cache/linux-um-$key-$1 pid start=$SECONDS
	shift

	{
		cat "$here/kernel.config"
		printf '%s\n' "$@"
	} >"$build/fragment"
	make_um allnoconfig KCONFIG_ALLCONFIG="$build/fragment" >>"$log" 2>&1 ||
		die "configuring failed: see $log"

	make_um -j"$(nproc)" linux >>"$log" 2>&1 &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		printf '\r  %d s, %d objects compiled ' $((SECONDS - start)) \
			"$(grep -c '^  CC ' "$log" || true)" >&2
	done
	echo >&2
	wait "$pid" || die "the build failed: see $log"
	strip -o "$out.new" "$build/linux"
	mv "$out.new" "$out"
}

tar -xf "$source" -C "$build" --strip-components=1
sed -i "/^config HZ$/,/^$/s/default 100$/default $hz/" "$build/arch/um/Kconfig"
grep -q "default $hz\$" "$build/arch/um/Kconfig" || die "HZ is not where it was in arch/um/Kconfig"
build_kernel full
build_kernel noqueue CONFIG_NFT_QUEUE=n
build_kernel bare CONFIG_AMT=n CONFIG_NFT_QUEUE=n
rm -f "$build"/linux

echo "$kernel"
