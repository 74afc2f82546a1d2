/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/forwarder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SOURCES	    6
#define GROUPS	    3
#define INTERFACES  6 /* 1 to 5 are downstreams, 4 to 6 upstreams, 6 a receiver */
#define DOWNSTREAMS 5
#define ROWS	    6
#define STEPS	    3000

/* Filters as a mode and a bit for each source; routes with a bit for each interface. */
struct bits {
	bool exclude;
	unsigned int sources;
};

struct path {
	int incoming; /* 0: no route */
	unsigned int outgoing;
};

static struct {
	struct bits joins[INTERFACES + 1][GROUPS];
	struct path routes[GROUPS][SOURCES];
	bool again; /* a route may be told as it was */
	char log[2000];
} told;

/* State of the oracle. */
static struct {
	struct bits wants[DOWNSTREAMS + 1][GROUPS];
	int flows[GROUPS][SOURCES];
	enum forwarder_kind kinds[GROUPS][SOURCES];
	struct forwarder_upstream rows[ROWS];
	size_t n;
	bool gone[INTERFACES + 1];
} model;

static sa_family_t family;

static struct address parse(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static struct address source(size_t i)
{
	static const char *const v4[SOURCES] = { "10.0.0.1", "10.0.0.200", "10.1.0.1",
						 "10.1.0.2", "192.0.2.1",  "203.0.113.7" };
	static const char *const v6[SOURCES] = { "2001:db8::1",	  "2001:db8::200", "2001:db8:1::1",
						 "2001:db8:1::2", "2001:db9::1",   "3fff::7" };

	return parse(family == AF_INET ? v4[i] : v6[i]);
}

static struct address group(size_t i)
{
	static const char *const v4[GROUPS] = { "232.1.1.1", "239.255.1.1", "233.252.0.1" };
	static const char *const v6[GROUPS] = { "ff3e::1", "ff03::1", "ff35::8000:1" };

	return parse(family == AF_INET ? v4[i] : v6[i]);
}

static size_t source_index(const struct address *address)
{
	for (size_t i = 0; i < SOURCES; i++) {
		struct address a = source(i);

		if (address_equal(&a, address))
			return i;
	}
	fail_msg("unknown source");
	return 0;
}

static size_t group_index(const struct address *address)
{
	for (size_t i = 0; i < GROUPS; i++) {
		struct address a = group(i);

		if (address_equal(&a, address))
			return i;
	}
	fail_msg("unknown group");
	return 0;
}

static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
	size_t n = strlen(told.log);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(told.log + n, sizeof(told.log) - n, format, arguments);
	va_end(arguments);
}

static void on_join(int upstream, const struct address *address, const struct filter *filter,
		    void *userdata)
{
	struct bits bits = { .exclude = filter->mode == FILTER_EXCLUDE };
	struct bits *was = &told.joins[upstream][group_index(address)];

	for (size_t i = 0; i < filter->n; i++)
		bits.sources |= 1u << source_index(&filter->sources[i]);
	assert_true(told.again || bits.exclude != was->exclude || bits.sources != was->sources);
	*was = bits;
	note("%d%c%x ", upstream, bits.exclude ? 'E' : 'I', bits.sources);
}

static void on_route(const struct address *from, const struct address *address, int incoming,
		     const int *outgoing, size_t n, void *userdata)
{
	struct path path = { .incoming = incoming };
	struct path *was = &told.routes[group_index(address)][source_index(from)];

	for (size_t i = 0; i < n; i++) {
		assert_true(i == 0 || outgoing[i - 1] < outgoing[i]);
		path.outgoing |= 1u << outgoing[i];
	}
	assert_false(path.outgoing & 1u << incoming);
	assert_true(told.again || path.incoming != was->incoming || path.outgoing != was->outgoing);
	*was = path;
	note("R%zu:%d>%x ", source_index(from), incoming, path.outgoing);
}

static void on_unroute(const struct address *from, const struct address *address, void *userdata)
{
	struct path *was = &told.routes[group_index(address)][source_index(from)];

	assert_int_not_equal(was->incoming, 0);
	*was = (struct path){ 0 };
	note("U%zu ", source_index(from));
}

static struct forwarder *start(sa_family_t f, uint32_t flows, uint32_t dropped)
{
	static const struct forwarder_ops ops = { on_join, on_route, on_unroute };
	struct forwarder_options options = { f, flows, dropped };
	struct forwarder *forwarder;

