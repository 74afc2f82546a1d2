/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fast leave with several hosts: RFC 9776, A.2, as amt(5) has it of FastLeave=. A host that leaves
 * never takes a stream from another one; the last one takes it at once.
 */
#include "base/array.h"
#include "membership/router-private.h"
#include "router-world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define IS_IN GROUP_MODE_IS_INCLUDE
#define IS_EX GROUP_MODE_IS_EXCLUDE
#define TO_IN GROUP_CHANGE_TO_INCLUDE
#define TO_EX GROUP_CHANGE_TO_EXCLUDE
#define ALLOW GROUP_ALLOW_NEW_SOURCES
#define BLOCK GROUP_BLOCK_OLD_SOURCES
#define STEPS 6

static const sa_family_t families[] = { AF_INET, AF_INET6 };

/* Records of hosts; the last one leaves. What is wanted then, and asked. */
static const struct {
	const char *what;
	struct {
		unsigned int host;
		enum group_record_type type;
		const char *sources;
	} steps[STEPS];
	const char *filter, *queries;
} rows[] = {
	{ "alone", { { 1, TO_EX, "" }, { 1, TO_IN, "" } }, "I", "" },
	{ "alone, by source", { { 1, ALLOW, "ab" }, { 1, BLOCK, "a" } }, "I b", "" },
	{ "two", { { 1, TO_EX, "" }, { 2, TO_EX, "" }, { 1, TO_IN, "" } }, "E", "Q(1) " },
	{ "the last of two",
	  { { 1, TO_EX, "" }, { 2, TO_EX, "" }, { 1, TO_IN, "" }, { 2, TO_IN, "" } },
	  "I",
	  "Q(1) " },
	{ "two of a source",
	  { { 1, ALLOW, "a" }, { 2, ALLOW, "a" }, { 1, BLOCK, "a" } },
	  "I a",
	  "Q(1,a) " },
	{ "the last of two, of a source",
	  { { 1, ALLOW, "a" }, { 2, ALLOW, "a" }, { 1, BLOCK, "a" }, { 2, BLOCK, "a" } },
	  "I",
	  "Q(1,a) " },
	{ "of different sources",
	  { { 1, ALLOW, "a" }, { 2, ALLOW, "b" }, { 1, BLOCK, "a" } },
	  "I b",
	  "" },
	{ "all sources of one, one of them another's",
	  { { 1, ALLOW, "abc" }, { 2, ALLOW, "b" }, { 1, TO_IN, "" } },
	  "I b",
	  "Q(1,b) " },
	{ "any source beside one source",
	  { { 1, TO_EX, "" }, { 2, ALLOW, "a" }, { 1, TO_IN, "" } },
	  "E",
	  "Q(1) Q(1,a) " },
	/* 6.4.2: a, which only 2 has, is not in the group's list any more. */
	{ "any source after one source",
	  { { 2, ALLOW, "a" }, { 1, TO_EX, "" }, { 1, TO_IN, "" } },
	  "E",
	  "Q(1) " },
	{ "one source beside any source",
	  { { 1, TO_EX, "" }, { 2, ALLOW, "a" }, { 2, BLOCK, "a" } },
	  "E",
	  "Q(1,a) " },
	/* 5.2: so it answers a Query for sources */
	{ "any source, told by source in between",
	  { { 1, TO_EX, "" }, { 2, TO_EX, "" }, { 1, IS_IN, "a" }, { 2, TO_IN, "" } },
	  "E",
	  "Q(1) Q(1,a) " },
	{ "a list in two records",
	  { { 1, IS_IN, "a" }, { 1, IS_IN, "b" }, { 2, ALLOW, "a" }, { 2, BLOCK, "a" } },
	  "I ab",
	  "Q(1,a) " },
	{ "one blocked, which the other wants",
	  { { 1, TO_EX, "" }, { 2, TO_EX, "" }, { 1, BLOCK, "a" } },
	  "E",
	  "Q(1,a) " },
	{ "one blocked by all",
	  { { 1, TO_EX, "a" }, { 2, TO_EX, "" }, { 2, BLOCK, "a" } },
	  "E a",
	  "" },
	{ "a change of mode of another",
	  { { 1, TO_EX, "" }, { 2, TO_EX, "" }, { 1, TO_IN, "a" }, { 2, TO_IN, "" } },
	  "E",
	  "Q(1) Q(1,a) " },
	/* 5.1: it repeats what changed, Robustness Variable times. */
	{ "a leave that is repeated",
	  { { 1, ALLOW, "a" },
	    { 2, ALLOW, "a" },
	    { 1, BLOCK, "a" },
	    { 1, BLOCK, "a" },
	    { 2, BLOCK, "a" } },
	  "I",
	  "Q(1,a) " },
	/* It may have any source joined: its first Report was lost. */
	{ "a host that blocks without having joined",
	  { { 1, TO_EX, "" }, { 2, BLOCK, "a" }, { 1, TO_IN, "" } },
	  "E",
	  "Q(1,a) Q(1) " },
};

