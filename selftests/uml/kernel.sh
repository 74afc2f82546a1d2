#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Build the User-Mode Linux kernels that the selftests run on, each once, and print their paths.
# usage: kernel.sh [full|noqueue|bare|demo]...
#
# full     everything the selftests use (the default)
# noqueue  the same without nft_queue
# bare     without amt as well, as many distributions ship it
# demo     what the demonstration needs, quicker to build; full where that is there already
#
# Only those asked for are built; in one call they share what they have in common.
#
# The kernel comes from Debian's linux-source package and is kept in a cache outside the checkout,
# named by the source's version and the configuration, so that a change of either builds it again.
#
# AMTD_CACHE: the cache's directory (default: $XDG_CACHE_HOME/amtd or ~/.cache/amtd)

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${AMTD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/amtd}
source=/usr/src/linux-source-6.1.tar.xz
[ $# -gt 0 ] || set -- full
# Timer interrupts a second. User-Mode Linux fixes 100 in its Kconfig; Debian's own kernels run at
# 250, and a host's first IGMP report waits for one or two of these steps.
hz=250
# Bytes of a processor's extended state, which User-Mode Linux 6.1 keeps in arrays of 2,696: too few
# where the processor has AMX (11,008), and there no process runs ("ptrace set fp regs failed").
# Such an array is at the bottom of each kernel stack, and another on it in a signal's handler:
# hence CONFIG_KERNEL_STACK_ORDER.
xstate=12288

die() {
	echo "kernel.sh: $*" >&2
	exit 1
}

# Configuration besides kernel.config.
declare -A options=(
	[full]=''
	[noqueue]='CONFIG_NFT_QUEUE=n'
	[bare]=$'CONFIG_AMT=n\nCONFIG_NFT_QUEUE=n'
	[demo]=$(cat "$here/demo.config")
)
# Of the compiler, which takes most of the time.
declare -A flags=([demo]=-O1)
for variant in "$@"; do
	[ -n "${options[$variant]+set}" ] ||
		die "unknown kernel '$variant': it is full, noqueue, bare or demo"
done

[ -r "$source" ] || die "$source is missing: apt-get install linux-source-6.1"

key=$({
	dpkg-query -W -f='${Version}' linux-source-6.1
	cat "$here/kernel.config" "$here/demo.config"
	echo "HZ $hz"
	echo "xstate $xstate"
} | sha256sum | cut -c1-12)
path_of() {
	local variant=$1

	[ "$variant" != demo ] || [ ! -x "$cache/linux-um-$key-full" ] || variant=full
	echo "$cache/linux-um-$key-$variant"
}

# find_missing VARIANT...: those that are not built yet
find_missing() {
	local variant

	missing=()
	for variant in "$@"; do
		[ -x "$(path_of "$variant")" ] || missing+=("$variant")
	done
}

print_paths() {
	local variant

	for variant in "$@"; do
		path_of "$variant"
	done
}

# end_if_built VARIANT...: all of them
end_if_built() {
	find_missing "$@"
	if [ ${#missing[@]} -eq 0 ]; then
		print_paths "$@"
		exit 0
	fi
}

end_if_built "$@"
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
end_if_built "$@" # another process may have built them meanwhile

build=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$build"' EXIT
log=$cache/build.log
: >"$log"
echo "Building User-Mode Linux kernels, once (${missing[*]}); log: $log" >&2

make_um() {
	make -C "$build" ARCH=um KBUILD_BUILD_USER=amtd KBUILD_BUILD_HOST=selftests "$@"
}

# build_kernel VARIANT: in the tree as the one before left it
build_kernel() {
	local out pid start=$SECONDS

	out=$(path_of "$1")
	# The last line about an option counts; of several Kconfig warns.
	printf '%s\n' "$(<"$here/kernel.config")" "${options[$1]}" |
		tac | awk -F '[=#]' '/^CONFIG_/ && !seen[$1]++' | tac >"$build/fragment"
	make_um allnoconfig KCONFIG_ALLCONFIG="$build/fragment" >>"$log" 2>&1 ||
		die "configuring failed: see $log"

	make_um -j"$(nproc)" KCFLAGS="${flags[$1]-}" linux >>"$log" 2>&1 &
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
# replace FILE LINES OLD NEW: as sed has it; NEW is there in the end
replace() {
	sed -i "$2s/$3/$4/" "$build/$1"
	grep -q "$4" "$build/$1" || die "$1 does not have '$3' any more"
}

replace arch/um/Kconfig '/^config HZ$/,/^$/' 'default 100$' "default $hz"
replace arch/x86/um/user-offsets.c '' 'HOST_FP_SIZE, 2696)' "HOST_FP_SIZE, $xstate)"
for variant in "${missing[@]}"; do
	build_kernel "$variant"
done

print_paths "$@"
