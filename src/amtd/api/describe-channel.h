/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel as JSON.
 */
#ifndef AMTD_API_DESCRIBE_CHANNEL_H
#define AMTD_API_DESCRIBE_CHANNEL_H

#include "amtd/api/fields.h"
#include "membership/channel-table.h"

struct device;

extern const struct field channel_fields[];

/* device: the channel's device; NULL: none, or not one of amtd's. NULL when out
 * of memory; json_decref() it. */
struct json_t *describe_channel(const struct channel *channel, const struct device *device);

#endif
