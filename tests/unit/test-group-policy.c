/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AllowGroups=, DenyGroups=, SSMPrefix= and MapSource= as amt(5) has them, and what a router makes
 * of them.
 */
#include "base/array.h"
#include "base/group-policy.h"
#include "router-world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LAN 3
#define WAN 4

static struct address parse(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static size_t rules_of(const char *const texts[], struct group_rule rules[], int interface)
{
	size_t n = 0;

	for (; texts[n]; n++) {
		assert_int_equal(group_rule_parse(texts[n], &rules[n]), 0);
		rules[n].interface = interface;
	}
	return n;
}

/* on: the interface of the rules, 0: all */
static const struct {
	const char *allow[3], *deny[3];
	int on, interface;
	const char *source, *group; /* source NULL: any */
	bool denied;
} rows[] = {
	{ {}, {}, 0, LAN, NULL, "239.255.255.250", false },
	{ {}, { "239.255.0.0/16" }, 0, LAN, NULL, "239.255.255.250", true },
	{ {}, { "239.255.0.0/16" }, 0, LAN, "10.0.0.1", "239.255.255.250", true },
	{ {}, { "239.255.0.0/16" }, 0, LAN, NULL, "239.254.0.1", false },
	{ {}, { "239.255.0.0/16" }, 0, LAN, NULL, "ff05::c", false },
	{ {}, { "ff05::/16" }, 0, LAN, NULL, "ff05::c", true },
	{ {}, { "any" }, 0, LAN, NULL, "ff0e::1", true },
	{ {}, { "239.255.0.0/16" }, WAN, LAN, NULL, "239.255.255.250", false },
	{ {}, { "239.255.0.0/16" }, WAN, WAN, NULL, "239.255.255.250", true },
	{ { "232.0.0.0/8" }, {}, 0, LAN, "10.0.0.1", "232.1.1.1", false },
	{ { "232.0.0.0/8" }, {}, 0, LAN, NULL, "239.1.1.1", true },
	{ { "232.0.0.0/8" }, {}, WAN, LAN, NULL, "239.1.1.1", false },
	{ { "232.0.0.0/8" }, {}, 0, LAN, NULL, "ff0e::1", false }, /* the other family */
	{ { "232.0.0.0/8" }, { "232.1.0.0/16" }, 0, LAN, "10.0.0.1", "232.1.1.1", true },
	{ { "232.0.0.0/8" }, { "232.1.0.0/16" }, 0, LAN, "10.0.0.1", "232.2.1.1", false },
	{ {}, { "10.0.0.0/8,232.1.1.1" }, 0, LAN, "10.0.0.1", "232.1.1.1", true },
	{ {}, { "10.0.0.0/8,232.1.1.1" }, 0, LAN, "192.0.2.1", "232.1.1.1", false },
	{ {}, { "10.0.0.1,239.1.1.1" }, 0, LAN, NULL, "239.1.1.1", false },
	{ { "10.0.0.1,239.1.1.1" }, {}, 0, LAN, NULL, "239.1.1.1", true },
	{ { "10.0.0.1,239.1.1.1" }, {}, 0, LAN, "10.0.0.1", "239.1.1.1", false },
	{ {}, { "10.0.0.1,any" }, 0, LAN, "10.0.0.1", "239.1.1.1", true },
};

static void test_rules(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct group_rule allow[3], deny[3];
		const struct group_policy policy = {
			.allow = allow,
			.deny = deny,
			.n_allow = rules_of(rows[i].allow, allow, rows[i].on),
			.n_deny = rules_of(rows[i].deny, deny, rows[i].on),
		};
		struct address group = parse(rows[i].group), source = { 0 };

		if (rows[i].source)
			source = parse(rows[i].source);
		print_message("%zu: %s,%s\n", i, rows[i].source ?: "*", rows[i].group);
		assert_int_equal(group_policy_denies(&policy, rows[i].interface,
						     rows[i].source ? &source : NULL, &group),
				 rows[i].denied);
	}
}

static void test_parse(void **state)
{
	static const char *const bad[] = { "",
					   "lan0",
					   "10.0.0.1",
					   "239.1.1.1,",
					   ",239.1.1.1",
					   "239.1.1.1/15",
					   "10.0.0.1,ff0e::1",
					   "10.0.0.1,x",
					   "232.1.1.1,10.0.0.1" };
	struct group_rule rule;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(group_rule_parse(bad[i], &rule), -EINVAL);
}

/* RFC 4607: 232.0.0.0/8 and ff3x::/32, unless others are named. */
static void test_ssm(void **state)
{
	struct prefix ssm[2];
	struct group_policy policy = { .ssm = ssm };
	struct address in = parse("232.1.1.1"), other = parse("233.1.1.1"),
		       in6 = parse("ff3e::8000:1");

	assert_true(group_policy_source_specific(&policy, &in));
	assert_true(group_policy_source_specific(&policy, &in6));
	assert_false(group_policy_source_specific(&policy, &other));
	assert_int_equal(prefix_parse("233.0.0.0/8", &ssm[0]), 0);
	policy.n_ssm = 1;
	assert_false(group_policy_source_specific(&policy, &in));
	assert_true(group_policy_source_specific(&policy, &other));
	assert_true(group_policy_source_specific(&policy, &in6));
}

