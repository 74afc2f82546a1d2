/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces of any kind, over rtnetlink.
 */
#ifndef AMT_KERNEL_LINK_H
#define AMT_KERNEL_LINK_H

#include "kernel/netlink.h"

#include <net/if.h>
#include <netlink/route/link.h>
#include <stdbool.h>
#include <stdint.h>

#define LINK_KIND_MAX 32

struct link {
	int ifindex;
	char name[IFNAMSIZ];
	char kind[LINK_KIND_MAX]; /* IFLA_INFO_KIND; "" for hardware */
	unsigned int flags;	  /* IFF_… */
	uint16_t type;		  /* ARPHRD_… */
	uint8_t operstate;	  /* IF_OPER_…, RFC 2863 */
	uint32_t mtu;		  /* bytes */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
};

/* -ENODEV: none. */
int link_get(struct netlink *netlink, const char *name, struct link *ret);

int link_delete(struct netlink *netlink, int ifindex);

int link_set_up(struct netlink *netlink, int ifindex, bool up);
int link_set_mtu(struct netlink *netlink, int ifindex, uint32_t mtu);

const char *link_operstate_string(uint8_t operstate);

/* For modules of one kind of link: its RTM_NEWLINK, and the attributes of any kind. */
int link_query(struct netlink *netlink, const char *name, netlink_handler handler, void *userdata);
void link_from_object(struct rtnl_link *object, struct link *ret);

#endif
