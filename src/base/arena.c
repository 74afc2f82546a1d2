/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 4096

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) unsigned char bytes[];
};

static struct arena_chunk *chunk_for(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;

	if (chunk && chunk->size - chunk->used >= size)
		return chunk;
	chunk = calloc(1, sizeof(*chunk) + room);
	if (!chunk)
		return NULL;
	chunk->size = room;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t n, size_t size)
{
	const size_t alignment = _Alignof(max_align_t);
	struct arena_chunk *chunk = NULL;
	size_t bytes;
	void *memory;

	if (!__builtin_mul_overflow(n, size, &bytes) && bytes <= SIZE_MAX / 2) {
		bytes = (bytes + alignment - 1) / alignment * alignment;
		chunk = chunk_for(arena, bytes > 0 ? bytes : alignment);
	}
	if (!chunk) {
		arena->failed = true;
		return NULL;
	}
	memory = chunk->bytes + chunk->used;
	chunk->used += bytes > 0 ? bytes : alignment;
	return memory;
}

const char *arena_string(struct arena *arena, const char *text)
{
	return text ? arena_format(arena, "%s", text) : NULL;
}

const char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	text = arena_alloc(arena, (size_t)length + 1, 1);
	if (!text)
		return NULL;
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}

void arena_clear(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	arena->failed = false;
}
