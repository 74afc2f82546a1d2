/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

void link_from_object(struct rtnl_link *object, struct link *ret)
{
	*ret = (struct link){
		.ifindex = rtnl_link_get_ifindex(object),
		.flags = rtnl_link_get_flags(object),
		.type = rtnl_link_get_arptype(object),
		.operstate = rtnl_link_get_operstate(object),
		.mtu = rtnl_link_get_mtu(object),
		.rx_packets = rtnl_link_get_stat(object, RTNL_LINK_RX_PACKETS),
		.rx_bytes = rtnl_link_get_stat(object, RTNL_LINK_RX_BYTES),
		.tx_packets = rtnl_link_get_stat(object, RTNL_LINK_TX_PACKETS),
		.tx_bytes = rtnl_link_get_stat(object, RTNL_LINK_TX_BYTES),
	};
	snprintf(ret->name, sizeof(ret->name), "%s", rtnl_link_get_name(object) ?: "");
	snprintf(ret->kind, sizeof(ret->kind), "%s", rtnl_link_get_type(object) ?: "");
}

int link_query(struct netlink *netlink, const char *name, netlink_handler handler, void *userdata)
{
	struct ifinfomsg info = { 0 };
	struct nl_msg *message;

	/* rtnl_link_build_get_request() also asks the driver about each virtual function. */
	message = nlmsg_alloc_simple(RTM_GETLINK, 0);
	if (message && (nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
			nla_put_string(message, IFLA_IFNAME, name) < 0)) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return netlink_query(netlink, message, handler, userdata);
}

static int take_link(struct nl_object *object, const struct nlmsghdr *header, void *userdata)
{
	if (!object)
		return -EBADMSG;
	link_from_object((struct rtnl_link *)object, userdata);
	return 0;
}

int link_get(struct netlink *netlink, const char *name, struct link *ret)
{
	int r;

	*ret = (struct link){ 0 };
	r = link_query(netlink, name, take_link, ret);
	/* An acknowledgement without an answer. */
	return r == 0 && ret->ifindex == 0 ? -EBADMSG : r;
}

/* Takes over changes, which may be NULL. */
static int change_link(struct netlink *netlink, int ifindex, struct rtnl_link *changes)
{
	struct rtnl_link *link = rtnl_link_alloc();
	struct nl_msg *message = NULL;

	if (link && changes) {
		rtnl_link_set_ifindex(link, ifindex);
		(void)rtnl_link_build_change_request(link, changes, 0, &message);
	}
	rtnl_link_put(link);
	rtnl_link_put(changes);
	return netlink_call(netlink, message);
}

int link_set_up(struct netlink *netlink, int ifindex, bool up)
{
	struct rtnl_link *changes = rtnl_link_alloc();

	if (changes)
		(up ? rtnl_link_set_flags : rtnl_link_unset_flags)(changes, IFF_UP);
	return change_link(netlink, ifindex, changes);
}

int link_set_mtu(struct netlink *netlink, int ifindex, uint32_t mtu)
{
	struct rtnl_link *changes = rtnl_link_alloc();

	if (changes)
		rtnl_link_set_mtu(changes, mtu);
	return change_link(netlink, ifindex, changes);
}

int link_delete(struct netlink *netlink, int ifindex)
{
	struct rtnl_link *link = rtnl_link_alloc();
	struct nl_msg *message = NULL;

	if (link) {
		rtnl_link_set_ifindex(link, ifindex);
		(void)rtnl_link_build_delete_request(link, &message);
	}
	rtnl_link_put(link);
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
