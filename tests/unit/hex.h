/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes written as text: pairs of hex digits, blanks between them as one likes.
 */
#ifndef TESTS_UNIT_HEX_H
#define TESTS_UNIT_HEX_H

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A block of exactly so many bytes, so that AddressSanitizer sees a read beyond them; free() it. */
static inline uint8_t *hex_bytes(const char *text, size_t *ret_length)
{
	uint8_t *bytes = malloc(strlen(text) / 2 + 1), *exact;
	unsigned int byte;
	size_t n = 0;

	if (!bytes)
		abort();
	for (; *text; text++) {
		if (isblank((unsigned char)*text))
			continue;
		if (sscanf(text, "%2x", &byte) != 1 || !isxdigit((unsigned char)text[1]))
			abort();
		bytes[n++] = (uint8_t)byte;
		text++;
	}
	exact = malloc(n);
	if (!exact && n)
		abort();
	if (n)
		memcpy(exact, bytes, n);
	free(bytes);
	*ret_length = n;
	return exact;
}

#endif
