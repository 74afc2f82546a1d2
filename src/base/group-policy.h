/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which groups may be joined and forwarded, and how: AllowGroups=, DenyGroups=, SSMPrefix= and
 * MapSource= of amt(5). Pure. A zeroed policy allows everything.
 */
#ifndef AMT_BASE_GROUP_POLICY_H
#define AMT_BASE_GROUP_POLICY_H

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>

struct group_rule {
	int interface;	      /* index; 0: every one */
	struct prefix source; /* any: joins of any source, too */
	struct prefix group;
};

/* A join of any source of the group is one of this source. */
struct group_map {
	struct prefix group;
	struct address source;
};

/* The arrays are the owner's. */
struct group_policy {
	struct group_rule *allow, *deny;
	size_t n_allow, n_deny;
	struct prefix *ssm; /* of a family without any: 232.0.0.0/8, ff3x::/32 */
	size_t n_ssm;
	struct group_map *maps;
	size_t n_maps;
};

/* Denied: by a rule of deny, or by none of allow where some are for the interface. source NULL: any
 * source. */
bool group_policy_denies(const struct group_policy *policy, int interface,
			 const struct address *source, const struct address *group);

/* Must a join of the group name its source? */
bool group_policy_source_specific(const struct group_policy *policy, const struct address *group);

/* The next source that the group is mapped to; NULL: no more. previous NULL: the first. */
const struct address *group_policy_map(const struct group_policy *policy,
				       const struct address *group, size_t *position);

/* "GROUP", "GROUP/LENGTH" or "SOURCE,GROUP", both of which may be prefixes. 0 or -EINVAL; interface
 * 0. */
int group_rule_parse(const char *text, struct group_rule *ret);
bool group_rule_equal(const struct group_rule *a, const struct group_rule *b);

#endif
