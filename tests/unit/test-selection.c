/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The choice among relays in simulated time: a world of relays that answer, or not, and a driver
 * that asks the chosen one; each scenario is a table of what changes when and what must then be.
 */
#include "device/selection.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MSEC   1000ULL
#define SEC    (1000 * MSEC)
#define MINUTE (60 * SEC)
#define START  (1000 * SEC)
#define NEVER  UINT64_MAX
#define RTT    (20 * MSEC)

#define RELAYS	   SELECTION_CANDIDATES_MAX
#define QUERY_GAP  (2 * SEC)
#define DRIVER_GAP (5 * SEC)

/* How a relay behaves. */
enum behaviour {
	DEAD,	/* silent */
	ICMP,	/* the host says: port unreachable */
	GOOD,	/* answers Discovery, and the driver's Requests */
	ZOMBIE, /* answers Discovery alone */
	LOADED, /* good, and sets L */
};

struct world {
	struct selection selection;
	uint64_t now;
	enum behaviour relays[RELAYS];

	struct {
		uint64_t at; /* NEVER: not under way */
		bool answer;
		const char *why;
	} probes[RELAYS];   /* by candidate */
	uint64_t query_at;  /* the driver's next Query, if the relay sends one */
	unsigned int moves; /* choices acted upon */

	unsigned int sent[RELAYS]; /* Discoveries, at the most */
	unsigned int total;
	uint64_t first_sent[RELAYS];
	uint64_t chosen_at; /* the last choice */
};

static uint32_t middle(void)
{
	return 1U << 31;
}

static const struct selection_options options = {
	.hold_min_usec = 3 * MINUTE,
	.hold_max_usec = 10 * MINUTE,
	.dead_usec = 5 * SEC,
	.return_usec = 60 * SEC,
	.random = middle,
};

static struct address relay(size_t i)
{
	return address_from_in((struct in_addr){ htonl(0xc0000201 + (uint32_t)i) }); /* 192.0.2.1 */
}

/* The relay of a candidate, by its address. */
static size_t relay_of(const struct world *world, size_t candidate)
{
	return ntohl(world->selection.candidates[candidate].address.in.s_addr) - 0xc0000201;
}

static bool sends_queries(const struct world *world)
{
	enum behaviour behaviour;

	if (world->selection.chosen < 0)
		return false;
	behaviour = world->relays[relay_of(world, world->selection.chosen)];
	return behaviour == GOOD || behaviour == LOADED;
}

static void start_probe(struct world *world, const struct selection_probe *probe)
{
	size_t i = relay_of(world, probe->index);

	assert_int_equal(world->probes[i].at, NEVER);
	assert_in_range(probe->tries, 1, 3);
	assert_true(probe->timeout_usec >= probe->tries * probe->interval_usec);
	if (world->sent[i] == 0)
		world->first_sent[i] = world->now;
	world->probes[i].answer = false;
	world->probes[i].why = "no answer";
	switch (world->relays[i]) {
	case DEAD:
		world->probes[i].at = world->now + probe->timeout_usec;
		world->sent[i] += probe->tries;
		world->total += probe->tries;
		return;
	case ICMP:
		world->probes[i].why = "port unreachable";
		break;
	default:
		world->probes[i].answer = true;
	}
	world->probes[i].at = world->now + RTT;
	world->sent[i]++;
	world->total++;
}

/* What steer.c does: carry out what is wanted. */
static void act(struct world *world)
{
	struct selection *selection = &world->selection;
	struct selection_probe probe;

	selection_tick(selection, world->now);
	for (int n = 0; selection_next(selection, world->now, &probe); n++) {
		assert_in_range(n, 0, RELAYS);
		start_probe(world, &probe);
	}
	if (selection->choices != world->moves) {
		world->moves = selection->choices;
		world->chosen_at = world->now;
		selection_moved(selection, world->now);
		world->query_at = world->now + RTT;
	}
}

static void finish_probe(struct world *world, size_t candidate)
{
	size_t i = relay_of(world, candidate);
	const struct address answered = relay(i);

	world->probes[i].at = NEVER;
	if (world->probes[i].answer)
		selection_answered(&world->selection, candidate, &answered, RTT, world->now);
	else
		selection_unanswered(&world->selection, candidate, world->probes[i].why,
				     world->now);
}

/* The driver asked the chosen relay. */
static void take_query(struct world *world)
{
	if (!sends_queries(world)) {
		world->query_at = world->now + DRIVER_GAP;
		return;
	}
	selection_query(&world->selection,
			world->relays[relay_of(world, world->selection.chosen)] == LOADED,
			world->now);
	world->query_at = world->now + QUERY_GAP;
}