	family = f;
	memset(&told, 0, sizeof(told));
	memset(&model, 0, sizeof(model));
	assert_int_equal(forwarder_new(&options, &ops, NULL, &forwarder), 0);
	return forwarder;
}

static void want(struct forwarder *forwarder, int downstream, size_t g, struct bits bits)
{
	struct filter filter = { .mode = bits.exclude ? FILTER_EXCLUDE : FILTER_INCLUDE };
	struct address address = group(g);

	for (size_t i = 0; i < SOURCES; i++) {
		struct address a = source(i);

		if (bits.sources & 1u << i)
			assert_int_equal(filter_add(&filter, &a), 0);
	}
	assert_int_equal(forwarder_want(forwarder, downstream, &address, &filter), 0);
	filter_clear(&filter);
	model.wants[downstream][g] = bits;
}

/* The oracle: each answer from scratch, source by source. */

/* The first row of each prefix is the one that counts. */
static bool counts(const struct forwarder_upstream *row)
{
	bool first = !model.gone[row->ifindex];

	for (const struct forwarder_upstream *other = model.rows; other < row && first; other++)
		first = model.gone[other->ifindex] || other->prefix.length != row->prefix.length ||
			(row->prefix.length > 0 &&
			 !address_equal(&other->prefix.address, &row->prefix.address));
	return first;
}

static bool is_up(const struct forwarder_upstream *row)
{
	return row->kind == FORWARDER_UPSTREAM || row->kind == FORWARDER_RECEIVER;
}

static const struct forwarder_upstream *row_of(size_t s, bool up)
{
	const struct forwarder_upstream *found = NULL;
	struct address address = source(s);

	for (const struct forwarder_upstream *r = model.rows; r < model.rows + model.n; r++)
		if (counts(r) && (is_up(r) || !up) && prefix_contains(&r->prefix, &address) &&
		    (!found || r->prefix.length > found->prefix.length))
			found = r;
	return found;
}

static int upstream_of(size_t s)
{
	const struct forwarder_upstream *found = row_of(s, false);

	return found ? found->ifindex : 0;
}

static bool is_placed(size_t s)
{
	const struct forwarder_upstream *found = row_of(s, false);

	return found && found->prefix.length > 0;
}

/* The unicast routes lead to a downstream, where the flow came from. */
static bool is_proved(size_t g, size_t s)
{
	return model.flows[g][s] && model.kinds[g][s] != FORWARDER_UPSTREAM && !is_placed(s) &&
	       !model.gone[model.flows[g][s]];
}

/* RFC 4605, 4.2; RFC 2365: the local scope ends here. */
static unsigned int upward(size_t g, size_t s, int incoming)
{
	const struct forwarder_upstream *from = row_of(s, false), *to = row_of(s, true);
	enum forwarder_kind kind = is_proved(g, s) ? model.kinds[g][s]
				   : from	   ? from->kind
						   : FORWARDER_UPSTREAM;

	if (kind != FORWARDER_DOWNSTREAM || g == 1 || !to || to->kind == FORWARDER_RECEIVER ||
	    to->ifindex == incoming)
		return 0;
	return 1u << to->ifindex;
}

static bool is_upstream(int u)
{
	for (size_t i = 0; i < model.n; i++)
		if (model.rows[i].ifindex == u && is_up(&model.rows[i]) && counts(&model.rows[i]))
			return true;
	return false;
}

static bool wants(int d, size_t g, size_t s)
{
	return (model.wants[d][g].sources >> s & 1) != model.wants[d][g].exclude;
}

static struct bits join_of(int u, size_t g)
{
	struct bits bits = { 0 };

	if (!is_upstream(u))
		return bits;
	for (int d = 1; d <= DOWNSTREAMS; d++)
		bits.exclude |= d != u && model.wants[d][g].exclude;
	for (size_t s = 0; s < SOURCES; s++) {
		bool wanted = false;

		for (int d = 1; d <= DOWNSTREAMS; d++)
			wanted |= d != u && wants(d, g, s);
		if (upstream_of(s) == u && wanted != bits.exclude)
			bits.sources |= 1u << s;
	}
	return bits;
}

static bool included(size_t g, size_t s)
{
	bool found = false;

	for (int d = 1; d <= DOWNSTREAMS; d++)
		found |= upstream_of(s) && d != upstream_of(s) && !model.wants[d][g].exclude &&
			 wants(d, g, s);
	return found;
}

