/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of a router on a hostile link. */
#include "base/array.h"
#include "router-world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define ALLOW GROUP_ALLOW_NEW_SOURCES
#define TO_IN GROUP_CHANGE_TO_INCLUDE
#define TO_EX GROUP_CHANGE_TO_EXCLUDE

static uint64_t ignored(const struct world *world, enum router_ignored reason)
{
	return router_counters(world->router)->ignored[reason];
}

static uint64_t all_ignored(const struct world *world)
{
	uint64_t sum = 0;

	for (int i = 0; i < ROUTER_IGNORED_MAX; i++)
		sum += ignored(world, i);
	return sum;
}

/* One record, of the latest version (3) or one before. */
static void say(struct world *world, const char *group, enum group_record_type type,
		const char *source, uint8_t version)
{
	uint8_t buf[4 + 16 + 16] = { (uint8_t)type, 0, 0, source ? 1 : 0 };
	size_t length = world->family == AF_INET ? 4 : 16;
	struct group_message message = {
		.family = world->family,
		.type = GROUP_REPORT,
		.version = version,
		.source = world_host(world->family, 1),
	};
	struct address g, a;

	assert_int_equal(address_parse(group, &g), 0);
	if (version == (world->family == AF_INET ? 3 : 2)) {
		memcpy(buf + 4, &g.in6, length);
		if (source) {
			assert_int_equal(address_parse(source, &a), 0);
			memcpy(buf + 4 + length, &a.in6, length);
		}
		message.records = buf;
		message.records_length = 4 + length * (source ? 2 : 1);
	} else {
		message.only = (struct group_record){ .type = type, .group = g };
	}
	router_report(world->router, &message, world->now);
}

