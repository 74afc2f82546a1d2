/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what happens on a link: options, then Reports, Leaves, Queries and time. Whatever
 * it is, the router keeps to its limits, its timers are in order, and its filters are complete.
 */
#include "input.h"
#include "membership/router-private.h"

#include <stdlib.h>
#include <string.h>

#define SEC	USEC_PER_SEC
#define GROUPS	24
#define LETTERS 16
#define EVENTS	2000

struct link {
	struct router *router;
	struct router_options options;
	uint64_t now;
	struct filter known[GROUPS]; /* by what changed() led to */
};

static struct address address(sa_family_t family, const uint8_t *prefix4, const uint8_t *prefix6,
			      uint8_t last)
{
	struct address a = { .family = family };

	memcpy(&a.in6, family == AF_INET ? prefix4 : prefix6, 3);
	a.in6.s6_addr[family == AF_INET ? 3 : 15] = last;
	return a;
}

static struct address group_address(sa_family_t family, uint8_t i)
{
	return address(family, (uint8_t[]){ 232 + i % 2, 0, 1 },
		       (uint8_t[]){ 0xff, 0x3e - i % 2 * 0x20, 0 }, i);
}

static struct address source_address(sa_family_t family, uint8_t i)
{
	return address(family, (uint8_t[]){ 10, 0, 0 }, (uint8_t[]){ 0x20, 1, 0 }, i);
}

static struct address host_address(sa_family_t family, uint8_t i)
{
	return address(family, (uint8_t[]){ 192, 168, 0 }, (uint8_t[]){ 0xfe, 0x80, 0 }, i);
}

static void on_changed(struct router *router, const struct address *group, void *userdata)
{
	struct link *link = userdata;

	for (uint8_t i = 0; i < GROUPS; i++) {
		struct address a = group_address(link->options.family, i);
		struct filter filter = { 0 };

		if (!address_equal(&a, group))
			continue;
		REQUIRE(router_filter(router, group, &filter) == 0);
		filter_clear(&link->known[i]);
		link->known[i] = filter;
		return;
	}
	abort();
}

static void on_query(struct router *router, const struct group_query *query, void *userdata)
{
	struct link *link = userdata;
	struct address a;

	REQUIRE(link->options.querier);
	REQUIRE(query->version == link->options.version);
	for (uint16_t i = 0; i < query->sources.n; i++)
		group_source(&query->sources, link->options.family, i, &a);
	REQUIRE(query->sources.n <= link->options.max_sources);
}

static size_t put(uint8_t *to, const struct address *a)
{
	size_t length = a->family == AF_INET ? 4 : 16;

	memcpy(to, &a->in6, length);
	return length;
}

static size_t put_sources(uint8_t *to, sa_family_t family, unsigned int bits)
{
	size_t length = 0;

	for (uint8_t i = LETTERS; i-- > 0;) { /* not in order */
		struct address a = source_address(family, i);

		if (bits & 1U << i)
			length += put(to + length, &a);
	}
	return length;
}

static void report(struct link *link, struct input *input)
{
	sa_family_t family = link->options.family;
	uint8_t latest = family == AF_INET ? 3 : 2, kind = input_take(input);
	uint8_t buf[3 * (4 + 16 + LETTERS * 16)];
	struct group_message message = {
		.family = family,
		.type = GROUP_REPORT,
		.version = 1 + kind % latest,
		.source = host_address(family, input_take(input) % 8),
		.records = buf,
	};

	if (message.version < latest) {
		bool leave = kind & 0x80;

		message.type = leave ? GROUP_LEAVE : GROUP_REPORT;
		message.only.group = group_address(family, input_take(input) % GROUPS);
		message.only.type = leave ? GROUP_CHANGE_TO_INCLUDE : GROUP_MODE_IS_EXCLUDE;
	}
	for (int i = 0; message.version == latest && i <= (kind >> 6) % 3; i++) {
		uint8_t *record = buf + message.records_length;
		struct address group;
		unsigned int bits;

		record[0] = 1 + input_take(input) % 6;
		record[1] = 0;
		group = group_address(family, input_take(input) % GROUPS);
		bits = input_take(input);
		bits |= (unsigned int)input_take(input) << 8;
		record[2] = 0;
		record[3] = (uint8_t)__builtin_popcount(bits);
		message.records_length += 4 + put(record + 4, &group);
		message.records_length += put_sources(buf + message.records_length, family, bits);
	}
	router_report(link->router, &message, link->now);
}

static void query(struct link *link, struct input *input)
{
	sa_family_t family = link->options.family;
	uint8_t buf[LETTERS * 16], kind = input_take(input), bits = input_take(input);
	struct group_message message = {
		.family = family,
		.type = GROUP_QUERY,
		.version = 1 + kind % (family == AF_INET ? 3 : 2),
		.source = host_address(family, input_take(input)),
		.query = { .suppress = kind & 0x10,
			   .robustness = kind >> 5,
			   .max_response_usec = input_take(input) * SEC / 10,
			   .interval_usec = input_take(input) * SEC,
			   .sources.data = buf },
	};

	if (kind & 0x08) {
		message.query.group = group_address(family, input_take(input) % GROUPS);
		message.query.sources.n = (uint16_t)__builtin_popcount(bits);
		put_sources(buf, family, bits);
	}
	router_query(link->router, &message, link->now);
}

