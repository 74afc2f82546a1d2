/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The heap against a look at all entries, and the waits that lead to its deadlines. */
#include "base/array.h"
#include "base/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ENTRIES 300
#define STEPS	20000

struct entry {
	uint32_t place;
	bool in;
	usec_t deadline;
};

static void check(const struct heap *heap, struct entry *const *entries)
{
	usec_t first = USEC_NEVER;
	uint32_t n = 0;

	for (size_t i = 0; i < ENTRIES; i++)
		if (entries[i]->in) {
			assert_ptr_equal(heap->entries[entries[i]->place], entries[i]);
			first = entries[i]->deadline < first ? entries[i]->deadline : first;
			n++;
		}
	assert_int_equal(heap->n, n);
	if (n == 0)
		assert_null(heap_first(heap));
	else
		assert_int_equal(((struct entry *)heap_first(heap))->deadline, first);
}

/* Somewhere else in memory. */
static struct entry *move(const struct entry *entry)
{
	struct entry *moved = malloc(sizeof(*moved));

	assert_non_null(moved);
	return memcpy(moved, entry, sizeof(*moved));
}

static void step(struct heap *heap, struct entry **entry)
{
	if (!(*entry)->in) {
		(*entry)->deadline = (usec_t)rand() % 1000;
		assert_int_equal(heap_add(heap, *entry), 0);
		(*entry)->in = true;
		return;
	}
	switch (rand() % 3) {
	case 0:
		heap_remove(heap, *entry);
		(*entry)->in = false;
		break;
	case 1:
		(*entry)->deadline = (usec_t)rand() % 1000;
		heap_update(heap, *entry);
		break;
	default: {
		struct entry *moved = move(*entry);

		free(*entry);
		*entry = moved;
		heap_moved(heap, moved);
	}
	}
}

static void test_random(void **state)
{
	struct heap heap = HEAP_OF(struct entry, deadline, place);
	struct entry *entries[ENTRIES];

	srand(1);
	for (size_t i = 0; i < ENTRIES; i++) {
		entries[i] = calloc(1, sizeof(*entries[i]));
		assert_non_null(entries[i]);
	}
	for (int i = 0; i < STEPS; i++) {
		step(&heap, &entries[rand() % ENTRIES]);
		check(&heap, entries);
	}
	for (size_t i = 0; i < ENTRIES; i++) {
		if (entries[i]->in)
			heap_remove(&heap, entries[i]);
		free(entries[i]);
	}
	assert_null(heap_first(&heap));
	heap_fini(&heap);
}

static void test_order(void **state)
{
	struct heap heap = HEAP_OF(struct entry, deadline, place);
	struct entry entries[ENTRIES];
	usec_t last = 0;

	for (size_t i = 0; i < ENTRIES; i++) {
		entries[i].deadline = i * 7919 % 1009;
		assert_int_equal(heap_add(&heap, &entries[i]), 0);
	}
	for (size_t i = 0; i < ENTRIES; i++) {
		struct entry *first = heap_first(&heap);

		assert_true(first->deadline >= last);
		last = first->deadline;
		heap_remove(&heap, first);
	}
	heap_fini(&heap);
}

static void test_back_off(void **state)
{
	static const struct {
		usec_t first, max;
		unsigned int n;
		usec_t wait;
	} cases[] = {
		{ 4, 120, 0, 4 },
		{ 4, 120, 4, 64 },
		{ 4, 120, 5, 120 },
		{ 4, 128, 5, 128 },
		{ 4, 120, 63, 120 },
		{ 4, 120, 64, 120 },
		{ 4, 120, UINT32_MAX, 120 },
		{ 200, 120, 0, 120 },
		{ 1, USEC_NEVER, 63, UINT64_C(1) << 63 },
		{ 3, USEC_NEVER, 63, USEC_NEVER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(usec_back_off(cases[i].first, cases[i].max, cases[i].n),
				 cases[i].wait);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_back_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
