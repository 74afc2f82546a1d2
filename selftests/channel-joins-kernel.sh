#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memberships against the kernel: filters in any order, small limits, interfaces that vanish.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need ip

step "tests/kernel/test-joins"
"$AMTD_BUILD/tests/kernel/test-joins" || fail "test-joins"
