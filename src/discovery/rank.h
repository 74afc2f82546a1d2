/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reachability of candidates from this host: is there a route, and from which source.
 */
#ifndef AMT_DISCOVERY_RANK_H
#define AMT_DISCOVERY_RANK_H

#include "discovery/candidates.h"

/* Set rank and random of all that are not skipped. ifindex: outgoing interface; 0: any. 0, or
 * negative errno when the kernel could not be queried; then all have the same rank. */
int rank_candidates(struct candidate *candidates, size_t n, int ifindex);

#endif