/* ---- a router with a policy ----------------------------------------------------------------- */

static struct group_rule deny[2];
static struct group_map maps[2];
static struct group_policy policy = { .deny = deny, .maps = maps };

static uint64_t ignored(const struct world *world)
{
	return router_counters(world->router)->ignored[ROUTER_IGNORED_DENIED];
}

static void open_world(struct world *world)
{
	struct router_options options = world_options(AF_INET);

	options.policy = &policy;
	options.interface = LAN;
	world_open(world, &options);
	world_until(world, START + SEC);
	world_forget(world);
}

static void test_denied(void **state)
{
	struct world world;

	policy.n_maps = 0;
	policy.n_deny = 2;
	assert_int_equal(group_rule_parse("239.1.0.1", &deny[0]), 0);
	assert_int_equal(group_rule_parse("10.7.0.1,239.1.0.2", &deny[1]), 0); /* a */
	deny[0].interface = deny[1].interface = LAN;
	open_world(&world);
	world_report(&world, 1, 1, GROUP_CHANGE_TO_EXCLUDE, "");
	assert_string_equal(world_filter(&world, 1), "I");
	assert_int_equal(ignored(&world), 1);
	world_report(&world, 1, 1, GROUP_ALLOW_NEW_SOURCES, "ab");
	assert_int_equal(ignored(&world), 3);
	world_older(&world, 2, 1, 2, GROUP_REPORT);
	assert_int_equal(ignored(&world), 4);
	assert_int_equal(router_groups(world.router), 0);
	world_report(&world, 1, 2, GROUP_ALLOW_NEW_SOURCES, "ab");
	assert_string_equal(world_filter(&world, 2), "I b");
	assert_int_equal(ignored(&world), 5);
	/* What does not join is not counted. */
	world_report(&world, 1, 2, GROUP_BLOCK_OLD_SOURCES, "ab");
	world_older(&world, 2, 1, 2, GROUP_LEAVE);
	assert_int_equal(ignored(&world), 5);
	/* Another policy: what is there stays. */
	world_report(&world, 1, 3, GROUP_CHANGE_TO_EXCLUDE, "");
	router_set_policy(world.router, NULL);
	world_report(&world, 1, 1, GROUP_CHANGE_TO_EXCLUDE, "");
	assert_string_equal(world_filter(&world, 1), "E");
	assert_string_equal(world_filter(&world, 3), "E");
	world_close(&world);
}

/* An IGMPv2 host gets its sources; it leaves, and is asked for the group, as it knows no sources.
 */
static void test_mapped(void **state)
{
	struct world world;

	policy.n_deny = 0;
	policy.n_maps = 2;
	assert_int_equal(prefix_parse("239.1.0.0/31", &maps[0].group), 0);
	assert_int_equal(prefix_parse("239.1.0.1", &maps[1].group), 0);
	maps[0].source = world_source(AF_INET, 'a');
	maps[1].source = world_source(AF_INET, 'b');
	open_world(&world);
	world_older(&world, 1, 1, 2, GROUP_REPORT);
	assert_string_equal(world_filter(&world, 1), "I ab");
	world_older(&world, 1, 0, 2, GROUP_REPORT);
	assert_string_equal(world_filter(&world, 0), "I a");
	world_older(&world, 1, 2, 2, GROUP_REPORT);
	assert_string_equal(world_filter(&world, 2), "E");
	/* Those that name sources do so. */
	world_report(&world, 2, 1, GROUP_ALLOW_NEW_SOURCES, "c");
	assert_string_equal(world_filter(&world, 1), "I abc");
	world_report(&world, 2, 1, GROUP_BLOCK_OLD_SOURCES, "c"); /* 7.3.2: ignored */
	assert_string_equal(world.queries, "");

	world_older(&world, 1, 1, 2, GROUP_LEAVE);
	assert_non_null(strstr(world.queries, "Q(1) "));
	world_older(&world, 3, 1, 2, GROUP_REPORT); /* another one answers */
	world_until(&world, world.now + LMQT);
	assert_string_equal(world_filter(&world, 1), "I ab");
	world_older(&world, 3, 1, 2, GROUP_LEAVE);
	world_until(&world, world.now + LMQT);
	assert_string_equal(world_filter(&world, 1), "I");

	/* An IGMPv3 host that wants any source */
	world_forget(&world);
	world_until(&world, world.now + GMI);
	world_report(&world, 2, 1, GROUP_CHANGE_TO_EXCLUDE, "");
	assert_string_equal(world_filter(&world, 1), "I ab");
	world_report(&world, 2, 1, GROUP_CHANGE_TO_INCLUDE, "");
	world_until(&world, world.now + LMQT);
	assert_string_equal(world_filter(&world, 1), "I");
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),  cmocka_unit_test(test_parse),
		cmocka_unit_test(test_ssm),    cmocka_unit_test(test_denied),
		cmocka_unit_test(test_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
