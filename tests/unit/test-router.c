/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "membership/router-private.h"
#include "router-world.h"

#include <errno.h>
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

static const sa_family_t families[] = { AF_INET, AF_INET6 };

/* The tables' states are made like this: requested sources are asked for at START + 5 s, an
 * EXCLUDE record came at START, and the record of the row comes at START + 10 s. */
#define ASKED	 (START + 5 * SEC)
#define RECEIVED (START + 10 * SEC)

/*
 * Rows of RFC 9776, 6.4.1 and 6.4.2, as RFC 9777, 8.4.1 and 8.4.2. INCLUDE (A): A = {a, b}, the
 * record has {b, c}, so that there is one of A-B, A*B, B-A. EXCLUDE (X, Y): X = {a, b}, Y = {c, d},
 * the record has {b, d, e}: X-A, X*A, Y-A, Y*A, A-X-Y.
 *
 * In states, after the mode, and the group timer of EXCLUDE, each source has its timer:
 * n: GMI from now; o: as it was; g: the group timer as it was; l: LMQT from now; 0: none.
 */
static const struct {
	const char *state; /* I: (A), E: (X, Y) */
	enum group_record_type type;
	const char *sources;
	const char *asking, *queries; /* of the querier */
	const char *silent;	      /* of another router; NULL: the same */
	const char *fast;	      /* with fast leave; NULL: the same */
} rows[] = {
	/* 6.4.1 */
	{ "I", IS_IN, "bc", "I ao bn cn", "" },
	{ "I", IS_EX, "bc", "En bo c0", "" },
	{ "E", IS_IN, "bde", "Eo ao bn c0 dn en", "" },
	{ "E", IS_EX, "bde", "En bo d0 en", "" },
	/* 6.4.2 */
	{ "I", ALLOW, "bc", "I ao bn cn", "" },
	{ "I", BLOCK, "bc", "I ao bl", "Q(1,b) ", "I ao bo", "I ao" },
	{ "I", TO_EX, "bc", "En bl c0", "Q(1,b) ", "En bo c0", "En b0 c0" },
	{ "I", TO_IN, "bc", "I al bn cn", "Q(1,a) ", "I ao bn cn", "I bn cn" },
	{ "E", ALLOW, "bde", "Eo ao bn c0 dn en", "" },
	{ "E", BLOCK, "bde", "Eo ao bl c0 d0 el", "Q(1,be) ", "Eo ao bo c0 d0 eg",
	  "Eo ao b0 c0 d0 e0" },
	{ "E", TO_EX, "bde", "En bl d0 el", "Q(1,be) ", "En bo d0 eg", "En b0 d0 e0" },
	{ "E", TO_IN, "bde", "El al bn c0 dn en", "Q(1) Q(1,a) ", "Eo ao bn c0 dn en",
	  "I bn dn en" },
	/* of nothing, and with nothing */
	{ "", IS_IN, "", "none", "" },
	{ "", IS_IN, "a", "I an", "" },
	{ "", IS_EX, "", "En", "" },
	{ "", IS_EX, "a", "En a0", "" },
	{ "", TO_IN, "", "none", "" },
	{ "", TO_IN, "a", "I an", "" },
	{ "", TO_EX, "", "En", "" },
	{ "", TO_EX, "a", "En a0", "" },
	{ "", ALLOW, "", "none", "" },
	{ "", ALLOW, "cab", "I an bn cn", "" },
	{ "", BLOCK, "", "none", "" },
	{ "", BLOCK, "a", "none", "" },
	{ "I", IS_IN, "", "I ao bo", "" },
	{ "I", IS_EX, "", "En", "" },
	{ "I", TO_IN, "", "I al bl", "Q(1,ab) ", "I ao bo", "none" },
	{ "I", TO_EX, "", "En", "" },
	{ "I", ALLOW, "", "I ao bo", "" },
	{ "I", BLOCK, "", "I ao bo", "" },
	{ "I", BLOCK, "ab", "I al bl", "Q(1,ab) ", "I ao bo", "none" },
	{ "E", IS_IN, "", "Eo ao bo c0 d0", "" },
	{ "E", IS_EX, "", "En", "" },
	{ "E", TO_IN, "", "El al bl c0 d0", "Q(1) Q(1,ab) ", "Eo ao bo c0 d0", "none" },
	{ "E", TO_EX, "", "En", "" },
	{ "E", ALLOW, "", "Eo ao bo c0 d0", "" },
	{ "E", BLOCK, "", "Eo ao bo c0 d0", "" },
	/* each once, in any order */
	{ "I", ALLOW, "dccbdb", "I ao bn cn dn", "" },
};

