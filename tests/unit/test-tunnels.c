/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "membership/tunnels.h"
#include "wire/group-build.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEC   1000000ULL
#define START (1000 * SEC)
#define MAX   8
#define PORT  61234

/* drivers/net/amt.c: amt_gmi() with the defaults of amt_newlink(), and three times that. */
#define FORGET	       (260 * SEC)
#define FORGET_UPDATED (780 * SEC)

/* Sources go by letters, "ab"; gateways and groups by numbers. */
struct world {
	struct tunnels *tunnels;
	uint64_t now;
	unsigned int changes; /* told by tunnels_flush() */
	char told[64];	      /* the last one's filter */
	struct address group; /* and its group */
};

static struct address gateway(unsigned int i)
{
	return address_from_in((struct in_addr){ htonl(0xc0000200 + i) });
}

static struct address group(sa_family_t family, unsigned int i)
{
	struct address a = { .family = family };

	if (family == AF_INET) {
		a.in.s_addr = htonl(0xe9000100 + i); /* 233.0.1.0 */
	} else {
		assert_int_equal(inet_pton(AF_INET6, "ff0e::1:0", &a.in6), 1);
		a.in6.s6_addr[15] = i;
	}
	return a;
}

static struct address source(sa_family_t family, char letter)
{
	struct address a = { .family = family };

	if (family == AF_INET) {
		a.in.s_addr = htonl(0x0a000000 + (unsigned char)letter);
	} else {
		assert_int_equal(inet_pton(AF_INET6, "2001:db8::", &a.in6), 1);
		a.in6.s6_addr[15] = letter;
	}
	return a;
}

/* "I ab", "E" */
static const char *show(const struct filter *filter, char buf[static 64])
{
	char *end = buf;

	*end++ = filter->mode == FILTER_EXCLUDE ? 'E' : 'I';
	for (size_t i = 0; i < filter->n; i++) {
		const struct address *a = &filter->sources[i];

		if (i == 0)
			*end++ = ' ';
		*end++ = a->family == AF_INET ? (char)ntohl(a->in.s_addr) : a->in6.s6_addr[15];
	}
	*end = '\0';
	return buf;
}

static void on_changed(struct tunnels *tunnels, const struct address *g,
		       const struct filter *filter, void *userdata)
{
	struct world *world = userdata;

	world->changes++;
	world->group = *g;
	show(filter, world->told);
}

static void begin(struct world *world)
{
	*world = (struct world){ .now = START };
	assert_int_equal(tunnels_new(MAX, on_changed, world, &world->tunnels), 0);
}

static void end(struct world *world)
{
	tunnels_free(world->tunnels);
}

/* Stands for the relay's MAC: any function of both will do. */
static void make_mac(unsigned int g, uint32_t nonce, uint8_t mac[static AMT_MAC_LENGTH])
{
	for (int i = 0; i < AMT_MAC_LENGTH; i++)
		mac[i] = (uint8_t)(g * 31 + nonce * 7 + (unsigned int)i);
}

static void query_port(struct world *world, unsigned int g, uint32_t nonce, uint16_t port)
{
	struct message message = { .type = AMT_QUERY, .query.nonce = nonce };
	const struct address from = gateway(g);

	make_mac(g, nonce, message.query.mac);
	tunnels_query(world->tunnels, &from, port, &message, world->now);
}

static void query(struct world *world, unsigned int g, uint32_t nonce)
{
	query_port(world, g, nonce, PORT);
}

struct report {
	sa_family_t family;
	uint8_t version; /* 0: the latest */
	enum group_record_type type;
	const char *sources;
	unsigned int group, n; /* so many groups from this on; 0: one */
};

static size_t build(const struct report *report, uint8_t *buf, size_t size)
{
	struct group_record records[64];
	uint8_t sources[26 * 16], *at = sources;
	uint16_t n = report->n ? (uint16_t)report->n : 1;
	struct address from = { .family = AF_UNSPEC };
	ssize_t length;

	assert_true(n <= ARRAY_SIZE(records));
	for (const char *p = report->sources; *p; p++) {
		struct address a = source(report->family, *p);

		at += group_put_source(&a, at);
	}
	for (uint16_t i = 0; i < n; i++)
		records[i] = (struct group_record){
			.type = report->type,
			.group = group(report->family, report->group + i),
			.sources = { sources, (uint16_t)strlen(report->sources) },
		};
	if (report->family == AF_INET6)
		assert_int_equal(address_parse("fe80::5", &from), 0);
	length = group_report_build(report->family,
				    report->version		? report->version
				    : report->family == AF_INET ? 3
								: 2,
				    records, n, &from, NULL, buf, size);
	assert_true(length > 0);
	return (size_t)length;
}

