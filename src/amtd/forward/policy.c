/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/policy.h"

#include "amtd/forward/upstreams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 0: it is absent, or none of this device's. */
static int find_interface(const struct forward *forward, const char *name)
{
	for (size_t i = 0; i < forward->n_downstreams; i++)
		if (strcmp(forward->downstreams[i]->name, name) == 0)
			return forward->downstreams[i]->ifindex;
	for (size_t i = 0; i < forward->n_upstreams; i++)
		if (strcmp(forward_upstream_name(forward, i), name) == 0)
			return forward->upstreams[i];
	return 0;
}

static int copy_rules(const struct forward *forward, const struct config_group_rules *from,
		      struct group_rule **ret, size_t *ret_n)
{
	struct group_rule *rules = calloc(from->n + 1, sizeof(*rules));
	size_t n = 0;

	if (!rules)
		return -ENOMEM;
	for (size_t i = 0; i < from->n; i++) {
		const struct config_group_rule *rule = &from->list[i];
		int interface = rule->name[0] ? find_interface(forward, rule->name) : 0;

		if (rule->name[0] && interface == 0)
			continue;
		rules[n] = rule->rule;
		rules[n++].interface = interface;
	}
	*ret = rules;
	*ret_n = n;
	return 0;
}

static void *copy_list(const void *list, size_t n, size_t size)
{
	void *copy = calloc(n + 1, size);

	return copy && n > 0 ? memcpy(copy, list, n * size) : copy;
}

static void free_policy(struct group_policy *policy)
{
	if (!policy)
		return;
	free(policy->allow);
	free(policy->deny);
	free(policy->ssm);
	free(policy->maps);
	free(policy);
}

/* NULL: no memory. */
static struct group_policy *new_policy(const struct forward *forward)
{
	const struct config_forward *config = forward_config(forward);
	struct group_policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->ssm =
		copy_list(config->ssm_prefixes.list, config->ssm_prefixes.n, sizeof(*policy->ssm));
	policy->maps =
		copy_list(config->map_sources.list, config->map_sources.n, sizeof(*policy->maps));
	policy->n_ssm = config->ssm_prefixes.n;
	policy->n_maps = config->map_sources.n;
	if (!policy->ssm || !policy->maps ||
	    copy_rules(forward, &config->allow_groups, &policy->allow, &policy->n_allow) < 0 ||
	    copy_rules(forward, &config->deny_groups, &policy->deny, &policy->n_deny) < 0) {
		free_policy(policy);
		return NULL;
	}
	return policy;
}

static bool rules_equal(const struct group_rule *a, size_t n, const struct group_rule *b, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!group_rule_equal(&a[i], &b[i]))
			return false;
	return true;
}

void policy_refresh(struct forward *forward)
{
	struct group_policy *former = forward->policy, *policy = new_policy(forward);

	if (!policy) {
		forward->dirty = true;
		return;
	}
	forward->policy = policy;
	/* Where only SSMPrefix= or MapSource= changed, the forwarders' part is the same. */
	for (int family = 0; family < _FAMILY_MAX; family++) {
		struct forwarder *forwarder = forward->forwarders[family];

		if (!forwarder)
			continue;
		if (former &&
		    rules_equal(former->allow, former->n_allow, policy->allow, policy->n_allow) &&
		    rules_equal(former->deny, former->n_deny, policy->deny, policy->n_deny))
			forwarder_replace_policy(forwarder, policy);
		else
			forward_check(forward, forwarder_set_policy(forwarder, policy));
	}
	for (size_t i = 0; i < forward->n_downstreams; i++)
		for (int family = 0; family < _FAMILY_MAX; family++)
			if (forward->downstreams[i]->sides[family].router)
				router_set_policy(forward->downstreams[i]->sides[family].router,
						  policy);
	free_policy(former);
}

void policy_free(struct forward *forward)
{
	free_policy(forward->policy);
	forward->policy = NULL;
}
