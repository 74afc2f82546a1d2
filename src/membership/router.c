/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/group.h"
#include "membership/router-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_MAX(family) ((family) == AF_INET ? 3 : 2)
#define ROBUSTNESS_MAX	    7		   /* QRV has three bits */
#define INTERVAL_MAX	    (31744000000U) /* QQIC: 31744 s */

/* Sources that a group may be mapped to: amt(5), MapSource= */
#define MAPPED_MAX 64

/* Limit for one call of router_run(). */
#define GROUPS_AT_ONCE 128

/* There may be one router for each of many tunnels. */
static void trim_scratch(struct router *router)
{
	if (router->scratch_room <= ROUTER_SCRATCH_KEPT)
		return;
	free(router->scratch);
	router->scratch = NULL;
	router->scratch_room = 0;
}

static bool in_range(uint64_t value, uint64_t max)
{
	return value > 0 && value <= max;
}

static bool options_valid(const struct router_options *options)
{
	return (options->family == AF_INET || options->family == AF_INET6) &&
	       in_range(options->version, VERSION_MAX(options->family)) &&
	       in_range(options->robustness, ROBUSTNESS_MAX) &&
	       in_range(options->query_interval_usec, INTERVAL_MAX) &&
	       in_range(options->query_response_usec, options->query_interval_usec) &&
	       in_range(options->last_member_usec, INTERVAL_MAX);
}

static void store_options(struct router *router, const struct router_options *options)
{
	router->options = *options;
	if (router->options.max_sources > UINT16_MAX)
		router->options.max_sources = UINT16_MAX;
}

int router_new(const struct router_options *options, const struct router_ops *ops, void *userdata,
	       const struct address *own, usec_t now, struct router **ret)
{
	struct router *router;
	int r;

	if (!options_valid(options))
		return -EINVAL;
	router = calloc(1, sizeof(*router));
	if (!router)
		return -ENOMEM;
	r = store_init(&router->store);
	if (r < 0) {
		router_free(router);
		return r;
	}
	store_options(router, options);
	router->ops = *ops;
	router->userdata = userdata;
	router->own = *own;
	router->general_at = now;
	router->startup = options->robustness;
	*ret = router;
	return 0;
}

void router_free(struct router *router)
{
	if (!router)
		return;
	store_fini(&router->store);
	free(router->scratch);
	free(router);
}

void router_set_address(struct router *router, const struct address *own)
{
	/* No Query was sent yet. */
	if (router->own.family == AF_UNSPEC && own->family != AF_UNSPEC)
		router->general_at = 0;
	router->own = *own;
}

/* Do hosts have to hear a Query soon? A group that was to be queried within the shorter interval
 * would expire before the first Query of the longer one. */
static bool concerns_hosts(const struct router_options *a, const struct router_options *b)
{
	return a->version != b->version || a->querier != b->querier ||
	       a->robustness != b->robustness || a->query_interval_usec != b->query_interval_usec ||
	       a->query_response_usec != b->query_response_usec;
}

int router_set_options(struct router *router, const struct router_options *options, usec_t now)
{
	const struct router_options before = router->options;

	if (!options_valid(options) || options->family != before.family)
		return -EINVAL;
	store_options(router, options);
	if (!concerns_hosts(&before, options))
		return 0;
	if (options->querier && !before.querier) { /* it takes part in the election now */
		router->querier_until = 0;
		router->querier = (struct address){ .family = AF_UNSPEC };
	}
	router->startup = options->robustness;
	router->general_at = now;
	return 0;
}

/* RFC 4604, section 2.2 */
static bool any_source(const struct router *router, const struct group_message *message,
		       const struct group_record *record)
{
	return message->version < VERSION_MAX(router->options.family) ||
	       record->type == GROUP_MODE_IS_EXCLUDE || record->type == GROUP_CHANGE_TO_EXCLUDE;
}

void router_set_policy(struct router *router, const struct group_policy *policy)
{
	router->options.policy = policy;
}