static struct path route_of(size_t g, size_t s)
{
	struct path path = { .incoming = is_proved(g, s) ? model.flows[g][s] : upstream_of(s) };

	if (!included(g, s) && !model.flows[g][s])
		return (struct path){ 0 };
	if (!path.incoming) {
		path.incoming = model.gone[model.flows[g][s]] ? 0 : model.flows[g][s];
		return path;
	}
	for (int d = 1; d <= DOWNSTREAMS; d++)
		if (d != path.incoming && wants(d, g, s))
			path.outgoing |= 1u << d;
	path.outgoing |= upward(g, s, path.incoming);
	return path;
}

static void check(void)
{
	for (size_t g = 0; g < GROUPS; g++) {
		for (int u = 1; u <= INTERFACES; u++) {
			struct bits bits = join_of(u, g);

			assert_int_equal(told.joins[u][g].exclude, bits.exclude);
			assert_int_equal(told.joins[u][g].sources, bits.sources);
		}
		for (size_t s = 0; s < SOURCES; s++) {
			struct path path = route_of(g, s);

			assert_int_equal(told.routes[g][s].incoming, path.incoming);
			assert_int_equal(told.routes[g][s].outgoing, path.outgoing);
		}
	}
}

/* forwarder_route() gives the routes that the ops were given. */
static void check_asked(struct forwarder *forwarder)
{
	for (size_t g = 0; g < GROUPS; g++)
		for (size_t s = 0; s < SOURCES; s++) {
			struct address from = source(s), address = group(g);
			struct path path = { 0 };
			const int *outgoing;
			size_t n;

			if (forwarder_route(forwarder, &from, &address, &path.incoming, &outgoing,
					    &n) > 0)
				for (size_t i = 0; i < n; i++)
					path.outgoing |= 1u << outgoing[i];
			assert_int_equal(told.routes[g][s].incoming, path.incoming);
			assert_int_equal(told.routes[g][s].outgoing, path.outgoing);
		}
}

static void missing_from(struct forwarder *forwarder, int interface, enum forwarder_kind kind,
			 size_t g, size_t s)
{
	struct address from = source(s), address = group(g);

	assert_int_equal(forwarder_places(forwarder, &from), is_placed(s));
	if ((upstream_of(s) || !model.gone[interface]) &&
	    (!included(g, s) || model.flows[g][s] || (kind && !is_placed(s)))) {
		model.flows[g][s] = interface;
		model.kinds[g][s] = is_placed(s) ? FORWARDER_UPSTREAM : kind;
	}
	told.again = true;
	assert_int_equal(forwarder_missing(forwarder, interface, kind, &from, &address), 0);
	told.again = false;
}

static void missing(struct forwarder *forwarder, int interface, size_t g, size_t s)
{
	missing_from(forwarder, interface, FORWARDER_UPSTREAM, g, s);
}

static void idle(struct forwarder *forwarder, size_t g, size_t s)
{
	struct address from = source(s), address = group(g);

	model.flows[g][s] = 0;
	forwarder_idle(forwarder, &from, &address);
}

static void upstreams_before(int before[SOURCES])
{
	for (size_t s = 0; s < SOURCES; s++)
		before[s] = upstream_of(s);
}

static void follow(const int before[SOURCES])
{
	for (size_t g = 0; g < GROUPS; g++)
		for (size_t s = 0; s < SOURCES; s++)
			if (model.flows[g][s] && model.kinds[g][s] == FORWARDER_UPSTREAM &&
			    model.flows[g][s] == before[s] && upstream_of(s))
				model.flows[g][s] = upstream_of(s);
}

static enum forwarder_kind kind_of(int ifindex)
{
	static const enum forwarder_kind kinds[INTERFACES + 1] = {
		[1] = FORWARDER_DOWNSTREAM, [2] = FORWARDER_DOWNSTREAM, [3] = FORWARDER_NEIGHBOUR,
		[4] = FORWARDER_UPSTREAM,   [5] = FORWARDER_UPSTREAM,	[6] = FORWARDER_RECEIVER,
	};

	return kinds[ifindex];
}

static void row(int ifindex, const char *prefix)
{
	struct forwarder_upstream *new = &model.rows[model.n++];

	new->ifindex = ifindex;
	new->kind = kind_of(ifindex);
	assert_int_equal(prefix_parse(prefix, &new->prefix), 0);
}

