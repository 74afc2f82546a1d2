/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "discovery/candidates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MANY 8

/* The input of a candidate; rows of a case are in the order that is expected. */
struct row {
	enum candidate_origin origin;
	const char *address;
	uint16_t precedence;
	uint8_t rank;
	uint32_t random;
	enum candidate_skip wanted;
	uint16_t port;
};

static const struct arrangement {
	const char *name;
	const char *order;    /* NULL: default */
	const char *allow[3]; /* prefixes */
	size_t n, usable;
	struct row rows[MANY];
} arrangements[] = {
	{ "RFC 8777, 2.4.2: configured, DNS-SD, anycast, DRIAD",
	  NULL,
	  { NULL },
	  4,
	  4,
	  { { CANDIDATE_CONFIGURED, "192.0.2.4", 200, 50, 9, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_DNS_SD, "192.0.2.3", 100, 40, 8, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_ANYCAST, "192.52.193.1", 50, 30, 7, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_DRIAD, "192.0.2.1", 0, 0, 0, CANDIDATE_SKIP_NONE } } },
	{ "another order",
	  "driad  configured",
	  { NULL },
	  4,
	  2,
	  { { CANDIDATE_DRIAD, "192.0.2.1", 255, 0, 0, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_CONFIGURED, "192.0.2.4", 0, 0, 0, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_ANYCAST, "192.52.193.1", 0, 0, 0, CANDIDATE_SKIP_ORIGIN },
	    { CANDIDATE_DNS_SD, "192.0.2.3", 1, 0, 0, CANDIDATE_SKIP_ORIGIN } } },
	{ "precedence before rank, rank before chance",
	  NULL,
	  { NULL },
	  5,
	  5,
	  { { CANDIDATE_DRIAD, "192.0.2.5", 0, 200, 9, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_DRIAD, "192.0.2.4", 10, 1, 9, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_DRIAD, "192.0.2.3", 10, 2, 3, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_DRIAD, "192.0.2.2", 10, 2, 4, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_DRIAD, "192.0.2.1", 128, 0, 0, CANDIDATE_SKIP_NONE } } },
	{ "the better of two equal relays stays",
	  NULL,
	  { NULL },
	  4,
	  3,
	  { { CANDIDATE_CONFIGURED, "192.0.2.1", 9, 0, 0, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_DRIAD, "192.0.2.2", 2, 0, 0, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_DRIAD, "192.0.2.1", 3, 0, 0, CANDIDATE_SKIP_NONE, 2269 },
	    { CANDIDATE_DRIAD, "192.0.2.1", 0, 0, 0, CANDIDATE_SKIP_DUPLICATE } } },
	{ "allowed prefixes",
	  NULL,
	  { "192.0.2.0/25", "203.0.113.7" },
	  4,
	  2,
	  { { CANDIDATE_CONFIGURED, "203.0.113.7", 0, 0, 0, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_DRIAD, "192.0.2.1", 0, 0, 0, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_CONFIGURED, "203.0.113.8", 0, 0, 0, CANDIDATE_SKIP_ALLOW },
	    { CANDIDATE_DRIAD, "192.0.2.129", 0, 0, 0, CANDIDATE_SKIP_ALLOW } } },
	{ "what the driver cannot use, and what has no route",
	  NULL,
	  { NULL },
	  6,
	  1,
	  { { CANDIDATE_DRIAD, "192.0.2.1", 255, 254, 0, CANDIDATE_SKIP_NONE },
	    { CANDIDATE_DRIAD, "192.0.2.2", 0, 255, 0, CANDIDATE_SKIP_UNREACHABLE },
	    { CANDIDATE_DRIAD, "2001:db8::15", 1, 0, 0, CANDIDATE_SKIP_IPV6 },
	    { CANDIDATE_DRIAD, "232.1.1.1", 2, 0, 0, CANDIDATE_SKIP_ADDRESS },
	    { CANDIDATE_DRIAD, "127.0.0.1", 3, 0, 0, CANDIDATE_SKIP_ADDRESS },
	    { CANDIDATE_DRIAD, "::", 4, 0, 0, CANDIDATE_SKIP_ADDRESS } } },
	{ "two that are left out are no duplicates",
	  NULL,
	  { NULL },
	  2,
	  0,
	  { { CANDIDATE_DRIAD, "2001:db8::15", 1, 0, 0, CANDIDATE_SKIP_IPV6 },
	    { CANDIDATE_DRIAD, "2001:db8::15", 2, 0, 0, CANDIDATE_SKIP_IPV6 } } },
	{ "none", NULL, { NULL }, 0, 0, { { 0 } } },
};