static const struct group *find(const struct world *world)
{
	struct address address = world_group(world->family, 1);
	struct key key = router_key(&address);

	return store_find(&world->router->store, &key);
}

/* None of these are the same. */
static char timer_letter(uint64_t timer, uint64_t was, uint64_t gmi)
{
	return timer == 0		  ? '0'
	       : timer == RECEIVED + gmi  ? 'n'
	       : timer == was		  ? 'o'
	       : timer == START + gmi	  ? 'g'
	       : timer == RECEIVED + LMQT ? 'l'
					  : '?';
}

static const char *show(const struct world *world)
{
	static char buf[128];
	const struct group *group = find(world);
	/* Beside another querier. */
	const usec_t gmi = GMI + (world->router->querier_until > 0 ? INTERVAL : 0);
	size_t n = 0;

	if (!group)
		return "none";
	buf[n++] = group->mode == FILTER_EXCLUDE ? 'E' : 'I';
	if (group->mode == FILTER_EXCLUDE)
		buf[n++] = timer_letter(group->timer, START + gmi, gmi);
	else
		assert_int_equal(group->timer, 0);
	for (uint16_t i = 0; i < group->n; i++) {
		char letter = '?', other;

		for (other = 'a'; other <= 'h'; other++) {
			struct address address = world_source(world->family, other);
			struct key key = router_key(&address);

			if (memcmp(&key, &group->sources[i].key, sizeof(key)) == 0)
				letter = other;
		}
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, " %c%c", letter,
				      timer_letter(group->sources[i].timer, ASKED + gmi, gmi));
	}
	buf[n] = '\0';
	return buf;
}

static void make_state(struct world *world, const char *state)
{
	router_run(world->router, world->now);
	if (strcmp(state, "E") == 0)
		world_report(world, 1, 1, IS_EX, "abcd");
	world_until(world, ASKED);
	if (strcmp(state, "") != 0)
		world_report(world, 1, 1, ALLOW, "ab");
	world_until(world, RECEIVED);
	world_forget(world);
}

static void try_row(size_t i, const struct router_options *options, bool silent,
		    const char *expected, const char *queries)
{
	const struct group_query query = { .version = options->version };
	struct world world;
	char before[64];

	world_open(&world, options);
	if (silent)
		world_query(&world, 1, GENERAL, "", &query);
	make_state(&world, rows[i].state);
	snprintf(before, sizeof(before), "%s", world_filter(&world, 1));
	world_report(&world, 2, 1, rows[i].type, rows[i].sources);
	if (strcmp(show(&world), expected) != 0 || strcmp(world.queries, queries) != 0)
		fail_msg("row %zu, %s: %s, not %s; \"%s\", not \"%s\"", i,
			 options->fast_leave ? "fast leave"
			 : silent	     ? "silent"
					     : "asking",
			 show(&world), expected, world.queries, queries);
	/* said once if and only if it is so */
	assert_int_equal(world.changes, strcmp(before, world_filter(&world, 1)) != 0);
	world_close(&world);
}