static void update_with(struct world *world, unsigned int g, unsigned int mac_of, uint32_t nonce,
			const struct report *report)
{
	struct message message = { .type = AMT_UPDATE, .update.nonce = nonce };
	const struct address from = gateway(g);
	uint8_t buf[2000];

	message.update.inner.data = buf;
	message.update.inner.length = build(report, buf, sizeof(buf));
	message.update.inner.family = report->family;
	make_mac(mac_of, nonce, message.update.mac);
	tunnels_update(world->tunnels, &from, &message, world->now);
	tunnels_flush(world->tunnels);
}

static void update(struct world *world, unsigned int g, uint32_t nonce, const struct report *report)
{
	update_with(world, g, g, nonce, report);
}

static void wants(struct world *world, unsigned int g, const char *sources)
{
	const struct report report = { AF_INET, 0, GROUP_CHANGE_TO_INCLUDE, sources, 0, 0 };

	update(world, g, g, &report);
}

static struct tunnels_counters counters(const struct world *world)
{
	struct tunnels_counters all;

	tunnels_counters(world->tunnels, &all);
	return all;
}

static void assert_wanted(const struct world *world, const struct address *g, const char *wanted)
{
	struct filter filter = { 0 };
	char buf[64];

	assert_int_equal(tunnels_filter(world->tunnels, g, &filter), 0);
	assert_string_equal(show(&filter, buf), wanted);
	filter_clear(&filter);
}

static void assert_wanted4(const struct world *world, unsigned int i, const char *wanted)
{
	struct address g = group(AF_INET, i);

	assert_wanted(world, &g, wanted);
}

/* RFC 7450, 5.1.5; amt_update_handler() */
static void test_ticket(void **state)
{
	static const struct report report = { AF_INET, 0, GROUP_ALLOW_NEW_SOURCES, "a", 0, 0 };
	static const struct {
		const char *what;
		unsigned int gateway, mac_of;
		uint32_t nonce;
		int ignored; /* or -1: it counts */
	} cases[] = {
		{ "no Query", 3, 3, 7, TUNNELS_IGNORED_GATEWAY },
		{ "another nonce", 1, 1, 8, TUNNELS_IGNORED_NONCE },
		{ "another gateway's MAC", 1, 2, 7, TUNNELS_IGNORED_MAC },
		{ "a former Query's", 1, 1, 6, TUNNELS_IGNORED_NONCE },
		{ "the last Query's", 1, 1, 7, -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tunnels_counters seen;
		struct world world;

		begin(&world);
		query(&world, 1, 6);
		query(&world, 2, 7);
		query(&world, 1, 7);
		update_with(&world, cases[i].gateway, cases[i].mac_of, cases[i].nonce, &report);
		seen = counters(&world);
		assert_int_equal(seen.queries, 3);
		if (cases[i].ignored >= 0) {
			assert_int_equal(seen.ignored[cases[i].ignored], 1);
			assert_int_equal(seen.updates, 0);
			assert_wanted4(&world, 0, "I");
			assert_int_equal(world.changes, 0);
		} else {
			assert_int_equal(seen.updates, 1);
			assert_wanted4(&world, 0, "I a");
			assert_int_equal(world.changes, 1);
		}
		end(&world);
	}
}

/* Three gateways, one after the other; what is told is what all want together. */
static void test_merge(void **state)
{
	static const struct {
		unsigned int gateway;
		enum group_record_type type;
		const char *sources, *wanted;
	} steps[] = {
		{ 1, GROUP_ALLOW_NEW_SOURCES, "a", "I a" },
		{ 2, GROUP_ALLOW_NEW_SOURCES, "bc", "I abc" },
		{ 3, GROUP_CHANGE_TO_EXCLUDE, "bd", "E d" },
		{ 1, GROUP_CHANGE_TO_EXCLUDE, "", "E" },
		{ 1, GROUP_CHANGE_TO_INCLUDE, "", "E d" },
		{ 2, GROUP_BLOCK_OLD_SOURCES, "b", "E bd" },
		{ 3, GROUP_CHANGE_TO_INCLUDE, "a", "I ac" },
		{ 3, GROUP_BLOCK_OLD_SOURCES, "a", "I c" },
		{ 2, GROUP_CHANGE_TO_INCLUDE, "", "I" },
	};
	static const sa_family_t families[] = { AF_INET, AF_INET6 };

	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		struct address g = group(families[f], 0);
		struct world world;

		begin(&world);
		for (unsigned int i = 1; i <= 3; i++)
			query(&world, i, i);
		for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
			const struct report report = { families[f], 0, steps[i].type,
						       steps[i].sources };

			update(&world, steps[i].gateway, steps[i].gateway, &report);
			assert_string_equal(world.told, steps[i].wanted);
			assert_true(address_equal(&world.group, &g));
			assert_wanted(&world, &g, steps[i].wanted);
			assert_int_equal(world.changes, i + 1);
		}
		end(&world);
	}
}