/* Let time pass; every step is where something happens. */
static void run(struct world *world, uint64_t until)
{
	struct selection *selection = &world->selection;
	unsigned int idle = 0;

	while (true) {
		uint64_t next = selection_deadline(selection, world->now);
		size_t probe = RELAYS;

		for (size_t i = 0; i < selection->n; i++) {
			uint64_t at = world->probes[relay_of(world, i)].at;

			if (at != NEVER && at <= next) {
				next = at;
				probe = i;
			}
		}
		if (world->query_at < next) {
			next = world->query_at;
			probe = RELAYS + 1;
		}
		if (next > until)
			break;
		/* it must not ask to be called again and again at the same time */
		idle = next > world->now ? 0 : idle + 1;
		assert_in_range(idle, 0, 50);
		world->now = next;
		if (probe < RELAYS)
			finish_probe(world, probe);
		else if (probe > RELAYS)
			take_query(world);
		act(world);
	}
	world->now = until;
}

static void set_candidates(struct world *world, size_t first, size_t n)
{
	struct selection_candidate candidates[RELAYS] = { 0 };

	for (size_t i = 0; i < n; i++) {
		candidates[i].address = relay(first + i);
		candidates[i].origin = "configured";
	}
	selection_set(&world->selection, candidates, n, world->now);
}

static enum behaviour behaviour_of(char letter)
{
	static const char letters[] = "digzl";

	return (enum behaviour)(strchr(letters, letter) - letters);
}

/* The letters that there are, those that are missing as the last one. */
static void behave(struct world *world, const char *letters)
{
	for (size_t i = 0; i < RELAYS; i++) {
		world->relays[i] = behaviour_of(*letters);
		if (letters[1])
			letters++;
	}
}

static void init(struct world *world, size_t n, const char *letters)
{
	*world = (struct world){ .now = START, .query_at = NEVER };
	for (size_t i = 0; i < RELAYS; i++)
		world->probes[i].at = NEVER;
	behave(world, letters);
	selection_init(&world->selection, &options);
	set_candidates(world, 0, n);
	act(world);
}

/* One row: at some time relays change, and by another something must be so. */
struct row {
	uint64_t at;	    /* since the start */
	const char *relays; /* a letter each: d i g z l; NULL: as they are */
	bool doubt;	    /* data ceased */
	uint64_t by;	    /* since the start */
	int chosen;	    /* then */
	enum selection_phase phase;
	bool failed;
	const char *reason; /* part of it; NULL: any */
};

static void play(struct world *world, const char *name, const struct row *rows, size_t n)
{
	const struct selection *selection = &world->selection;

	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];

		run(world, START + row->at);
		if (row->relays)
			behave(world, row->relays);
		if (row->doubt) {
			selection_doubt(&world->selection);
			act(world);
		}
		run(world, START + row->by);
		if (selection->chosen == row->chosen && selection->phase == row->phase &&
		    selection->failed == row->failed &&
		    (!row->reason || strstr(selection->reason, row->reason)))
			continue;
		print_error("%s, row %zu: chosen %d, phase %d, failed %d, reason '%s'\n", name, i,
			    selection->chosen, selection->phase, selection->failed,
			    selection->reason);
		fail();
	}
}

