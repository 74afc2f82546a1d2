/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/joined.h"

#include "base/array.h"

#include <stdlib.h>

static int order_by_group(const void *element, const void *key)
{
	return address_compare(&((const struct joined_group *)element)->group, key);
}

void joined_note(struct joined *joined, const struct address *group, usec_t now)
{
	size_t at = array_search(joined->groups, joined->n, sizeof(*joined->groups), group,
				 order_by_group);

	if (at == joined->n || !address_equal(&joined->groups[at].group, group)) {
		if (!GROW(joined->groups, joined->n, joined->size))
			return;
		array_open(joined->groups, joined->n, sizeof(*joined->groups), at);
		joined->groups[at].group = *group;
		joined->n++;
	}
	joined->groups[at].seen = now;
}

void joined_expire(struct joined *joined, usec_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < joined->n; i++)
		if (joined->groups[i].seen + JOINED_KEPT > now)
			joined->groups[kept++] = joined->groups[i];
	joined->n = kept;
}

void joined_clear(struct joined *joined)
{
	free(joined->groups);
	*joined = (struct joined){ 0 };
}
