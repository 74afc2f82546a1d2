#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packet sockets for IGMP and MLD against the kernel: what a host that joins and leaves says, what it
# answers to a Query, devices without link-layer addresses, interfaces that go down and vanish.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need ip

step "tests/kernel/test-listener"
"$AMTD_BUILD/tests/kernel/test-listener" || fail "test-listener"
