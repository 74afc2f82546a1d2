/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/packet.h"

#include <string.h>

uint32_t checksum_add(uint32_t sum, const void *data, size_t length)
{
	const uint8_t *p = data;
	uint64_t wide = sum;
	uint32_t word;

	/* 2^16 is 1 modulo 0xffff, so 32 bits at a time give the same sum (RFC 1071, 2) */
	for (; length >= sizeof(word); p += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		wide += word;
	}
	word = 0;
	memcpy(&word, p, length);
	wide += word;

	while (wide >> 32)
		wide = (wide & 0xffffffff) + (wide >> 32);
	return (uint32_t)wide;
}

uint16_t checksum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Equation 3, which (unlike equation 2) never turns a right checksum into a wrong zero. */
uint16_t checksum_update(uint16_t checksum, uint32_t old, uint32_t new)
{
	uint32_t sum = (uint16_t)~checksum;

	sum += (uint16_t)~checksum_fold(old);
	sum += checksum_fold(new);
	return (uint16_t)~checksum_fold(sum);
}
