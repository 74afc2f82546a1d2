/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes to multicast groups, over rtnetlink. The kernel asks the routing table where to join for
 * an application that names no interface (net/ipv4/igmp.c, ip_mc_find_dev(); net/ipv6/mcast.c,
 * __ipv6_sock_mc_join()). They go with their interface, and when it is set down.
 */
#ifndef AMT_KERNEL_ROUTE_H
#define AMT_KERNEL_ROUTE_H

#include "base/address.h"
#include "kernel/netlink.h"

#include <netlink/route/route.h>
#include <stdbool.h>

/* Whose they are, `ip route show protocol 113`: the number that amtd's rules have, too. */
#define ROUTE_PROTOCOL 113

/* To a host or a group, through an interface unless that is 0: rtnl_route_put(); NULL without
 * memory. */
struct rtnl_route *route_new(const struct address *destination, int ifindex);

/* GROUP/32 or /128 leads to the interface. -EEXIST: the group has a route already, somebody's. */
int route_add(struct netlink *netlink, int ifindex, const struct address *group);

/* Only one of amtd's; that there is none is fine. */
int route_remove(struct netlink *netlink, const struct address *group);

/* Remove those that a former life of this program has left, but for those to keep. */
typedef bool (*route_keep)(int ifindex, const struct address *group, void *userdata);
int route_clean(struct netlink *netlink, sa_family_t family, route_keep keep, void *userdata);

#endif
