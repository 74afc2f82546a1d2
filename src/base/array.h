/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arrays: their length, and growing ones.
 */
#ifndef AMT_BASE_ARRAY_H
#define AMT_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Room for one more behind n elements: *size is doubled when the array is full. False without
 * memory, and then all is as it was. */
#define GROW(array, n, size) array_grow((void **)&(array), sizeof(*(array)), (n), &(size))

bool array_grow(void **array, size_t element, size_t n, size_t *size);

#endif