static bool joins_any(const struct group_record *record)
{
	return record->type == GROUP_MODE_IS_EXCLUDE || record->type == GROUP_CHANGE_TO_EXCLUDE;
}

/* A join of any source as one of the sources that its group is mapped to; data: for these. False:
 * there are none. */
static bool map_sources(const struct router *router, struct group_record *record,
			uint8_t data[static MAPPED_MAX * 16])
{
	const struct group_policy *policy = router->options.policy;
	const struct address *source;
	size_t position = 0, length = 0;
	uint16_t n = 0;

	if (!policy || !joins_any(record))
		return false;
	while (n < MAPPED_MAX && (source = group_policy_map(policy, &record->group, &position))) {
		length += address_store(source, data + length);
		n++;
	}
	if (n == 0)
		return false;
	record->type = GROUP_ALLOW_NEW_SOURCES;
	record->sources = (struct group_sources){ .data = data, .n = n };
	return true;
}

static bool is_mapped(const struct router *router, const struct address *group)
{
	size_t position = 0;

	return router->options.policy &&
	       group_policy_map(router->options.policy, group, &position) != NULL;
}

static bool is_source_specific(const struct router *router, const struct address *group)
{
	return router->options.policy ? group_policy_source_specific(router->options.policy, group)
				      : group_source_specific(group);
}

static void take_record(struct router *router, const struct group_message *message,
			struct group_record *record, usec_t now)
{
	uint8_t data[MAPPED_MAX * 16];

	router->counters.records++;
	if (!group_routable(&record->group))
		router_ignore(router, ROUTER_IGNORED_GROUP);
	else if (map_sources(router, record, data))
		group_record(router, message, record, now);
	else if (joins_any(record) && router_denies(router, NULL, &record->group))
		router_ignore(router, ROUTER_IGNORED_DENIED);
	else if (router->options.ssm_only_in_ssm_range &&
		 is_source_specific(router, &record->group) &&
		 any_source(router, message, record) && !is_mapped(router, &record->group))
		router_ignore(router, ROUTER_IGNORED_SSM);
	else
		group_record(router, message, record, now);
}

void router_report(struct router *router, const struct group_message *message, usec_t now)
{
	struct group_record record;
	size_t at = 0;

	router_run(router, now);
	router->counters.reports++;
	if (message->version > router->options.version) {
		router_ignore(router, ROUTER_IGNORED_VERSION);
		return;
	}
	while (group_next_record(message, &at, &record))
		take_record(router, message, &record, now);
	trim_scratch(router);
}

/* Whether all hosts answer before this router would ask them. */
static bool asks_hosts(const struct router *router, const struct group_query *query)
{
	return query->group.family == AF_UNSPEC &&
	       query->max_response_usec <= router->options.query_interval_usec;
}

/* RFC 9776, 6.6.2: the lowest address is the querier. */
static bool yields_to(const struct router *router, const struct address *source)
{
	return !router->options.querier || router->own.family == AF_UNSPEC ||
	       address_compare(source, &router->own) < 0;
}

static void yield_querier(struct router *router, const struct address *querier, usec_t now)
{
	router->querier = *querier;
	router->querier_until = now + router_timer_usec(router, ROUTER_TIMER_OTHER_QUERIER);
}

void router_query(struct router *router, const struct group_message *message, usec_t now)
{
	router_run(router, now);
	router->counters.queries++;
	/* Snooping switches send Queries without a source, and are no routers: RFC 4541, 2.1.1. */
	if (address_is_unspecified(&message->source) ||
	    address_equal(&message->source, &router->own)) {
		router_ignore(router, ROUTER_IGNORED_QUERY);
		return;
	}
	if (message->version < router->options.version)
		router->counters.queries_older++;
	if (message->query.group.family != AF_UNSPEC)
		group_query_received(router, &message->query, now);
	else if (!asks_hosts(router, &message->query))
		router_ignore(router, ROUTER_IGNORED_RESPONSE);
	else if (yields_to(router, &message->source))
		yield_querier(router, &message->source, now);
}

