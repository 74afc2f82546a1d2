/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memberships of programs on this host on downstream interfaces: they are joined upstream like
 * those of any host there. The kernel hands such a program the packets as they come in upstream; so
 * they are not sent out downstream for it, or it would get them twice. The kernel has no event for
 * joins: /proc is polled once a second.
 */
#ifndef AMTD_FORWARD_OWN_JOINS_H
#define AMTD_FORWARD_OWN_JOINS_H

#include "amtd/forward/forward.h"

#include <limits.h>

/* The forwarder's downstream that stands for this host; never a real index. */
#define OWN_IFINDEX (INT_MAX - 1)

void own_joins_poll(struct forward *forward, uint64_t now); /* CLOCK_MONOTONIC, microseconds */
void own_joins_free(struct forward *forward);		    /* the forwarders are not told */

#endif
