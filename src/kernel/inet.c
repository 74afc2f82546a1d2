/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/inet.h"

#include "kernel/route.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/route/addr.h>

typedef int (*builder)(struct rtnl_addr *addr, int flags, struct nl_msg **ret);

static int change_address(struct netlink *netlink, builder build, int flags, int ifindex,
			  const struct address *address)
{
	struct nl_addr *local = netlink_from_address(address);
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_msg *message = NULL;

	if (local && addr && rtnl_addr_set_local(addr, local) == 0) {
		rtnl_addr_set_ifindex(addr, ifindex);
		(void)build(addr, flags, &message);
	}
	rtnl_addr_put(addr);
	nl_addr_put(local);
	return netlink_call(netlink, message);
}

int inet_add_address(struct netlink *netlink, int ifindex, const struct address *address)
{
	int r;

	r = change_address(netlink, rtnl_addr_build_add_request, NLM_F_CREATE | NLM_F_EXCL, ifindex,
			   address);
	return r == -EEXIST ? 0 : r;
}

int inet_remove_address(struct netlink *netlink, int ifindex, const struct address *address)
{
	int r;

	r = change_address(netlink, rtnl_addr_build_delete_request, 0, ifindex, address);
	return r == -EADDRNOTAVAIL ? 0 : r;
}

struct answer {
	struct in_addr source;
	int ifindex;
	uint8_t type, length; /* of the prefix: with RTM_F_FIB_MATCH that of the table */
};