static void start(struct world *world, sa_family_t family)
{
	struct router_options options = world_options(family);

	options.fast_leave = ROUTER_LEAVE_TRACKED;
	world_open(world, &options);
	world_until(world, START + SEC);
	world_forget(world);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		struct world world;

		start(&world, families[i % 2]);
		print_message("%s\n", rows[i / 2].what);
		for (size_t j = 0; j < STEPS && rows[i / 2].steps[j].host > 0; j++)
			world_report(&world, rows[i / 2].steps[j].host, 1,
				     rows[i / 2].steps[j].type, rows[i / 2].steps[j].sources);
		assert_string_equal(world_filter(&world, 1), rows[i / 2].filter);
		assert_string_equal(world.queries, rows[i / 2].queries);
		/* All leave in the end, with what was tracked of them. */
		world_until(&world, world.now + GMI);
		assert_int_equal(router_groups(world.router), 0);
		assert_int_equal(router_members(world.router), 0);
		assert_int_equal(world.router->store.n_member_sources, 0);
		world_close(&world);
	}
}

/* Older hosts do not report where another one has: 7.3.2. */
static void test_older(void **state)
{
	for (size_t i = 0; i < 2; i++) {
		uint8_t version = families[i] == AF_INET ? 2 : 1;
		struct world world;

		start(&world, families[i]);
		world_older(&world, 1, 1, version, GROUP_REPORT);
		world_older(&world, 1, 1, version, GROUP_LEAVE);
		assert_string_equal(world_filter(&world, 1), "E");
		assert_string_equal(world.queries, "Q(1) ");
		world_until(&world, world.now + LMQT);
		assert_string_equal(world_filter(&world, 1), "I");

		world_forget(&world);
		world_older(&world, 1, 2, version, GROUP_REPORT);
		world_report(&world, 2, 2, TO_EX, "");
		world_report(&world, 2, 2, TO_IN, "");
		assert_string_equal(world_filter(&world, 2), "E");
		assert_string_equal(world.queries, "Q(2) ");
		/* The last one was heard long ago. */
		world_report(&world, 2, 2, IS_EX, "");
		world_until(&world, world.now + GMI - SEC);
		world_report(&world, 2, 2, IS_EX, "");
		world_until(&world, world.now + SEC);
		world_forget(&world);
		world_report(&world, 2, 2, TO_IN, "");
		assert_string_equal(world_filter(&world, 2), "I");
		assert_string_equal(world.queries, "");
		world_close(&world);
	}
}

