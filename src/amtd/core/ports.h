/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local UDP ports of devices: which device has which, and which a gateway without Port= gets: a
 * random one, since whoever does not see its packets has to know it to forge an answer, and data
 * has nothing else to tell it by (RFC 6056). No I/O.
 */
#ifndef AMTD_CORE_PORTS_H
#define AMTD_CORE_PORTS_H

#include <stdbool.h>
#include <stdint.h>

/* So many ports must be left to draw from: fewer would be easy to guess. */
#define PORTS_ROOM_MIN 256

struct device;
struct local_ports;
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

/* The drawn port of a gateway that goes, for one that comes with its name: a Linux relay goes on
 * sending to the port that it saw first (drivers/net/amt.c keeps tunnels by address alone). Of the
 * latest few hundred. 0: none. */
void ports_remember(struct ports *ports, const struct device *device);
uint16_t ports_remembered(const struct ports *ports, const char *name);

/* A random port that no device has, and no socket: is_bound(). Not an ephemeral one, unless there
 * is no room outside of these. 0: none was found. */
uint16_t ports_draw(const struct ports *ports, const struct local_ports *local,
		    bool (*is_bound)(uint16_t port));
/* Are there enough ports outside of the ephemeral ones? */
bool ports_have_room(const struct ports *ports, const struct local_ports *local);

#endif