static void test_groups_never_forwarded(void **state)
{
	static const struct {
		const char *group;
		bool forwarded;
	} cases[] = {
		{ "224.0.0.1", false },	     { "224.0.0.255", false }, { "224.0.1.0", true },
		{ "239.255.255.255", true }, { "232.0.0.1", true },    { "ff02::1:ff00:1", false },
		{ "ff01::1", false },	     { "ff00::1", false },     { "ff12::1", false },
		{ "ff32::8000:1", false },   { "ff05::1", true },      { "ff0e::1", true },
		{ "ff3e::8000:1", true },    { "ff03::1", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		sa_family_t family = strchr(cases[i].group, ':') ? AF_INET6 : AF_INET;
		struct router_options options = world_options(family);
		struct world w;

		world_open(&w, &options);
		say(&w, cases[i].group, TO_EX, NULL, options.version);
		assert_int_equal(router_groups(w.router), cases[i].forwarded);
		assert_int_equal(ignored(&w, ROUTER_IGNORED_GROUP), !cases[i].forwarded);
		assert_int_equal(all_ignored(&w), !cases[i].forwarded);
		world_close(&w);
	}
}

/* RFC 4604, section 2.2 */
static void test_ssm(void **state)
{
	static const struct {
		const char *group;
		enum group_record_type type;
		const char *source;
		uint8_t version;
		bool taken;
	} cases[] = {
		{ "232.1.1.1", ALLOW, "10.0.0.1", 3, true },
		{ "232.1.1.1", GROUP_MODE_IS_INCLUDE, "10.0.0.1", 3, true },
		{ "232.1.1.1", TO_IN, "10.0.0.1", 3, true },
		{ "232.1.1.1", TO_EX, NULL, 3, false },
		{ "232.1.1.1", TO_EX, "10.0.0.1", 3, false },
		{ "232.1.1.1", GROUP_MODE_IS_EXCLUDE, NULL, 3, false },
		{ "232.1.1.1", GROUP_MODE_IS_EXCLUDE, NULL, 2, false },
		{ "232.1.1.1", GROUP_MODE_IS_EXCLUDE, NULL, 1, false },
		{ "233.1.1.1", TO_EX, NULL, 3, true },
		{ "233.1.1.1", GROUP_MODE_IS_EXCLUDE, NULL, 2, true },
		{ "ff3e::8000:1", ALLOW, "2001:db8::1", 2, true },
		{ "ff3e::8000:1", TO_EX, NULL, 2, false },
		{ "ff35::1", GROUP_MODE_IS_EXCLUDE, NULL, 1, false },
		{ "ff3e:20:2001:db8::1", TO_EX, NULL, 2, true },
		{ "ff1e::1", TO_EX, NULL, 2, true },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		sa_family_t family = strchr(cases[i / 2].group, ':') ? AF_INET6 : AF_INET;
		struct router_options options = world_options(family);
		struct world w;

		options.ssm_only_in_ssm_range = i % 2;
		world_open(&w, &options);
		say(&w, cases[i / 2].group, cases[i / 2].type, cases[i / 2].source,
		    cases[i / 2].version);
		if (router_groups(w.router) != (cases[i / 2].taken || !(i % 2)))
			fail_msg("case %zu", i / 2);
		assert_int_equal(ignored(&w, ROUTER_IGNORED_SSM), !router_groups(w.router));
		world_close(&w);
	}
}

static void test_sources_that_are_none(void **state)
{
	static const char *const none[] = { "0.0.0.0", "224.1.2.3", "255.255.255.255",
					    "127.0.0.1" };
	struct router_options options = world_options(AF_INET);
	struct world w;

	world_open(&w, &options);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		say(&w, "239.1.1.1", ALLOW, none[i], 3);
	assert_int_equal(router_groups(w.router), 0);
	assert_int_equal(ignored(&w, ROUTER_IGNORED_SOURCE), ARRAY_SIZE(none));
	world_close(&w);
}

static void test_max_groups(void **state)
{
	struct router_options options = world_options(AF_INET);
	struct world w;

	options.max_groups = 10;
	world_open(&w, &options);
	for (unsigned int i = 0; i < 25; i++)
		world_report(&w, i, i, ALLOW, "a");
	assert_int_equal(router_groups(w.router), 10);
	assert_int_equal(ignored(&w, ROUTER_IGNORED_GROUPS), 15);
	assert_int_equal(w.changes, 10);
	world_report(&w, 1, 9, ALLOW, "b"); /* is there */
	assert_string_equal(world_filter(&w, 9), "I ab");
	assert_string_equal(world_filter(&w, 10), "I");
	world_report(&w, 1, 9, TO_IN, "");
	world_until(&w, START + LMQT);
	world_report(&w, 1, 10, ALLOW, "b"); /* there is room again */
	assert_string_equal(world_filter(&w, 10), "I b");
	assert_int_equal(all_ignored(&w), 15);
	world_close(&w);
}

static void test_max_groups_per_host(void **state)
{
	struct router_options options = world_options(AF_INET6);
	struct world w;

	options.max_groups_per_host = 3;
	world_open(&w, &options);
	for (unsigned int host = 1; host <= 20; host++)
		for (unsigned int i = 0; i < 5; i++)
			world_report(&w, host, 10 * host + i, ALLOW, "a");
	assert_int_equal(router_groups(w.router), 20 * 3);
	assert_int_equal(ignored(&w, ROUTER_IGNORED_HOST), 20 * 2);
	world_report(&w, 1, 20, ALLOW, "b"); /* another one has it already */
	assert_string_equal(world_filter(&w, 20), "I ab");
	world_report(&w, 1, 13, TO_EX, "");
	assert_string_equal(world_filter(&w, 13), "I");
	world_report(&w, 1, 10, TO_IN, ""); /* gone: one more */
	world_until(&w, START + LMQT);
	world_report(&w, 1, 13, TO_EX, "");
	assert_string_equal(world_filter(&w, 13), "E");
	world_report(&w, 1, 14, TO_EX, "");
	assert_string_equal(world_filter(&w, 14), "I");

	/* none is forgotten: all go, and all come again */
	world_until(&w, START + 2 * GMI);
	assert_int_equal(router_groups(w.router), 0);
	world_forget(&w);
	for (unsigned int host = 20; host >= 1; host--)
		for (unsigned int i = 0; i < 5; i++)
			world_report(&w, host, 10 * host + i, ALLOW, "a");
	assert_int_equal(router_groups(w.router), 20 * 3);
	world_close(&w);
}

static void test_max_sources(void **state)
{
	struct router_options options = world_options(AF_INET);
	struct world w;

	options.max_sources = 4;
	world_open(&w, &options);
	world_report(&w, 1, 1, ALLOW, "bdf");
	world_report(&w, 1, 1, ALLOW, "abc"); /* the first that are new */
	assert_string_equal(world_filter(&w, 1), "I abdf");
	assert_int_equal(ignored(&w, ROUTER_IGNORED_SOURCES), 1);
	world_forget(&w);
	world_report(&w, 1, 1, ALLOW, "cgh");
	assert_int_equal(w.changes, 0);
	assert_int_equal(ignored(&w, ROUTER_IGNORED_SOURCES), 4);
	/* where some go, others may come */
	world_report(&w, 1, 1, TO_EX, "ahijk");
	assert_string_equal(world_filter(&w, 1), "E hij");
	assert_int_equal(ignored(&w, ROUTER_IGNORED_SOURCES), 5);
	world_close(&w);
}

static void test_max_sources_in_all(void **state)
{
	struct router_options options = world_options(AF_INET);
	struct world w;

	options.max_sources = 4;
	options.max_sources_in_all = 6;
	world_open(&w, &options);
	world_report(&w, 1, 1, ALLOW, "abcd");
	world_report(&w, 1, 2, ALLOW, "abc");
	assert_string_equal(world_filter(&w, 2), "I ab");
	assert_int_equal(ignored(&w, ROUTER_IGNORED_SOURCES), 1);
	world_report(&w, 1, 3, ALLOW, "a");
	assert_int_equal(router_groups(w.router), 2);
	world_report(&w, 1, 3, TO_EX, "a"); /* less is excluded than could be */
	assert_string_equal(world_filter(&w, 3), "E");
	world_report(&w, 1, 2, TO_EX, "cde"); /* for a and b, that go */
	assert_string_equal(world_filter(&w, 2), "E cd");
	world_report(&w, 1, 2, TO_IN, "");
	world_until(&w, START + LMQT); /* group 2 is gone */
	world_report(&w, 1, 3, TO_EX, "abc");
	assert_int_equal(ignored(&w, ROUTER_IGNORED_SOURCES), 5);
	world_report(&w, 1, 3, TO_IN, "");
	world_until(&w, w.now + LMQT);
	world_report(&w, 1, 4, ALLOW, "abc");
	assert_string_equal(world_filter(&w, 4), "I ab");
	world_until(&w, w.now + GMI);
	world_report(&w, 1, 4, ALLOW, "abcd");
	world_report(&w, 1, 5, ALLOW, "cd");
	assert_string_equal(world_filter(&w, 5), "I cd");
	assert_int_equal(ignored(&w, ROUTER_IGNORED_SOURCES), 6);
	world_close(&w);
}

/* A record of n sources, from the first on. */
static void say_many(struct world *world, enum group_record_type type, uint32_t first, uint16_t n)
{
	size_t length = world->family == AF_INET ? 4 : 16;
	uint8_t *buf = calloc(1, 4 + length + n * length), *at = buf + 4;
	struct address group = world_group(world->family, 1);
	struct group_message message = {
		.family = world->family,
		.type = GROUP_REPORT,
		.version = world->version,
		.source = world_host(world->family, 1),
		.records = buf,
		.records_length = 4 + length + n * length,
	};

	assert_non_null(buf);
	buf[0] = (uint8_t)type;
	buf[2] = (uint8_t)(n >> 8);
	buf[3] = (uint8_t)n;
	memcpy(at, &group.in6, length);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t last = htonl(0x0a000000 + first + i);

		at += length;
		at[0] = world->family == AF_INET ? 10 : 0x20; /* 2000::/16 */
		memcpy(at + length - 4, &last, sizeof(last));
	}
	router_report(world->router, &message, world->now);
	free(buf);
}

