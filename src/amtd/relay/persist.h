/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tunnels of a relay device for the next amtd, in $AMTD_ROOT/run/amt/tunnels/DEVICE: the driver
 * keeps them, and gateways report up to two minutes later.
 */
#ifndef AMTD_RELAY_PERSIST_H
#define AMTD_RELAY_PERSIST_H

#include "amtd/relay/relay.h"

/* relay->ifindex is known: takes up its tunnels, if the file is about that interface, and records
 * all changes from now on. */
void persist_tunnels(struct relay_device *relay);
void persist_end(struct relay_device *relay); /* the file stays when amtd stops */

#endif
