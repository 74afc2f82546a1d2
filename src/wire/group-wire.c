/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/group-wire.h"

#include "base/group.h"
#include "wire/packet.h"

#include <errno.h>
#include <string.h>

#define EXPONENT_BITS 3
#define EXPONENT_BIAS 3 /* so that the first floating point code goes on where the units end */

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

size_t group_record_length(const uint8_t *data, size_t length, size_t address_size)
{
	size_t n;

	if (length < GROUP_RECORD_HEAD + address_size)
		return 0;
	n = GROUP_RECORD_HEAD + address_size * (1u + group_load16(data + 2)) + data[1] * 4u;
	return n <= length ? n : 0;
}

bool group_records_length(const uint8_t *data, size_t length, uint16_t n, size_t address_size,
			  size_t *ret_length)
{
	size_t at = 0, record;

	for (; n > 0; n--) {
		record = group_record_length(data + at, length - at, address_size);
		if (record == 0)
			return false;
		at += record;
	}
	*ret_length = at;
	return true;
}

bool group_destination_right(const struct group_message *message, const struct address *wanted,
			     enum group_strictness strictness)
{
	if (address_equal(&message->destination, wanted))
		return true;
	return strictness == GROUP_UNICAST && !group_valid(&message->destination);
}

void group_parse_robustness(uint8_t flags, uint8_t qqic, struct group_query *query)
{
	query->suppress = flags & QUERY_SUPPRESS;
	query->robustness = flags & QUERY_ROBUSTNESS;
	query->interval_usec = group_code_decode(qqic, INTERVAL_CODE_BITS) * USEC_PER_SEC;
}

ssize_t group_check_size(size_t total, size_t size)
{
	if (total > PACKET_MAX)
		return -EMSGSIZE;
	return total > size ? -ENOBUFS : (ssize_t)total;
}

void group_edit16(uint8_t *p, size_t value, uint8_t *checksum)
{
	uint32_t old = checksum_add(0, p, 2);
	uint16_t sum;

	group_store16(p, value);
	memcpy(&sum, checksum, sizeof(sum));
	sum = checksum_update(sum, old, checksum_add(0, p, 2));
	memcpy(checksum, &sum, sizeof(sum));
}

int group_only_type(const struct group_record *records, uint16_t n, enum group_message_type *ret)
{
	if (n != 1 || records[0].sources.n > 0)
		return -EINVAL;
	switch (records[0].type) {
	case GROUP_MODE_IS_EXCLUDE:
	case GROUP_CHANGE_TO_EXCLUDE:
		*ret = GROUP_REPORT;
		return 0;
	case GROUP_CHANGE_TO_INCLUDE:
		*ret = GROUP_LEAVE;
		return 0;
	default:
		return -EINVAL;
	}
}

void group_put_robustness(const struct group_query *query, uint8_t *to)
{
	/* one that does not fit is none, RFC 9776, 4.1.6 */
	to[0] = query->robustness <= QUERY_ROBUSTNESS ? query->robustness : 0;
	if (query->suppress)
		to[0] |= QUERY_SUPPRESS;
	to[1] = (uint8_t)group_code_encode(query->interval_usec / USEC_PER_SEC, INTERVAL_CODE_BITS);
}

size_t group_put_source(const struct address *source, uint8_t *to)
{
	size_t n = source->family == AF_INET ? sizeof(source->in) : sizeof(source->in6);

	memcpy(to, &source->in6, n);
	return n;
}

size_t group_put_records(const struct group_record *records, uint16_t n, size_t address_length,
			 uint8_t *to)
{
	size_t length = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		const struct group_record *record = &records[i];
		size_t sources = record->sources.n * address_length;

		if (to) {
			uint8_t *p = to + length;

			p[0] = (uint8_t)record->type;
			p[1] = 0;
			group_store16(p + 2, record->sources.n);
			p += 4;
			p += group_put_source(&record->group, p);
			if (sources > 0)
				memcpy(p, record->sources.data, sources);
		}
		length += 4 + address_length + sources;
	}
	return length;
}