static struct candidate make(const struct row *row)
{
	struct candidate candidate;
	struct address address;

	assert_int_equal(address_parse(row->address, &address), 0);
	candidate = candidate_make(row->origin, &address, row->precedence);
	candidate.rank = row->rank;
	candidate.random = row->random;
	candidate.port = row->port;
	return candidate;
}

/* Put the rows in as the permutation has them, and look whether they come out as listed. */
static void check_permutation(const struct arrangement *a, const size_t *permutation)
{
	struct candidate candidates[MANY] = { 0 };
	struct candidate_order order;
	struct prefix allow[3];
	struct address address;
	size_t i, n_allow = 0;

	for (; a->allow[n_allow]; n_allow++)
		assert_int_equal(prefix_parse(a->allow[n_allow], &allow[n_allow]), 0);
	if (a->order)
		assert_int_equal(candidate_order_parse(a->order, &order), 0);
	for (i = 0; i < a->n; i++)
		candidates[i] = make(&a->rows[permutation[i]]);

	assert_int_equal(
		candidates_arrange(candidates, a->n, a->order ? &order : NULL, allow, n_allow),
		a->usable);
	for (i = 0; i < a->n; i++) {
		assert_int_equal(address_parse(a->rows[i].address, &address), 0);
		assert_true(address_equal(&candidates[i].address, &address));
		assert_int_equal(candidates[i].precedence, a->rows[i].precedence);
		assert_int_equal(candidates[i].skip, a->rows[i].wanted);
	}
}

/* Heap's algorithm, all permutations. */
static void permute(const struct arrangement *a, size_t *permutation, size_t k)
{
	size_t i, other, swapped;

	if (k <= 1) {
		check_permutation(a, permutation);
		return;
	}
	for (i = 0; i < k; i++) {
		permute(a, permutation, k - 1);
		other = k % 2 == 0 ? i : 0;
		swapped = permutation[other];
		permutation[other] = permutation[k - 1];
		permutation[k - 1] = swapped;
	}
}

static void test_arrange(void **state)
{
	size_t i, j, permutation[MANY];

	for (i = 0; i < ARRAY_SIZE(arrangements); i++) {
		print_message("%s\n", arrangements[i].name);
		for (j = 0; j < MANY; j++)
			permutation[j] = j;
		permute(&arrangements[i], permutation, arrangements[i].n);
	}
}

/* A reason that is there already is kept: it is the nearer one. */
static void test_arrange_keeps_reason(void **state)
{
	struct candidate candidate = make(&arrangements[0].rows[0]);
	struct prefix allow;

	assert_int_equal(prefix_parse("203.0.113.0/24", &allow), 0);
	candidate.skip = CANDIDATE_SKIP_BOGUS;
	assert_int_equal(candidates_arrange(&candidate, 1, NULL, &allow, 1), 0);
	assert_int_equal(candidate.skip, CANDIDATE_SKIP_BOGUS);
}

static void test_order(void **state)
{
	static const char *const refused[] = {
		"",	 " ",
		"relay", "driad driad",
		"dns",	 "driad,anycast",
		"DRIAD", "configured dns-sdx",
	};
	struct candidate_order order;
	size_t i;

	assert_int_equal(candidate_order_parse(" configured dns-sd\tanycast driad ", &order), 0);
	assert_int_equal(order.n, candidate_order_default.n);
	assert_memory_equal(order.origins, candidate_order_default.origins, sizeof(order.origins));

	assert_int_equal(candidate_order_parse("driad", &order), 0);
	assert_int_equal(order.n, 1);
	assert_int_equal(order.origins[0], CANDIDATE_DRIAD);

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		assert_int_equal(candidate_order_parse(refused[i], &order), -EINVAL);
}

