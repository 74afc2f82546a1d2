/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST_BYTES 24 /* the smallest block of malloc() */

bool array_reserve(void *array, size_t element, size_t n, size_t *size)
{
	size_t wanted = *size;
	void *old, *grown;

	if (wanted == 0)
		wanted = element < FIRST_BYTES ? FIRST_BYTES / element : 1;
	while (wanted < n && wanted <= SIZE_MAX / 2)
		wanted *= 2;
	if (wanted < n)
		return false;
	/* The pointer may be of any type. */
	memcpy(&old, array, sizeof(old));
	grown = reallocarray(old, wanted, element);
	if (!grown)
		return false;
	memcpy(array, &grown, sizeof(grown));
	*size = wanted;
	return true;
}
