/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tunnels of a relay device, as amtd describes them in JSON, for people.
 */
#ifndef AMTCTL_OUTPUT_TUNNELS_H
#define AMTCTL_OUTPUT_TUNNELS_H

#include <jansson.h>
#include <stdint.h>

/* Part of the block that is printed of a device; nothing for one that is no relay. */
void tunnels_print(const json_t *device, uint64_t now_usec);

#endif
