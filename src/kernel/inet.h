/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of interfaces, and lookups in the routing table, over rtnetlink.
 */
#ifndef AMT_KERNEL_INET_H
#define AMT_KERNEL_INET_H

#include "base/address.h"
#include "kernel/netlink.h"

#include <netinet/in.h>
#include <stdbool.h>

/* ADDRESS/32 or /128 on an interface; already present, or already gone, is no error. */
int inet_add_address(struct netlink *netlink, int ifindex, const struct address *address);
int inet_remove_address(struct netlink *netlink, int ifindex, const struct address *address);

/* The first global address of an interface; -EADDRNOTAVAIL: it has none. */
int inet_primary_address(struct netlink *netlink, int ifindex, struct address *ret);

/* The IPv6 link-local addresses of all interfaces, with which MLD messages leave: once for each
 * that is in use (not tentative), or more often. Of several of an interface the last is the one
 * that the kernel uses (net/ipv6/addrconf.c, __ipv6_get_lladdr()). No IPv6 counts as no address. */
typedef void (*inet_handler)(int ifindex, const struct address *address, void *userdata);
int inet_link_local(struct netlink *netlink, inet_handler each, void *userdata);

/* The source address of a packet to destination through the interface. If *source is not zero: is
 * that one possible? -ENETUNREACH or another errno of the kernel if not. */
int inet_route_source(struct netlink *netlink, const struct address *destination, int ifindex,
		      struct address *source);

/* The prefixes of the addresses of all interfaces, both families, except IPv6 link-local ones: the
 * hosts there are on-link. Some may come twice. */
typedef void (*inet_subnet_handler)(int ifindex, const struct prefix *subnet, void *userdata);
int inet_subnets(struct netlink *netlink, inet_subnet_handler each, void *userdata);

/* 1: a route, other than a default one, leads to destination by the interface; 0: none does; or
 * negative errno. Either family. */
int inet_leads_to(struct netlink *netlink, const struct address *destination, int ifindex);

/* The interface by which a packet to destination would leave; -ENETUNREACH or the like: none. */
int inet_route_interface(struct netlink *netlink, const struct address *destination, int *ret);

/* Is it an address of this host? */
bool inet_is_local(struct netlink *netlink, const struct address *address);

#endif
