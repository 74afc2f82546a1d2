/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One interface that a device forwards to: its hosts' Reports to the routers of both families, and
 * what those find wanted to the forwarder.
 */
#ifndef AMTD_FORWARD_DOWNSTREAM_H
#define AMTD_FORWARD_DOWNSTREAM_H

#include "amtd/forward/forward.h"

/* 0, or negative errno and downstream->error. */
int downstream_start(struct downstream *downstream, int ifindex);
void downstream_address(struct downstream *downstream); /* its addresses may be others now */
void downstream_stop(struct downstream *downstream);	/* nothing is wanted there any more */

/* The relay device itself: what is wanted there comes by forward_tunnels(). */
bool downstream_is_tunnels(const struct downstream *downstream);

#endif
