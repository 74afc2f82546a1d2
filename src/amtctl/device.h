/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices, as amtd describes them in JSON, for the eyes of a human.
 */
#ifndef AMTCTL_DEVICE_H
#define AMTCTL_DEVICE_H

#include "amtctl/output.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A field below object, by the keys on the way to it, NULL at the end; NULL when there is none. */
const json_t *device_field(const json_t *object, ...) __attribute__((sentinel));

/* The colour that a state is told in. */
enum colour device_state_colour(const char *state);

/* The relay a gateway talks to, or will talk to first; "" when it has none. */
const char *device_relay(const json_t *device);

/* A table of the devices of an array; 0 or negative errno. */
int device_print_table(const json_t *devices, bool legend, uint64_t now_usec);

/* All that is known of one. */
void device_print(const json_t *device, uint64_t now_usec);

/* What `amtctl create` says. */
void device_print_created(const json_t *device);

#endif