static void random_rows(void)
{
	static const char *const v4[] = { "any",      "10.0.0.0/8", "10.1.0.0/16",
					  "10.1.0.2", "0.0.0.0/0",  "192.0.2.0/24" };
	static const char *const v6[] = { "any",	   "2001:db8::/32", "2001:db8:1::/48",
					  "2001:db8:1::2", "::/0",	    "2001:db9::/32" };

	model.n = 0;
	for (size_t n = rand() % (ROWS + 1); n > 0; n--)
		row(1 + rand() % INTERFACES, (family == AF_INET ? v4 : v6)[rand() % 6]);
}

static void step(struct forwarder *forwarder)
{
	int before[SOURCES], interface = 1 + rand() % INTERFACES;
	size_t g = rand() % GROUPS, s = rand() % SOURCES;
	unsigned int what = rand() % 100;

	upstreams_before(before);
	if (what < 50) {
		want(forwarder, 1 + rand() % DOWNSTREAMS, g,
		     (struct bits){ rand() % 3 == 0, rand() % 3 ? rand() & 0x3f : 0 });
	} else if (what < 75) {
		missing_from(forwarder, interface,
			     interface <= 3 && rand() % 2 ? kind_of(interface) : FORWARDER_UPSTREAM,
			     g, s);
	} else if (what < 87) {
		idle(forwarder, g, s);
	} else if (what < 91) {
		random_rows();
		follow(before);
		assert_int_equal(forwarder_set_upstreams(forwarder, model.rows, model.n), 0);
	} else if (what < 94) {
		model.gone[interface] = true;
		follow(before);
		assert_int_equal(forwarder_upstream_gone(forwarder, interface), 0);
	} else if (what < 98) {
		model.gone[interface] = false;
		follow(before);
		assert_int_equal(forwarder_upstream_back(forwarder, interface), 0);
	} else {
		interface = 1 + rand() % DOWNSTREAMS;
		memset(model.wants[interface], 0, sizeof(model.wants[interface]));
		for (g = 0; g < GROUPS; g++)
			for (s = 0; s < SOURCES; s++)
				if (model.flows[g][s] == interface && model.kinds[g][s])
					model.flows[g][s] = 0;
		assert_int_equal(forwarder_downstream_gone(forwarder, interface), 0);
	}
}

static void run_random(sa_family_t f)
{
	for (int run = 0; run < 20; run++) {
		const char *given = getenv("SEED");
		unsigned int seed = given ? strtoul(given, NULL, 10) : (unsigned int)random();
		struct forwarder *forwarder = start(f, 1000, 1000);

		printf("SEED=%u\n", seed);
		srand(seed);
		for (int i = 0; i < STEPS; i++) {
			told.log[0] = '\0';
			step(forwarder);
			check();
			check_asked(forwarder);
		}
		forwarder_free(forwarder);
	}
}

static void test_random_v4(void **state)
{
	run_random(AF_INET);
}

static void test_random_v6(void **state)
{
	run_random(AF_INET6);
}

static void expect(const char *log)
{
	assert_string_equal(told.log, log);
	told.log[0] = '\0';
	check();
}

/* RFC 4605, 4.2: from a downstream to the other ones that want it, and upstream. */
static void test_local_source(void **state)
{
	struct forwarder *forwarder = start(AF_INET, 10, 10);

	row(5, "any");
	row(1, "10.0.0.0/24");
	row(3, "10.1.0.0/24");
	assert_int_equal(forwarder_set_upstreams(forwarder, model.rows, model.n), 0);
	missing(forwarder, 1, 2, 0);
	expect("R0:1>20 ");
	want(forwarder, 2, 2, (struct bits){ true, 0 });
	expect("5E0 R0:1>24 ");
	/* Its own interface wants it, too: nothing goes back. */
	want(forwarder, 1, 2, (struct bits){ true, 0 });
	expect("");
	/* By source, nothing is joined: the source is here. */
	want(forwarder, 2, 0, (struct bits){ false, 3 });
	expect("R0:1>24 R1:1>24 ");
	/* The local scope ends at the upstream. */
	missing(forwarder, 1, 1, 0);
	expect("R0:1>0 ");
	/* A neighbour's: its own forwarder sends it upstream. */
	missing(forwarder, 3, 2, 2);
	expect("R2:3>6 ");
	/* Behind a router of the LAN: the unicast routes tell, whoever wants it. */
	want(forwarder, 2, 0, (struct bits){ false, 0x23 });
	expect("5I20 R5:5>4 ");
	missing_from(forwarder, 1, FORWARDER_DOWNSTREAM, 0, 5);
	expect("R5:1>24 ");
	idle(forwarder, 0, 5);
	expect("R5:5>4 ");
	forwarder_free(forwarder);
}

