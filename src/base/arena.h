/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for a short while: allocated piece by piece, freed at once.
 */
#ifndef AMT_BASE_ARENA_H
#define AMT_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	bool failed; /* an allocation has failed */
};

/* n elements of size bytes, zeroed, aligned for anything; at least one byte. NULL, and failed, when
 * out of memory. */
void *arena_alloc(struct arena *arena, size_t n, size_t size);

/* A copy; NULL for NULL. */
const char *arena_string(struct arena *arena, const char *text);
const char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void arena_clear(struct arena *arena);

#endif