/* Messages of a gateway of IGMPv2 or MLDv1, as far as the driver accepts them. */
static void test_versions(void **state)
{
	static const struct {
		struct report report;
		const char *wanted;
	} cases[] = {
		{ { AF_INET, 2, GROUP_MODE_IS_EXCLUDE, "", 0, 0 }, "E" },
		{ { AF_INET6, 1, GROUP_MODE_IS_EXCLUDE, "", 0, 0 }, "E" },
		{ { AF_INET, 1, GROUP_MODE_IS_EXCLUDE, "", 0, 0 }, "I" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct address g = group(cases[i].report.family, 0);
		struct report leave = cases[i].report;
		struct world world;

		begin(&world);
		query(&world, 1, 1);
		update(&world, 1, 1, &cases[i].report);
		assert_wanted(&world, &g, cases[i].wanted);
		if (cases[i].report.version == 1 && cases[i].report.family == AF_INET) {
			assert_int_equal(counters(&world).ignored[TUNNELS_IGNORED_TYPE], 1);
		} else {
			leave.type = GROUP_CHANGE_TO_INCLUDE;
			update(&world, 1, 1, &leave);
			assert_wanted(&world, &g, "I");
		}
		end(&world);
	}
}

/* RFC 7450, 5.1.7 */
static void test_teardown(void **state)
{
	static const struct {
		const char *what;
		unsigned int gateway, mac_of;
		uint32_t nonce;
		uint16_t port;
		bool counts;
	} cases[] = {
		{ "another nonce", 1, 1, 2, PORT, false },
		{ "another MAC", 1, 2, 1, PORT, false },
		{ "another port", 1, 1, 1, PORT + 1, false },
		{ "no tunnel", 4, 4, 4, PORT, false },
		{ "as it should be", 1, 1, 1, PORT, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct message message = {
			.type = AMT_TEARDOWN,
			.teardown.nonce = cases[i].nonce,
			.teardown.gateway = { .port = cases[i].port,
					      .address = gateway(cases[i].gateway) },
		};
		struct world world;

		begin(&world);
		query(&world, 1, 1);
		query(&world, 2, 2);
		wants(&world, 1, "ab");
		wants(&world, 2, "b");
		make_mac(cases[i].mac_of, cases[i].nonce, message.teardown.mac);
		tunnels_teardown(world.tunnels, &message, world.now);
		tunnels_flush(world.tunnels);
		assert_wanted4(&world, 0, cases[i].counts ? "I b" : "I ab");
		assert_string_equal(world.told, cases[i].counts ? "I b" : "I ab");
		assert_int_equal(counters(&world).teardowns, cases[i].counts);
		assert_int_equal(counters(&world).ignored[TUNNELS_IGNORED_TEARDOWN],
				 !cases[i].counts);
		assert_int_equal(tunnels_count(world.tunnels), cases[i].counts ? 1 : 2);

		/* A late message opens no tunnel. */
		wants(&world, 1, "c");
		assert_wanted4(&world, 0, cases[i].counts ? "I b" : "I bc");
		end(&world);
	}
}

/* An IPv6 gateway is no gateway of the driver's. */
static void test_teardown6(void **state)
{
	struct message message = { .type = AMT_TEARDOWN, .teardown.gateway.port = PORT };
	struct world world;

	begin(&world);
	query(&world, 1, 1);
	message.teardown.nonce = 1;
	make_mac(1, 1, message.teardown.mac);
	message.teardown.gateway.address = (struct address){ .family = AF_INET6 };
	message.teardown.gateway.address.in = gateway(1).in; /* the same bytes */
	tunnels_teardown(world.tunnels, &message, world.now);
	assert_int_equal(tunnels_count(world.tunnels), 1);
	end(&world);
}

static void run_until(struct world *world, uint64_t at)
{
	while (tunnels_next(world->tunnels) <= at) {
		world->now = tunnels_next(world->tunnels);
		tunnels_run(world->tunnels, world->now);
	}
	world->now = at;
	tunnels_flush(world->tunnels);
}

static void test_expiry(void **state)
{
	struct world world;

	begin(&world);
	query(&world, 1, 1);
	query(&world, 2, 2);
	assert_int_equal(tunnels_next(world.tunnels), START + FORGET);
	world.now = START + 10 * SEC;
	wants(&world, 1, "ab");

	/* Queries alone keep no tunnel, as they keep none in the driver. */
	world.now = START + FORGET - 1;
	query(&world, 2, 2);
	run_until(&world, START + FORGET - 1);
	assert_int_equal(tunnels_count(world.tunnels), 2);
	run_until(&world, START + FORGET);
	assert_int_equal(tunnels_count(world.tunnels), 1);
	assert_int_equal(counters(&world).expired, 1);

	/* Sources go 260 s after they were reported, the tunnel 780 s after the last Update. */
	wants(&world, 1, "b");
	world.changes = 0;
	run_until(&world, START + 10 * SEC + FORGET);
	run_until(&world, START + 2 * FORGET - 1);
	assert_wanted4(&world, 0, "I b");
	run_until(&world, START + 2 * FORGET);
	assert_wanted4(&world, 0, "I");
	assert_int_equal(world.changes, 1);
	assert_string_equal(world.told, "I");
	run_until(&world, START + FORGET + FORGET_UPDATED - 1);
	assert_int_equal(tunnels_count(world.tunnels), 1);
	run_until(&world, START + FORGET + FORGET_UPDATED);
	assert_int_equal(tunnels_count(world.tunnels), 0);
	assert_int_equal(tunnels_next(world.tunnels), UINT64_MAX);
	end(&world);
}

/* The driver keeps the port of a tunnel as long as it lives: another port, another tunnel. */
static void test_port(void **state)
{
	struct tunnels_tunnel seen;
	struct world world;
	size_t at = 0;

	begin(&world);
	query(&world, 1, 1);
	wants(&world, 1, "a");
	world.now += SEC;
	query_port(&world, 1, 1, PORT + 1);
	tunnels_flush(world.tunnels);
	assert_string_equal(world.told, "I");
	assert_true(tunnels_next_tunnel(world.tunnels, &at, &seen));
	assert_int_equal(seen.port, PORT + 1);
	assert_int_equal(seen.since, START + SEC);
	assert_int_equal(seen.last_update, 0);
	assert_int_equal(seen.groups, 0);
	assert_false(tunnels_next_tunnel(world.tunnels, &at, &seen));
	end(&world);
}

/* One more than there can be: the first to end has ended for the driver. */
static void test_max(void **state)
{
	struct world world;

	begin(&world);
	for (unsigned int i = 1; i <= MAX; i++) {
		query(&world, i, i);
		wants(&world, i, (char[]){ (char)('a' + i), '\0' });
	}
	world.now += SEC;
	for (unsigned int i = 1; i <= MAX; i++)
		if (i != 3)
			wants(&world, i, (char[]){ (char)('a' + i), '\0' });
	query(&world, 100, 100);
	tunnels_flush(world.tunnels);
	assert_int_equal(tunnels_count(world.tunnels), MAX);
	assert_int_equal(counters(&world).evicted, 1);
	assert_int_equal(counters(&world).begun, MAX + 1);
	assert_wanted4(&world, 0, "I bcefghi");
	end(&world);
}

/* AMT_MAX_GROUP: the driver ignores what is beyond; so must be what is joined for it. */
static void test_max_groups(void **state)
{
	const struct report first = { AF_INET, 0, GROUP_ALLOW_NEW_SOURCES, "a", 0, 32 };
	const struct report more = { AF_INET, 0, GROUP_ALLOW_NEW_SOURCES, "a", 32, 3 };
	const struct report none = { AF_INET, 0, GROUP_CHANGE_TO_INCLUDE, "", 0, 32 };
	struct world world;

	begin(&world);
	query(&world, 1, 1);
	update(&world, 1, 1, &first);
	assert_int_equal(world.changes, 32);
	update(&world, 1, 1, &more);
	assert_int_equal(world.changes, 32);
	assert_wanted4(&world, 31, "I a");
	assert_wanted4(&world, 32, "I");
	assert_int_equal(counters(&world).records[ROUTER_IGNORED_GROUPS], 3);

	/* Counted still when the tunnel is gone. */
	tunnels_clear(world.tunnels);
	tunnels_flush(world.tunnels);
	assert_int_equal(counters(&world).records[ROUTER_IGNORED_GROUPS], 3);
	assert_int_equal(world.changes, 64);

	query(&world, 1, 1);
	update(&world, 1, 1, &first);
	update(&world, 1, 1, &none);
	update(&world, 1, 1, &more);
	assert_wanted4(&world, 34, "I a");
	end(&world);
}

/* However many messages come before it, tunnels_flush() tells each group once. */
static void test_flush(void **state)
{
	struct message message = { .type = AMT_UPDATE };
	const struct report report = { AF_INET, 0, GROUP_ALLOW_NEW_SOURCES, "a", 0, 2 };
	struct world world;
	uint8_t buf[2000];

	message.update.inner.length = build(&report, buf, sizeof(buf));
	message.update.inner.data = buf;
	begin(&world);
	for (unsigned int i = 1; i <= MAX; i++) {
		query(&world, i, i);
		message.update.nonce = i;
		make_mac(i, i, message.update.mac);
		tunnels_update(world.tunnels,
			       &(const struct address){ AF_INET, { .in = gateway(i).in } },
			       &message, world.now);
	}
	assert_int_equal(world.changes, 0);
	tunnels_flush(world.tunnels);
	assert_int_equal(world.changes, 2);
	tunnels_flush(world.tunnels);
	assert_int_equal(world.changes, 2);
	end(&world);
}

/* Whatever single bit of it is turned, or wherever it is cut, an Update does not count; but that
 * TOS and the like are no matter of checksums in IPv6. */
static void test_malformed(void **state)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };

	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		const struct report report = {
			families[f], 0, GROUP_ALLOW_NEW_SOURCES, "ab", 0, 2
		};
		struct message message = { .type = AMT_UPDATE, .update.nonce = 1 };
		uint8_t buf[2000], *exact;
		size_t length = build(&report, buf, sizeof(buf));
		struct tunnels_counters seen;
		struct world world;

		begin(&world);
		query(&world, 1, 1);
		make_mac(1, 1, message.update.mac);
		for (size_t bit = families[f] == AF_INET ? 0 : 48 * 8; bit < length * 8; bit++) {
			exact = malloc(length);
			assert_non_null(exact);
			memcpy(exact, buf, length);
			exact[bit / 8] ^= 1 << bit % 8;
			message.update.inner = (struct message_inner){ exact, length, 0 };
			tunnels_update(world.tunnels,
				       &(const struct address){ AF_INET, { .in = gateway(1).in } },
				       &message, world.now);
			free(exact);
		}
		for (size_t n = 0; n < length; n++) {
			exact = malloc(n ? n : 1);
			assert_non_null(exact);
			memcpy(exact, buf, n);
			message.update.inner = (struct message_inner){ exact, n, 0 };
			tunnels_update(world.tunnels,
				       &(const struct address){ AF_INET, { .in = gateway(1).in } },
				       &message, world.now);
			free(exact);
		}
		tunnels_flush(world.tunnels);
		seen = counters(&world);
		assert_int_equal(seen.updates, 0);
		assert_int_equal(seen.ignored[TUNNELS_IGNORED_INNER],
				 9 * length - (families[f] == AF_INET ? 0 : 48 * 8));
		assert_int_equal(world.changes, 0);

		update(&world, 1, 1, &report);
		assert_int_equal(world.changes, 2);
		end(&world);
	}
}