static void test_scenarios(void **state)
{
	static const struct {
		const char *name;
		size_t n;
		struct row rows[6];
		size_t n_rows;
	} scenarios[] = {
		{ "the best of several is taken",
		  3,
		  { { 0, "ggg", false, 100 * MSEC, 0, SELECTION_GOOD, false, "it answers" } },
		  1 },
		{ "the best is dead: the second",
		  3,
		  { { 0, "dgg", false, 200 * MSEC, 1, SELECTION_GOOD, false, "it answers" } },
		  1 },
		{ "ICMP fails fast: no stagger",
		  3,
		  { { 0, "iig", false, 90 * MSEC, 2, SELECTION_GOOD, false, NULL } },
		  1 },
		{ "the chosen dies in silence",
		  2,
		  { { 0, "gg", false, 9 * SEC, 0, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, "dg", false, 10300 * MSEC, 1, SELECTION_GOOD, false, "no answer" } },
		  2 },
		{ "and sooner when data ceased",
		  2,
		  { { 0, "gg", false, 9 * SEC, 0, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, "dg", true, 9400 * MSEC, 1, SELECTION_GOOD, false, NULL } },
		  2 },
		{ "data ceased, but the relay lives: it stays",
		  2,
		  { { 0, "gg", false, 9 * SEC, 0, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, NULL, true, 10 * SEC, 0, SELECTION_GOOD, false, NULL } },
		  2 },
		{ "the chosen is gone, as ICMP says",
		  2,
		  { { 0, "gg", false, 9 * SEC, 0, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, "ig", true, 9100 * MSEC, 1, SELECTION_GOOD, false,
		      "port unreachable" } },
		  2 },
		{ "it answers Discovery, but sends no Query any more",
		  2,
		  { { 0, "gg", false, 9 * SEC, 0, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, "zg", false, 15 * SEC, 1, SELECTION_GOOD, false, "no Query" } },
		  2 },
		{ "the next sends no Query: on to the one after it",
		  3,
		  { { 0, "gzg", false, 9 * SEC, 0, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, "dzg", true, 11 * SEC, 2, SELECTION_GOOD, false, NULL } },
		  2 },
		{ "at the start a Query has more time: the driver's Discovery may be lost",
		  2,
		  { { 0, "zg", false, 5 * SEC, 0, SELECTION_TRYING, false, NULL },
		    { 5 * SEC, NULL, false, 7 * SEC, 1, SELECTION_GOOD, false, NULL } },
		  2 },
		{ "a failed one is held down, though it is back and better",
		  2,
		  { { 0, "dg", false, 9 * SEC, 1, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, "gg", false, 40 * SEC, 1, SELECTION_GOOD, false, NULL },
		    { 40 * SEC, NULL, false, 100 * SEC, 0, SELECTION_GOOD, false, "preferred" },
		    { 100 * SEC, "dg", false, 102 * SEC, 1, SELECTION_GOOD, false, NULL },
		    { 102 * SEC, "gg", false, 5 * MINUTE, 1, SELECTION_GOOD, false, NULL },
		    { 5 * MINUTE, NULL, false, 14 * MINUTE, 0, SELECTION_GOOD, false,
		      "preferred" } },
		  6 },
		{ "a loaded one is left when another answers",
		  2,
		  { { 0, "gg", false, 9 * SEC, 0, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, "lg", false, 11100 * MSEC, 1, SELECTION_GOOD, false, "loaded" },
		    { 12 * SEC, NULL, false, 3 * MINUTE, 1, SELECTION_GOOD, false, NULL } },
		  3 },
		{ "a loaded one stays while none else answers",
		  2,
		  { { 0, "gd", false, 9 * SEC, 0, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, "ld", false, 5 * MINUTE, 0, SELECTION_GOOD, false, NULL },
		    { 5 * MINUTE, "lg", false, 310 * SEC, 1, SELECTION_GOOD, false, "loaded" } },
		  3 },
		{ "the only one is loaded: it stays",
		  1,
		  { { 0, "l", false, MINUTE, 0, SELECTION_GOOD, false, NULL } },
		  1 },
		{ "all die, one returns",
		  2,
		  { { 0, "gg", false, 9 * SEC, 0, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, "dd", false, 20 * SEC, 0, SELECTION_SEEKING, true, NULL },
		    { 10 * MINUTE, "dg", false, 610 * SEC, 1, SELECTION_GOOD, false, NULL } },
		  3 },
		{ "all die, the chosen one returns: the driver finds it",
		  2,
		  { { 0, "gg", false, 9 * SEC, 0, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, "dd", false, 10 * MINUTE, 0, SELECTION_SEEKING, true, NULL },
		    { 10 * MINUTE, "gd", false, 610 * SEC, 0, SELECTION_GOOD, false, NULL } },
		  3 },
		{ "the only one dies and returns",
		  1,
		  { { 0, "g", false, 9 * SEC, 0, SELECTION_GOOD, false, NULL },
		    { 9 * SEC, "d", false, 20 * SEC, 0, SELECTION_SEEKING, true, NULL },
		    { 20 * SEC, "g", false, 30 * SEC, 0, SELECTION_GOOD, false, NULL } },
		  3 },
	};

	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		struct world world;

		init(&world, scenarios[i].n, scenarios[i].rows[0].relays);
		play(&world, scenarios[i].name, scenarios[i].rows, scenarios[i].n_rows);
	}
}

/* The next is asked 100 ms after the one before while that is silent, RFC 8305, section 5. */
static void test_stagger(void **state)
{
	struct world world;

	init(&world, 4, "d");
	run(&world, START + SEC);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(world.first_sent[i], START + i * 100 * MSEC);
}