static size_t queried, largest;

static void count_query(struct router *router, const struct group_query *query, void *userdata)
{
	queried += query->sources.n;
	if (query->sources.n > largest)
		largest = query->sources.n;
}

static void no_change(struct router *router, const struct address *group, void *userdata)
{
}

/* Queries that fit: IPv6 with 40 + 8 + 28 bytes before the sources, IPv4 with 24 + 12. */
static void test_large_queries(void **state)
{
	static const struct router_ops ops = { no_change, count_query };

	for (int i = 0; i < 2; i++) {
		sa_family_t family = i ? AF_INET6 : AF_INET;
		size_t length = i ? 16 : 4, headers = i ? 76 : 36;
		struct router_options options = world_options(family);
		struct address own = world_host(family, 100);
		struct world w = { .family = family, .version = options.version, .now = START };

		options.max_sources = 1000;
		options.robustness = 1;
		assert_int_equal(router_new(&options, &ops, &w, &own, START, &w.router), 0);
		say_many(&w, ALLOW, 1, 999);
		queried = largest = 0;
		say_many(&w, GROUP_BLOCK_OLD_SOURCES, 1, 999);
		assert_int_equal(queried, 999);
		assert_in_range(headers + largest * length, 1000, 1280);
		world_close(&w);
	}
}

/* A group as full as it may be, and hosts that go on: one source a record, in the worst order. */
static void test_flood(void **state)
{
	struct router_options options = world_options(AF_INET6);
	struct timespec before, after;
	struct world w;

	options.max_sources = 1000;
	world_open(&w, &options);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	for (uint32_t i = 10000; i > 0; i--)
		say_many(&w, ALLOW, i, 1);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	assert_int_equal(ignored(&w, ROUTER_IGNORED_SOURCES), 9000);
	assert_int_equal(w.changes, 1000);
	print_message("%.1f us a record of one source for a group of 1,000\n",
		      ((after.tv_sec - before.tv_sec) * 1e9 + after.tv_nsec - before.tv_nsec) /
			      1e7);
	world_close(&w);
}

