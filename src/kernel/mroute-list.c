/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mroute-list.h"

#include "base/array.h"

#include <errno.h>
#include <linux/mroute.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

/* ipmr_rtm_dumproute(), ip6mr_rtm_dumproute(); the latter has no name of its own for the default
 * table, RT6_TABLE_DFLT. */
static const sa_family_t listed[] = { RTNL_FAMILY_IPMR, RTNL_FAMILY_IP6MR };

/* A dump repeated after changes; it is always complete in the end. */
#define TRIES 10

struct list {
	sa_family_t family;
	uint32_t table;
	struct mroute_entry *entries;
	size_t n, room;
};

static bool read_address(const struct nlattr *attribute, sa_family_t family, struct address *ret)
{
	if (!attribute || (size_t)nla_len(attribute) < address_length(family))
		return false;
	*ret = address_load(family, nla_data(attribute));
	return true;
}

static int on_route(struct nl_object *object, const struct nlmsghdr *header, void *userdata)
{
	struct nlattr *attributes[RTA_MAX + 1];
	const struct rtmsg *route = nlmsg_data(header);
	struct list *list = userdata;
	struct mroute_entry entry;

	if (nlmsg_parse((struct nlmsghdr *)header, sizeof(*route), attributes, RTA_MAX, NULL) < 0 ||
	    !attributes[RTA_TABLE] || nla_get_u32(attributes[RTA_TABLE]) != list->table ||
	    !attributes[RTA_IIF] || /* it waits for its route */
	    !read_address(attributes[RTA_SRC], list->family, &entry.source) ||
	    !read_address(attributes[RTA_DST], list->family, &entry.group))
		return 0;
	entry.incoming = (int)nla_get_u32(attributes[RTA_IIF]);
	if (!GROW(list->entries, list->n, list->room))
		return -ENOMEM;
	list->entries[list->n++] = entry;
	return 0;
}

int mroute_list(struct netlink *netlink, sa_family_t family, uint32_t table,
		struct mroute_entry **ret, size_t *ret_n)
{
	struct list list = { .family = family, .table = table };
	int r = -EAGAIN;

	if (table == 0)
		list.table = family == AF_INET ? RT_TABLE_DEFAULT : RT_TABLE_MAIN;
	for (int i = 0; i < TRIES && r == -EAGAIN; i++) {
		list.n = 0;
		r = netlink_dump(netlink, RTM_GETROUTE, listed[family == AF_INET6], on_route,
				 &list);
	}
	if (r < 0) {
		free(list.entries);
		return r;
	}
	*ret = list.entries;
	*ret_n = list.n;
	return 0;
}
