/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a packet with an IGMP or MLD message, its checksums corrected so that these are not
 * in the way: all that is accepted lies within them, and says the same when it is built again and
 * parsed again.
 */
#include "../checksum.h"
#include "input.h"
#include "wire/group-build.h"
#include "wire/group-message.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 8191 /* of IGMP in 65535 bytes */

static void fix_checksum(uint8_t *p, size_t n, size_t field, uint32_t sum)
{
	if (field + 2 > n)
		return;
	p[field] = p[field + 1] = 0;
	sum = plain_fold(sum + plain_sum(p, n));
	p[field] = (uint8_t)(~sum >> 8);
	p[field + 1] = (uint8_t)~sum;
}

static void fix_packet(uint8_t *p, size_t size)
{
	size_t total, header;
	uint32_t pseudo;

	if (size >= 20 && p[0] >> 4 == 4) {
		header = (p[0] & 15) * 4u;
		total = (size_t)p[2] << 8 | p[3];
		if (header < 20 || total > size || header > total)
			return;
		fix_checksum(p, header, 10, 0);
		fix_checksum(p + header, total - header, 2, 0);
	} else if (size >= 40 && p[0] >> 4 == 6) {
		header = 40;
		total = 40 + ((size_t)p[4] << 8 | p[5]);
		if (p[6] == 0 && size >= 48)
			header += (p[41] + 1u) * 8;
		if (total > size || header > total)
			return;
		pseudo = 58 + (uint32_t)(total - header);
		pseudo += plain_sum(p + 8, 32);
		fix_checksum(p + header, total - header, 2, pseudo);
	}
}

static bool same_sources(const struct group_sources *a, const struct group_sources *b,
			 sa_family_t family)
{
	struct address x, y;
	uint16_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++) {
		group_source(a, family, i, &x);
		group_source(b, family, i, &y);
		if (!address_equal(&x, &y))
			return false;
	}
	return true;
}

static void check_query(const struct group_message *a, const struct group_message *b)
{
	const struct group_query *x = &a->query, *y = &b->query;

	REQUIRE(x->version == y->version && address_equal(&x->group, &y->group));
	REQUIRE(x->max_response_usec == y->max_response_usec);
	REQUIRE(x->interval_usec == y->interval_usec);
	REQUIRE(x->suppress == y->suppress && x->robustness == y->robustness);
	REQUIRE(same_sources(&x->sources, &y->sources, a->family));
}

static void check_records(const struct group_message *a, const struct group_message *b)
{
	struct group_record x, y;
	size_t i = 0, j = 0;

	while (group_next_record(a, &i, &x)) {
		REQUIRE(group_next_record(b, &j, &y));
		REQUIRE(x.type == y.type && address_equal(&x.group, &y.group));
		REQUIRE(same_sources(&x.sources, &y.sources, a->family));
	}
	REQUIRE(!group_next_record(b, &j, &y));
}

/* Only a General Query of the last version, and only its time. */
static void check_hasten(const struct group_message *message, const uint8_t *data, size_t size)
{
	const bool hastens = message->version == (message->family == AF_INET ? 3 : 2) &&
			     message->query.group.family == AF_UNSPEC;
	uint8_t *copy = memcpy(malloc(size), data, size);
	struct group_message again;

	REQUIRE(group_query_hasten(copy, size) == hastens);
	if (hastens) {
		REQUIRE(group_message_parse(copy, size, GROUP_UNICAST, &again) == GROUP_ERROR_NONE);
		REQUIRE(again.query.max_response_usec == 0);
		again.query.max_response_usec = message->query.max_response_usec;
		check_query(message, &again);
	} else {
		REQUIRE(memcmp(copy, data, size) == 0);
	}
	free(copy);
}

static ssize_t build(const struct group_message *message, uint8_t *buf, size_t size)
{
	static struct group_record records[RECORDS_MAX];
	size_t at = 0;
	uint16_t n = 0;

	if (message->type == GROUP_QUERY)
		return group_query_build(message->family, &message->query, &message->source,
					 &message->destination, buf, size);
	while (group_next_record(message, &at, &records[n])) {
		n++;
		REQUIRE(n < RECORDS_MAX);
	}
	return group_report_build(message->family, message->version, records, n, &message->source,
				  &message->destination, buf, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t built[65536];
	struct group_message message, untouched, again;
	enum group_error error;
	uint8_t *copy = malloc(size);
	ssize_t n;

	if (size)
		memcpy(copy, data, size);
	fix_packet(copy, size);
	memset(&message, 0xa5, sizeof(message));
	memset(&untouched, 0xa5, sizeof(untouched));
	error = group_message_parse(copy, size, GROUP_STRICT, &message);
	REQUIRE(error < _GROUP_ERROR_MAX && group_error_string(error));
	if (error != GROUP_ERROR_NONE) {
		REQUIRE(memcmp(&message, &untouched, sizeof(message)) == 0);
		if (group_message_parse(copy, size, GROUP_UNICAST, &message) != GROUP_ERROR_NONE)
			goto out;
		REQUIRE(error == GROUP_ERROR_DESTINATION || error == GROUP_ERROR_SOURCE);
	}

	if (message.type == GROUP_QUERY)
		check_hasten(&message, copy, size);
	n = build(&message, built, sizeof(built));
	REQUIRE(n > 0);
	REQUIRE(group_message_parse(built, (size_t)n, GROUP_UNICAST, &again) == GROUP_ERROR_NONE);
	REQUIRE(again.family == message.family && again.type == message.type);
	REQUIRE(again.version == message.version);
	REQUIRE(address_equal(&again.source, &message.source));
	REQUIRE(address_equal(&again.destination, &message.destination));
	if (message.type == GROUP_QUERY)
		check_query(&message, &again);
	else
		check_records(&message, &again);
out:
	free(copy);
	return 0;
}
