/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of a device that come from one place or another.
 */
#ifndef AMTCTL_OUTPUT_DEVICE_FIELDS_H
#define AMTCTL_OUTPUT_DEVICE_FIELDS_H

#include "amtctl/output/fields.h"
#include "amtctl/output/output.h"

#define INFO(device, key) field(device, "linkinfo", "info_data", key, NULL)

/* From the configuration, else from the kernel, which does not have a device that is waiting. */
const json_t *device_either(const json_t *device, const char *key);

bool device_is_relay(const json_t *device);

/* The relay a gateway talks to, or will talk to first; "" when it has none. */
const char *device_relay(const json_t *device);

/* The port that packets of the device leave from. */
uint64_t device_local_port(const json_t *device);

enum colour device_state_colour(const char *state);

#endif
