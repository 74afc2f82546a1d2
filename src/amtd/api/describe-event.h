/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as JSON, keys as in a device's where they mean the same.
 */
#ifndef AMTD_API_DESCRIBE_EVENT_H
#define AMTD_API_DESCRIBE_EVENT_H

#include "amtd/api/fields.h"
#include "device/event.h"

/* The fields of each kind, for the manual. */
extern const struct field *const event_fields[_EVENT_KIND_MAX];
extern const struct field lost_fields[]; /* of describe_lost() */
const char *event_kind_string(enum event_kind kind);

/* NULL when out of memory; json_decref() it. */
struct json_t *describe_event(const struct event *event);

/* A client missed this many events. */
struct json_t *describe_lost(uint64_t count);

#endif
