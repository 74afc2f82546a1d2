/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <amt/mrule.h>

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

static int change(struct netlink *netlink, int type, int flags, sa_family_t family,
		  const char *device, uint32_t table)
{
	struct fib_rule_hdr header = {
		.family = family == AF_INET ? RTNL_FAMILY_IPMR : RTNL_FAMILY_IP6MR,
		.action = FR_ACT_TO_TBL,
	};
	struct nl_msg *message;

	message = nlmsg_alloc_simple(type, flags);
	if (!message)
		return -ENOMEM;
	if (nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(message, FRA_IIFNAME, device) < 0 ||
	    nla_put_u32(message, FRA_TABLE, table) < 0 ||
	    nla_put_u32(message, FRA_PRIORITY, MRULE_PRIORITY) < 0) {
		nlmsg_free(message);
		return -ENOMEM;
	}
	return netlink_call(netlink, message);
}

int mrule_add(struct netlink *netlink, sa_family_t family, const char *device, uint32_t table)
{
	int r;

	r = change(netlink, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, family, device, table);
	return r == -EEXIST ? 0 : r;
}

int mrule_remove(struct netlink *netlink, sa_family_t family, const char *device, uint32_t table)
{
	int r;

	r = change(netlink, RTM_DELRULE, 0, family, device, table);
	return r == -ENOENT ? 0 : r;
}
