/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A router's groups as lines of text, to be taken up by the router of the next process. Times are
 * those of the router's clock, which has to be one that goes on: CLOCK_MONOTONIC.
 */
#ifndef AMT_MEMBERSHIP_ROUTER_STATE_H
#define AMT_MEMBERSHIP_ROUTER_STATE_H

#include "membership/router.h"

#include <stdio.h>

/* "GROUP -" where it has no members, or
 * "GROUP include|exclude EXPIRES V1 V2 HOST [SOURCE|!SOURCE]...", without newline: the last timer;
 * until when there are IGMPv1, and IGMPv2 or MLDv1 hosts, 0: none; the host that it counts for, or
 * "-"; the sources in order, with ! those that the hosts exclude. */
void router_write_group(const struct router *router, const struct address *group, usec_t now,
			FILE *stream);

/* Takes up the group of such a line, which the router must not have so far. Its timers run for
 * least at the least: time for all hosts to answer a Query. -EINVAL: another version's, truncated,
 * or of the other family; -EDQUOT: over a limit; -ENOMEM; -EEXIST. Nothing is changed then. */
int router_read_group(struct router *router, const char *line, usec_t least, usec_t now);

/* The time in which all hosts answer a router that has just started, unless all Queries but one
 * were lost. */
usec_t router_recovery_usec(const struct router *router);

#endif