/* The new one is joined, then the route moves, then the old one is left. */
static void test_order(void **state)
{
	struct forwarder *forwarder = start(AF_INET, 10, 10);

	row(5, "any");
	assert_int_equal(forwarder_set_upstreams(forwarder, model.rows, model.n), 0);
	want(forwarder, 1, 0, (struct bits){ false, 1 });
	expect("5I1 R0:5>2 ");
	want(forwarder, 2, 0, (struct bits){ false, 3 });
	expect("5I3 R0:5>6 R1:5>4 ");
	model.rows[0].ifindex = 6;
	assert_int_equal(forwarder_set_upstreams(forwarder, model.rows, model.n), 0);
	expect("6I3 R0:6>6 R1:6>4 5I0 ");
	want(forwarder, 2, 0, (struct bits){ 0 });
	expect("R0:6>2 U1 6I1 ");
	want(forwarder, 1, 0, (struct bits){ true, 2 });
	expect("6E2 U0 ");
	missing(forwarder, 6, 0, 0);
	expect("R0:6>2 ");
	missing(forwarder, 6, 0, 1);
	expect("R1:6>0 ");
	forwarder_free(forwarder);
}

static void arrived(struct forwarder *forwarder, int interface, size_t s)
{
	struct address from = source(s), address = group(0);

	told.again = true;
	assert_int_equal(forwarder_arrived(forwarder, interface, &from, &address), 0);
	told.again = false;
}

/* The log alone: between the two steps the kernel has something of both upstreams. */
static void expect_log(const char *log)
{
	assert_string_equal(told.log, log);
	told.log[0] = '\0';
}

/* Make before break: joined there, then each route moves when packets come, then the rest. */
static void test_move(void **state)
{
	struct forwarder *forwarder = start(AF_INET, 10, 10);

	row(5, "any");
	assert_int_equal(forwarder_set_upstreams(forwarder, model.rows, model.n), 0);
	want(forwarder, 1, 0, (struct bits){ false, 7 });
	expect("5I7 R0:5>2 R1:5>2 R2:5>2 ");
	arrived(forwarder, 6, 0);
	expect("");
	/* 10.0.0.0/8, but for the first source, to another one. */
	model.rows[0].ifindex = 6;
	row(5, "10.0.0.1/32");
	assert_int_equal(forwarder_move_upstreams(forwarder, model.rows, model.n), 0);
	expect_log("6I6 ");
	arrived(forwarder, 4, 1);
	arrived(forwarder, 6, 0);
	expect_log("");
	arrived(forwarder, 6, 1);
	expect_log("R1:6>2 ");
	told.again = true;
	assert_int_equal(forwarder_settle(forwarder), 0);
	told.again = false;
	expect("R1:6>2 R2:6>2 5I1 ");
	arrived(forwarder, 6, 1);
	assert_int_equal(forwarder_settle(forwarder), 0);
	expect("");
	/* What an interface gains comes at once, what it loses in the end. */
	model.rows[0].ifindex = 5;
	model.rows[1].ifindex = 6;
	assert_int_equal(forwarder_move_upstreams(forwarder, model.rows, model.n), 0);
	expect_log("5I7 6I7 ");
	told.again = true;
	want(forwarder, 1, 0, (struct bits){ false, 3 }); /* ends the move of the group */
	expect("R0:6>2 R1:5>2 R2:5>2 5I6 6I1 U2 5I2 ");
	/* To none at all: the stream comes until the end. */
	model.n = 0;
	told.again = true;
	assert_int_equal(forwarder_settle(forwarder), 0);
	told.log[0] = '\0';
	assert_int_equal(forwarder_move_upstreams(forwarder, NULL, 0), 0);
	told.again = false;
	forwarder_free(forwarder);
}

