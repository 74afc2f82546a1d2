/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Internet checksum of the tests: RFC 1071 read literally, a byte at a time, big-endian,
 * without the code under test.
 */
#ifndef TESTS_CHECKSUM_H
#define TESTS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t plain_sum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static inline uint16_t plain_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

#endif
