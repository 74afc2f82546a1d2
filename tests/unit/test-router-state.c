/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups as lines of text, and taken up by another router. */
#include "membership/router-state.h"
#include "router-world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ALLOW GROUP_ALLOW_NEW_SOURCES
#define TO_EX GROUP_CHANGE_TO_EXCLUDE
#define LEAST (20 * SEC)

static char *line_of(const struct world *world, unsigned int group)
{
	struct address address = world_group(world->family, group);
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	router_write_group(world->router, &address, world->now, stream);
	fclose(stream);
	return text;
}

static void carry_over(const struct world *from, struct world *to, unsigned int group)
{
	char *line = line_of(from, group), *again;

	assert_int_equal(router_read_group(to->router, line, LEAST, to->now), 0);
	assert_string_equal(world_filter(to, group), world_filter(from, group));
	again = line_of(to, group);
	assert_string_equal(again, line);
	assert_int_equal(router_read_group(to->router, line, LEAST, to->now), -EEXIST);
	free(again);
	free(line);
}

static void test_both(void **state)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < 2; i++) {
		struct router_options options = world_options(families[i]);
		struct world from, to;

		world_open(&from, &options);
		world_open(&to, &options);
		world_report(&from, 1, 1, ALLOW, "abc");
		world_report(&from, 2, 2, TO_EX, "ab");
		world_report(&from, 3, 2, ALLOW, "bc"); /* requested beside excluded ones */
		world_report(&from, 3, 3, TO_EX, "");
		world_older(&from, 4, 3, families[i] == AF_INET ? 2 : 1, GROUP_REPORT);
		for (unsigned int group = 1; group <= 3; group++)
			carry_over(&from, &to, group);
		assert_int_equal(router_groups(to.router), 3);
		assert_int_equal(to.changes, 3);
		/* They expire as the first one's. */
		world_until(&to, START + GMI - 1);
		assert_int_equal(router_groups(to.router), 3);
		world_until(&to, START + GMI);
		assert_int_equal(router_groups(to.router), 0);
		world_close(&from);
		world_close(&to);
	}
}

/* What a stopped amtd missed must not expire at once, and what somebody wrote not live for ever. */
static void test_timers(void **state)
{
	struct router_options options = world_options(AF_INET);
	struct world w;

	world_open(&w, &options);
	assert_int_equal(router_read_group(w.router, "233.0.0.1 exclude 1 0 0 -", LEAST, w.now), 0);
	assert_int_equal(router_read_group(w.router,
					   "233.0.0.2 exclude 18446744073709551615 0 "
					   "18446744073709551615 - !10.0.0.1",
					   LEAST, w.now),
			 0);
	world_until(&w, START + LEAST - 1);
	assert_int_equal(router_groups(w.router), 2);
	world_until(&w, START + LEAST);
	assert_int_equal(router_groups(w.router), 1);
	world_until(&w, START + GMI);
	assert_int_equal(router_groups(w.router), 0);
	world_close(&w);
}

static void test_invalid(void **state)
{
	static const char *const lines[] = {
		"",
		"233.0.0.1",
		"233.0.0.1 -",
		"233.0.0.1 include",
		"233.0.0.1 include 5 0 0 -", /* nothing */
		"233.0.0.1 Exclude 5 0 0 -",
		"233.0.0.1 exclude 5 0 -",
		"233.0.0.1 exclude -5 0 0 -",
		"233.0.0.1 exclude 99999999999999999999 0 0 -",
		"233.0.0.1  exclude 5 0 0 -",
		"224.0.0.1 exclude 5 0 0 -", /* never forwarded */
		"10.0.0.1 exclude 5 0 0 -",
		"ff3e::1 exclude 5 0 0 -",
		"233.0.0.1 exclude 5 0 0 ff3e::1",
		"233.0.0.1 exclude 5 0 0 somebody",
		"233.0.0.1 exclude 5 0 0 - 10.0.0.2 10.0.0.1",
		"233.0.0.1 exclude 5 0 0 - 10.0.0.1 10.0.0.1",
		"233.0.0.1 exclude 5 0 0 - 10.0.0.1 !10.0.0.1",
		"233.0.0.1 include 5 0 0 - !10.0.0.1",
		"233.0.0.1 include 5 0 0 - 10.0.0.",
		"233.0.0.1 include 5 0 0 - 224.0.0.1",
		"233.0.0.1 include 5 0 0 - 10.0.0.1\t10.0.0.2",
	};
	struct router_options options = world_options(AF_INET);
	struct world w;

	world_open(&w, &options);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(router_read_group(w.router, lines[i], LEAST, w.now), -EINVAL);
	assert_int_equal(w.changes, 0);
	world_close(&w);
}

static void test_limits(void **state)
{
	struct router_options options = world_options(AF_INET);
	struct world w;

	options.max_groups = 3;
	options.max_sources = 2;
	options.max_sources_in_all = 3;
	options.max_groups_per_host = 2;
	world_open(&w, &options);
#define READ(line) router_read_group(w.router, line, LEAST, w.now)
	assert_int_equal(READ("233.0.0.1 include 5 0 0 - 10.0.0.1 10.0.0.2 10.0.0.3"), -EDQUOT);
	assert_int_equal(READ("233.0.0.1 include 5 0 0 192.168.0.1 10.0.0.1 10.0.0.2"), 0);
	assert_int_equal(READ("233.0.0.2 include 5 0 0 192.168.0.1 10.0.0.1 10.0.0.2"), -EDQUOT);
	assert_int_equal(READ("233.0.0.2 include 5 0 0 192.168.0.1 10.0.0.1"), 0);
	assert_int_equal(READ("233.0.0.3 exclude 5 0 0 192.168.0.1"), -EDQUOT);
	assert_int_equal(READ("233.0.0.3 exclude 5 0 0 192.168.0.2"), 0);
	assert_int_equal(READ("233.0.0.4 exclude 5 0 0 192.168.0.2"), -EDQUOT);
	world_close(&w);
}

/* RFC 9776, 8.6 and 8.7: Startup Queries; without them the Group Membership Interval. */
static void test_recovery(void **state)
{
	struct router_options options = world_options(AF_INET);
	struct world w;

	world_open(&w, &options);
	assert_int_equal(router_recovery_usec(w.router), INTERVAL / 4 + 2 * RESPONSE);
	world_close(&w);
	options.querier = false;
	world_open(&w, &options);
	assert_int_equal(router_recovery_usec(w.router), GMI);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both),	 cmocka_unit_test(test_timers),
		cmocka_unit_test(test_invalid),	 cmocka_unit_test(test_limits),
		cmocka_unit_test(test_recovery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
