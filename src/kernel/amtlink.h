/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amt interfaces: IFLA_LINKINFO of drivers/net/amt.c, include/uapi/linux/amt.h. The driver has no
 * changelink: to change an attribute, delete and create.
 */
#ifndef AMT_KERNEL_AMTLINK_H
#define AMT_KERNEL_AMTLINK_H

#include "base/address.h"
#include "kernel/link.h"

#include <linux/amt.h>
#include <netinet/in.h>

/* Ports in host byte order. */
struct amtlink {
	struct link link;
	enum ifla_amt_mode mode;
	uint16_t relay_port;   /* the UDP socket's own port, in gateway mode too */
	uint16_t gateway_port; /* a gateway's source port */
	int lower;	       /* ifindex of IFLA_AMT_LINK */
	struct address local;
	struct address discovery; /* gateway: destination of Discoveries */
	struct address remote;	  /* gateway: as accepted from an Advertisement; zero before */
	uint32_t max_tunnels;	  /* relay; 0 at creation: the driver's default, 128 */
};

/* Create from mode, ports, lower, local, discovery, max_tunnels, link.name and link.mtu (0: the
 * driver's choice); the interface is down afterwards. -EOPNOTSUPP: the kernel has no amt. */
int amtlink_create(struct netlink *netlink, const struct amtlink *want);

/* -ENODEV when no interface has the name; -EMEDIUMTYPE when it is of another kind (then ret->link
 * is filled all the same). */
int amtlink_get(struct netlink *netlink, const char *name, struct amtlink *ret);

/* All amt interfaces of the network namespace, in the kernel's order; free(*ret). */
int amtlink_list(struct netlink *netlink, struct amtlink **ret, size_t *ret_n);

#endif
