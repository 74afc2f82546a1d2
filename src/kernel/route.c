/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdlib.h>

/* Of IPv6, each interface has ff00::/8 in the table "local", which is asked before "main"
 * (net/ipv6/addrconf.c, addrconf_add_mroute()): only there a longer prefix is found. */
static unsigned char table_of(sa_family_t family)
{
	return family == AF_INET ? RT_TABLE_MAIN : RT_TABLE_LOCAL;
}

static int length_of(sa_family_t family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

static int change(struct netlink *netlink, int type, int flags, struct rtmsg *route, int ifindex,
		  const struct address *group)
{
	const int length = length_of(group->family);
	struct nl_msg *message;

	route->rtm_family = group->family;
	route->rtm_dst_len = length * 8;
	route->rtm_table = table_of(group->family);
	route->rtm_protocol = ROUTE_PROTOCOL;
	message = nlmsg_alloc_simple(type, flags);
	if (!message)
		return -ENOMEM;
	if (nlmsg_append(message, route, sizeof(*route), NLMSG_ALIGNTO) < 0 ||
	    nla_put(message, RTA_DST, length, &group->in6) < 0 ||
	    (ifindex != 0 && nla_put_u32(message, RTA_OIF, ifindex) < 0)) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return netlink_call(netlink, message);
}

int route_add(struct netlink *netlink, int ifindex, const struct address *group)
{
	struct rtmsg route = {
		.rtm_scope = RT_SCOPE_LINK, /* of IPv6 it is not looked at */
		/* As `ip route add GROUP dev DEV`; and as ff00::/8 is. */
		.rtm_type = group->family == AF_INET ? RTN_UNICAST : RTN_MULTICAST,
	};

	return change(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &route, ifindex, group);
}

int route_remove(struct netlink *netlink, const struct address *group)
{
	struct rtmsg route = { .rtm_scope = RT_SCOPE_NOWHERE };
	int r;

	r = change(netlink, RTM_DELROUTE, 0, &route, 0, group);
	return r == -ESRCH ? 0 : r;
}

/* What a dump found: routes are removed after it. */
struct found {
	sa_family_t family;
	route_keep keep;
	void *userdata;
	struct address *groups;
	size_t n, room;
};

static int take_route(const struct nlmsghdr *header, void *userdata)
{
	static struct nla_policy policy[RTA_MAX + 1] = { [RTA_OIF] = { .type = NLA_U32 } };
	struct nlattr *attributes[RTA_MAX + 1];
	struct found *found = userdata;
	const int length = length_of(found->family);
	const struct rtmsg *route = nlmsg_data(header);
	struct address group = { .family = found->family };

	if (nlmsg_parse((struct nlmsghdr *)header, sizeof(*route), attributes, RTA_MAX, policy) < 0)
		return -EBADMSG;
	if (route->rtm_family != found->family || route->rtm_protocol != ROUTE_PROTOCOL ||
	    route->rtm_table != table_of(found->family) || route->rtm_dst_len != length * 8 ||
	    !attributes[RTA_DST] || nla_len(attributes[RTA_DST]) != length || !attributes[RTA_OIF])
		return 0;
	nla_memcpy(&group.in6, attributes[RTA_DST], length);
	if (found->keep((int)nla_get_u32(attributes[RTA_OIF]), &group, found->userdata))
		return 0;
	if (found->n == found->room) {
		size_t room = found->room > 0 ? found->room * 2 : 16;
		struct address *groups = reallocarray(found->groups, room, sizeof(*groups));

		if (!groups)
			return -ENOMEM;
		found->groups = groups;
		found->room = room;
	}
	found->groups[found->n++] = group;
	return 0;
}

int route_clean(struct netlink *netlink, sa_family_t family, route_keep keep, void *userdata)
{
	const struct rtmsg route = { .rtm_family = family };
	struct found found = { .family = family, .keep = keep, .userdata = userdata };
	struct nl_msg *message;
	int r;

	do {
		message = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_DUMP);
		if (message &&
		    nlmsg_append(message, (void *)&route, sizeof(route), NLMSG_ALIGNTO) < 0) {
			nlmsg_free(message);
			message = NULL;
		}
		found.n = 0;
		r = netlink_query(netlink, message, take_route, &found);
	} while (r == -EAGAIN);
	for (size_t i = 0; i < found.n; i++)
		(void)route_remove(netlink, &found.groups[i]);
	free(found.groups);
	return r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r;
}