struct merged {
	struct address group;
	struct filter filter;
};

static int merge_one(const struct router_group *g, const struct filter *filter, void *userdata)
{
	struct merged *merged = userdata;

	if (!address_equal(&g->group, &merged->group))
		return 0;
	return filter_merge(&merged->filter, filter);
}

/* Whatever happens in whatever order: what all want is the sum of what each does, and what was
 * told last is what is so. */
#define GROUPS 3

struct told {
	struct address group[GROUPS];
	char filter[GROUPS][64];
};

static void note_told(struct tunnels *tunnels, const struct address *g, const struct filter *filter,
		      void *userdata)
{
	struct told *told = userdata;

	for (size_t i = 0; i < GROUPS; i++)
		if (address_equal(&told->group[i], g))
			show(filter, told->filter[i]);
}

static void check_sums(const struct world *world, const struct told *told)
{
	for (size_t i = 0; i < GROUPS; i++) {
		struct merged sum = { .group = told->group[i] };
		struct tunnels_tunnel tunnel;
		char buf[64];
		size_t at = 0;

		while (tunnels_next_tunnel(world->tunnels, &at, &tunnel))
			assert_int_equal(tunnels_groups(world->tunnels, &tunnel.gateway, world->now,
							merge_one, &sum),
					 0);
		assert_string_equal(told->filter[i], show(&sum.filter, buf));
		assert_wanted(world, &told->group[i], buf);
		filter_clear(&sum.filter);
	}
}

