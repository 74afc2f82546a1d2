#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rtnetlink on the real kernel: links, addresses, routes and their events, what is asked for and
# what is there, the kernel's own words for errors, an exchange that breaks off.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need ip

step "tests/kernel/test-netlink"
"$AMTD_BUILD/tests/kernel/test-netlink" || fail "test-netlink"
