/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AMTCTL_OUTPUT_ZONE_H
#define AMTCTL_OUTPUT_ZONE_H

#include "wire/amtrelay.h"

#include <jansson.h>

/* The records to publish for a source, into an array. */
void zone_append(json_t *array, const struct amtrelay *relays, size_t n, const char *source,
		 const char *owner);

#endif
