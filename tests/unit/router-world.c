/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "router-world.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define SOURCES_MAX 26

struct router_options world_options(sa_family_t family)
{
	return (struct router_options){
		.family = family,
		.version = family == AF_INET ? 3 : 2,
		.querier = true,
		.robustness = 2,
		.query_interval_usec = INTERVAL,
		.query_response_usec = RESPONSE,
		.last_member_usec = LMQI,
		.max_groups = 1000,
		.max_sources = 100,
	};
}

static struct address address(sa_family_t family, const char *format4, const char *format6,
			      unsigned int i)
{
	struct address a;
	char text[64];

	if (family == AF_INET)
		snprintf(text, sizeof(text), "%s.%u.%u", format4, i >> 8 & 0xff, i & 0xff);
	else
		snprintf(text, sizeof(text), "%s%x", format6, i);
	assert_int_equal(address_parse(text, &a), 0);
	return a;
}

struct address world_host(sa_family_t family, unsigned int i)
{
	return address(family, "192.168", "fe80::", i);
}

struct address world_group(sa_family_t family, unsigned int i)
{
	return address(family, "239.1", "ff0e::4:", i);
}

struct address world_source(sa_family_t family, char letter)
{
	return address(family, "10.7", "2001:db8::", (unsigned int)(letter - 'a') * 50 + 1);
}

static char letter_of(sa_family_t family, const struct address *source)
{
	for (char letter = 'a'; letter <= 'z'; letter++) {
		struct address a = world_source(family, letter);

		if (address_equal(&a, source))
			return letter;
	}
	return '?';
}

static void on_changed(struct router *router, const struct address *group, void *userdata)
{
	struct world *world = userdata;

	world->changes++;
}

static void on_query(struct router *router, const struct group_query *query, void *userdata)
{
	struct world *world = userdata;
	char *end = world->queries + strlen(world->queries);
	size_t left = sizeof(world->queries) - strlen(world->queries), group = 0;

	world->last = *query;
	assert_int_equal(query->version, world->version);
	if (query->group.family == AF_UNSPEC) {
		assert_false(query->suppress);
		assert_int_equal(query->sources.n, 0);
		world->general++;
		return;
	}
	while (group < 1000) {
		struct address a = world_group(world->family, group);

		if (address_equal(&a, &query->group))
			break;
		group++;
	}
	end += snprintf(end, left, "%sQ(%zu", query->suppress ? "s" : "", group);
	for (uint16_t i = 0; i < query->sources.n; i++) {
		struct address a;

		group_source(&query->sources, world->family, i, &a);
		if (i == 0)
			*end++ = ',';
		*end++ = letter_of(world->family, &a);
	}
	memcpy(end, ") ", 3);
	assert_true(strlen(world->queries) + 64 < sizeof(world->queries));
}

void world_open(struct world *world, const struct router_options *options)
{
	static const struct router_ops ops = { on_changed, on_query };
	struct address own = world_host(options->family, 100);

	*world = (struct world){ .family = options->family,
				 .version = options->version,
				 .now = START };
	assert_int_equal(router_new(options, &ops, world, &own, START, &world->router), 0);
}

void world_close(struct world *world)
{
	router_free(world->router);
}

void world_forget(struct world *world)
{
	world->queries[0] = '\0';
	world->general = 0;
	world->changes = 0;
}

void world_until(struct world *world, uint64_t time)
{
	uint64_t next;

	while ((next = router_next(world->router)) <= time) {
		size_t turns = 1 + router_groups(world->router);

		if (next > world->now)
			world->now = next;
		do
			router_run(world->router, world->now);
		while (router_next(world->router) <= world->now && --turns > 0);
		assert_true(turns > 0); /* it comes to an end */
	}
	world->now = time;
}

static size_t put_address(uint8_t *to, const struct address *a)
{
	size_t length = a->family == AF_INET ? 4 : 16;

	memcpy(to, &a->in6, length);
	return length;
}

/* RFC 9776, 4.2.2: type, length of auxiliary data, number of sources, group, sources */
void world_report(struct world *world, unsigned int host, unsigned int group,
		  enum group_record_type type, const char *sources)
{
	uint8_t buf[4 + 16 + SOURCES_MAX * 16];
	struct address g = world_group(world->family, group);
	struct group_message message = {
		.family = world->family,
		.type = GROUP_REPORT,
		.version = world->family == AF_INET ? 3 : 2,
		.source = world_host(world->family, host),
		.records = buf,
	};
	size_t n = strlen(sources);

	assert_true(n <= SOURCES_MAX);
	buf[0] = (uint8_t)type;
	buf[1] = 0;
	buf[2] = 0;
	buf[3] = (uint8_t)n;
	message.records_length = 4 + put_address(buf + 4, &g);
	for (size_t i = 0; i < n; i++) {
		struct address a = world_source(world->family, sources[i]);

		message.records_length += put_address(buf + message.records_length, &a);
	}
	router_report(world->router, &message, world->now);
}

void world_older(struct world *world, unsigned int host, unsigned int group, uint8_t version,
		 enum group_message_type type)
{
	const struct group_message message = {
		.family = world->family,
		.type = type,
		.version = version,
		.source = world_host(world->family, host),
		.only = { .type = type == GROUP_LEAVE ? GROUP_CHANGE_TO_INCLUDE
						      : GROUP_MODE_IS_EXCLUDE,
			  .group = world_group(world->family, group) },
	};

	router_report(world->router, &message, world->now);
}

void world_query(struct world *world, unsigned int host, int group, const char *sources,
		 const struct group_query *query)
{
	uint8_t buf[SOURCES_MAX * 16];
	struct group_message message = {
		.family = world->family,
		.type = GROUP_QUERY,
		.version = query->version,
		.source = world_host(world->family, host),
		.query = *query,
	};
	size_t length = 0;

	if (group != GENERAL)
		message.query.group = world_group(world->family, (unsigned int)group);
	for (size_t i = 0; i < strlen(sources); i++) {
		struct address a = world_source(world->family, sources[i]);

		length += put_address(buf + length, &a);
	}
	message.query.sources.data = buf;
	message.query.sources.n = (uint16_t)strlen(sources);
	router_query(world->router, &message, world->now);
}

const char *world_filter(const struct world *world, unsigned int group)
{
	static char buf[SOURCES_MAX + 3];
	struct address g = world_group(world->family, group);
	struct filter filter = { 0 };
	size_t n = 0;

	assert_int_equal(router_filter(world->router, &g, &filter), 0);
	buf[n++] = filter.mode == FILTER_EXCLUDE ? 'E' : 'I';
	for (size_t i = 0; i < filter.n; i++) {
		if (i == 0)
			buf[n++] = ' ';
		buf[n++] = letter_of(world->family, &filter.sources[i]);
	}
	buf[n] = '\0';
	filter_clear(&filter);
	return buf;
}
