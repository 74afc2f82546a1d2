/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/heap.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_MIN 4

static usec_t deadline_of(const struct heap *heap, const void *entry)
{
	return *(const usec_t *)((const char *)entry + heap->deadline);
}

static uint32_t *place_of(const struct heap *heap, void *entry)
{
	return (uint32_t *)((char *)entry + heap->place);
}

static void heap_put(struct heap *heap, void *entry, uint32_t at)
{
	heap->entries[at] = entry;
	*place_of(heap, entry) = at;
}

static int heap_resize(struct heap *heap, uint32_t room)
{
	void **entries = reallocarray(heap->entries, room, sizeof(entries[0]));

	if (!entries)
		return -ENOMEM;
	heap->entries = entries;
	heap->room = room;
	return 0;
}

void heap_fini(struct heap *heap)
{
	free(heap->entries);
}

static void sift_up(struct heap *heap, void *entry)
{
	const usec_t deadline = deadline_of(heap, entry);
	uint32_t at = *place_of(heap, entry);

	while (at > 0 && deadline_of(heap, heap->entries[(at - 1) / 2]) > deadline) {
		heap_put(heap, heap->entries[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	heap_put(heap, entry, at);
}

static void sift_down(struct heap *heap, void *entry)
{
	const usec_t deadline = deadline_of(heap, entry);
	uint32_t at = *place_of(heap, entry), child;

	while ((child = 2 * at + 1) < heap->n) {
		if (child + 1 < heap->n && deadline_of(heap, heap->entries[child + 1]) <
						   deadline_of(heap, heap->entries[child]))
			child++;
		if (deadline_of(heap, heap->entries[child]) >= deadline)
			break;
		heap_put(heap, heap->entries[child], at);
		at = child;
	}
	heap_put(heap, entry, at);
}

/* By an eighth: doubled, the array of 100,000 entries would waste more than their deadlines take.
 */
int heap_add(struct heap *heap, void *entry)
{
	if (heap->n == heap->room && heap_resize(heap, heap->room + heap->room / 8 + ROOM_MIN) < 0)
		return -ENOMEM;
	heap_put(heap, entry, heap->n++);
	sift_up(heap, entry);
	return 0;
}

void heap_remove(struct heap *heap, void *entry)
{
	void *last = heap->entries[--heap->n];

	if (last != entry) {
		heap_put(heap, last, *place_of(heap, entry));
		heap_update(heap, last);
	}
	if (heap->room > 2 * ROOM_MIN && heap->n < heap->room / 2)
		(void)heap_resize(heap, heap->room / 2);
}

void heap_update(struct heap *heap, void *entry)
{
	sift_up(heap, entry);
	sift_down(heap, entry);
}

void heap_moved(struct heap *heap, void *entry)
{
	heap->entries[*place_of(heap, entry)] = entry;
}
