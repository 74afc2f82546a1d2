/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [Forward] of a device, as views.
 */
#ifndef AMTD_API_DESCRIBE_FORWARD_H
#define AMTD_API_DESCRIBE_FORWARD_H

#include "amtd/api/fields.h"
#include "amtd/forward/forward.h"
#include "base/arena.h"

extern const struct field forward_fields[];
extern const struct field listeners_fields[];

/* NULL: nothing is forwarded, or listened to, or arena->failed. */
const void *view_forward(struct arena *arena, const struct forward_device *device);
const void *view_listeners(struct arena *arena, const struct forward_device *device);

#endif