static void test_rows(void **state)
{
	for (size_t f = 0; f < ARRAY_SIZE(families); f++)
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			struct router_options options = world_options(families[f]);

			try_row(i, &options, false, rows[i].asking, rows[i].queries);
			try_row(i, &options, true, rows[i].silent ?: rows[i].asking, "");
			options.querier = false;
			try_row(i, &options, false, rows[i].silent ?: rows[i].asking, "");
			options.fast_leave = ROUTER_LEAVE_FAST;
			try_row(i, &options, false, rows[i].fast ?: rows[i].asking, "");
			options.querier = true;
			try_row(i, &options, false, rows[i].fast ?: rows[i].asking, "");
		}
}

/* The Queries sent, by time, and those left then. */
static void check(const struct world *world, const char *filter, const char *queries, size_t line)
{
	if (strcmp(world_filter(world, 1), filter) != 0 || strcmp(world->queries, queries) != 0)
		fail_msg("line %zu, at %.3f s: %s, not %s; \"%s\", not \"%s\"", line,
			 (double)(world->now - START) / SEC, world_filter(world, 1), filter,
			 world->queries, queries);
}

#define CHECK(world, filter, queries) check(world, filter, queries, __LINE__)

static void test_times(void **state)
{
	struct router_options options = world_options(AF_INET);
	struct world w;

	/* an INCLUDE source lives for GMI, 8.4 */
	world_open(&w, &options);
	world_report(&w, 1, 1, ALLOW, "a");
	world_until(&w, START + 5 * SEC);
	world_report(&w, 1, 1, ALLOW, "b");
	world_until(&w, START + GMI - 1);
	CHECK(&w, "I ab", "");
	world_until(&w, START + GMI);
	CHECK(&w, "I b", "");
	assert_int_equal(w.changes, 3);
	world_until(&w, START + 5 * SEC + GMI);
	CHECK(&w, "I", "");
	assert_null(find(&w));
	assert_int_equal(w.changes, 4);
	world_close(&w);

	/* 6.5: EXCLUDE ends in INCLUDE of what is requested still; 6.3: a requested source whose
	 * timer ends is excluded */
	world_open(&w, &options);
	world_report(&w, 1, 1, TO_EX, "ab");
	world_until(&w, START + 5 * SEC);
	world_report(&w, 2, 1, ALLOW, "ac");
	CHECK(&w, "E b", "");
	world_until(&w, START + GMI - 1);
	CHECK(&w, "E b", "");
	world_until(&w, START + GMI);
	CHECK(&w, "I ac", "");
	world_until(&w, START + GMI + 5 * SEC);
	CHECK(&w, "I", "");
	world_close(&w);

	world_open(&w, &options);
	world_report(&w, 1, 1, ALLOW, "a");
	world_until(&w, START + 5 * SEC);
	world_report(&w, 2, 1, TO_EX, "a");
	CHECK(&w, "E", "Q(1,a) ");
	world_until(&w, START + 5 * SEC + LMQT);
	CHECK(&w, "E a", "Q(1,a) Q(1,a) ");
	world_until(&w, START + 5 * SEC + GMI);
	CHECK(&w, "I", "Q(1,a) Q(1,a) ");
	world_close(&w);
}

/* 6.6.3.1: Last Member Query Count Queries in Last Member Query Time, S once one has answered. */
static void test_ask_group(void **state)
{
	struct router_options options = world_options(AF_INET);
	struct world w;

	world_open(&w, &options);
	world_report(&w, 1, 1, TO_EX, "");
	world_until(&w, START + 5 * SEC);
	world_report(&w, 1, 1, TO_IN, "");
	CHECK(&w, "E", "Q(1) ");
	assert_int_equal(w.last.max_response_usec, LMQI);
	assert_int_equal(w.last.robustness, 2);
	assert_int_equal(w.last.interval_usec, INTERVAL);
	world_report(&w, 1, 1, TO_IN, ""); /* again: no more than that */
	world_until(&w, START + 6 * SEC - 1);
	CHECK(&w, "E", "Q(1) ");
	world_until(&w, START + 6 * SEC);
	CHECK(&w, "E", "Q(1) Q(1) ");
	world_until(&w, START + 7 * SEC - 1);
	CHECK(&w, "E", "Q(1) Q(1) ");
	world_until(&w, START + 7 * SEC);
	CHECK(&w, "I", "Q(1) Q(1) ");
	world_close(&w);

	options.robustness = 3;
	world_open(&w, &options);
	world_report(&w, 1, 1, TO_EX, "");
	world_report(&w, 2, 1, TO_EX, "");
	world_report(&w, 1, 1, TO_IN, "");
	world_until(&w, START + SEC + SEC / 2);
	world_report(&w, 2, 1, IS_EX, "");
	world_until(&w, START + 10 * SEC);
	CHECK(&w, "E", "Q(1) Q(1) sQ(1) ");
	world_close(&w);
}