static void test_options(void **state)
{
	static const struct router_ops ops;
	struct address own = world_host(AF_INET, 1);
	struct router *router = NULL;

	for (int i = 0; i < 8; i++) {
		struct router_options options = world_options(AF_INET);

		switch (i) {
		case 0:
			options.family = AF_UNIX;
			break;
		case 1:
			options.version = 4;
			break;
		case 2:
			options.version = 0;
			break;
		case 3:
			options.robustness = 0;
			break;
		case 4:
			options.robustness = 8;
			break;
		case 5:
			options.query_interval_usec = 0;
			break;
		case 6:
			options.query_response_usec = INTERVAL + 1;
			break;
		case 7:
			options.last_member_usec = 0;
			break;
		}
		assert_int_equal(router_new(&options, &ops, NULL, &own, START, &router), -EINVAL);
		assert_null(router);
	}
	router_free(NULL);
}

/* 100,000 groups of 100 hosts: what they take, and that time does not grow faster than they. */
static double fill(struct world *w, unsigned int n)
{
	struct timespec before, after;
	uint8_t buf[12] = { ALLOW, 0, 0, 1, 239, 0, 0, 0, 10, 0, 0, 1 };
	struct group_message message = { .family = AF_INET,
					 .type = GROUP_REPORT,
					 .version = 3,
					 .records = buf,
					 .records_length = sizeof(buf) };

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t group = htonl(0xef000000 + (1 << 16) + i);

		memcpy(buf + 4, &group, sizeof(group));
		message.source = address_from_in((struct in_addr){ htonl(0xc0a80000 + i % 100) });
		router_report(w->router, &message, w->now);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	return (double)(after.tv_sec - before.tv_sec) + (after.tv_nsec - before.tv_nsec) / 1e9;
}

static void test_scale(void **state)
{
	struct router_options options = world_options(AF_INET);
	struct mallinfo2 before, after;
	double first, again;
	struct world w;

	options.max_groups = 100000;
	options.max_groups_per_host = 1000;
	before = mallinfo2();
	world_open(&w, &options);
	first = fill(&w, options.max_groups);
	after = mallinfo2();
	assert_int_equal(router_groups(w.router), 100000);
	assert_int_equal(all_ignored(&w), 0);
	w.now += 100 * SEC;
	again = fill(&w, options.max_groups);
	print_message("%.1f bytes a group, %.0f ns its first report, %.0f ns another\n",
		      (double)(after.uordblks - before.uordblks) / 1e5, first * 1e4, again * 1e4);
	if (after.uordblks > before.uordblks) /* not where another malloc has taken its place */
		assert_true(after.uordblks - before.uordblks <= 160 * 100000);
	world_until(&w, w.now + GMI);
	assert_int_equal(router_groups(w.router), 0);
	assert_int_equal(w.changes, 200000);
	world_close(&w);
}

/* All hosts gone: what is to be done for their groups does not hold up all else. A group before its
 * turn has ended all the same when a Report comes for it. */
static void test_many_at_once(void **state)
{
	struct router_options options = world_options(AF_INET);
	const unsigned int n = 10000;
	unsigned int left = 0;
	struct world w;

	options.max_groups = n;
	world_open(&w, &options);
	for (unsigned int i = 0; i < n; i++)
		world_report(&w, 1, i, TO_EX, "");
	w.now += GMI;
	w.changes = 0;
	router_run(w.router, w.now);
	assert_in_range(w.changes, 1, n / 10);
	assert_true(router_next(w.router) <= w.now);
	while (strcmp(world_filter(&w, left), "E") != 0)
		left++;
	world_report(&w, 1, left, GROUP_MODE_IS_EXCLUDE, "b");
	assert_string_equal(world_filter(&w, left), "E b"); /* RFC 9776, 6.4.1, not 6.4.2 */
	while (router_next(w.router) <= w.now)
		router_run(w.router, w.now);
	assert_int_equal(router_groups(w.router), 1);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_never_forwarded),
		cmocka_unit_test(test_ssm),
		cmocka_unit_test(test_sources_that_are_none),
		cmocka_unit_test(test_max_groups),
		cmocka_unit_test(test_max_groups_per_host),
		cmocka_unit_test(test_max_sources),
		cmocka_unit_test(test_max_sources_in_all),
		cmocka_unit_test(test_large_queries),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
