/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A downstream interface: passes its hosts' Reports to the routers of both families, and their
 * memberships to the forwarder.
 */
#ifndef AMTD_FORWARD_DOWNSTREAM_H
#define AMTD_FORWARD_DOWNSTREAM_H

#include "amtd/forward/forward.h"

/* 0, or negative errno and downstream->error. */
int downstream_start(struct downstream *downstream, int ifindex);
void downstream_address(struct downstream *downstream);	  /* its addresses may have changed */
void downstream_configure(struct downstream *downstream); /* the settings were replaced */
void downstream_stop(struct downstream *downstream);	  /* drops its memberships */

#endif
