/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/amtlink.h"

#include "base/array.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>

/* The driver's underlay is IPv4 alone. */
static int put_address(struct nl_msg *message, int attribute, const struct address *address)
{
	return nla_put(message, attribute, sizeof(address->in), &address->in);
}

static struct address get_address(const struct nlattr *attribute)
{
	struct in_addr in = { 0 };

	nla_memcpy(&in, attribute, sizeof(in));
	return address_or_none(in);
}

static int put_data(struct nl_msg *message, const struct amtlink *want)
{
	if (nla_put_u32(message, IFLA_AMT_MODE, want->mode) < 0 ||
	    nla_put_u16(message, IFLA_AMT_RELAY_PORT, htons(want->relay_port)) < 0 ||
	    nla_put_u16(message, IFLA_AMT_GATEWAY_PORT, htons(want->gateway_port)) < 0 ||
	    nla_put_u32(message, IFLA_AMT_LINK, want->lower) < 0 ||
	    put_address(message, IFLA_AMT_LOCAL_IP, &want->local) < 0)
		return -ENOMEM;
	if (want->mode == AMT_MODE_GATEWAY &&
	    put_address(message, IFLA_AMT_DISCOVERY_IP, &want->discovery) < 0)
		return -ENOMEM;
	if (want->max_tunnels > 0 &&
	    nla_put_u32(message, IFLA_AMT_MAX_TUNNELS, want->max_tunnels) < 0)
		return -ENOMEM;
	return 0;
}

static int put_linkinfo(struct nl_msg *message, const struct amtlink *want)
{
	struct nlattr *linkinfo, *data;

	linkinfo = nla_nest_start(message, IFLA_LINKINFO);
	if (!linkinfo || nla_put_string(message, IFLA_INFO_KIND, "amt") < 0)
		return -ENOMEM;
	data = nla_nest_start(message, IFLA_INFO_DATA);
	if (!data || put_data(message, want) < 0)
		return -ENOMEM;
	nla_nest_end(message, data);
	nla_nest_end(message, linkinfo);
	return 0;
}

int amtlink_create(struct netlink *netlink, const struct amtlink *want)
{
	struct nl_msg *message = NULL;
	struct rtnl_link *link;

	if (want->local.family == AF_INET6 || want->discovery.family == AF_INET6)
		return -EAFNOSUPPORT;
	link = rtnl_link_alloc();
	if (link) {
		rtnl_link_set_name(link, want->link.name);
		if (want->link.mtu > 0)
			rtnl_link_set_mtu(link, want->link.mtu);
		(void)rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &message);
	}
	rtnl_link_put(link);
	if (message && put_linkinfo(message, want) < 0) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return netlink_call(netlink, message);
}

/* IFLA_INFO_DATA, which libnl-route passes over. */
static const struct nlattr *find_data(const struct nlmsghdr *header)
{
	const struct nlattr *info;

	info = nlmsg_find_attr((struct nlmsghdr *)header, sizeof(struct ifinfomsg), IFLA_LINKINFO);
	return info ? nla_find(nla_data(info), nla_len(info), IFLA_INFO_DATA) : NULL;
}

static void parse_link(struct rtnl_link *link, const struct nlmsghdr *header, struct amtlink *ret)
{
	struct nlattr *attributes[IFLA_AMT_MAX + 1];
	const struct nlattr *data = find_data(header);

	*ret = (struct amtlink){ 0 };
	link_from_object(link, &ret->link);
	if (strcmp(ret->link.kind, "amt") != 0 || !data ||
	    nla_parse_nested(attributes, IFLA_AMT_MAX, (struct nlattr *)data, NULL) < 0)
		return;
	/* Missing attributes stay zero, nla_memcpy(). */
	nla_memcpy(&ret->mode, attributes[IFLA_AMT_MODE], sizeof(ret->mode));
	nla_memcpy(&ret->relay_port, attributes[IFLA_AMT_RELAY_PORT], sizeof(ret->relay_port));
	nla_memcpy(&ret->gateway_port, attributes[IFLA_AMT_GATEWAY_PORT],
		   sizeof(ret->gateway_port));
	nla_memcpy(&ret->lower, attributes[IFLA_AMT_LINK], sizeof(ret->lower));
	ret->local = get_address(attributes[IFLA_AMT_LOCAL_IP]);
	ret->discovery = get_address(attributes[IFLA_AMT_DISCOVERY_IP]);
	ret->remote = get_address(attributes[IFLA_AMT_REMOTE_IP]);
	nla_memcpy(&ret->max_tunnels, attributes[IFLA_AMT_MAX_TUNNELS], sizeof(ret->max_tunnels));
	ret->relay_port = ntohs(ret->relay_port);
	ret->gateway_port = ntohs(ret->gateway_port);
}

static int take_one(struct nl_object *object, const struct nlmsghdr *header, void *userdata)
{
	if (!object)
		return -EBADMSG;
	parse_link((struct rtnl_link *)object, header, userdata);
	return 0;
}

int amtlink_get(struct netlink *netlink, const char *name, struct amtlink *ret)
{
	int r;

	*ret = (struct amtlink){ 0 };
	r = link_query(netlink, name, take_one, ret);
	if (r < 0)
		return r;
	return strcmp(ret->link.kind, "amt") == 0 ? 0 : -EMEDIUMTYPE;
}

struct list {
	struct amtlink *items;
	size_t n, size;
};

static int take_each(struct nl_object *object, const struct nlmsghdr *header, void *userdata)
{
	struct rtnl_link *link = (struct rtnl_link *)object;
	struct list *list = userdata;

	if (!link || strcmp(rtnl_link_get_type(link) ?: "", "amt") != 0)
		return 0;
	if (!GROW(list->items, list->n, list->size))
		return -ENOMEM;
	parse_link(link, header, &list->items[list->n++]);
	return 0;
}

int amtlink_list(struct netlink *netlink, struct amtlink **ret, size_t *ret_n)
{
	struct list list;
	int r;

	do {
		list = (struct list){ 0 };
		r = netlink_dump(netlink, RTM_GETLINK, AF_UNSPEC, take_each, &list);
		if (r < 0)
			free(list.items);
	} while (r == -EAGAIN);
	if (r < 0)
		return r;
	*ret = list.items;
	*ret_n = list.n;
	return 0;
}
