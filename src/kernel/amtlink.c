/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/amtlink.h"

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

static int put_create(struct nl_msg *message, const struct amtlink *want)
{
	struct ifinfomsg info = { 0 };
	struct nlattr *linkinfo, *data;

	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(message, IFLA_IFNAME, want->link.name) < 0 ||
	    (want->link.mtu > 0 && nla_put_u32(message, IFLA_MTU, want->link.mtu) < 0))
		return -ENOMEM;

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
	struct nl_msg *message;

	if (want->local.family == AF_INET6 || want->discovery.family == AF_INET6)
		return -EAFNOSUPPORT;
	message = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	if (!message)
		return -ENOMEM;
	if (put_create(message, want) < 0) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return netlink_call(netlink, message);
}

static void parse_data(struct nlattr *data, struct amtlink *amtlink)
{
	static struct nla_policy policy[IFLA_AMT_MAX + 1] = {
		[IFLA_AMT_MODE] = { .type = NLA_U32 },
		[IFLA_AMT_RELAY_PORT] = { .type = NLA_U16 },
		[IFLA_AMT_GATEWAY_PORT] = { .type = NLA_U16 },
		[IFLA_AMT_LINK] = { .type = NLA_U32 },
		[IFLA_AMT_MAX_TUNNELS] = { .type = NLA_U32 },
	};
	struct nlattr *attributes[IFLA_AMT_MAX + 1];

	if (nla_parse_nested(attributes, IFLA_AMT_MAX, data, policy) < 0)
		return;
	if (attributes[IFLA_AMT_MODE])
		amtlink->mode = nla_get_u32(attributes[IFLA_AMT_MODE]);
	if (attributes[IFLA_AMT_RELAY_PORT])
		amtlink->relay_port = ntohs(nla_get_u16(attributes[IFLA_AMT_RELAY_PORT]));
	if (attributes[IFLA_AMT_GATEWAY_PORT])
		amtlink->gateway_port = ntohs(nla_get_u16(attributes[IFLA_AMT_GATEWAY_PORT]));
	if (attributes[IFLA_AMT_LINK])
		amtlink->lower = nla_get_u32(attributes[IFLA_AMT_LINK]);
	if (attributes[IFLA_AMT_LOCAL_IP])
		amtlink->local = get_address(attributes[IFLA_AMT_LOCAL_IP]);
	if (attributes[IFLA_AMT_DISCOVERY_IP])
		amtlink->discovery = get_address(attributes[IFLA_AMT_DISCOVERY_IP]);
	if (attributes[IFLA_AMT_REMOTE_IP])
		amtlink->remote = get_address(attributes[IFLA_AMT_REMOTE_IP]);
	if (attributes[IFLA_AMT_MAX_TUNNELS])
		amtlink->max_tunnels = nla_get_u32(attributes[IFLA_AMT_MAX_TUNNELS]);
}

static int parse(const struct nlmsghdr *header, struct amtlink *ret)
{
	struct nlattr *attribute, *info[IFLA_INFO_MAX + 1];
	struct amtlink amtlink = { 0 };
	int r;

	r = link_parse(header, &amtlink.link);
	if (r < 0)
		return r;

	attribute =
		nlmsg_find_attr((struct nlmsghdr *)header, sizeof(struct ifinfomsg), IFLA_LINKINFO);
	if (strcmp(amtlink.link.kind, "amt") == 0 && attribute &&
	    nla_parse_nested(info, IFLA_INFO_MAX, attribute, NULL) >= 0 && info[IFLA_INFO_DATA])
		parse_data(info[IFLA_INFO_DATA], &amtlink);
	*ret = amtlink;
	return 0;
}

static int take_one(const struct nlmsghdr *header, void *userdata)
{
	return parse(header, userdata);
}

int amtlink_get(struct netlink *netlink, const char *name, struct amtlink *ret)
{
	struct amtlink amtlink = { 0 };
	int r;

	r = netlink_query(netlink, link_request(name, 0), take_one, &amtlink);
	if (r < 0)
		return r;
	*ret = amtlink;
	return strcmp(amtlink.link.kind, "amt") == 0 ? 0 : -EMEDIUMTYPE;
}

struct list {
	struct amtlink *items;
	size_t n;
};

static int take_each(const struct nlmsghdr *header, void *userdata)
{
	struct list *list = userdata;
	struct amtlink amtlink, *items;
	int r;

	r = parse(header, &amtlink);
	if (r < 0)
		return r;
	if (strcmp(amtlink.link.kind, "amt") != 0)
		return 0;
	items = reallocarray(list->items, list->n + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	list->items = items;
	list->items[list->n++] = amtlink;
	return 0;
}

int amtlink_list(struct netlink *netlink, struct amtlink **ret, size_t *ret_n)
{
	struct list list;
	int r;

	do {
		list = (struct list){ 0 };
		r = netlink_query(netlink, link_request(NULL, 0), take_each, &list);
		if (r < 0)
			free(list.items);
	} while (r == -EAGAIN);
	if (r < 0)
		return r;
	*ret = list.items;
	*ret_n = list.n;
	return 0;
}
