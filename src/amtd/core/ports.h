/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local UDP ports of devices: which device has which, and which a gateway without Port= gets. Each
 * call is O(1). No I/O.
 */
#ifndef AMTD_CORE_PORTS_H
#define AMTD_CORE_PORTS_H

#include <stdbool.h>
#include <stdint.h>

struct device;
struct ports;

int ports_new(struct ports **ret);
void ports_free(struct ports *ports); /* NULL is fine */

/* Assigns device->port (host byte order) to the device, releasing its previous one. 0 or
 * -ENOMEM. */
int ports_claim(struct ports *ports, struct device *device);
void ports_release(struct ports *ports, struct device *device);

/* The device that has the port; of several the last one to claim it. NULL: none. */
struct device *ports_device(const struct ports *ports, uint16_t port);

/* Another device has it, too. */
bool ports_taken(const struct ports *ports, const struct device *device, uint16_t port);

/* The first private port of the device that no other device has, device->port_skip ones left out;
 * sets port_skip to its number. 0: all are taken. */
uint16_t ports_private(const struct ports *ports, struct device *device);

#endif