/* 6.6.3.2 */
static void test_ask_sources(void **state)
{
	struct router_options options = world_options(AF_INET6);
	struct world w;

	options.robustness = 3;
	world_open(&w, &options);
	world_report(&w, 1, 1, ALLOW, "abcd");
	world_report(&w, 1, 1, BLOCK, "abc");
	CHECK(&w, "I abcd", "Q(1,abc) ");
	world_report(&w, 1, 1, BLOCK, "abc");
	world_until(&w, START + SEC / 2);
	world_report(&w, 2, 1, IS_IN, "b");
	CHECK(&w, "I abcd", "Q(1,abc) ");
	world_until(&w, START + SEC);
	CHECK(&w, "I abcd", "Q(1,abc) sQ(1,b) Q(1,ac) ");
	/* with what is asked now goes what was asked before */
	world_until(&w, START + SEC + SEC / 2);
	world_forget(&w);
	world_report(&w, 1, 1, BLOCK, "d");
	CHECK(&w, "I abcd", "sQ(1,b) Q(1,acd) ");
	world_until(&w, START + 2 * SEC);
	world_until(&w, START + 2 * SEC + SEC / 2);
	CHECK(&w, "I abcd", "sQ(1,b) Q(1,acd) Q(1,d) ");
	world_until(&w, START + 3 * SEC);
	CHECK(&w, "I bd", "sQ(1,b) Q(1,acd) Q(1,d) ");
	world_until(&w, START + 4 * SEC + SEC / 2);
	CHECK(&w, "I b", "sQ(1,b) Q(1,acd) Q(1,d) Q(1,d) ");
	assert_int_equal(w.changes, 2);
	world_close(&w);
}

/* 8.2, 8.6, 8.7: Queries at start, then by the interval; then somebody lower: 6.6.2, 8.5. */
static void test_election(void **state)
{
	const struct group_query query = { .version = 3,
					   .robustness = 3,
					   .interval_usec = 60 * SEC,
					   .max_response_usec = 5 * SEC };
	const struct group_query older = { .version = 2, .max_response_usec = 10 * SEC };
	struct router_options options = world_options(AF_INET);
	struct address low = world_host(AF_INET, 99), own = world_host(AF_INET, 100);
	uint64_t t;
	struct world w;

	world_open(&w, &options);
	assert_int_equal(router_next(w.router), START);
	world_until(&w, START);
	assert_int_equal(w.general, 1);
	assert_int_equal(w.last.max_response_usec, RESPONSE);
	world_until(&w, START + INTERVAL / 4 - 1);
	assert_int_equal(w.general, 1);
	world_until(&w, START + INTERVAL / 4);
	assert_int_equal(w.general, 2);
	world_until(&w, START + INTERVAL / 4 + INTERVAL - 1);
	assert_int_equal(w.general, 2);
	t = START + INTERVAL / 4 + INTERVAL;
	world_until(&w, t);
	assert_int_equal(w.general, 3);

	world_query(&w, 101, GENERAL, "", &query); /* higher: no matter */
	assert_true(address_equal(router_querier(w.router), &own));
	world_until(&w, t + INTERVAL);
	assert_int_equal(w.general, 4);
	t += INTERVAL;
	world_query(&w, 99, GENERAL, "", &query);
	assert_true(address_equal(router_querier(w.router), &low));
	world_report(&w, 1, 1, ALLOW, "a");
	world_report(&w, 1, 1, BLOCK, "a"); /* the other one asks */
	world_until(&w, t + OTHER_QUERIER - 1);
	assert_int_equal(w.general, 4);
	CHECK(&w, "I a", "");
	world_until(&w, t + OTHER_QUERIER);
	assert_int_equal(w.general, 5);
	assert_int_equal(w.last.robustness, 2);
	assert_int_equal(w.last.interval_usec, INTERVAL);
	assert_true(address_equal(router_querier(w.router), &own));
	world_until(&w, t + GMI + INTERVAL - 1); /* hosts have time to answer this one */
	CHECK(&w, "I a", "");
	world_until(&w, t + GMI + INTERVAL);
	CHECK(&w, "I", "");

	/* one of an older version says nothing of these */
	world_forget(&w);
	t = w.now;
	world_query(&w, 99, GENERAL, "", &older);
	world_until(&w, t + OTHER_QUERIER - 1);
	assert_int_equal(w.general, 0);
	world_until(&w, t + OTHER_QUERIER);
	assert_int_equal(w.general, 1);
	world_until(&w, t + OTHER_QUERIER + INTERVAL - 1); /* it is no start */
	assert_int_equal(w.general, 1);
	world_until(&w, t + OTHER_QUERIER + INTERVAL);
	assert_int_equal(w.general, 2);
	assert_int_equal(router_counters(w.router)->queries, 3);
	assert_int_equal(router_counters(w.router)->queries_older, 1);
	world_close(&w);
}