usec_t router_next(const struct router *router)
{
	const struct group *first = store_first(&router->store);
	usec_t next = first ? first->deadline : USEC_NEVER;

	if (router_is_querier(router) && router->general_at < next)
		next = router->general_at;
	if (router->querier_until > 0 && router->querier_until < next)
		next = router->querier_until;
	return next;
}

static void run_general(struct router *router, usec_t now)
{
	usec_t interval = router_timer_usec(router, ROUTER_TIMER_GENERAL);
	bool startup = router->startup > 0;

	if (router->own.family == AF_UNSPEC) {
		router->general_at = USEC_NEVER;
		return;
	}
	/* 8.6 and 8.7: Startup Query Count, each a Startup Query Interval from the last */
	if (startup && --router->startup > 0)
		interval /= 4;
	router->general_at = now + interval;
	query_general(router, startup);
}

void router_run(struct router *router, usec_t now)
{
	unsigned int groups = GROUPS_AT_ONCE;
	struct group *first;

	if (router->querier_until > 0 && router->querier_until <= now) {
		router->querier_until = 0;
		router->querier = (struct address){ .family = AF_UNSPEC };
		router->general_at = now;
		router->startup = 0;
	}
	while (groups-- > 0 && (first = store_first(&router->store)) && first->deadline <= now)
		group_update(router, first, false, now);
	if (router_is_querier(router) && router->general_at <= now)
		run_general(router, now);
}

int router_filter(const struct router *router, const struct address *group, struct filter *ret)
{
	struct key key = router_key(group);
	const struct group *found = store_find(&router->store, &key);
	int r;

	filter_clear(ret);
	if (!found)
		return 0;
	ret->mode = found->mode;
	for (uint16_t i = 0; i < found->n; i++) {
		struct address source = router_address(router, &found->sources[i].key);

		if (found->mode == FILTER_EXCLUDE && found->sources[i].timer > 0)
			continue;
		r = filter_add(ret, &source);
		if (r < 0) {
			filter_clear(ret);
			return r;
		}
	}
	return 0;
}

bool router_next_group(const struct router *router, size_t *position, usec_t now,
		       struct router_group *ret)
{
	const struct group *group;

	if (*position >= router->store.heap.n)
		return false;
	group = router->store.heap.entries[(*position)++];
	*ret = (struct router_group){
		.group = router_address(router, &group->key),
		.mode = group->mode,
		.n_sources = group->n,
		.version = group_version(router, group, now),
		.expires = group->mode == FILTER_EXCLUDE ? group->timer : 0,
	};
	for (uint16_t i = 0; i < group->n; i++)
		if (group->sources[i].timer > ret->expires)
			ret->expires = group->sources[i].timer;
	return true;
}

size_t router_groups(const struct router *router)
{
	return router->store.heap.n;
}

size_t router_members(const struct router *router)
{
	return router->store.n_members;
}

const struct address *router_querier(const struct router *router)
{
	return router_is_querier(router) ? &router->own : &router->querier;
}

const struct router_counters *router_counters(const struct router *router)
{
	return &router->counters;
}

const char *router_ignored_text(enum router_ignored reason)
{
	static const char *const texts[ROUTER_IGNORED_MAX] = {
		[ROUTER_IGNORED_GROUP] = "group",
		[ROUTER_IGNORED_SSM] = "any_source",
		[ROUTER_IGNORED_DENIED] = "denied",
		[ROUTER_IGNORED_SOURCE] = "source",
		[ROUTER_IGNORED_VERSION] = "version",
		[ROUTER_IGNORED_OLDER] = "older_host",
		[ROUTER_IGNORED_QUERY] = "query",
		[ROUTER_IGNORED_RESPONSE] = "response",
		[ROUTER_IGNORED_GROUPS] = "max_groups",
		[ROUTER_IGNORED_HOST] = "max_groups_per_host",
		[ROUTER_IGNORED_SOURCES] = "max_sources",
		[ROUTER_IGNORED_MEMORY] = "memory",
	};

	return texts[reason];
}