/* To the next timer, or for a while. */
static void pass(struct link *link, uint8_t how)
{
	uint64_t next = router_next(link->router);

	if (how & 1)
		link->now += (how >> 1) * SEC / 8;
	else if (next != USEC_NEVER && next > link->now)
		link->now = next;
	router_run(link->router, link->now);
	REQUIRE(router_next(link->router) > link->now);
}

static void check_group(const struct link *link, const struct group *group)
{
	REQUIRE(group->n <= group->room && group->n <= link->options.max_sources);
	REQUIRE(group->mode == FILTER_EXCLUDE || group->n > 0);
	REQUIRE((group->mode == FILTER_EXCLUDE) == (group->timer > 0));
	REQUIRE(group->deadline > link->now && group->deadline != USEC_NEVER);
	REQUIRE(group->mode == FILTER_INCLUDE || group->deadline <= group->timer);
	REQUIRE(group->retransmits <= 7);
	for (uint16_t i = 0; i < group->n; i++) {
		const struct source *source = &group->sources[i];

		REQUIRE(i == 0 || source_compare(source - 1, source) < 0);
		REQUIRE(source->timer > 0 || group->mode == FILTER_EXCLUDE);
		REQUIRE(source->timer == 0 || source->timer >= group->deadline);
		REQUIRE(source->retransmits <= 7 && source->fresh == 0);
	}
}

static void check(const struct link *link)
{
	const struct store *store = &link->router->store;
	const struct heap *heap = &store->heap;
	uint32_t charged = 0, sources = 0;

	REQUIRE(heap->n <= link->options.max_groups && heap->n <= heap->room);
	for (uint32_t i = 0; i < heap->n; i++) {
		const struct group *group = heap->entries[i],
				   *above = heap->entries[i > 0 ? (i - 1) / 2 : 0];

		REQUIRE(group->heap == i);
		REQUIRE(i == 0 || above->deadline <= group->deadline);
		REQUIRE(store_find(store, &group->key) == group);
		check_group(link, group);
		sources += group->n;
	}
	REQUIRE(sources == store->n_sources);
	REQUIRE(link->options.max_sources_in_all == 0 ||
		sources <= link->options.max_sources_in_all);
	for (uint32_t i = 1; i < store->n_hosts; i++) {
		REQUIRE(store->hosts[i].groups <= link->options.max_groups_per_host);
		charged += store->hosts[i].groups;
	}
	REQUIRE(charged == (link->options.max_groups_per_host > 0 ? heap->n : 0));
}

/* Following changed() is enough to know all filters. */
static void check_known(const struct link *link)
{
	for (uint8_t i = 0; i < GROUPS; i++) {
		struct address a = group_address(link->options.family, i);
		struct filter filter = { 0 };

		REQUIRE(router_filter(link->router, &a, &filter) == 0);
		REQUIRE(filter_equal(&filter, &link->known[i]));
		for (size_t j = 1; j < filter.n; j++)
			REQUIRE(address_compare(&filter.sources[j - 1], &filter.sources[j]) < 0);
		filter_clear(&filter);
	}
}

static void open_link(struct link *link, struct input *input)
{
	static const struct router_ops ops = { on_changed, on_query };
	uint8_t kind = input_take(input), limits = input_take(input);
	sa_family_t family = kind & 1 ? AF_INET6 : AF_INET;
	struct address own = host_address(family, 100);

	*link = (struct link){
		.options = { .family = family,
			     .version = 1 + (kind >> 5) % (family == AF_INET ? 3 : 2),
			     .querier = kind & 2,
			     .fast_leave = (kind >> 2 & 1) * (1 + (kind >> 4 & 1)),
			     .ssm_only_in_ssm_range = kind & 8,
			     .robustness = 1 + input_take(input) % 7,
			     .query_interval_usec = (1 + input_take(input)) * SEC,
			     .query_response_usec = SEC,
			     .last_member_usec = SEC,
			     .max_groups = limits % 32,
			     .max_sources = limits / 32 * 3,
			     .max_sources_in_all = kind & 16 ? 50 : 0,
			     .max_groups_per_host = kind & 16 ? 4 : 0 },
		.now = SEC,
	};
	REQUIRE(router_new(&link->options, &ops, link, &own, link->now, &link->router) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct link link;

	open_link(&link, &input);
	for (int events = 0; input.left > 0 && events < EVENTS; events++) {
		uint8_t what = input_take(&input);

		if (what < 160)
			report(&link, &input);
		else if (what < 190)
			query(&link, &input);
		else
			pass(&link, input_take(&input));
		if (router_next(link.router) > link.now) /* else General Queries are due */
			check(&link);
	}
	check_known(&link);

	/* all ends, unless somebody asks for ever */
	for (int i = 0; i < 20000 && router_groups(link.router) > 0; i++)
		pass(&link, 0);
	REQUIRE(router_groups(link.router) == 0);
	check_known(&link);
	router_free(link.router);
	for (size_t i = 0; i < GROUPS; i++)
		filter_clear(&link.known[i]);
	return 0;
}