static void test_any_order(void **state)
{
	static const char *const lists[] = { "", "a", "b", "ab", "cd", "abcd" };
	struct told told = { .group = { group(AF_INET, 0), group(AF_INET, 1), group(AF_INET6, 0) },
			     .filter = { "I", "I", "I" } };
	struct world world = { .now = START };

	srandom(1);
	assert_int_equal(tunnels_new(MAX, note_told, &told, &world.tunnels), 0);
	for (int i = 0; i < 20000; i++) {
		unsigned int g = 1 + (unsigned int)random() % (MAX + 1),
			     what = (unsigned int)random() % 16;
		const struct report report = {
			random() % 2 ? AF_INET : AF_INET6,
			0,
			1 + (unsigned int)random() % 6,
			lists[(size_t)random() % ARRAY_SIZE(lists)],
			(unsigned int)random() % 2,
			0,
		};

		if (what < 10) {
			update(&world, g, g, &report);
		} else if (what < 14) {
			query(&world, g, g);
		} else if (what == 14) {
			query_port(&world, g, g, PORT + 1);
		} else {
			world.now += (uint64_t)random() % (60 * SEC);
			tunnels_run(world.tunnels, world.now);
		}
		tunnels_flush(world.tunnels);
		check_sums(&world, &told);
		assert_true(tunnels_count(world.tunnels) <= MAX);
	}
	assert_true(counters(&world).updates > 1000);
	assert_true(counters(&world).evicted > 100);
	end(&world);
}