/* What a forged Query says of timers is nobody's business: too large, too small, or so that hosts
 * answer in an hour. */
static void test_absurd(void **state)
{
	static const struct {
		uint8_t robustness;
		usec_t interval, response;
		bool believed; /* that there is a querier */
	} cases[] = {
		{ 7, 31744 * SEC, 3174 * SEC, false },
		{ 7, 31744 * SEC, INTERVAL + 1, false },
		{ 7, 31744 * SEC, INTERVAL, true },
		{ 1, 1 * SEC, SEC / 10, true },
		{ 0, 0, 0, true },
	};
	struct router_options options = world_options(AF_INET);
	struct address low = world_host(AF_INET, 99), own = world_host(AF_INET, 100);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct group_query query = { .version = 3,
						   .robustness = cases[i].robustness,
						   .interval_usec = cases[i].interval,
						   .max_response_usec = cases[i].response };
		const uint64_t gmi = GMI + (cases[i].believed ? INTERVAL : 0);
		struct world w;

		world_open(&w, &options);
		world_until(&w, START);
		world_query(&w, 99, GENERAL, "", &query);
		assert_true(
			address_equal(router_querier(w.router), cases[i].believed ? &low : &own));
		assert_int_equal(router_counters(w.router)->ignored[ROUTER_IGNORED_RESPONSE],
				 !cases[i].believed);
		world_report(&w, 1, 1, ALLOW, "a");
		world_until(&w, START + gmi - 1);
		CHECK(&w, "I a", "");
		world_until(&w, START + gmi);
		CHECK(&w, "I", "");
		assert_true(address_equal(router_querier(w.router), &own));
		assert_int_equal(w.last.interval_usec, INTERVAL);
		assert_int_equal(w.last.robustness, 2);
		world_close(&w);
	}
}

/* Whoever asks for groups alone, or in a way that hosts answer late, is no querier; and a Query for
 * a group does not end it before the hosts have answered. */
static void test_half_querier(void **state)
{
	const struct group_query query = { .version = 3, .max_response_usec = 3174 * SEC };
	struct router_options options = world_options(AF_INET);
	const struct address own = world_host(AF_INET, 100);
	struct world w;

	world_open(&w, &options);
	world_until(&w, START);
	world_report(&w, 1, 1, TO_EX, "");
	world_query(&w, 99, 1, "", &query);
	assert_true(address_equal(router_querier(w.router), &own));
	world_until(&w, START + GMI - 1);
	CHECK(&w, "E", "");
	world_close(&w);
}

