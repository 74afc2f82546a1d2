/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>

/* For IPv6, each interface has ff00::/8 in the table "local", which precedes "main"
 * (net/ipv6/addrconf.c, addrconf_add_mroute()): a longer prefix must be there. */
static uint32_t table_of(sa_family_t family)
{
	return family == AF_INET ? RT_TABLE_MAIN : RT_TABLE_LOCAL;
}

struct rtnl_route *route_new(const struct address *destination, int ifindex)
{
	struct nl_addr *addr = netlink_from_address(destination);
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct rtnl_route *route = rtnl_route_alloc();

	if (!addr || !hop || !route || rtnl_route_set_dst(route, addr) < 0) {
		if (hop)
			rtnl_route_nh_free(hop);
		rtnl_route_put(route);
		nl_addr_put(addr);
		return NULL;
	}
	rtnl_route_nh_set_ifindex(hop, ifindex);
	rtnl_route_add_nexthop(route, hop);
	nl_addr_put(addr);
	return route;
}

static struct rtnl_route *new_route(int ifindex, const struct address *group)
{
	struct rtnl_route *route = route_new(group, ifindex);

	if (!route)
		return NULL;
	rtnl_route_set_table(route, table_of(group->family));
	rtnl_route_set_protocol(route, ROUTE_PROTOCOL);
	/* As `ip route add GROUP dev DEV`; and as ff00::/8 is. */
	rtnl_route_set_type(route, group->family == AF_INET ? RTN_UNICAST : RTN_MULTICAST);
	return route;
}

int route_add(struct netlink *netlink, int ifindex, const struct address *group)
{
	struct rtnl_route *route = new_route(ifindex, group);
	struct nl_msg *message = NULL;

	if (route) {
		rtnl_route_set_scope(route, RT_SCOPE_LINK); /* ignored for IPv6 */
		(void)rtnl_route_build_add_request(route, NLM_F_EXCL, &message);
	}
	rtnl_route_put(route);
	return netlink_call(netlink, message);
}

int route_remove(struct netlink *netlink, const struct address *group)
{
	struct rtnl_route *route = new_route(0, group);
	struct nl_msg *message = NULL;
	int r;

	if (route) {
		rtnl_route_set_scope(route, RT_SCOPE_NOWHERE);
		(void)rtnl_route_build_del_request(route, 0, &message);
	}
	rtnl_route_put(route);
	r = netlink_call(netlink, message);
	return r == -ESRCH ? 0 : r;
}

/* Routes found by a dump, removed after it. */
struct found {
	sa_family_t family;
	route_keep keep;
	void *userdata;
	struct nl_cache *stale;
};

static int take_route(struct nl_object *object, const struct nlmsghdr *header, void *userdata)
{
	struct rtnl_route *route = (struct rtnl_route *)object;
	struct found *found = userdata;
	struct rtnl_nexthop *hop;
	struct address group;
	struct nl_addr *addr;

	if (!route || rtnl_route_get_protocol(route) != ROUTE_PROTOCOL ||
	    rtnl_route_get_table(route) != table_of(found->family))
		return 0;
	addr = rtnl_route_get_dst(route);
	group = netlink_to_address(addr);
	hop = rtnl_route_nexthop_n(route, 0);
	if (group.family != found->family || !hop ||
	    nl_addr_get_prefixlen(addr) != nl_addr_get_len(addr) * 8 ||
	    found->keep(rtnl_route_nh_get_ifindex(hop), &group, found->userdata))
		return 0;
	/* A repeated dump has some of them twice. */
	return nl_cache_add(found->stale, object) == -NLE_NOMEM ? -ENOMEM : 0;
}

static void remove_found(struct nl_object *object, void *userdata)
{
	struct address group = netlink_to_address(rtnl_route_get_dst((struct rtnl_route *)object));

	(void)route_remove(userdata, &group);
}

int route_clean(struct netlink *netlink, sa_family_t family, route_keep keep, void *userdata)
{
	struct found found = { .family = family, .keep = keep, .userdata = userdata };
	int r;

	if (nl_cache_alloc_name("route/route", &found.stale) < 0)
		return -ENOMEM;
	do
		r = netlink_dump(netlink, RTM_GETROUTE, family, take_route, &found);
	while (r == -EAGAIN);
	nl_cache_foreach(found.stale, remove_found, netlink);
	nl_cache_free(found.stale);
	return r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r;
}
