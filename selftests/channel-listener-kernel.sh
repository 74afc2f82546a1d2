#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packet sockets for IGMP and MLD on the real kernel: a host's Reports, Leaves and answers to a Query,
# devices without link-layer addresses, interfaces that go down and are removed.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need ip

kernel_test listener
