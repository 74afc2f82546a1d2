/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lengths are counted by hand after RFC 9776, 4.2 and RFC 9777, 5.2: IPv4 with Router Alert 24
 * bytes, IPv6 with Hop-by-Hop Options 48, a Report's head 8, a record 8 or 20 and 4 or 16 for each
 * source. */
#include "base/array.h"
#include "wire/group-batch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PACKETS_MAX 600
#define RECORDS_MAX 2000

/* The messages sent, as the parser reads them. */
struct sent {
	size_t lengths[PACKETS_MAX];
	size_t n, n_records;
	struct {
		enum group_message_type message;
		enum group_record_type type;
		struct address group;
		uint16_t n_sources;
		struct address first, last;
	} records[RECORDS_MAX];
};

static int take(const void *packet, size_t length, void *userdata)
{
	struct sent *sent = userdata;
	struct group_message message;
	struct group_record record;
	size_t at = 0;

	assert_true(sent->n < PACKETS_MAX);
	assert_int_equal(group_message_parse(packet, length, GROUP_STRICT, &message),
			 GROUP_ERROR_NONE);
	sent->lengths[sent->n++] = length;
	while (group_next_record(&message, &at, &record)) {
		assert_true(sent->n_records < RECORDS_MAX);
		sent->records[sent->n_records].message = message.type;
		sent->records[sent->n_records].type = record.type;
		sent->records[sent->n_records].group = record.group;
		sent->records[sent->n_records].n_sources = record.sources.n;
		if (record.sources.n > 0) {
			group_source(&record.sources, message.family, 0,
				     &sent->records[sent->n_records].first);
			group_source(&record.sources, message.family, record.sources.n - 1,
				     &sent->records[sent->n_records].last);
		}
		sent->n_records++;
	}
	return 0;
}

static struct address numbered(sa_family_t family, bool group, uint32_t i)
{
	struct address address = { .family = family };

	if (family == AF_INET) {
		address.in.s_addr = htonl((group ? 0xe9000000 : 0x0a000000) + i);
		return address;
	}
	inet_pton(AF_INET6, group ? "ff3e::" : "2001:db8::", &address.in6);
	address.in6.s6_addr32[3] = htonl(i);
	return address;
}

static void begin(struct group_batch *batch, sa_family_t family, uint8_t version, size_t max,
		  struct sent *sent)
{
	memset(sent, 0, sizeof(*sent));
	*batch = (struct group_batch){
		.family = family,
		.version = version,
		.source = numbered(family, false, 1),
		.max = max,
		.send = take,
		.userdata = sent,
	};
	if (family == AF_INET6)
		inet_pton(AF_INET6, "fe80::1", &batch->source.in6);
}

static void add(struct group_batch *batch, enum group_record_type type, uint32_t group, uint16_t n)
{
	uint8_t *sources = malloc(n * 16 + 1);
	struct group_record record = {
		.type = type,
		.group = numbered(batch->family, true, group),
		.sources = { .data = sources, .n = n },
	};
	size_t used = 0;

	for (uint16_t i = 0; i < n; i++) {
		const struct address source = numbered(batch->family, false, i + 1);

		used += group_put_source(&source, sources + used);
	}
	assert_int_equal(group_batch_add(batch, &record), 0);
	free(sources); /* it needs them no longer */
}

