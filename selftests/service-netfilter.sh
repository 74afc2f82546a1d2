#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The nftables table and the queues on the real kernel: the rules, events about them, and which
# packets are changed, queued or untouched; names of interfaces that mean something to nft.
# kernel: full

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need nft ip
nft 'table ip probe { chain c { queue to 9; }; }' 2>/dev/null ||
	skip "the kernel has no nft_queue (CONFIG_NFT_QUEUE)"
nft delete table ip probe

kernel_test firewall names queue ttl tunnel-filter