/* Ten minutes without a relay cost few packets, whatever keeps it from working. */
static void test_packets(void **state)
{
	static const struct {
		size_t n;
		const char *before, *after;
	} cases[] = {
		{ 1, "g", "d" }, { 2, "g", "d" }, { 3, "g", "d" }, { 16, "g", "d" },
		{ 1, "g", "i" }, { 2, "g", "i" }, { 3, "g", "i" }, { 16, "g", "i" },
		{ 1, "g", "z" }, { 2, "g", "z" }, { 3, "g", "z" }, { 16, "g", "z" },
		{ 1, "d", "d" }, { 2, "d", "d" }, { 2, "i", "i" }, { 2, "z", "z" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		unsigned int before;

		init(&world, cases[i].n, cases[i].before);
		run(&world, START + 20 * SEC);
		behave(&world, cases[i].after);
		run(&world, START + 40 * SEC);
		before = world.total;
		run(&world, START + 40 * SEC + 10 * MINUTE);
		assert_true(world.selection.failed);
		if (world.total - before >= 100)
			print_error("case %zu: %u packets\n", i, world.total - before);
		assert_in_range(world.total - before, 0, 99);
	}
}

/* However long it lasted, one of two that returns is in use soon. */
static void test_return_of_one(void **state)
{
	for (uint64_t seconds = 1; seconds < 200; seconds++) {
		for (size_t back = 0; back < 2; back++) {
			struct world world;

			init(&world, 2, "g");
			run(&world, START + 9 * SEC);
			world.relays[0] = world.relays[1] = DEAD;
			run(&world, START + 9 * SEC + seconds * SEC);
			world.relays[back] = GOOD;
			run(&world, world.now + 10 * SEC);
			assert_int_equal(world.selection.phase, SELECTION_GOOD);
			assert_int_equal(world.selection.chosen, back);
			assert_false(world.selection.failed);
		}
	}
}

/* The candidates change while one is in use. */
static void test_replaced(void **state)
{
	struct world world;
	unsigned int moves;

	init(&world, 3, "g");
	run(&world, START + 9 * SEC);
	assert_int_equal(world.selection.chosen, 0);
	moves = world.moves;

	/* it stays in use at another place, and what is known of it, too */
	world.relays[0] = DEAD;
	run(&world, START + 12 * SEC);
	assert_int_equal(world.selection.chosen, 1);
	set_candidates(&world, 1, 4);
	act(&world);
	assert_int_equal(world.selection.chosen, 0);
	assert_int_equal(world.selection.phase, SELECTION_GOOD);
	assert_int_equal(world.selection.candidates[0].rtt_usec, RTT);
	run(&world, START + 20 * SEC);
	assert_int_equal(world.moves, moves + 1);

	/* it is gone from the list: another is looked for at once */
	for (size_t i = 0; i < RELAYS; i++)
		world.probes[i].at = NEVER;
	set_candidates(&world, 3, 2);
	act(&world);
	run(&world, world.now + 100 * MSEC);
	assert_int_equal(relay_of(&world, world.selection.chosen), 3);
	assert_int_equal(world.selection.phase, SELECTION_GOOD);

	/* none is left: nothing is asked, nothing breaks */
	for (size_t i = 0; i < RELAYS; i++)
		world.probes[i].at = NEVER;
	set_candidates(&world, 0, 0);
	world.query_at = NEVER;
	act(&world);
	assert_int_equal(world.selection.chosen, -1);
	assert_int_equal(selection_deadline(&world.selection, world.now), NEVER);
	selection_query(&world.selection, true, world.now);
	selection_unreachable(&world.selection, "x", world.now);
	selection_doubt(&world.selection);
	act(&world);

	/* more than there is room for: the best ones */
	set_candidates(&world, 0, RELAYS);
	assert_int_equal(world.selection.n, RELAYS);
}

/* All better ones are asked, not the first alone, though that one is dead. */
static void test_second_best_returns(void **state)
{
	struct world world;

	init(&world, 3, "d");
	world.relays[2] = GOOD;
	run(&world, START + 9 * SEC);
	assert_int_equal(world.selection.chosen, 2);
	world.relays[1] = GOOD;
	run(&world, START + 2 * MINUTE);
	assert_int_equal(world.selection.chosen, 1);
	assert_int_equal(world.selection.phase, SELECTION_GOOD);
}

/* One that comes and goes is not returned to. */
static void test_flapping(void **state)
{
	struct world world;
	unsigned int moves;

	init(&world, 2, "d");
	world.relays[1] = GOOD;
	run(&world, START + 9 * SEC);
	moves = world.moves;
	for (uint64_t t = 0; t < 60; t++) {
		world.relays[0] = t % 2 == 0 ? GOOD : DEAD;
		run(&world, world.now + 20 * SEC);
	}
	assert_int_equal(world.moves, moves);
	assert_int_equal(world.selection.chosen, 1);
}

/* A healthy relay is asked about once a second at most, beside the driver's Requests. */
static void test_healthy(void **state)
{
	struct world world;

	init(&world, 2, "g");
	run(&world, START + MINUTE);
	assert_in_range(world.total, 30, 62);
	assert_int_equal(world.moves, 1);
	assert_int_equal(world.sent[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios), cmocka_unit_test(test_stagger),
		cmocka_unit_test(test_packets),	  cmocka_unit_test(test_return_of_one),
		cmocka_unit_test(test_replaced),  cmocka_unit_test(test_second_best_returns),
		cmocka_unit_test(test_flapping),  cmocka_unit_test(test_healthy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
