/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zones of which signed records were validated. Where validation is off because a name server
 * returns no DNSSEC records, answers from these zones are not believed: somebody withholds the
 * signatures. Pure; at most SIGNED_ZONES_MAX, the oldest is forgotten.
 */
#ifndef AMT_DISCOVERY_SIGNED_ZONES_H
#define AMT_DISCOVERY_SIGNED_ZONES_H

#include "wire/dnsname.h"

#define SIGNED_ZONES_MAX 1024

struct signed_zones;

int signed_zones_new(struct signed_zones **ret);    /* 0 or -ENOMEM */
void signed_zones_free(struct signed_zones *zones); /* NULL is fine */

/* Not the root, which all names are in. Without memory nothing is added. */
void signed_zones_add(struct signed_zones *zones, const struct dnsname *zone);

/* The one that the name is in, or NULL. Until the next change. */
const struct dnsname *signed_zones_find(const struct signed_zones *zones,
					const struct dnsname *name);

/* Those that the name is in: it was proven that they are no longer signed. */
void signed_zones_remove(struct signed_zones *zones, const struct dnsname *name);

#endif
