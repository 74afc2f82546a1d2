/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables table `ip amtd-relay`: what a relay device sends into its tunnels. The driver copies all
 * packets of a group to each tunnel that has the group (amt_dev_xmit() of drivers/net/amt.c); of
 * these the table lets pass what each gateway asked for, by source, and counts and drops the rest.
 * Packets of tunnels that were not described pass.
 *
 * The table belongs to this process's netlink socket (NFT_TABLE_F_OWNER, Linux 5.12): the kernel
 * removes it when the process ends, in whatever way, and then all pass.
 *
 * A packet may see a transaction half done. So additions to what passes are a transaction of their
 * own, before the one with what no longer does.
 *
 * Ports are in host byte order.
 */
#ifndef AMT_KERNEL_TUNNEL_FILTER_H
#define AMT_KERNEL_TUNNEL_FILTER_H

#include "base/filter.h"
#include "kernel/firewall.h"

struct tunnel_filter;

struct tunnel_filter_key {
	struct in_addr gateway;
	uint16_t relay_port, port; /* source and destination of data */
};

int tunnel_filter_new(struct tunnel_filter **ret);     /* writes nothing */
void tunnel_filter_free(struct tunnel_filter *filter); /* the table is removed; NULL is fine */

/* Describe a tunnel anew: its groups and their sources follow. None: nothing passes. */
int tunnel_filter_begin(struct tunnel_filter *filter, const struct tunnel_filter_key *tunnel);
int tunnel_filter_group(struct tunnel_filter *filter, const struct address *group,
			const struct filter *sources);
/* Forget a tunnel: all passes. */
void tunnel_filter_pass(struct tunnel_filter *filter, const struct tunnel_filter_key *tunnel);

/* Make the table hold what was described. Only elements that differ are written, and no table while
 * no tunnel is described. 0, FIREWALL_LOST as of firewall_run(), or negative errno with *ret_error
 * (free() it): then there is no table, all packets pass, and the next commit writes it anew. */
int tunnel_filter_commit(struct tunnel_filter *filter, struct firewall *firewall, char **ret_error);

/* Packets from this port that were dropped; 0 when that cannot be read. */
uint64_t tunnel_filter_dropped(const struct tunnel_filter *filter, uint16_t relay_port);

#endif
