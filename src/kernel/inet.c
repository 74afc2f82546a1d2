/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/inet.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

static int change_address(struct netlink *netlink, int type, int flags, int ifindex,
			  const struct address *address)
{
	const int length = address->family == AF_INET ? sizeof(address->in) : sizeof(address->in6);
	struct ifaddrmsg info = {
		.ifa_family = address->family,
		.ifa_prefixlen = length * 8,
		.ifa_scope = RT_SCOPE_UNIVERSE, /* of an IPv6 address it is the kernel that knows */
		.ifa_index = ifindex,
	};
	struct nl_msg *message;

	message = nlmsg_alloc_simple(type, flags);
	if (!message)
		return -ENOMEM;
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    nla_put(message, IFA_LOCAL, length, &address->in6) < 0 ||
	    nla_put(message, IFA_ADDRESS, length, &address->in6) < 0) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return netlink_call(netlink, message);
}

int inet_add_address(struct netlink *netlink, int ifindex, const struct address *address)
{
	int r;

	r = change_address(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, address);
	return r == -EEXIST ? 0 : r;
}

int inet_remove_address(struct netlink *netlink, int ifindex, const struct address *address)
{
	int r;

	r = change_address(netlink, RTM_DELADDR, 0, ifindex, address);
	return r == -EADDRNOTAVAIL ? 0 : r;
}

struct answer {
	struct in_addr source;
	int ifindex;
	unsigned char type;
};

static int take_route(const struct nlmsghdr *header, void *userdata)
{
	struct nlattr *attributes[RTA_MAX + 1];
	struct answer *answer = userdata;
	struct rtmsg *route = nlmsg_data(header);

	if (nlmsg_parse((struct nlmsghdr *)header, sizeof(*route), attributes, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	answer->type = route->rtm_type;
	if (attributes[RTA_PREFSRC])
		nla_memcpy(&answer->source, attributes[RTA_PREFSRC], sizeof(answer->source));
	if (attributes[RTA_OIF])
		answer->ifindex = nla_get_u32(attributes[RTA_OIF]);
	return 0;
}

/* RTM_GETROUTE to destination through the interface, from *source unless that is zero. */
static int ask_route(struct netlink *netlink, const struct address *destination, int ifindex,
		     struct in_addr source, unsigned int flags, struct answer *ret)
{
	struct rtmsg route = {
		.rtm_family = AF_INET,
		.rtm_dst_len = 32,
		.rtm_src_len = source.s_addr != 0 ? 32 : 0,
		.rtm_flags = flags,
	};
	struct nl_msg *message;

	if (destination->family != AF_INET)
		return -EAFNOSUPPORT; /* as the driver's underlay */
	message = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	if (!message)
		return -ENOMEM;
	if (nlmsg_append(message, &route, sizeof(route), NLMSG_ALIGNTO) < 0 ||
	    nla_put(message, RTA_DST, sizeof(destination->in), &destination->in) < 0 ||
	    nla_put_u32(message, RTA_OIF, ifindex) < 0 ||
	    (source.s_addr != 0 && nla_put(message, RTA_SRC, sizeof(source), &source) < 0)) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return netlink_query(netlink, message, take_route, ret);
}

int inet_route_source(struct netlink *netlink, const struct address *destination, int ifindex,
		      struct address *source)
{
	const struct in_addr from = source->family == AF_INET ? source->in : (struct in_addr){ 0 };
	struct answer answer = { .source = from };
	int r;

	/* With an output interface given, the kernel invents an on-link route where the table has
	 * none, and lends it an address of another interface (ip_route_output_key_hash_rcu()). Only
	 * RTM_F_FIB_MATCH tells. */
	r = ask_route(netlink, destination, ifindex, from, RTM_F_FIB_MATCH, &answer);
	if (r < 0)
		return r;
	answer = (struct answer){ .source = from };
	r = ask_route(netlink, destination, ifindex, from, 0, &answer);
	if (r < 0)
		return r;
	if (answer.type != RTN_UNICAST || answer.ifindex != ifindex || answer.source.s_addr == 0)
		return -ENETUNREACH;
	*source = address_from_in(answer.source);
	return 0;
}

int inet_route_interface(struct netlink *netlink, const struct address *destination, int *ret)
{
	struct answer answer = { 0 };
	int r;

	r = ask_route(netlink, destination, 0, (struct in_addr){ 0 }, 0, &answer);
	if (r < 0)
		return r;
	if (answer.type != RTN_UNICAST || answer.ifindex == 0)
		return -ENETUNREACH;
	*ret = answer.ifindex;
	return 0;
}

struct primary {
	int ifindex;
	struct in_addr address;
};

static int take_address(const struct nlmsghdr *header, void *userdata)
{
	const struct ifaddrmsg *info = nlmsg_data(header);
	struct primary *primary = userdata;
	struct nlattr *local;

	if (!nlmsg_valid_hdr(header, sizeof(*info)))
		return -EBADMSG;
	local = nlmsg_find_attr((struct nlmsghdr *)header, sizeof(*info), IFA_LOCAL);
	if (local && (int)info->ifa_index == primary->ifindex && primary->address.s_addr == 0 &&
	    !(info->ifa_flags & IFA_F_SECONDARY) && info->ifa_scope < RT_SCOPE_LINK)
		nla_memcpy(&primary->address, local, sizeof(primary->address));
	return 0;
}

int inet_primary_address(struct netlink *netlink, int ifindex, struct address *ret)
{
	struct primary primary = { .ifindex = ifindex };
	struct ifaddrmsg info = { .ifa_family = AF_INET };
	struct nl_msg *message;
	int r;

	do {
		primary.address.s_addr = 0;
		message = nlmsg_alloc_simple(RTM_GETADDR, NLM_F_DUMP);
		if (message && nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0) {
			nlmsg_free(message);
			return -ENOMEM;
		}
		r = netlink_query(netlink, message, take_address, &primary);
	} while (r == -EAGAIN);
	if (r < 0)
		return r;
	if (primary.address.s_addr == 0)
		return -EADDRNOTAVAIL;
	*ret = address_from_in(primary.address);
	return 0;
}
