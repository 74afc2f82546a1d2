/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tunnels of a relay device, as views.
 */
#ifndef AMTD_API_DESCRIBE_RELAY_H
#define AMTD_API_DESCRIBE_RELAY_H

#include "amtd/api/fields.h"
#include "amtd/relay/relay.h"
#include "base/arena.h"

extern const struct field serving_fields[];

/* NULL: no tunnels are tracked, or arena->failed. */
const void *view_serving(struct arena *arena, const struct relay_device *relay);

#endif
