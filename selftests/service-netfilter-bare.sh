#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The nftables table on a kernel without nft_queue: everything but the queue works.
# kernel: bare

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need nft ip
if nft 'table ip probe { chain c { queue to 9; }; }' 2>/dev/null; then
	nft delete table ip probe
	skip "the kernel has nft_queue"
fi

kernel_test firewall
