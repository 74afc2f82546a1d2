#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memberships on the real kernel: filters in any order, low limits, interfaces that are removed.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need ip

kernel_test joins
