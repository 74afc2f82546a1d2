/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

static void parse_statistics(const struct nlattr *attribute, struct link *link)
{
	struct rtnl_link_stats64 stats;

	if (!attribute)
		return;
	memset(&stats, 0, sizeof(stats));
	nla_memcpy(&stats, attribute, sizeof(stats)); /* older kernels send fewer bytes */
	link->rx_packets = stats.rx_packets;
	link->rx_bytes = stats.rx_bytes;
	link->tx_packets = stats.tx_packets;
	link->tx_bytes = stats.tx_bytes;
}

int link_parse(const struct nlmsghdr *header, struct link *ret)
{
	static struct nla_policy policy[IFLA_MAX + 1] = {
		[IFLA_IFNAME] = { .type = NLA_STRING, .minlen = 1 },
		[IFLA_MTU] = { .type = NLA_U32 },
		[IFLA_OPERSTATE] = { .type = NLA_U8 },
		[IFLA_LINKINFO] = { .type = NLA_NESTED },
	};
	struct nlattr *attributes[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	const struct ifinfomsg *message;
	struct link link = { 0 };

	if (nlmsg_parse((struct nlmsghdr *)header, sizeof(*message), attributes, IFLA_MAX, policy) <
		    0 ||
	    !attributes[IFLA_IFNAME])
		return -EBADMSG;

	message = nlmsg_data(header);
	link.ifindex = message->ifi_index;
	link.flags = message->ifi_flags;
	link.type = message->ifi_type;
	nla_strlcpy(link.name, attributes[IFLA_IFNAME], sizeof(link.name));
	if (attributes[IFLA_MTU])
		link.mtu = nla_get_u32(attributes[IFLA_MTU]);
	if (attributes[IFLA_OPERSTATE])
		link.operstate = nla_get_u8(attributes[IFLA_OPERSTATE]);
	parse_statistics(attributes[IFLA_STATS64], &link);
	if (attributes[IFLA_LINKINFO] &&
	    nla_parse_nested(info, IFLA_INFO_MAX, attributes[IFLA_LINKINFO], NULL) >= 0 &&
	    info[IFLA_INFO_KIND])
		nla_strlcpy(link.kind, info[IFLA_INFO_KIND], sizeof(link.kind));

	*ret = link;
	return 0;
}

struct nl_msg *link_request(const char *name, int ifindex)
{
	struct ifinfomsg info = { .ifi_index = ifindex };
	struct nl_msg *message;

	message = nlmsg_alloc_simple(RTM_GETLINK, !name && ifindex == 0 ? NLM_F_DUMP : 0);
	if (!message)
		return NULL;
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    (name && nla_put_string(message, IFLA_IFNAME, name) < 0)) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

static int take_link(const struct nlmsghdr *header, void *userdata)
{
	return link_parse(header, userdata);
}

int link_get(struct netlink *netlink, const char *name, struct link *ret)
{
	struct link link = { 0 };
	int r;

	r = netlink_query(netlink, link_request(name, 0), take_link, &link);
	if (r < 0)
		return r;
	*ret = link;
	return 0;
}

/* RTM_NEWLINK for an interface that exists. mtu 0: leave it. */
static int change(struct netlink *netlink, struct ifinfomsg info, uint32_t mtu)
{
	struct nl_msg *message;

	message = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	if (!message)
		return -ENOMEM;
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    (mtu > 0 && nla_put_u32(message, IFLA_MTU, mtu) < 0)) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return netlink_call(netlink, message);
}

int link_set_up(struct netlink *netlink, int ifindex, bool up)
{
	struct ifinfomsg info = {
		.ifi_index = ifindex,
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = IFF_UP,
	};

	return change(netlink, info, 0);
}

int link_set_mtu(struct netlink *netlink, int ifindex, uint32_t mtu)
{
	return change(netlink, (struct ifinfomsg){ .ifi_index = ifindex }, mtu);
}

int link_delete(struct netlink *netlink, int ifindex)
{
	struct ifinfomsg info = { .ifi_index = ifindex };
	struct nl_msg *message;

	message = nlmsg_alloc_simple(RTM_DELLINK, 0);
	if (!message)
		return -ENOMEM;
	if (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return netlink_call(netlink, message);
}

const char *link_operstate_string(uint8_t operstate)
{
	static const char *const names[] = {
		[IF_OPER_UNKNOWN] = "UNKNOWN", [IF_OPER_NOTPRESENT] = "NOTPRESENT",
		[IF_OPER_DOWN] = "DOWN",       [IF_OPER_LOWERLAYERDOWN] = "LOWERLAYERDOWN",
		[IF_OPER_TESTING] = "TESTING", [IF_OPER_DORMANT] = "DORMANT",
		[IF_OPER_UP] = "UP",
	};

	return operstate < sizeof(names) / sizeof(names[0]) ? names[operstate] : "UNKNOWN";
}
