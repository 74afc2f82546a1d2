/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever hosts say in whatever order, the router wants what they want together: compared with
 * what RFC 9776, section 3.2, makes of the hosts' own filters, worked out here with bits.
 */
#include "router-world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define HOSTS	6
#define GROUPS	3
#define LETTERS 8
#define ROUNDS	3000
#define STEPS	20

#define ALL ((1U << LETTERS) - 1)

/* The filter of one host for one group. */
struct want {
	bool exclude;
	unsigned int sources;
};

static uint32_t seed;

static uint32_t draw(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * n >> 32);
}

static const char *letters(unsigned int sources)
{
	static char buf[LETTERS + 1];
	size_t n = 0;

	for (int i = 0; i < LETTERS; i++)
		if (sources & 1U << i)
			buf[n++] = (char)('a' + i);
	buf[n] = '\0';
	return buf;
}

static const char *merged(struct want wants[HOSTS][GROUPS], unsigned int group)
{
	static char buf[LETTERS + 3];
	unsigned int included = 0, excluded = ALL;
	bool exclude = false;

	for (int i = 0; i < HOSTS; i++) {
		if (wants[i][group].exclude) {
			exclude = true;
			excluded &= wants[i][group].sources;
		} else {
			included |= wants[i][group].sources;
		}
	}
	if (exclude)
		included = excluded & ~included;
	snprintf(buf, sizeof(buf), "%c%s%s", exclude ? 'E' : 'I', included ? " " : "",
		 letters(included));
	return buf;
}

static void check(const struct world *world, struct want wants[HOSTS][GROUPS], unsigned int round,
		  const char *when)
{
	for (unsigned int group = 0; group < GROUPS; group++)
		if (strcmp(world_filter(world, group), merged(wants, group)) != 0)
			fail_msg("round %u, group %u, %s: %s, not %s", round, group, when,
				 world_filter(world, group), merged(wants, group));
}

/* Tell the current state, RFC 9776, 5.2. */
static void tell(struct world *world, struct want wants[HOSTS][GROUPS], unsigned int host,
		 unsigned int group)
{
	const struct want *want = &wants[host][group];

	if (want->exclude || want->sources)
		world_report(world, host, group,
			     want->exclude ? GROUP_MODE_IS_EXCLUDE : GROUP_MODE_IS_INCLUDE,
			     letters(want->sources));
}

/* Go over to another filter, and say the difference: RFC 9776, 5.1. */
static void change(struct world *world, struct want wants[HOSTS][GROUPS], unsigned int host,
		   unsigned int group, struct want next)
{
	struct want *want = &wants[host][group], last = *want;
	unsigned int more = next.sources & ~last.sources, less = last.sources & ~next.sources;

	*want = next;
	if (last.exclude != next.exclude) {
		world_report(world, host, group,
			     next.exclude ? GROUP_CHANGE_TO_EXCLUDE : GROUP_CHANGE_TO_INCLUDE,
			     letters(next.sources));
		return;
	}
	if (more)
		world_report(world, host, group,
			     next.exclude ? GROUP_BLOCK_OLD_SOURCES : GROUP_ALLOW_NEW_SOURCES,
			     letters(more));
	if (less)
		world_report(world, host, group,
			     next.exclude ? GROUP_ALLOW_NEW_SOURCES : GROUP_BLOCK_OLD_SOURCES,
			     letters(less));
}

/* More than before, and never less: sources are added to INCLUDE, or taken from EXCLUDE. */
static struct want more(struct want want)
{
	if (want.exclude)
		return (struct want){ true, want.sources & draw(ALL + 1) };
	if (draw(3) == 0)
		return (struct want){ true, ~want.sources & draw(ALL + 1) & draw(ALL + 1) };
	return (struct want){ false, want.sources | (draw(ALL + 1) & draw(ALL + 1)) };
}

static void open_round(struct world *world, unsigned int round)
{
	struct router_options options = world_options(round % 2 ? AF_INET6 : AF_INET);

	options.robustness = 2 + round % 3;
	options.fast_leave = round % 4 < 2 ? ROUTER_LEAVE_QUERIED : ROUTER_LEAVE_TRACKED;
	seed = round;
	world_open(world, &options);
	router_run(world->router, world->now);
}

/* Joins, while no timer ends: nothing has to be asked for it to be right at once. */
static void test_joins(void **state)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct want wants[HOSTS][GROUPS] = { 0 };
		struct world world;

		open_round(&world, round);
		for (int step = 0; step < STEPS; step++) {
			unsigned int host = draw(HOSTS), group = draw(GROUPS);

			if (draw(4) > 0)
				change(&world, wants, host, group, more(wants[host][group]));
			tell(&world, wants, draw(HOSTS), draw(GROUPS));
			check(&world, wants, round, "joins");
		}
		world_close(&world);
	}
}

/* Every host hears a Query of a group and answers with all that it wants of it. */
static void answer(struct world *world, struct want wants[HOSTS][GROUPS])
{
	bool asked[GROUPS] = { false };

	for (const char *at = world->queries; (at = strchr(at, '(')); at++)
		asked[at[1] - '0'] = true;
	world_forget(world);
	for (unsigned int group = 0; group < GROUPS; group++)
		for (unsigned int host = 0; asked[group] && host < HOSTS; host++)
			tell(world, wants, host, group);
}

/* Nothing that somebody wants may be missing, whatever is left over of others. */
static void check_enough(const struct world *world, struct want wants[HOSTS][GROUPS],
			 unsigned int round)
{
	for (unsigned int group = 0; group < GROUPS; group++) {
		struct address address = world_group(world->family, group);
		struct filter filter = { 0 };

		assert_int_equal(router_filter(world->router, &address, &filter), 0);
		for (int i = 0; i < LETTERS + 1; i++) { /* the last is in no host's list */
			struct address source = world_source(world->family, (char)('a' + i));
			bool wanted = false;

			for (int host = 0; host < HOSTS; host++)
				wanted |= wants[host][group].exclude !=
					  !!(wants[host][group].sources & 1U << i);
			if (wanted && !filter_wants(&filter, &source))
				fail_msg("round %u, group %u: %c is missing", round, group,
					 'a' + i);
		}
		filter_clear(&filter);
	}
}

/* Any changes; hosts answer when they are asked. What nobody wants any more is gone after the Last
 * Member Query Time, and what somebody wants was there all the while. */
static void test_leaves(void **state)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct want wants[HOSTS][GROUPS] = { 0 };
		struct world world;
		uint64_t end;

		open_round(&world, round);
		for (int step = 0; step < STEPS; step++) {
			unsigned int host = draw(HOSTS), group = draw(GROUPS);
			const struct want next = { draw(3) == 0, draw(ALL + 1) & draw(ALL + 1) };

			change(&world, wants, host, group, next);
			answer(&world, wants);
			check_enough(&world, wants, round);
			world_until(&world, world.now + draw(3) * SEC / 4);
			answer(&world, wants);
			check_enough(&world, wants, round);
		}
		/* in the end all tell once more, as upon a General Query, and EXCLUDE of old ends
		 */
		end = world.now + 5 * GMI / 2;
		while (world.now < end) {
			for (unsigned int host = 0; host < HOSTS; host++)
				for (unsigned int group = 0; group < GROUPS; group++)
					tell(&world, wants, host, group);
			world_until(&world, world.now + INTERVAL);
			answer(&world, wants);
		}
		check(&world, wants, round, "after leaves");
		world_close(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_joins),
		cmocka_unit_test(test_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