static uint8_t rank(const char *destination, const char *source, uint8_t length)
{
	struct address d, s;

	assert_int_equal(address_parse(destination, &d), 0);
	assert_int_equal(address_parse(source, &s), 0);
	return candidate_rank(&d, &s, length);
}

static void test_rank(void **state)
{
	const char *host = "192.0.2.10";

	/* Rule 9: on the own network first; farther off nothing counts. */
	assert_true(rank("192.0.2.200", host, 24) < rank("192.0.3.1", host, 24));
	assert_true(rank("192.0.2.200", host, 24) < rank("203.0.113.1", host, 24));
	assert_int_equal(rank("192.0.3.1", host, 24), rank("8.8.8.8", host, 24));
	assert_int_equal(rank("192.0.2.200", host, 24), rank("192.0.2.11", host, 24));
	assert_int_equal(rank("192.0.2.200", host, 32), rank("8.8.8.8", host, 32));
	assert_int_equal(rank("192.0.2.200", host, 0), rank("8.8.8.8", host, 0));
	/* Rule 2: scopes that match. */
	assert_true(rank("8.8.8.8", host, 24) < rank("169.254.1.1", host, 24));
	assert_true(rank("169.254.1.1", "169.254.7.7", 16) < rank("8.8.8.8", "169.254.7.7", 16));
	/* Rule 8: the smaller scope, when both match. */
	assert_true(rank("169.254.1.1", "169.254.7.7", 16) < rank("192.0.2.200", host, 24));
	assert_true(rank("8.8.8.8", "169.254.7.7", 16) < CANDIDATE_RANK_UNREACHABLE);
}

static void test_strings(void **state)
{
	int i;

	for (i = 0; i < _CANDIDATE_SKIP_MAX; i++)
		assert_non_null(candidate_skip_string(i));
	for (i = 0; i < _DNSSEC_STATE_MAX; i++)
		assert_string_not_equal(dnssec_state_string(i), "unknown");
	for (i = 0; i < _CANDIDATE_ORIGIN_MAX; i++)
		assert_string_not_equal(candidate_origin_string(i), "unknown");
	assert_string_equal(candidate_origin_string(_CANDIDATE_ORIGIN_INVALID), "unknown");
	assert_string_equal(candidate_skip_string(_CANDIDATE_SKIP_MAX), "unknown");
	assert_string_equal(dnssec_state_string(_DNSSEC_STATE_MAX), "unknown");
}

/* RFC 6890, 2.2.2 and 2.2.3; RFC 5771; RFC 4291: the first and the last address of each range, and
 * those beside it. */