/* Settings may change: who came while hosts were not tracked is not known. */
static void test_settings(void **state)
{
	struct router_options options = world_options(AF_INET);
	struct world world;

	world_open(&world, &options);
	world_until(&world, START + SEC);
	world_report(&world, 1, 1, TO_EX, "");
	world_report(&world, 1, 2, TO_EX, "");
	options.fast_leave = ROUTER_LEAVE_TRACKED;
	assert_int_equal(router_set_options(world.router, &options, world.now), 0);
	world_report(&world, 2, 1, TO_EX, "");
	world_report(&world, 2, 1, TO_IN, "");
	assert_string_equal(world_filter(&world, 1), "E");
	assert_string_equal(world.queries, "Q(1) ");
	/* off, and on again */
	world_report(&world, 2, 3, TO_EX, "");
	options.fast_leave = ROUTER_LEAVE_QUERIED;
	assert_int_equal(router_set_options(world.router, &options, world.now), 0);
	world_report(&world, 1, 3, TO_EX, "");
	options.fast_leave = ROUTER_LEAVE_TRACKED;
	assert_int_equal(router_set_options(world.router, &options, world.now), 0);
	world_report(&world, 2, 3, TO_IN, "");
	assert_string_equal(world_filter(&world, 3), "E");
	world_close(&world);
}

/* A host that went without a leave does not count for longer than its membership. */
static void test_expiry(void **state)
{
	struct world world;

	start(&world, AF_INET);
	world_report(&world, 1, 1, TO_EX, "");
	world_report(&world, 2, 1, TO_EX, "");
	assert_int_equal(router_members(world.router), 2);
	world_until(&world, world.now + GMI - SEC);
	world_report(&world, 2, 1, IS_EX, "");
	world_until(&world, world.now + SEC);
	world_forget(&world);
	world_report(&world, 2, 1, TO_IN, "");
	assert_string_equal(world_filter(&world, 1), "I");
	assert_string_equal(world.queries, "");
	world_close(&world);
}

/* 4.2.15: 0.0.0.0 may be several. */
static void test_no_address(void **state)
{
	uint8_t buf[] = { TO_EX, 0, 0, 0, 239, 1, 0, 1 };
	struct group_message message = { .family = AF_INET,
					 .type = GROUP_REPORT,
					 .version = 3,
					 .source = { .family = AF_INET },
					 .records = buf,
					 .records_length = sizeof(buf) };
	struct world world;

	start(&world, AF_INET);
	router_report(world.router, &message, world.now);
	world_report(&world, 2, 1, TO_EX, "");
	world_report(&world, 2, 1, TO_IN, "");
	assert_string_equal(world_filter(&world, 1), "E");
	assert_string_equal(world.queries, "Q(1) ");
	world_close(&world);
}

/* What cannot be tracked counts as a host that stays. */
static void test_limits(void **state)
{
	struct router_options options = world_options(AF_INET);
	struct world world;

	options.fast_leave = ROUTER_LEAVE_TRACKED;
	options.max_groups = 2;
	world_open(&world, &options);
	world_until(&world, START + SEC);
	for (unsigned int host = 1; host <= 5; host++)
		world_report(&world, host, 1, TO_EX, "");
	assert_int_equal(router_members(world.router), 4);
	for (unsigned int host = 1; host <= 4; host++)
		world_report(&world, host, 1, TO_IN, "");
	assert_string_equal(world_filter(&world, 1), "E");
	/* 5 answers, and is tracked from now on; no other one can be there after a while. */
	world_report(&world, 5, 1, IS_EX, "");
	world_until(&world, world.now + GMI - SEC);
	world_report(&world, 5, 1, IS_EX, "");
	world_until(&world, world.now + SEC);
	world_report(&world, 5, 1, TO_IN, "");
	assert_string_equal(world_filter(&world, 1), "I");

	/* sources: as many of all hosts */
	world_report(&world, 1, 2, ALLOW, "abcde");
	assert_int_equal(world.router->store.n_member_sources, 4);
	world_report(&world, 1, 2, TO_IN, "");
	assert_int_equal(world.router->store.n_member_sources, 0);
	assert_string_equal(world_filter(&world, 2), "I abcde");
	world_close(&world);

	/* 64 hosts of a group */
	start(&world, AF_INET6);
	for (unsigned int host = 1; host <= 99; host++)
		world_report(&world, host, 1, TO_EX, "");
	assert_int_equal(router_members(world.router), 64);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_older),
		cmocka_unit_test(test_expiry), cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
