/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passes what each gateway asked for to the kernel's filter of data, one for all relay devices.
 */
#ifndef AMTD_RELAY_FILTER_H
#define AMTD_RELAY_FILTER_H

#include "amtd/relay/relay.h"

int relay_filter_open(struct manager *manager, struct relay_filter **ret);
void relay_filter_close(struct relay_filter *filter); /* NULL is fine */

/* Tunnels of this device may have changed: relay_filter_run() writes it. Fine without tunnels. */
void relay_filter_note(struct relay_device *relay);
void relay_filter_run(struct relay_filter *filter);

/* Data packets of this device that were dropped. */
uint64_t relay_filter_dropped(const struct relay_device *relay);

#endif
