#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Multicast routing sockets against the kernel: packets routed, upcalls, counters, own tables,
# interfaces that vanish.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need ip

step "tests/kernel/test-mroute"
"$AMTD_BUILD/tests/kernel/test-mroute" || fail "test-mroute"
