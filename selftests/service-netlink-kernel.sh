#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rtnetlink on the real kernel: links, addresses, routes and their events, requests and dumps, extack
# messages, an exchange that breaks off.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need ip

kernel_test netlink
