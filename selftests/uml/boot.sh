# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Start a User-Mode Linux that runs one command on an overlay of the host's root. Sourced.

UML_DIRECTORY=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# uml_start JOB KERNEL travel|real COMMAND...: in the background, as $!; its output is the
# command's. JOB is an empty directory, which has the file status with the command's exit status at
# the end. The variables named AMTD_* are passed on. In time-travel mode the clock jumps to the next
# timer whenever everything sleeps.
#
# A path must hold no blanks where the kernel's command line has it: JOB and KERNEL.
uml_start() {
	local job=$1 kernel=$2 time=$3 travel=()
	shift 3

	ln -s "$UML_DIRECTORY/init" "$job/init"
	{
		declare -px | grep -a '^declare -x AMTD_[A-Z_]*=' || true
		printf 'command=('
		printf '%q ' "$@"
		printf ')\n'
	} >"$job/command"
	[ "$time" = real ] || travel=(time-travel=inf-cpu)
	"$kernel" mem=512M rootfstype=hostfs rootflags=/ ro init="$job/init" \
		con=null ssl=null con0=fd:0,fd:1 quiet "${travel[@]}" </dev/null &
}

# uml_kill PID: User-Mode Linux makes itself the leader of a process group, with the processes of
# its guest in it, which go on by themselves when their kernel is gone.
uml_kill() {
	kill -KILL -- "-$1"
	kill -KILL "$1"
} 2>/dev/null

# True when the running kernel makes amt devices: the error then is about a missing attribute.
kernel_has_amt() {
	local answer

	[ "$(id -u)" = 0 ] || return 1
	answer=$(unshare -n ip link add amt0 type amt 2>&1)
	[[ $answer != *"Unknown device type"* && $answer != *"not permitted"* ]]
}