/* What tunnels_each_changed() told, a word for each: the gateway's number, then "+" or "-" (ended),
 * "?" while it is not known, and its groups. */
static void tell(struct tunnels *tunnels, const struct tunnels_tunnel *tunnel, void *userdata)
{
	char *text = userdata, *end = text + strlen(text);

	sprintf(end, "%s%u%s%s%zu", *text ? " " : "", ntohl(tunnel->gateway.in.s_addr) & 0xff,
		tunnel->ended ? "-" : "+", tunnel->known ? "" : "?", tunnel->groups);
}

static void assert_changed(struct world *world, const char *changes)
{
	char text[256] = "";

	tunnels_each_changed(world->tunnels, tell, text);
	assert_string_equal(text, changes);
}

static void begin_watched(struct world *world)
{
	begin(world);
	tunnels_watch(world->tunnels);
}

static void test_changed_tunnels(void **state)
{
	struct world world;

	begin_watched(&world);
	query(&world, 1, 1);
	query(&world, 2, 2);
	assert_changed(&world, "1+0 2+0");
	assert_changed(&world, "");
	wants(&world, 2, "a");
	query(&world, 2, 2); /* nothing new */
	assert_changed(&world, "2+1");
	wants(&world, 2, "a");
	assert_changed(&world, "");
	wants(&world, 2, "ab");
	wants(&world, 1, "c");
	assert_changed(&world, "2+1 1+1");
	/* The same gateway from another port: the former tunnel first. */
	query_port(&world, 2, 5, PORT + 1);
	assert_changed(&world, "2-0 2+0");
	tunnels_clear(world.tunnels);
	assert_changed(&world, "2-0 1-0");
	query(&world, 1, 1);
	tunnels_clear(world.tunnels);
	end(&world); /* with changes that nobody read */
}

/* The driver may have, for 260 s, more than was seen. */
static void test_unsure(void **state)
{
	struct world world;

	begin_watched(&world);
	query(&world, 1, 1);
	wants(&world, 1, "a");
	assert_changed(&world, "1+1");
	tunnels_unsure(world.tunnels, world.now);
	query(&world, 2, 2); /* that began since is none the better known: it may have before */
	assert_changed(&world, "1+?1 2+?0");
	world.now += FORGET - SEC;
	wants(&world, 1, "b");
	assert_changed(&world, "1+?1");
	assert_true(tunnels_next(world.tunnels) <= START + FORGET);
	world.now += SEC;
	tunnels_run(world.tunnels, world.now);
	assert_changed(&world,
		       "1+1 2-?0"); /* without an Update it is forgotten at that time, too */
	query(&world, 2, 2);
	assert_changed(&world, "2+0");

	/* A new interface has no tunnels from before. */
	tunnels_unsure(world.tunnels, world.now);
	tunnels_clear(world.tunnels);
	query(&world, 3, 3);
	assert_changed(&world, "1-?0 2-?0 3+0");
	end(&world);
}