/* Without libnl-route's object, which cannot parse routes with an encapsulation unknown to it. */
static int take_route(struct nl_object *object, const struct nlmsghdr *header, void *userdata)
{
	struct nlattr *attributes[RTA_MAX + 1];
	struct answer *answer = userdata;
	struct rtmsg *route = nlmsg_data(header);

	if (nlmsg_parse((struct nlmsghdr *)header, sizeof(*route), attributes, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	answer->type = route->rtm_type;
	answer->length = route->rtm_dst_len;
	nla_memcpy(&answer->source, attributes[RTA_PREFSRC], sizeof(answer->source));
	nla_memcpy(&answer->ifindex, attributes[RTA_OIF], sizeof(answer->ifindex));
	return 0;
}

/* RTM_GETROUTE to destination through the interface, from source unless that is zero, which
 * libnl-route does not take: the routes of a table have no source in IPv4. */
static int request_route(struct netlink *netlink, const struct address *destination, int ifindex,
			 struct in_addr source, uint32_t flags, struct answer *ret)
{
	struct nl_msg *message;
	struct rtnl_route *route;
	int r = -ENOMEM;

	*ret = (struct answer){ .source = source };
	route = route_new(destination, ifindex);
	message = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	if (route && message) {
		rtnl_route_set_flags(route, flags);
		r = rtnl_route_build_msg(message, route);
	}
	rtnl_route_put(route);
	if (r == 0 && source.s_addr != 0) {
		((struct rtmsg *)nlmsg_data(nlmsg_hdr(message)))->rtm_src_len = 32;
		r = nla_put(message, RTA_SRC, sizeof(source), &source);
	}
	if (r < 0) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return netlink_query(netlink, message, take_route, ret);
}

int inet_route_source(struct netlink *netlink, const struct address *destination, int ifindex,
		      struct address *source)
{
	const struct in_addr from = source->family == AF_INET ? source->in : (struct in_addr){ 0 };
	struct answer answer;
	int r;

	if (destination->family != AF_INET)
		return -EAFNOSUPPORT; /* as the driver's underlay */
	/* With an output interface given, the kernel invents an on-link route where the table has
	 * none, with an address of another interface (ip_route_output_key_hash_rcu()). Only
	 * RTM_F_FIB_MATCH shows that. */
	r = request_route(netlink, destination, ifindex, from, RTM_F_FIB_MATCH, &answer);
	if (r == 0)
		r = request_route(netlink, destination, ifindex, from, 0, &answer);
	if (r < 0)
		return r;
	if (answer.type != RTN_UNICAST || answer.ifindex != ifindex || answer.source.s_addr == 0)
		return -ENETUNREACH;
	*source = address_from_in(answer.source);
	return 0;
}

int inet_route_interface(struct netlink *netlink, const struct address *destination, int *ret)
{
	struct answer answer;
	int r;

	if (destination->family != AF_INET)
		return -EAFNOSUPPORT; /* as the driver's underlay */
	r = request_route(netlink, destination, 0, (struct in_addr){ 0 }, 0, &answer);
	if (r < 0)
		return r;
	if (answer.type != RTN_UNICAST || answer.ifindex == 0)
		return -ENETUNREACH;
	*ret = answer.ifindex;
	return 0;
}

int inet_leads_to(struct netlink *netlink, const struct address *destination, int ifindex)
{
	struct answer answer;
	int r;

	r = request_route(netlink, destination, 0, (struct in_addr){ 0 }, RTM_F_FIB_MATCH, &answer);
	if (r == -ENETUNREACH || r == -EHOSTUNREACH)
		return 0;
	if (r < 0)
		return r;
	return answer.type == RTN_UNICAST && answer.ifindex == ifindex && answer.length > 0;
}

bool inet_is_local(struct netlink *netlink, const struct address *address)
{
	struct answer answer;

	return request_route(netlink, address, 0, (struct in_addr){ 0 }, 0, &answer) == 0 &&
	       answer.type == RTN_LOCAL;
}

struct search {
	int ifindex;
	struct address found;
	inet_handler each;
	void *userdata;
};

static int take_primary(struct nl_object *object, const struct nlmsghdr *header, void *userdata)
{
	struct rtnl_addr *addr = (struct rtnl_addr *)object;
	struct search *search = userdata;

	if (addr && rtnl_addr_get_ifindex(addr) == search->ifindex &&
	    search->found.family == AF_UNSPEC && rtnl_addr_get_scope(addr) < RT_SCOPE_LINK &&
	    !(rtnl_addr_get_flags(addr) & IFA_F_SECONDARY))
		search->found = netlink_to_address(rtnl_addr_get_local(addr));
	return 0;
}

int inet_primary_address(struct netlink *netlink, int ifindex, struct address *ret)
{
	struct search search;
	int r;

	do {
		search = (struct search){ .ifindex = ifindex };
		r = netlink_dump(netlink, RTM_GETADDR, AF_INET, take_primary, &search);
	} while (r == -EAGAIN);
	if (r < 0)
		return r;
	if (search.found.family == AF_UNSPEC)
		return -EADDRNOTAVAIL;
	*ret = search.found;
	return 0;
}

/* A kernel without IPv6 dumps the IPv4 addresses. */
static int take_link_local(struct nl_object *object, const struct nlmsghdr *header, void *userdata)
{
	struct rtnl_addr *addr = (struct rtnl_addr *)object;
	struct search *search = userdata;
	struct address address;

	if (!addr || rtnl_addr_get_family(addr) != AF_INET6 ||
	    rtnl_addr_get_scope(addr) != RT_SCOPE_LINK ||
	    rtnl_addr_get_flags(addr) & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
		return 0;
	address = netlink_to_address(rtnl_addr_get_local(addr));
	search->each(rtnl_addr_get_ifindex(addr), &address, search->userdata);
	return 0;
}

struct subnets {
	inet_subnet_handler each;
	void *userdata;
};

/* Of a point-to-point address, the peer's. */
static int take_subnet(struct nl_object *object, const struct nlmsghdr *header, void *userdata)
{
	struct rtnl_addr *addr = (struct rtnl_addr *)object;
	const struct subnets *subnets = userdata;
	struct nl_addr *on_link;
	struct prefix subnet;

	if (!addr ||
	    (rtnl_addr_get_family(addr) == AF_INET6 && rtnl_addr_get_scope(addr) == RT_SCOPE_LINK))
		return 0;
	on_link = rtnl_addr_get_peer(addr) ?: rtnl_addr_get_local(addr);
	if (!on_link)
		return 0;
	subnet.address = netlink_to_address(on_link);
	subnet.length = (uint8_t)rtnl_addr_get_prefixlen(addr);
	prefix_mask(&subnet);
	if (subnet.address.family != AF_UNSPEC && subnet.length > 0)
		subnets->each(rtnl_addr_get_ifindex(addr), &subnet, subnets->userdata);
	return 0;
}

int inet_subnets(struct netlink *netlink, inet_subnet_handler each, void *userdata)
{
	struct subnets subnets = { each, userdata };
	int r;

	do
		r = netlink_dump(netlink, RTM_GETADDR, AF_UNSPEC, take_subnet, &subnets);
	while (r == -EAGAIN);
	return r;
}

int inet_link_local(struct netlink *netlink, inet_handler each, void *userdata)
{
	struct search search = { .each = each, .userdata = userdata };
	int r;

	do
		r = netlink_dump(netlink, RTM_GETADDR, AF_INET6, take_link_local, &search);
	while (r == -EAGAIN);
	return r;
}
