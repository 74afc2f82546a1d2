/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes to multicast groups, over rtnetlink. For an application that names no interface the kernel
 * looks up where to join (net/ipv4/igmp.c, ip_mc_find_dev(); net/ipv6/mcast.c,
 * __ipv6_sock_mc_join()). They are removed with their interface, and when it is set down.
 */
#ifndef AMT_KERNEL_ROUTE_H
#define AMT_KERNEL_ROUTE_H

#include "base/address.h"
#include "kernel/netlink.h"

#include <netlink/route/route.h>
#include <stdbool.h>

/* Their protocol, `ip route show protocol 113`, as of amtd's rules. */
#define ROUTE_PROTOCOL 113

/* To a host or a group, through an interface unless that is 0: rtnl_route_put(); NULL without
 * memory. */
struct rtnl_route *route_new(const struct address *destination, int ifindex);

/* Route GROUP/32 or /128 to the interface. -EEXIST: the group already has a route. */
int route_add(struct netlink *netlink, int ifindex, const struct address *group);

/* Only one of amtd's; a missing one is no error. */
int route_remove(struct netlink *netlink, const struct address *group);

/* Remove routes of a previous amtd, except those to keep. */
typedef bool (*route_keep)(int ifindex, const struct address *group, void *userdata);
int route_clean(struct netlink *netlink, sa_family_t family, route_keep keep, void *userdata);

#endif