/* The driver takes what the router does not: the tunnel that it came from is not known. */
static void test_untaken(void **state)
{
	static const struct report many = { AF_INET, 0, GROUP_CHANGE_TO_EXCLUDE, "", 0, 33 };
	struct report ssm = { AF_INET, 0, GROUP_CHANGE_TO_EXCLUDE, "", 0, 0 };
	struct message broken = { .type = AMT_UPDATE, .update.nonce = 3 };
	const struct address from = gateway(3);
	struct world world;

	begin_watched(&world);
	for (unsigned int i = 1; i <= 4; i++)
		query(&world, i, i);
	assert_changed(&world, "1+0 2+0 3+0 4+0");
	update(&world, 1, 1, &many); /* of 32 */
	assert_changed(&world, "1+?32");
	ssm.group = 0xe8010101 - 0xe9000100; /* 232.1.1.1 */
	update(&world, 2, 2, &ssm);
	assert_changed(&world, "2+?0");
	make_mac(3, 3, broken.update.mac);
	broken.update.inner.data = (const uint8_t *)"\x45";
	broken.update.inner.length = 1;
	tunnels_update(world.tunnels, &from, &broken, world.now);
	assert_changed(&world, "3+?0");
	/* The others are. */
	wants(&world, 4, "a");
	assert_changed(&world, "4+1");
	world.now += FORGET;
	tunnels_run(world.tunnels, world.now);
	assert_changed(&world, "1+0 2+0 4+0 3+0");
	end(&world);
}

/* ---- state for the next process ------------------------------------------------------------- */

static struct {
	char lines[64][256]; /* as they were told */
	size_t n;
	char *text;
	size_t length;
	FILE *stream;
} written;

static FILE *on_begin(void *userdata)
{
	return written.stream = open_memstream(&written.text, &written.length);
}

static void on_end(void *userdata)
{
	fclose(written.stream);
	assert_int_equal(written.text[written.length - 1], '\n');
	written.text[written.length - 1] = '\0';
	assert_true(written.n < 64 && written.length < sizeof(written.lines[0]));
	strcpy(written.lines[written.n++], written.text);
	free(written.text);
}

/* Whether a later line has the same first two words. */
static bool is_outdated(size_t i)
{
	const char *line = written.lines[i], *second = strchr(line, ' ');
	size_t key = (size_t)(second + 1 - line) + strcspn(second + 1, " ");

	for (size_t j = i + 1; j < written.n; j++)
		if (strncmp(written.lines[j], line, key) == 0 && written.lines[j][key] == ' ')
			return true;
	return false;
}

static void read_all(struct world *world, int (*read)(struct tunnels *, const char *, usec_t))
{
	for (size_t i = 0; i < written.n; i++)
		if (!is_outdated(i))
			assert_true(read(world->tunnels, written.lines[i], world->now) >= 0);
}

