/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arrays: length, growth, binary search, and insertion in order.
 */
#ifndef AMT_BASE_ARRAY_H
#define AMT_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Make room for n elements: doubles size, a size_t, as often as needed. False when out of memory:
 * unchanged. */
#define RESERVE(array, n, size) \
	((n) <= (size) || array_reserve(&(array), sizeof(*(array)), (n), &(size)))

/* Room for one more behind n elements. */
#define GROW(array, n, size) RESERVE(array, (n) + 1, size)

/* n is more than *size; array: pointer to the array's pointer. */
bool array_reserve(void *array, size_t element, size_t n, size_t *size);

/* Below, at or above zero: the order of the element and the key. */
typedef int (*array_order)(const void *element, const void *key);

/* The first of n elements in ascending order that is not below the key; n: none. Inline, so that
 * the comparison is, too. */
static inline __attribute__((always_inline)) size_t
array_search(const void *array, size_t n, size_t element, const void *key, array_order order)
{
	const char *elements = array;
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (order(elements + middle * element, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Move the elements from a position on, of n, up or down by one: to insert an element there, with
 * room for it, and to remove it. */
static inline void array_open(void *array, size_t n, size_t element, size_t at)
{
	char *place = (char *)array + at * element;

	memmove(place + element, place, (n - at) * element);
}

static inline void array_close(void *array, size_t n, size_t element, size_t at)
{
	char *place = (char *)array + at * element;

	memmove(place, place + element, (n - at - 1) * element);
}

#endif
