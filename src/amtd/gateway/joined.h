/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups that were joined on a gateway's interface lately, by whatever program. Its relay may
 * have them still: the host's own leave is delayed and dies with the interface, and a Linux relay
 * goes on after it for as long as this (device/leave.h).
 */
#ifndef AMTD_GATEWAY_JOINED_H
#define AMTD_GATEWAY_JOINED_H

#include "base/address.h"
#include "base/clock.h"

#include <stddef.h>

/* Group Membership Interval, RFC 9776, 8.4, of the driver's relay: amt_gmi(). */
#define JOINED_KEPT (260 * USEC_PER_SEC)

struct joined_group {
	struct address group;
	usec_t seen; /* CLOCK_MONOTONIC */
};

/* Zeroed: none. */
struct joined {
	struct joined_group *groups; /* sorted */
	size_t n, size;
};

/* Without memory it is not noted. */
void joined_note(struct joined *joined, const struct address *group, usec_t now);
void joined_expire(struct joined *joined, usec_t now); /* those that no relay has any more */
void joined_clear(struct joined *joined);

#endif