static void test_bounds(void **state)
{
	struct forwarder *forwarder = start(AF_INET, 2, 1);
	struct address local = parse("224.0.0.251"), from = source(0);
	struct filter any = { .mode = FILTER_EXCLUDE };
	struct forwarder_counters counters;

	row(5, "any");
	assert_int_equal(forwarder_set_upstreams(forwarder, model.rows, model.n), 0);
	missing(forwarder, 5, 1, 0);
	expect("R0:5>0 ");
	missing(forwarder, 5, 1, 1);
	model.flows[1][0] = 0;
	expect("R1:5>0 U0 ");
	want(forwarder, 1, 1, (struct bits){ true, 0 });
	expect("5E0 R1:5>2 ");
	missing(forwarder, 3, 1, 2); /* from a wrong side */
	expect("R2:5>2 ");
	missing(forwarder, 5, 1, 3);
	missing(forwarder, 5, 1, 4);
	model.flows[1][1] = 0;
	expect("R3:5>2 R4:5>2 U1 ");
	/* Nobody wants them now: one may stay. */
	model.flows[1][2] = model.flows[1][3] = 0;
	model.wants[1][1] = (struct bits){ 0 };
	assert_int_equal(forwarder_downstream_gone(forwarder, 1), 0);
	told.log[0] = '\0';
	check();
	assert_int_equal(forwarder_want(forwarder, 1, &local, &any), 0);
	assert_int_equal(forwarder_missing(forwarder, 5, FORWARDER_UPSTREAM, &from, &local), 0);
	expect("");
	forwarder_counters(forwarder, &counters);
	assert_int_equal(counters.groups, 1);
	assert_int_equal(counters.wants, 0);
	assert_int_equal(counters.flows, 0);
	assert_int_equal(counters.dropped, 1);
	assert_int_equal(counters.wrong_interface, 1);
	assert_int_equal(counters.refused, 2);
	assert_int_equal(counters.evicted, 4);
	forwarder_free(forwarder);
}

static struct group_rule rule(int interface, const char *text)
{
	struct group_rule parsed;

	assert_int_equal(group_rule_parse(text, &parsed), 0);
	parsed.interface = interface;
	return parsed;
}

/* amt(5), DenyGroups=: neither joined nor forwarded; wants are kept. */
static void test_policy(void **state)
{
	static struct group_rule deny[1];
	static const struct group_policy policy = { .deny = deny, .n_deny = 1 };
	struct forwarder *forwarder = start(AF_INET, 10, 10);
	struct forwarder_counters counters;

	row(5, "any");
	row(1, "192.0.2.0/24");
	assert_int_equal(forwarder_set_upstreams(forwarder, model.rows, model.n), 0);
	want(forwarder, 1, 0, (struct bits){ false, 3 });
	want(forwarder, 2, 0, (struct bits){ true, 0 });
	missing(forwarder, 1, 0, 4);
	told.log[0] = '\0';

	deny[0] = rule(5, "232.0.0.0/8"); /* upstream */
	assert_int_equal(forwarder_set_policy(forwarder, &policy), 0);
	assert_string_equal(told.log, "U0 U1 R4:1>4 5I0 ");
	told.log[0] = '\0';
	assert_int_equal(forwarder_set_policy(forwarder, NULL), 0);
	expect("5E0 R0:5>6 R1:5>6 R4:1>24 ");

	deny[0] = rule(2, "232.0.0.0/8"); /* a downstream */
	assert_int_equal(forwarder_set_policy(forwarder, &policy), 0);
	assert_string_equal(told.log, "R0:5>2 R1:5>2 R4:1>20 5I3 ");
	told.log[0] = '\0';
	assert_int_equal(forwarder_set_policy(forwarder, NULL), 0);
	expect("5E0 R0:5>6 R1:5>6 R4:1>24 ");

	deny[0] = rule(0, "10.0.0.1,232.1.1.1"); /* a channel */
	assert_int_equal(forwarder_set_policy(forwarder, &policy), 0);
	assert_string_equal(told.log, "U0 ");
	told.log[0] = '\0';
	want(forwarder, 2, 0, (struct bits){ false, 1 });
	assert_string_equal(told.log, "R1:5>2 R4:1>20 5I2 ");
	forwarder_counters(forwarder, &counters);
	assert_int_equal(counters.denied, 1);
	forwarder_free(forwarder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy),	  cmocka_unit_test(test_local_source),
		cmocka_unit_test(test_order),	  cmocka_unit_test(test_move),
		cmocka_unit_test(test_bounds),	  cmocka_unit_test(test_random_v4),
		cmocka_unit_test(test_random_v6),
	};

	srandom(20261121);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
