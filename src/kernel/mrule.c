/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mrule.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/route/rule.h>

static int rtnl_family(sa_family_t family)
{
	return family == AF_INET ? RTNL_FAMILY_IPMR : RTNL_FAMILY_IP6MR;
}

typedef int (*builder)(struct rtnl_rule *rule, int flags, struct nl_msg **ret);

static int change_rule(struct netlink *netlink, builder build, int flags, sa_family_t family,
		       const char *device, uint32_t table)
{
	struct rtnl_rule *rule = rtnl_rule_alloc();
	struct nl_msg *message = NULL;

	if (rule && rtnl_rule_set_iif(rule, device) == 0) {
		rtnl_rule_set_family(rule, rtnl_family(family));
		rtnl_rule_set_action(rule, FR_ACT_TO_TBL);
		rtnl_rule_set_table(rule, table);
		rtnl_rule_set_prio(rule, MRULE_PRIORITY);
		(void)rtnl_rule_set_protocol(rule, MRULE_PROTOCOL);
		(void)build(rule, flags, &message);
	}
	rtnl_rule_put(rule);
	return netlink_call(netlink, message);
}

int mrule_add(struct netlink *netlink, sa_family_t family, const char *device, uint32_t table)
{
	int r;

	r = change_rule(netlink, rtnl_rule_build_add_request, NLM_F_EXCL, family, device, table);
	return r == -EEXIST ? 0 : r;
}

int mrule_remove(struct netlink *netlink, sa_family_t family, const char *device, uint32_t table)
{
	int r;

	r = change_rule(netlink, rtnl_rule_build_delete_request, 0, family, device, table);
	return r == -ENOENT ? 0 : r;
}

/* Rules found by a dump, removed after it. */
struct found {
	struct netlink *netlink;
	sa_family_t family;
	mrule_keep keep;
	void *userdata;
	struct nl_cache *stale;
};

static int take_rule(struct nl_object *object, const struct nlmsghdr *header, void *userdata)
{
	struct rtnl_rule *rule = (struct rtnl_rule *)object;
	struct found *found = userdata;
	uint8_t protocol;

	if (!rule || rtnl_rule_get_protocol(rule, &protocol) < 0 || protocol != MRULE_PROTOCOL ||
	    !rtnl_rule_get_iif(rule) ||
	    found->keep(found->family, rtnl_rule_get_iif(rule), rtnl_rule_get_table(rule),
			found->userdata))
		return 0;
	return nl_cache_add(found->stale, object) < 0 ? -ENOMEM : 0;
}

static void remove_found(struct nl_object *object, void *userdata)
{
	struct rtnl_rule *rule = (struct rtnl_rule *)object;
	struct found *found = userdata;

	(void)mrule_remove(found->netlink, found->family, rtnl_rule_get_iif(rule),
			   rtnl_rule_get_table(rule));
}

int mrule_clean(struct netlink *netlink, sa_family_t family, mrule_keep keep, void *userdata)
{
	struct found found = {
		.netlink = netlink,
		.family = family,
		.keep = keep,
		.userdata = userdata,
	};
	int r;

	if (nl_cache_alloc_name("route/rule", &found.stale) < 0)
		return -ENOMEM;
	r = netlink_dump(netlink, RTM_GETRULE, rtnl_family(family), take_rule, &found);
	nl_cache_foreach(found.stale, remove_found, &found);
	nl_cache_free(found.stale);
	return r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r;
}
