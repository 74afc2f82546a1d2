/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The multicast routes of the kernel, of one family and table, as `ip mroute` lists them.
 */
#ifndef AMT_KERNEL_MROUTE_LIST_H
#define AMT_KERNEL_MROUTE_LIST_H

#include "base/address.h"
#include "kernel/netlink.h"

#include <stdint.h>

struct mroute_entry {
	struct address source, group;
	int incoming; /* ifindex */
};

/* All of them, in no order: free(*ret). table 0: the default one of the family. 0 or negative
 * errno. */
int mroute_list(struct netlink *netlink, sa_family_t family, uint32_t table,
		struct mroute_entry **ret, size_t *ret_n);

#endif
