#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The nftables table and the queues on the real kernel: what is written, what is noticed, what
# packets go through it changed, queued or untouched.
# kernel: full

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

need nft ip
nft 'table ip probe { chain c { queue to 9; }; }' 2>/dev/null ||
	skip "the kernel has no nft_queue (CONFIG_NFT_QUEUE)"
nft delete table ip probe

# Each makes network namespaces of its own.
for test in firewall queue ttl; do
	step "tests/kernel/test-$test"
	"$AMTD_BUILD/tests/kernel/test-$test" || fail "test-$test"
done
