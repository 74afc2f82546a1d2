/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces of [Forward].
 */
#ifndef AMTD_FORWARD_INTERFACES_H
#define AMTD_FORWARD_INTERFACES_H

#include "amtd/forward/forward.h"

/* The index; 0: absent or down. */
int forward_find_interface(struct manager *manager, const char *name);

/* Makes the interface usable in routes, until routing_remove(). Errors of the kernel are logged.
 * False: out of memory. */
bool forward_add_interface(struct forward *forward, const char *name, int ifindex);

/* The relay device itself: its memberships come by forward_tunnels(). */
bool downstream_is_tunnels(const struct downstream *downstream);

#endif
