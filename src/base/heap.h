/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries by deadline, the first one found at once. An entry holds its deadline, a usec_t, and a
 * uint32_t of the heap's. The entries stay the caller's.
 */
#ifndef AMT_BASE_HEAP_H
#define AMT_BASE_HEAP_H

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>

struct heap {
	void **entries; /* n of room; in no order but for the first */
	uint32_t n, room;
	uint16_t deadline, place; /* offsets in an entry */
};

#define HEAP_OF(type, deadline_member, place_member)                                               \
	(struct heap)                                                                              \
	{                                                                                          \
		.deadline = offsetof(type, deadline_member), .place = offsetof(type, place_member) \
	}

void heap_fini(struct heap *heap);

int heap_add(struct heap *heap, void *entry); /* 0 or -ENOMEM */
void heap_remove(struct heap *heap, void *entry);
void heap_update(struct heap *heap, void *entry); /* its deadline is another one */
void heap_moved(struct heap *heap, void *entry);  /* it lies elsewhere in memory */

static inline void *heap_first(const struct heap *heap) /* NULL: none */
{
	return heap->n > 0 ? heap->entries[0] : NULL;
}

#endif
