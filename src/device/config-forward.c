/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parse.h"
#include "device/config-forward-keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's own limit: net/ipv4/ipmr.c, ipmr_new_table() */
#define TABLE_MAX 99999999

/* struct router_options */
#define SOURCES_MAX UINT16_MAX

/* The most that the codes of IGMP and MLD carry, RFC 9776, 4.2.7: 31 << 10 tenths of a second */
#define RESPONSE_SEC_MAX 3174

void config_forward_defaults(struct config_forward *forward)
{
	forward->querier = true;
	forward->igmp_version = 3;
	forward->mld_version = 2;
	/* RFC 9776, section 8 */
	forward->robustness = 2;
	forward->query_interval_sec = 125;
	forward->query_response_sec = 10;
	forward->last_member_sec = 1;
	forward->max_groups = 100000;
	forward->max_sources = 1000;
	forward->max_groups_per_host = 10000;
}

int config_add_downstream(struct config *config, const char *name)
{
	struct config_forward *forward = &config->forward;
	char(*slot)[IFNAMSIZ];

	for (size_t i = 0; i < forward->n_downstreams; i++)
		if (strcmp(forward->downstreams[i], name) == 0)
			return 0;
	slot = config_append(&forward->downstreams, &forward->n_downstreams, sizeof(*slot),
			     CONFIG_DOWNSTREAMS_MAX);
	if (!slot)
		return -errno;
	strcpy(*slot, name);
	return 0;
}

static int downstream_one(struct config *config, const char *word)
{
	char name[IFNAMSIZ];
	int r;

	r = parse_ifname(word, name);
	return r < 0 ? r : config_add_downstream(config, name);
}

int config_parse_downstreams(struct config_load *load, const char *value, void *field)
{
	return config_parse_words(load, value, downstream_one);
}

void config_reset_downstreams(struct config_load *load, void *field)
{
	load->config->forward.n_downstreams = 0;
}

static int add_upstream(struct config *config, const char *name, const struct prefix *prefix)
{
	struct config_forward *forward = &config->forward;
	struct config_upstream *slot;

	slot = config_append(&forward->upstreams, &forward->n_upstreams, sizeof(*slot),
			     CONFIG_UPSTREAMS_MAX);
	if (!slot)
		return -errno;
	strcpy(slot->name, name);
	slot->prefix = *prefix;
	return 0;
}

int config_add_upstream(struct config *config, const char *name)
{
	const struct prefix any = { 0 };

	return add_upstream(config, name, &any);
}

/* "DEV" or "DEV PREFIX...": all of it, or nothing. */
int config_parse_upstream(struct config_load *load, const char *value, void *field)
{
	struct config_forward *forward = &load->config->forward;
	size_t before = forward->n_upstreams;
	char *copy, *save = NULL, *word;
	char name[IFNAMSIZ];
	int r;

	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	r = parse_ifname(strtok_r(copy, " \t", &save), name);
	word = strtok_r(NULL, " \t", &save);
	if (r == 0 && !word)
		r = config_add_upstream(load->config, name);
	for (; r == 0 && word; word = strtok_r(NULL, " \t", &save)) {
		struct prefix prefix;

		r = prefix_parse(word, &prefix);
		if (r == 0)
			r = add_upstream(load->config, name, &prefix);
	}
	free(copy);
	if (r < 0)
		forward->n_upstreams = before;
	return r;
}

void config_reset_upstreams(struct config_load *load, void *field)
{
	load->config->forward.n_upstreams = 0;
}

int config_parse_table(struct config_load *load, const char *value, void *field)
{
	return parse_u32(value, 1, TABLE_MAX, field);
}

int config_parse_igmp_version(struct config_load *load, const char *value, void *field)
{
	return parse_u32(value, 1, 3, field);
}

int config_parse_mld_version(struct config_load *load, const char *value, void *field)
{
	return parse_u32(value, 1, 2, field);
}

int config_parse_robustness(struct config_load *load, const char *value, void *field)
{
	/* QRV has three bits, and 1 would tolerate no packet loss. */
	return parse_u32(value, 2, 7, field);
}

int config_parse_response(struct config_load *load, const char *value, void *field)
{
	return parse_u32(value, 1, RESPONSE_SEC_MAX, field);
}

int config_parse_limit(struct config_load *load, const char *value, void *field)
{
	return parse_u32(value, 1, INT32_MAX, field);
}

int config_parse_max_sources(struct config_load *load, const char *value, void *field)
{
	return parse_u32(value, 1, SOURCES_MAX, field);
}

int config_parse_ttl(struct config_load *load, const char *value, void *field)
{
	return parse_u32(value, 2, UINT8_MAX, field);
}

int config_parse_unicast(struct config_load *load, const char *value, void *field)
{
	static const char *const error_text[_CONFIG_UNICAST_MAX] = {
		[CONFIG_UNICAST_NO] = "no",
		[CONFIG_UNICAST_YES] = "yes",
		[CONFIG_UNICAST_ONLY] = "only",
	};

	for (int i = 0; i < _CONFIG_UNICAST_MAX; i++)
		if (strcmp(value, error_text[i]) == 0) {
			*(enum config_unicast *)field = i;
			return 0;
		}
	return -EINVAL;
}

bool config_forwards(const struct config_forward *forward)
{
	return forward->n_downstreams > 0 && forward->n_upstreams > 0;
}

static bool names_equal(const struct config_forward *a, const struct config_forward *b)
{
	if (a->n_downstreams != b->n_downstreams || a->n_upstreams != b->n_upstreams)
		return false;
	for (size_t i = 0; i < a->n_downstreams; i++)
		if (strcmp(a->downstreams[i], b->downstreams[i]) != 0)
			return false;
	for (size_t i = 0; i < a->n_upstreams; i++) {
		const struct config_upstream *x = &a->upstreams[i], *y = &b->upstreams[i];

		if (strcmp(x->name, y->name) != 0 || x->prefix.length != y->prefix.length ||
		    !address_equal(&x->prefix.address, &y->prefix.address))
			return false;
	}
	return strcmp(a->backup_upstream, b->backup_upstream) == 0;
}

bool config_forward_equal(const struct config_forward *a, const struct config_forward *b)
{
	return names_equal(a, b) && a->upstream_timeout_sec == b->upstream_timeout_sec &&
	       a->table == b->table && a->querier == b->querier &&
	       a->igmp_version == b->igmp_version && a->mld_version == b->mld_version &&
	       a->robustness == b->robustness && a->query_interval_sec == b->query_interval_sec &&
	       a->query_response_sec == b->query_response_sec &&
	       a->last_member_sec == b->last_member_sec && a->fast_leave == b->fast_leave &&
	       a->max_groups == b->max_groups && a->max_sources == b->max_sources &&
	       a->max_groups_per_host == b->max_groups_per_host && a->ttl == b->ttl &&
	       a->unicast_reports == b->unicast_reports &&
	       a->forward_queries == b->forward_queries &&
	       a->forward_reports == b->forward_reports &&
	       a->unsolicited_report_sec == b->unsolicited_report_sec &&
	       a->self_query_sec == b->self_query_sec;
}

void config_forward_clear(struct config_forward *forward)
{
	free(forward->downstreams);
	free(forward->upstreams);
	forward->downstreams = NULL;
	forward->n_downstreams = 0;
	forward->upstreams = NULL;
	forward->n_upstreams = 0;
}
