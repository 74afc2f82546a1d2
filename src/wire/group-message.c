/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/group-message.h"

#include "base/group.h"
#include "wire/group-wire.h"

#include <errno.h>
#include <string.h>

#define EXPONENT_BITS 3
#define EXPONENT_BIAS 3 /* so that the first floating point code goes on where the units end */
#define RECORD_HEAD   4 /* Record Type, Aux Data Len, Number of Sources */

static size_t address_length(sa_family_t family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

uint32_t group_code_decode(uint32_t code, unsigned int mantissa_bits)
{
	uint32_t units = UINT32_C(1) << (mantissa_bits + EXPONENT_BITS);
	uint32_t one = UINT32_C(1) << mantissa_bits;

	if (code < units)
		return code;
	return (code % one + one) << ((code - units) / one + EXPONENT_BIAS);
}

uint32_t group_code_encode(uint64_t value, unsigned int mantissa_bits)
{
	uint32_t units = UINT32_C(1) << (mantissa_bits + EXPONENT_BITS);
	uint32_t one = UINT32_C(1) << mantissa_bits;
	uint32_t exponent = 0;

	if (value < units)
		return (uint32_t)value;
	for (value >>= EXPONENT_BIAS; value >= 2 * one; value >>= 1)
		exponent++;
	if (exponent >= UINT32_C(1) << EXPONENT_BITS)
		return 2 * units - 1;
	return units + exponent * one + (uint32_t)value - one;
}

uint16_t group_load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

void group_store16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

bool group_address_equal(const struct address *a, const struct address *b)
{
	return a->family == b->family && memcmp(&a->in6, &b->in6, address_length(a->family)) == 0;
}

/* Of one record with everything in it, 0 when that is more than length. */
static size_t record_length(const uint8_t *data, size_t length, size_t address_size)
{
	size_t n;

	if (length < RECORD_HEAD + address_size)
		return 0;
	n = RECORD_HEAD + address_size * (1u + group_load16(data + 2)) + data[1] * 4u;
	return n <= length ? n : 0;
}

bool group_records_length(const uint8_t *data, size_t length, uint16_t n, size_t address_size,
			  size_t *ret_length)
{
	size_t at = 0, record;

	for (; n > 0; n--) {
		record = record_length(data + at, length - at, address_size);
		if (record == 0)
			return false;
		at += record;
	}
	*ret_length = at;
	return true;
}

static void load_address(const uint8_t *data, sa_family_t family, struct address *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->family = family;
	memcpy(&ret->in6, data, address_length(family));
}

bool group_next_record(const struct group_message *message, size_t *at, struct group_record *ret)
{
	size_t size = address_length(message->family);

	if (message->only.type != 0) {
		if (*at > 0)
			return false;
		*ret = message->only;
		*at = 1;
		return true;
	}
	while (*at < message->records_length) {
		const uint8_t *data = message->records + *at;
		struct group_record record;

		*at += record_length(data, message->records_length - *at, size);
		load_address(data + RECORD_HEAD, message->family, &record.group);
		if (data[0] < GROUP_MODE_IS_INCLUDE || data[0] > GROUP_BLOCK_OLD_SOURCES ||
		    !group_valid(&record.group))
			continue;
		record.type = (enum group_record_type)data[0];
		record.sources.data = data + RECORD_HEAD + size;
		record.sources.n = group_load16(data + 2);
		*ret = record;
		return true;
	}
	return false;
}

void group_source(const struct group_sources *sources, sa_family_t family, uint16_t i,
		  struct address *ret)
{
	load_address(sources->data + i * address_length(family), family, ret);
}

bool group_destination_right(const struct group_message *message, const struct address *wanted,
			     enum group_strictness strictness)
{
	if (group_address_equal(&message->destination, wanted))
		return true;
	return strictness == GROUP_UNICAST && !group_valid(&message->destination);
}

void group_parse_robustness(uint8_t flags, uint8_t qqic, struct group_query *query)
{
	query->suppress = flags & QUERY_SUPPRESS;
	query->robustness = flags & QUERY_ROBUSTNESS;
	query->interval_usec = group_code_decode(qqic, INTERVAL_CODE_BITS) * USEC_PER_SEC;
}

enum group_error group_message_parse(const void *data, size_t length,
				     enum group_strictness strictness, struct group_message *ret)
{
	const uint8_t *p = data;

	if (length < 1)
		return GROUP_ERROR_IP;
	switch (p[0] >> 4) {
	case 4:
		return igmp_parse(p, length, strictness, ret);
	case 6:
		return mld_parse(p, length, strictness, ret);
	default:
		return GROUP_ERROR_IP;
	}
}

const char *group_error_string(enum group_error error)
{
	static const char *const strings[_GROUP_ERROR_MAX] = {
		[GROUP_ERROR_NONE] = "no fault",
		[GROUP_ERROR_IP] = "IP header: not one whole packet, or its options are garbled",
		[GROUP_ERROR_TYPE] = "type: not of IGMP or MLD",
		[GROUP_ERROR_SHORT] = "length: too short for its type, or what it counts",
		[GROUP_ERROR_TTL] = "TTL or hop limit: not 1",
		[GROUP_ERROR_ALERT] = "Router Alert: not there",
		[GROUP_ERROR_CHECKSUM] = "checksum: wrong",
		[GROUP_ERROR_SOURCE] = "source address: none of this link",
		[GROUP_ERROR_DESTINATION] = "destination address: not where such messages go",
		[GROUP_ERROR_GROUP] = "group: not multicast, or none but with sources",
	};

	if ((unsigned int)error >= _GROUP_ERROR_MAX)
		return "unknown";
	return strings[error];
}
