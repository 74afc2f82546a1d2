/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of a device that come from one place or another.
 */
#ifndef AMTCTL_OUTPUT_DEVICE_FIELDS_H
#define AMTCTL_OUTPUT_DEVICE_FIELDS_H

#include "amtctl/output/fields.h"
#include "amtctl/output/output.h"

#define INFO(device, key) field(device, "linkinfo", "info_data", key, NULL)

/* Of the configuration, or else of the kernel, which knows nothing of a device that waits. */
const json_t *device_either(const json_t *device, const char *key);

bool device_is_relay(const json_t *device);

/* The relay a gateway talks to, or will talk to first; "" when it has none. */
const char *device_relay(const json_t *device);

/* The port that packets of the device leave from. */
uint64_t device_local_port(const json_t *device);

/* The colour of a state, and its name for libsmartcols; NULL: none. */
enum colour device_state_colour(const char *state);
const char *device_state_scols(const char *state);

#endif
