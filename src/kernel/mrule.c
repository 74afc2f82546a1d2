/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mrule.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>

static int rtnl_family(sa_family_t family)
{
	return family == AF_INET ? RTNL_FAMILY_IPMR : RTNL_FAMILY_IP6MR;
}

static int change(struct netlink *netlink, int type, int flags, sa_family_t family,
		  const char *device, uint32_t table)
{
	struct fib_rule_hdr header = {
		.family = rtnl_family(family),
		.action = FR_ACT_TO_TBL,
	};
	struct nl_msg *message;

	message = nlmsg_alloc_simple(type, flags);
	if (!message)
		return -ENOMEM;
	if (nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(message, FRA_IIFNAME, device) < 0 ||
	    nla_put_u32(message, FRA_TABLE, table) < 0 ||
	    nla_put_u32(message, FRA_PRIORITY, MRULE_PRIORITY) < 0 ||
	    nla_put_u8(message, FRA_PROTOCOL, MRULE_PROTOCOL) < 0) {
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

/* What a dump found: rules are removed after it. */
struct found {
	sa_family_t family;
	mrule_keep keep;
	void *userdata;
	struct {
		char device[IFNAMSIZ];
		uint32_t table;
	} * rules;
	size_t n;
};

static int take_rule(const struct nlmsghdr *header, void *userdata)
{
	static struct nla_policy policy[FRA_MAX + 1] = {
		[FRA_IIFNAME] = { .type = NLA_STRING, .minlen = 1 },
		[FRA_TABLE] = { .type = NLA_U32 },
		[FRA_PROTOCOL] = { .type = NLA_U8 },
	};
	struct nlattr *attributes[FRA_MAX + 1];
	struct found *found = userdata;
	char device[IFNAMSIZ];
	uint32_t table;
	void *rules;

	if (nlmsg_parse((struct nlmsghdr *)header, sizeof(struct fib_rule_hdr), attributes, FRA_MAX,
			policy) < 0)
		return -EBADMSG;
	if (!attributes[FRA_PROTOCOL] || nla_get_u8(attributes[FRA_PROTOCOL]) != MRULE_PROTOCOL ||
	    !attributes[FRA_IIFNAME] || !attributes[FRA_TABLE])
		return 0;
	nla_strlcpy(device, attributes[FRA_IIFNAME], sizeof(device));
	table = nla_get_u32(attributes[FRA_TABLE]);
	if (found->keep(found->family, device, table, found->userdata))
		return 0;
	rules = reallocarray(found->rules, found->n + 1, sizeof(*found->rules));
	if (!rules)
		return -ENOMEM;
	found->rules = rules;
	memcpy(found->rules[found->n].device, device, sizeof(device));
	found->rules[found->n++].table = table;
	return 0;
}

int mrule_clean(struct netlink *netlink, sa_family_t family, mrule_keep keep, void *userdata)
{
	const struct fib_rule_hdr header = { .family = rtnl_family(family) };
	struct found found = { .family = family, .keep = keep, .userdata = userdata };
	struct nl_msg *message;
	int r;

	message = nlmsg_alloc_simple(RTM_GETRULE, NLM_F_DUMP);
	if (message && nlmsg_append(message, (void *)&header, sizeof(header), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(message);
		message = NULL;
	}
	r = netlink_query(netlink, message, take_rule, &found);
	for (size_t i = 0; i < found.n; i++)
		(void)mrule_remove(netlink, family, found.rules[i].device, found.rules[i].table);
	free(found.rules);
	return r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r;
}
