/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "discovery/signed-zones.h"

#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct signed_zones {
	struct dnsname *zones; /* the oldest first */
	size_t n, room;
};

int signed_zones_new(struct signed_zones **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void signed_zones_free(struct signed_zones *zones)
{
	if (!zones)
		return;
	free(zones->zones);
	free(zones);
}

static void remove_at(struct signed_zones *zones, size_t i)
{
	zones->n--;
	memmove(&zones->zones[i], &zones->zones[i + 1], (zones->n - i) * sizeof(*zones->zones));
}

void signed_zones_add(struct signed_zones *zones, const struct dnsname *zone)
{
	if (zone->length <= 1)
		return;
	for (size_t i = 0; i < zones->n; i++)
		if (dnsname_equal(&zones->zones[i], zone))
			return;
	if (zones->n == SIGNED_ZONES_MAX)
		remove_at(zones, 0);
	if (GROW(zones->zones, zones->n, zones->room))
		zones->zones[zones->n++] = *zone;
}

const struct dnsname *signed_zones_find(const struct signed_zones *zones,
					const struct dnsname *name)
{
	for (size_t i = 0; i < zones->n; i++)
		if (dnsname_is_within(name, &zones->zones[i]))
			return &zones->zones[i];
	return NULL;
}

void signed_zones_remove(struct signed_zones *zones, const struct dnsname *name)
{
	for (size_t i = zones->n; i-- > 0;)
		if (dnsname_is_within(name, &zones->zones[i]))
			remove_at(zones, i);
}
