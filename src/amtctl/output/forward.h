/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forwarding of a device, as amtd describes it in JSON, for people.
 */
#ifndef AMTCTL_OUTPUT_FORWARD_H
#define AMTCTL_OUTPUT_FORWARD_H

#include <jansson.h>

/* The lines of the block that device_print() prints; none without "forward". */
void forward_print(const json_t *device);

#endif
