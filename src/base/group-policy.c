/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/group-policy.h"

#include "base/group.h"

#include <errno.h>
#include <string.h>

static bool is_for(const struct group_rule *rule, int interface)
{
	return rule->interface == 0 || rule->interface == interface;
}

static bool matches(const struct group_rule *rule, const struct address *source,
		    const struct address *group)
{
	if (!prefix_contains(&rule->group, group))
		return false;
	return rule->source.address.family == AF_UNSPEC ||
	       (source && prefix_contains(&rule->source, source));
}

bool group_policy_denies(const struct group_policy *policy, int interface,
			 const struct address *source, const struct address *group)
{
	bool any = false;

	for (size_t i = 0; i < policy->n_deny; i++)
		if (is_for(&policy->deny[i], interface) && matches(&policy->deny[i], source, group))
			return true;
	for (size_t i = 0; i < policy->n_allow; i++) {
		const struct group_rule *rule = &policy->allow[i];

		/* One of IPv4 does not refuse all of IPv6. */
		if (!is_for(rule, interface) || (rule->group.address.family != AF_UNSPEC &&
						 rule->group.address.family != group->family))
			continue;
		if (matches(rule, source, group))
			return false;
		any = true;
	}
	return any;
}

bool group_policy_source_specific(const struct group_policy *policy, const struct address *group)
{
	bool any = false;

	for (size_t i = 0; i < policy->n_ssm; i++) {
		if (prefix_contains(&policy->ssm[i], group))
			return true;
		any = any || policy->ssm[i].address.family == group->family;
	}
	return !any && group_source_specific(group);
}

const struct address *group_policy_map(const struct group_policy *policy,
				       const struct address *group, size_t *position)
{
	while (*position < policy->n_maps) {
		const struct group_map *map = &policy->maps[(*position)++];

		if (prefix_contains(&map->group, group))
			return &map->source;
	}
	return NULL;
}

int group_rule_parse(const char *text, struct group_rule *ret)
{
	struct group_rule rule = { 0 };
	const char *comma = strchr(text, ',');
	char source[PREFIX_TEXT_MAX];

	if (comma) {
		const size_t n = (size_t)(comma - text);

		if (n >= sizeof(source))
			return -EINVAL;
		memcpy(source, text, n);
		source[n] = '\0';
		if (prefix_parse(source, &rule.source) < 0)
			return -EINVAL;
		text = comma + 1;
	}
	if (prefix_parse(text, &rule.group) < 0)
		return -EINVAL;
	if (rule.group.address.family != AF_UNSPEC && !group_valid(&rule.group.address))
		return -EINVAL;
	if (rule.source.address.family != AF_UNSPEC && rule.group.address.family != AF_UNSPEC &&
	    rule.source.address.family != rule.group.address.family)
		return -EINVAL;
	*ret = rule;
	return 0;
}

static bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->length == b->length && address_equal(&a->address, &b->address);
}

bool group_rule_equal(const struct group_rule *a, const struct group_rule *b)
{
	return a->interface == b->interface && prefix_equal(&a->source, &b->source) &&
	       prefix_equal(&a->group, &b->group);
}
