/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/config-groups.h"

#include "base/group.h"
#include "base/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

static const void *field_of(const struct config *config, size_t offset)
{
	return (const char *)config + offset;
}

static bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->length == b->length && address_equal(&a->address, &b->address);
}

/* A prefix of groups. */
static int parse_groups(const char *word, struct prefix *ret)
{
	struct prefix prefix;
	int r;

	r = prefix_parse(word, &prefix);
	if (r < 0)
		return r;
	if (prefix.address.family != AF_UNSPEC && !group_valid(&prefix.address))
		return -EINVAL;
	*ret = prefix;
	return 0;
}

/* "[DEV] [SOURCE,]GROUP...": all of it, or nothing. */
static int parse_rules(struct config_load *load, const char *value, void *field)
{
	struct config_group_rules *rules = field;
	const size_t before = rules->n;
	char *copy = strdup(value), *save = NULL, *word;
	char name[IFNAMSIZ] = "";
	struct group_rule rule;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	word = strtok_r(copy, BLANKS, &save);
	if (group_rule_parse(word, &rule) < 0) {
		r = parse_ifname(word, name);
		word = strtok_r(NULL, BLANKS, &save);
		if (r == 0 && !word)
			r = -EINVAL;
	}
	for (; r == 0 && word; word = strtok_r(NULL, BLANKS, &save)) {
		struct config_group_rule *slot;

		r = group_rule_parse(word, &rule);
		if (r < 0)
			break;
		slot = config_append(&rules->list, &rules->n, sizeof(*slot), CONFIG_GROUPS_MAX);
		if (!slot) {
			r = -errno;
			break;
		}
		slot->rule = rule;
		strcpy(slot->name, name);
	}
	free(copy);
	if (r < 0)
		rules->n = before;
	return r;
}

static void clear_rules(struct config *config, void *field)
{
	struct config_group_rules *rules = field;

	free(rules->list);
	*rules = (struct config_group_rules){ 0 };
}

static bool rules_equal(const struct config *a, const struct config *b, size_t offset, size_t size)
{
	const struct config_group_rules *x = field_of(a, offset), *y = field_of(b, offset);

	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->list[i].name, y->list[i].name) != 0 ||
		    !group_rule_equal(&x->list[i].rule, &y->list[i].rule))
			return false;
	return true;
}

const struct config_kind config_kind_group_rules = { parse_rules, clear_rules, rules_equal };

static int parse_ssm(struct config_load *load, const char *value, void *field)
{
	struct config_prefixes *prefixes = field;
	const size_t before = prefixes->n;
	char *copy = strdup(value), *save = NULL;
	int r = copy ? 0 : -ENOMEM;

	for (char *word = copy ? strtok_r(copy, BLANKS, &save) : NULL; word && r == 0;
	     word = strtok_r(NULL, BLANKS, &save)) {
		struct prefix prefix, *slot;

		r = parse_groups(word, &prefix);
		if (r < 0)
			break;
		slot = config_append(&prefixes->list, &prefixes->n, sizeof(*slot),
				     CONFIG_GROUPS_MAX);
		if (slot)
			*slot = prefix;
		else
			r = -errno;
	}
	free(copy);
	if (r < 0)
		prefixes->n = before;
	return r;
}

static void clear_ssm(struct config *config, void *field)
{
	struct config_prefixes *prefixes = field;

	free(prefixes->list);
	*prefixes = (struct config_prefixes){ 0 };
}

static bool ssm_equal(const struct config *a, const struct config *b, size_t offset, size_t size)
{
	const struct config_prefixes *x = field_of(a, offset), *y = field_of(b, offset);

	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!prefix_equal(&x->list[i], &y->list[i]))
			return false;
	return true;
}

const struct config_kind config_kind_ssm = { parse_ssm, clear_ssm, ssm_equal };

static int add_map(struct config_maps *maps, const struct prefix *group, const char *word)
{
	struct address source;
	struct group_map *slot;
	int r;

	r = address_parse(word, &source);
	if (r < 0)
		return r;
	if (!address_is_host(&source) || source.family != group->address.family)
		return -EINVAL;
	slot = config_append(&maps->list, &maps->n, sizeof(*slot), CONFIG_GROUPS_MAX);
	if (!slot)
		return -errno;
	*slot = (struct group_map){ .group = *group, .source = source };
	return 0;
}

/* "GROUP SOURCE..." */
static int parse_map(struct config_load *load, const char *value, void *field)
{
	struct config_maps *maps = field;
	const size_t before = maps->n;
	char *copy = strdup(value), *save = NULL, *word;
	struct prefix group;
	int r;

	if (!copy)
		return -ENOMEM;
	r = parse_groups(strtok_r(copy, BLANKS, &save), &group);
	word = strtok_r(NULL, BLANKS, &save);
	if (r == 0 && !word)
		r = -EINVAL;
	for (; r == 0 && word; word = strtok_r(NULL, BLANKS, &save))
		r = add_map(maps, &group, word);
	free(copy);
	if (r < 0)
		maps->n = before;
	return r;
}

static void clear_maps(struct config *config, void *field)
{
	struct config_maps *maps = field;

	free(maps->list);
	*maps = (struct config_maps){ 0 };
}

static bool maps_equal(const struct config *a, const struct config *b, size_t offset, size_t size)
{
	const struct config_maps *x = field_of(a, offset), *y = field_of(b, offset);

	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!prefix_equal(&x->list[i].group, &y->list[i].group) ||
		    !address_equal(&x->list[i].source, &y->list[i].source))
			return false;
	return true;
}

const struct config_kind config_kind_maps = { parse_map, clear_maps, maps_equal };
