/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"

#include <stdlib.h>

#define FIRST_SIZE 16

bool array_grow(void **array, size_t element, size_t n, size_t *size)
{
	size_t more = *size > 0 ? 2 * *size : FIRST_SIZE;
	void *grown;

	if (n < *size)
		return true;
	grown = reallocarray(*array, more, element);
	if (!grown)
		return false;
	*array = grown;
	*size = more;
	return true;
}
