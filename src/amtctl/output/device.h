/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device, as amtd describes it in JSON, for people.
 */
#ifndef AMTCTL_OUTPUT_DEVICE_H
#define AMTCTL_OUTPUT_DEVICE_H

#include <jansson.h>
#include <stdint.h>

/* The block of status. */
void device_print(const json_t *device, uint64_t now_usec);

/* The line of create. */
void device_print_created(const json_t *device);

#endif