/* Another querier that gives the hosts a Query Interval to answer, and just goes on: no group ends
 * before they have had that time. */
static void test_patient_querier(void **state)
{
	const struct group_query query = { .version = 3, .max_response_usec = INTERVAL };
	struct router_options options = world_options(AF_INET);
	struct world w;

	world_open(&w, &options);
	world_until(&w, START);
	world_query(&w, 99, GENERAL, "", &query);
	world_report(&w, 1, 1, TO_EX, ""); /* it answers at once, and the next time late */
	world_until(&w, START + OTHER_QUERIER - 1);
	world_query(&w, 99, GENERAL, "", &query);
	world_until(&w, START + OTHER_QUERIER - 1 + INTERVAL);
	CHECK(&w, "E", "");
	world_close(&w);
}

/* Nothing is forwarded before the hosts have said what they want: they are not given long. And
 * nobody is asked before there is an address to ask from. */
static void test_startup(void **state)
{
	struct router_options options = world_options(AF_INET);
	const struct address none = { 0 }, own = world_host(AF_INET, 100);
	struct world w;

	options.startup_response_usec = 1 * SEC;
	world_open(&w, &options);
	router_set_address(w.router, &none);
	world_until(&w, START + 3 * INTERVAL);
	assert_int_equal(w.general, 0);
	assert_int_equal(router_counters(w.router)->queries_sent, 0);
	router_set_address(w.router, &own);
	world_until(&w, START + 3 * INTERVAL);
	assert_int_equal(w.general, 1);
	assert_int_equal(w.last.max_response_usec, 1 * SEC);
	world_until(&w, START + 3 * INTERVAL + INTERVAL / 4);
	assert_int_equal(w.general, 2);
	assert_int_equal(w.last.max_response_usec, 1 * SEC);
	world_until(&w, START + 4 * INTERVAL + INTERVAL / 4);
	assert_int_equal(w.general, 3);
	assert_int_equal(w.last.max_response_usec, RESPONSE);
	world_close(&w);

	options.startup_response_usec = RESPONSE + 1; /* only if it is shorter */
	world_open(&w, &options);
	world_until(&w, START);
	assert_int_equal(w.last.max_response_usec, RESPONSE);
	world_close(&w);
}

/* Questions that come from nobody, or from itself, have no effect. */
static void test_query_of_nobody(void **state)
{
	const struct group_query query = { .version = 3, .max_response_usec = SEC };
	struct router_options options = world_options(AF_INET);
	struct group_message message = { .family = AF_INET,
					 .type = GROUP_QUERY,
					 .version = 3,
					 .source = { .family = AF_INET },
					 .query = query };
	struct address own = world_host(AF_INET, 100);
	struct world w;

	world_open(&w, &options);
	world_report(&w, 1, 1, TO_EX, "");
	router_query(w.router, &message, w.now);
	message.query.group = world_group(AF_INET, 1);
	router_query(w.router, &message, w.now);
	message.source = own;
	router_query(w.router, &message, w.now);
	assert_true(address_equal(router_querier(w.router), &own));
	assert_int_equal(router_counters(w.router)->ignored[ROUTER_IGNORED_QUERY], 3);
	world_until(&w, START + 100 * SEC);
	CHECK(&w, "E", "");
	world_close(&w);
}