/* 576 bytes: (576 - 32) / 8 = 68 records; 1280 bytes of IPv6: (1280 - 56) / 20 = 61 */
static void test_packets_are_filled(void **state)
{
	static const struct {
		sa_family_t family;
		uint8_t version;
		size_t max;
		size_t lengths[3];
	} cases[] = {
		{ AF_INET, 3, 576, { 32 + 68 * 8, 32 + 68 * 8, 32 + 14 * 8 } },
		{ AF_INET6, 2, 1280, { 56 + 61 * 20, 56 + 61 * 20, 56 + 28 * 20 } },
		{ AF_INET, 3, 100, { 32 + 68 * 8, 32 + 68 * 8, 32 + 14 * 8 } }, /* as 576 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct group_batch batch;
		struct sent sent;

		begin(&batch, cases[i].family, cases[i].version, cases[i].max, &sent);
		for (uint32_t group = 1; group <= 150; group++)
			add(&batch, GROUP_CHANGE_TO_EXCLUDE, group, 0);
		assert_int_equal(group_batch_end(&batch), 0);
		assert_int_equal(sent.n, 3);
		assert_memory_equal(sent.lengths, cases[i].lengths, sizeof(cases[i].lengths));
		assert_int_equal(sent.n_records, 150);
		for (uint32_t group = 1; group <= 150; group++) {
			const struct address wanted = numbered(cases[i].family, true, group);

			assert_true(address_equal(&sent.records[group - 1].group, &wanted));
		}
	}
}

/* (1500 - 32 - 8) / 4 = 365 sources to a packet. */
static void test_records_are_divided(void **state)
{
	struct group_batch batch;
	struct sent sent;
	struct address last;

	begin(&batch, AF_INET, 3, 9000, &sent);
	add(&batch, GROUP_CHANGE_TO_EXCLUDE, 1, 2);
	add(&batch, GROUP_MODE_IS_INCLUDE, 2, 400);
	add(&batch, GROUP_ALLOW_NEW_SOURCES, 3, 1);
	assert_int_equal(group_batch_end(&batch), 0);
	assert_int_equal(sent.n, 3);
	assert_int_equal(sent.lengths[0], 32 + 16);
	assert_int_equal(sent.lengths[1], 32 + 8 + 365 * 4);
	assert_int_equal(sent.lengths[2], 32 + 8 + 35 * 4 + 12);
	assert_int_equal(sent.n_records, 4);
	assert_int_equal(sent.records[1].n_sources, 365);
	assert_int_equal(sent.records[2].n_sources, 35);
	last = numbered(AF_INET, false, 365);
	assert_true(address_equal(&sent.records[1].last, &last));
	last = numbered(AF_INET, false, 366);
	assert_true(address_equal(&sent.records[2].first, &last));
	assert_int_equal(sent.records[2].type, GROUP_MODE_IS_INCLUDE);

	/* Of an EXCLUDE the first ones have to do. */
	begin(&batch, AF_INET, 3, 1500, &sent);
	add(&batch, GROUP_MODE_IS_EXCLUDE, 1, 400);
	add(&batch, GROUP_ALLOW_NEW_SOURCES, 2, 1);
	assert_int_equal(group_batch_end(&batch), 0);
	assert_int_equal(sent.n, 2);
	assert_int_equal(sent.n_records, 2);
	assert_int_equal(sent.records[0].n_sources, 365);
	assert_int_equal(sent.records[1].n_sources, 1);
}

static void test_older_versions(void **state)
{
	static const struct {
		sa_family_t family;
		uint8_t version;
		size_t n, leaves;
	} cases[] = { { AF_INET, 1, 3, 0 }, { AF_INET, 2, 4, 1 }, { AF_INET6, 1, 4, 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct group_batch batch;
		struct sent sent;
		size_t leaves = 0;

		begin(&batch, cases[i].family, cases[i].version, 1500, &sent);
		add(&batch, GROUP_CHANGE_TO_EXCLUDE, 1, 0);
		add(&batch, GROUP_MODE_IS_INCLUDE, 2, 1);
		add(&batch, GROUP_MODE_IS_INCLUDE, 2, 1); /* says nothing new */
		add(&batch, GROUP_BLOCK_OLD_SOURCES, 3, 1);
		add(&batch, GROUP_MODE_IS_INCLUDE, 3, 0);
		add(&batch, GROUP_ALLOW_NEW_SOURCES, 4, 3);
		add(&batch, GROUP_CHANGE_TO_INCLUDE, 5, 0);
		assert_int_equal(group_batch_end(&batch), 0);
		assert_int_equal(sent.n, cases[i].n);
		assert_int_equal(sent.n_records, cases[i].n);
		for (size_t j = 0; j < sent.n_records; j++)
			leaves += sent.records[j].message == GROUP_LEAVE;
		assert_int_equal(leaves, cases[i].leaves);
	}
}

static int refuse(const void *packet, size_t length, void *userdata)
{
	return -ENOBUFS;
}

static void test_ends(void **state)
{
	struct group_record other = { .type = GROUP_ALLOW_NEW_SOURCES };
	struct group_batch batch;
	struct sent sent;

	begin(&batch, AF_INET, 3, 1500, &sent);
	assert_int_equal(group_batch_end(&batch), 0); /* nothing to send */
	assert_int_equal(sent.n, 0);
	other.group = numbered(AF_INET6, true, 1);
	assert_int_equal(group_batch_add(&batch, &other), -EINVAL);
	batch.send = refuse;
	add(&batch, GROUP_CHANGE_TO_EXCLUDE, 1, 0);
	assert_int_equal(group_batch_end(&batch), -ENOBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets_are_filled),
		cmocka_unit_test(test_records_are_divided),
		cmocka_unit_test(test_older_versions),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
