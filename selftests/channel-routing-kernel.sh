#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Multicast routing sockets on the real kernel: packets routed, upcalls, counters, separate tables,
# interfaces that are removed.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need ip

kernel_test mroute