/* 6.6.1: another router's Query without S lowers the timers; LMQC * its Max Response Time. */
static void test_lowered(void **state)
{
	static const struct {
		enum group_record_type type;
		const char *sources, *asked;
		bool suppress;
		const char *after, *later; /* 3 s, and 6 s later */
	} cases[] = {
		{ IS_IN, "abc", "b", false, "I abc", "I ac" },
		{ IS_IN, "abc", "acd", false, "I abc", "I b" },
		{ IS_IN, "abc", "b", true, "I abc", "I abc" },
		{ IS_IN, "abc", "", false, "I abc", "I abc" },
		{ IS_EX, "a", "", false, "E a", "I" },
		{ IS_EX, "a", "", true, "E a", "E a" },
		{ IS_EX, "a", "ab", false, "E a", "E a" },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		sa_family_t family = families[i % 2];
		struct router_options options = world_options(family);
		const struct group_query query = { .version = options.version,
						   .suppress = cases[i / 2].suppress,
						   .max_response_usec = 2 * SEC };
		struct world w;

		options.querier = i % 3 > 0;
		world_open(&w, &options);
		world_report(&w, 1, 1, cases[i / 2].type, cases[i / 2].sources);
		world_query(&w, 7, 1, cases[i / 2].asked, &query);
		world_until(&w, START + 4 * SEC - 1);
		CHECK(&w, cases[i / 2].after, "");
		world_until(&w, START + 4 * SEC);
		CHECK(&w, cases[i / 2].later, "");
		world_close(&w);
	}
}