static const struct found {
	const char *address;
	enum candidate_skip skip; /* where the source is public */
} founds[] = {
	{ "0.0.0.0", CANDIDATE_SKIP_UNSPECIFIED },
	{ "0.255.255.255", CANDIDATE_SKIP_UNSPECIFIED },
	{ "1.0.0.0", CANDIDATE_SKIP_NONE },
	{ "9.255.255.255", CANDIDATE_SKIP_NONE },
	{ "10.0.0.0", CANDIDATE_SKIP_PRIVATE },
	{ "10.255.255.255", CANDIDATE_SKIP_PRIVATE },
	{ "11.0.0.0", CANDIDATE_SKIP_NONE },
	{ "100.63.255.255", CANDIDATE_SKIP_NONE },
	{ "100.64.0.0", CANDIDATE_SKIP_PRIVATE },
	{ "100.127.255.255", CANDIDATE_SKIP_PRIVATE },
	{ "100.128.0.0", CANDIDATE_SKIP_NONE },
	{ "126.255.255.255", CANDIDATE_SKIP_NONE },
	{ "127.0.0.0", CANDIDATE_SKIP_LOOPBACK },
	{ "127.255.255.255", CANDIDATE_SKIP_LOOPBACK },
	{ "128.0.0.0", CANDIDATE_SKIP_NONE },
	{ "169.253.255.255", CANDIDATE_SKIP_NONE },
	{ "169.254.0.0", CANDIDATE_SKIP_LINK_LOCAL },
	{ "169.254.169.254", CANDIDATE_SKIP_LINK_LOCAL },
	{ "169.255.0.0", CANDIDATE_SKIP_NONE },
	{ "172.15.255.255", CANDIDATE_SKIP_NONE },
	{ "172.16.0.0", CANDIDATE_SKIP_PRIVATE },
	{ "172.31.255.255", CANDIDATE_SKIP_PRIVATE },
	{ "172.32.0.0", CANDIDATE_SKIP_NONE },
	{ "192.167.255.255", CANDIDATE_SKIP_NONE },
	{ "192.168.0.0", CANDIDATE_SKIP_PRIVATE },
	{ "192.168.255.255", CANDIDATE_SKIP_PRIVATE },
	{ "192.169.0.0", CANDIDATE_SKIP_NONE },
	{ "192.52.193.1", CANDIDATE_SKIP_NONE },
	{ "223.255.255.255", CANDIDATE_SKIP_NONE },
	{ "224.0.0.0", CANDIDATE_SKIP_MULTICAST },
	{ "239.255.255.255", CANDIDATE_SKIP_MULTICAST },
	{ "240.0.0.0", CANDIDATE_SKIP_RESERVED },
	{ "255.255.255.255", CANDIDATE_SKIP_RESERVED },
	{ "::", CANDIDATE_SKIP_UNSPECIFIED },
	{ "::1", CANDIDATE_SKIP_LOOPBACK },
	{ "::2", CANDIDATE_SKIP_IPV6 },
	{ "::ffff:127.0.0.1", CANDIDATE_SKIP_MAPPED },
	{ "::ffff:192.0.2.1", CANDIDATE_SKIP_MAPPED },
	{ "64:ff9b::7f00:1", CANDIDATE_SKIP_MAPPED },
	{ "64:ff9c::1", CANDIDATE_SKIP_IPV6 },
	{ "fbff::1", CANDIDATE_SKIP_IPV6 },
	{ "fc00::1", CANDIDATE_SKIP_PRIVATE },
	{ "fdff::1", CANDIDATE_SKIP_PRIVATE },
	{ "fe00::1", CANDIDATE_SKIP_IPV6 },
	{ "fe80::1", CANDIDATE_SKIP_LINK_LOCAL },
	{ "febf::1", CANDIDATE_SKIP_LINK_LOCAL },
	{ "fec0::1", CANDIDATE_SKIP_IPV6 },
	{ "ff02::1", CANDIDATE_SKIP_MULTICAST },
	{ "2001:db8::1", CANDIDATE_SKIP_IPV6 },
};

static void test_found(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(founds); i++) {
		const struct found *row = &founds[i];
		const bool private = row->skip == CANDIDATE_SKIP_PRIVATE;
		enum candidate_skip lifted = row->skip;
		struct candidate candidate = { .skip = row->skip };
		struct prefix host, other;

		assert_int_equal(address_parse(row->address, &candidate.address), 0);
		if (candidate_judge_found(&candidate.address, false) != row->skip)
			fail_msg("%s: %s", row->address,
				 candidate_skip_string(
					 candidate_judge_found(&candidate.address, false)));
		assert_int_equal(candidate_is_private(&candidate.address), private);
		assert_int_equal(candidate_is_special(row->skip),
				 row->skip != CANDIDATE_SKIP_NONE &&
					 row->skip != CANDIDATE_SKIP_IPV6);
		if (private)
			lifted = candidate.address.family == AF_INET ? CANDIDATE_SKIP_NONE
								     : CANDIDATE_SKIP_IPV6;
		/* A private source, or Allow=, lifts that alone. */
		assert_int_equal(candidate_judge_found(&candidate.address, true), lifted);
		assert_int_equal(prefix_parse(row->address, &host), 0);
		assert_int_equal(candidate_judge_allow(&candidate, &host, 1), lifted);
		assert_int_equal(candidate_judge_allow(&candidate, NULL, 0), row->skip);
		assert_int_equal(prefix_parse("198.18.0.0/15", &other), 0);
		assert_int_equal(candidate_judge_allow(&candidate, &other, 1),
				 row->skip == CANDIDATE_SKIP_NONE ? CANDIDATE_SKIP_ALLOW
								  : row->skip);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrange), cmocka_unit_test(test_arrange_keeps_reason),
		cmocka_unit_test(test_order),	cmocka_unit_test(test_rank),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