/* Killed at any time, the next one knows tunnels, tickets and memberships. */
static void test_state(void **state)
{
	static const struct tunnels_recorder recorder = { on_begin, on_end, NULL };
	static const struct report leave = { AF_INET, 0, GROUP_CHANGE_TO_INCLUDE, "", 0, 0 };
	static const struct report join6 = { AF_INET6, 0, GROUP_CHANGE_TO_EXCLUDE, "", 2, 0 };
	struct world w, next;
	char *first = NULL;
	size_t size;
	FILE *stream;

	written.n = 0;
	begin(&w);
	tunnels_record(w.tunnels, &recorder);
	query(&w, 1, 1);
	wants(&w, 1, "ab");
	query(&w, 1, 11);
	query(&w, 2, 12);
	update(&w, 2, 12, &join6);
	query(&w, 3, 3);
	wants(&w, 3, "c");
	w.now++;
	query_port(&w, 3, 14, PORT + 1); /* ends the first one, and what it wanted */
	w.now += 100 * SEC;
	query(&w, 1, 21);
	tunnels_record(w.tunnels, NULL);

	begin(&next);
	next.now = w.now;
	read_all(&next, tunnels_read_tunnel);
	read_all(&next, tunnels_read_group);
	assert_int_equal(tunnels_count(next.tunnels), 3);
	tunnels_flush(w.tunnels);
	tunnels_flush(next.tunnels);
	assert_int_equal(next.changes, 2);
	assert_wanted4(&next, 0, "I ab");
	update(&next, 1, 11, &leave); /* with the ticket of before the last */
	assert_int_equal(counters(&next).ignored[TUNNELS_IGNORED_NONCE], 1);
	update(&next, 1, 21, &leave);
	assert_wanted4(&next, 0, "I");
	end(&next);

	/* All at once is the same. */
	begin(&next);
	next.now = w.now;
	read_all(&next, tunnels_read_tunnel);
	read_all(&next, tunnels_read_group);
	stream = open_memstream(&first, &size);
	tunnels_write(next.tunnels, next.now, stream);
	fclose(stream);
	written.n = 0;
	for (char *save = NULL, *line = strtok_r(first, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		strcpy(written.lines[written.n++], line);
	assert_int_equal(written.n, 5);
	end(&next);
	begin(&next);
	next.now = w.now;
	read_all(&next, tunnels_read_tunnel);
	read_all(&next, tunnels_read_group);
	assert_int_equal(tunnels_count(next.tunnels), 3);
	assert_wanted4(&next, 0, "I ab");
	run_until(&next, w.now + FORGET_UPDATED);
	assert_int_equal(tunnels_count(next.tunnels), 0);
	end(&next);
	end(&w);
	free(first);
}

static void test_state_invalid(void **state)
{
	static const char *const lines[] = {
		"192.0.2.1@5 tunnel 1 2 010203040506 5 5",
		"192.0.2.1@5 tunnel 1 2 010203040506 5 5 99999999999x",
		"192.0.2.1@5 tunnel 1 2 01020304050 5 5 99999999999",
		"192.0.2.1@5 tunnel 1 2 01020304050A 5 5 99999999999",
		"192.0.2.1@5 tunnel 65536 2 010203040506 5 5 99999999999",
		"192.0.2.1@5 tunnel 01 2 010203040506 5 5 99999999999",
		"192.0.2.1@-5 tunnel 1 2 010203040506 5 5 99999999999",
		"192.0.2.1@99999999999 tunnel 1 2 010203040506 5 5 99999999999", /* in the future */
		"224.0.0.1@5 tunnel 1 2 010203040506 5 5 99999999999",
		"192.0.2.1 tunnel 1 2 010203040506 5 5 99999999999",
		"192.0.2.1@5  tunnel 1 2 010203040506 5 5 99999999999",
	};
	struct world w;

	begin(&w);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_not_equal(tunnels_read_tunnel(w.tunnels, lines[i], w.now), 1);
	assert_int_equal(tunnels_count(w.tunnels), 0);
#define TUNNEL "192.0.2.1@5 tunnel 1 2 010203040506 5 5 99999999999"
	assert_int_equal(tunnels_read_tunnel(w.tunnels, TUNNEL, w.now), 1);
	assert_int_equal(tunnels_read_tunnel(w.tunnels, TUNNEL, w.now), -EINVAL);
	assert_int_equal(
		tunnels_read_group(w.tunnels, "192.0.2.1@6 233.0.1.1 exclude 5 0 0 -", w.now), 0);
	assert_int_equal(tunnels_read_group(w.tunnels, "192.0.2.1@5 233.0.1.1", w.now), -EINVAL);
	assert_int_equal(tunnels_read_group(w.tunnels, "192.0.2.1@5", w.now), 0);
	assert_int_equal(
		tunnels_read_group(w.tunnels, "192.0.2.1@5 233.0.1.1 exclude 5 0 0 -", w.now), 1);
	end(&w);
}

static void test_strings(void **state)
{
	for (int i = 0; i < _TUNNELS_IGNORED_MAX; i++)
		assert_non_null(tunnels_ignored_string(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ticket),	   cmocka_unit_test(test_merge),
		cmocka_unit_test(test_versions),   cmocka_unit_test(test_teardown),
		cmocka_unit_test(test_teardown6),  cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_port),	   cmocka_unit_test(test_max),
		cmocka_unit_test(test_max_groups), cmocka_unit_test(test_flush),
		cmocka_unit_test(test_malformed),  cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_state),	   cmocka_unit_test(test_state_invalid),
		cmocka_unit_test(test_strings),	   cmocka_unit_test(test_changed_tunnels),
		cmocka_unit_test(test_unsure),	   cmocka_unit_test(test_untaken),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tunnels", tests, NULL, NULL);
}