/* 7.3.2: beside hosts of older versions. */
static void test_older(void **state)
{
	static const struct {
		sa_family_t family;
		uint8_t version; /* of the host that has the group too */
		bool leave;	 /* of the older kind; else a record */
		enum group_record_type type;
		const char *sources, *filter, *queries;
	} cases[] = {
		{ AF_INET, 2, true, 0, "", "E", "Q(1) " },
		{ AF_INET, 2, false, TO_IN, "", "E", "Q(1) " },
		{ AF_INET, 2, false, BLOCK, "a", "E", "" },
		{ AF_INET, 2, false, TO_EX, "a", "E", "" },
		{ AF_INET, 2, false, IS_EX, "a", "E", "" },
		{ AF_INET, 1, true, 0, "", "E", "" },
		{ AF_INET, 1, false, TO_IN, "", "E", "" },
		{ AF_INET, 1, false, BLOCK, "a", "E", "" },
		{ AF_INET, 1, false, TO_EX, "a", "E", "" },
		{ AF_INET6, 1, true, 0, "", "E", "Q(1) " },
		{ AF_INET6, 1, false, TO_IN, "", "E", "Q(1) " },
		{ AF_INET6, 1, false, BLOCK, "a", "E", "" },
		{ AF_INET6, 1, false, TO_EX, "a", "E", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool v1 = cases[i].family == AF_INET && cases[i].version == 1;
		struct router_options options = world_options(cases[i].family);
		struct router_group group;
		size_t position = 0;
		struct world w;

		world_open(&w, &options);
		world_older(&w, 1, 1, cases[i].version, GROUP_REPORT);
		assert_true(router_next_group(w.router, &position, w.now, &group));
		assert_int_equal(group.version, cases[i].version);
		if (cases[i].leave)
			world_older(&w, 2, 1, cases[i].family == AF_INET ? 2 : 1, GROUP_LEAVE);
		else
			world_report(&w, 2, 1, cases[i].type, cases[i].sources);
		CHECK(&w, cases[i].filter, cases[i].queries);
		assert_int_equal(router_counters(w.router)->ignored[ROUTER_IGNORED_OLDER],
				 cases[i].queries[0] == '\0' && cases[i].type != TO_EX &&
					 cases[i].type != IS_EX);
		/* the older host is heard for the last time at START: 8.13 */
		if (!v1) {
			world_close(&w);
			continue;
		}
		world_until(&w, START + 200 * SEC);
		world_report(&w, 2, 1, IS_EX, "");
		world_until(&w, START + GMI - 1);
		world_forget(&w);
		world_report(&w, 2, 1, TO_IN, "");
		CHECK(&w, "E", "");
		world_until(&w, START + GMI);
		world_report(&w, 2, 1, TO_IN, "");
		CHECK(&w, "E", "Q(1) ");
		world_close(&w);
	}
}

/* A router of a lower version sends Queries of it, and knows no later Reports. */
static void test_version(void **state)
{
	static const struct {
		sa_family_t family;
		uint8_t version;
		const char *queries; /* upon a leave */
	} cases[] = { { AF_INET, 2, "Q(1) " }, { AF_INET, 1, "" }, { AF_INET6, 1, "Q(1) " } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct router_options options = world_options(cases[i].family);
		struct world w;

		options.version = cases[i].version;
		world_open(&w, &options);
		world_until(&w, START); /* the world looks at the version */
		assert_int_equal(w.general, 1);
		world_report(&w, 1, 1, ALLOW, "a");
		CHECK(&w, "I", "");
		assert_int_equal(router_counters(w.router)->ignored[ROUTER_IGNORED_VERSION], 1);
		world_older(&w, 1, 1, cases[i].version, GROUP_REPORT);
		CHECK(&w, "E", "");
		world_older(&w, 1, 1, cases[i].family == AF_INET ? 2 : 1, GROUP_LEAVE);
		CHECK(&w, "E", cases[i].queries);
		world_close(&w);
	}
}

/* Other settings forget nothing, and hosts hear of them before a group could expire: with the first
 * interval that would be at START + 30 s, with the second one the next Query is at START + 125 s.
 */
static void test_options(void **state)
{
	struct router_options options = world_options(AF_INET), other = options;
	struct world w;

	options.query_interval_usec = 10 * SEC;
	options.startup_response_usec = other.startup_response_usec = 1 * SEC;
	world_open(&w, &options);
	world_until(&w, START + 25 * SEC);
	world_report(&w, 1, 1, ALLOW, "a");
	world_report(&w, 1, 2, TO_EX, "");
	world_forget(&w);

	other.max_groups = other.max_sources = other.max_sources_in_all = 1;
	assert_int_equal(router_set_options(w.router, &other, w.now), 0);
	world_until(&w, w.now);
	assert_int_equal(w.general, 1);
	assert_int_equal(w.last.interval_usec, INTERVAL);
	assert_int_equal(w.last.max_response_usec, 1 * SEC);
	assert_string_equal(world_filter(&w, 1), "I a");
	assert_string_equal(world_filter(&w, 2), "E");
	world_report(&w, 1, 1, ALLOW, "ab"); /* a: known; b: one too many */
	assert_string_equal(world_filter(&w, 1), "I a");
	world_report(&w, 1, 3, TO_EX, "");
	assert_string_equal(world_filter(&w, 3), "I");
	world_until(&w, START + 25 * SEC + GMI - 1);
	assert_string_equal(world_filter(&w, 1), "I a"); /* it has answered */
	assert_string_equal(world_filter(&w, 2), "I");	 /* by the former interval */

	world_forget(&w);
	other.last_member_usec = 5 * SEC; /* nothing that hosts need to know now */
	assert_int_equal(router_set_options(w.router, &other, w.now), 0);
	world_until(&w, w.now);
	assert_int_equal(w.general, 0);
	other.querier = false;
	assert_int_equal(router_set_options(w.router, &other, w.now), 0);
	world_until(&w, w.now + 3 * INTERVAL);
	assert_int_equal(w.general, 0);
	other.querier = true;
	assert_int_equal(router_set_options(w.router, &other, w.now), 0);
	world_until(&w, w.now);
	assert_int_equal(w.general, 1);
	other.version = 4;
	assert_int_equal(router_set_options(w.router, &other, w.now), -EINVAL);
	other = world_options(AF_INET6);
	assert_int_equal(router_set_options(w.router, &other, w.now), -EINVAL);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	     cmocka_unit_test(test_times),
		cmocka_unit_test(test_ask_group),    cmocka_unit_test(test_ask_sources),
		cmocka_unit_test(test_election),     cmocka_unit_test(test_query_of_nobody),
		cmocka_unit_test(test_lowered),	     cmocka_unit_test(test_older),
		cmocka_unit_test(test_version),	     cmocka_unit_test(test_startup),
		cmocka_unit_test(test_absurd),	     cmocka_unit_test(test_options),
		cmocka_unit_test(test_half_querier), cmocka_unit_test(test_patient_querier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
