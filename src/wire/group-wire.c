/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/group-wire.h"

#include "wire/packet.h"

#include <string.h>

#define EXPONENT_BITS 3
#define EXPONENT_BIAS 3 /* floating point codes follow the linear ones */

/* The last byte of a link's own groups: 224.0.0.1, ff02::1, … */
enum {
	ALL_SYSTEMS = 1,
	ALL_ROUTERS = 2,
	ALL_REPORTS = 22, /* all IGMPv3-capable routers, all MLDv2-capable routers */
};

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

void group_edit16(uint8_t *p, size_t value, uint8_t *checksum)
{
	uint32_t old = checksum_add(0, p, 2);
	uint16_t sum;

	group_store16(p, value);
	memcpy(&sum, checksum, sizeof(sum));
	sum = checksum_update(sum, old, checksum_add(0, p, 2));
	memcpy(checksum, &sum, sizeof(sum));
}

size_t group_record_length(const uint8_t *data, size_t length, size_t address_size)
{
	size_t n;

	if (length < GROUP_RECORD_HEAD + address_size)
		return 0;
	n = GROUP_RECORD_HEAD + address_size * (1u + group_load16(data + 2)) + data[1] * 4u;
	return n <= length ? n : 0;
}

static struct address local_group(const struct group_protocol *protocol, uint8_t last)
{
	struct address address = protocol->local;

	address.in6.s6_addr[address_length(protocol->family) - 1] = last;
	return address;
}

struct address group_destination(const struct group_protocol *protocol,
				 const struct group_message *message)
{
	switch (message->type) {
	case GROUP_QUERY:
		return address_is_set(&message->query.group) ? message->query.group
							     : local_group(protocol, ALL_SYSTEMS);
	case GROUP_LEAVE:
		return local_group(protocol, ALL_ROUTERS);
	default:
		return message->version == protocol->version ? local_group(protocol, ALL_REPORTS)
							     : message->only.group;
	}
}
