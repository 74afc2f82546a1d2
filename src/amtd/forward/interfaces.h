/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces of [Forward].
 */
#ifndef AMTD_FORWARD_INTERFACES_H
#define AMTD_FORWARD_INTERFACES_H

#include "amtd/forward/forward.h"

/* The index; 0: it is not there, or down. */
int forward_find_interface(struct manager *manager, const char *name);

/* Routes may use the interface from now on, until routing_remove(). What the kernel refuses is
 * logged. False: out of memory. */
bool forward_add_interface(struct forward *forward, const char *name, int ifindex);

#endif
