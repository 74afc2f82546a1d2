/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only this host knows of candidates: whether there is a route to them, and from where.
 */
#ifndef AMT_DISCOVERY_RANK_H
#define AMT_DISCOVERY_RANK_H

#include "discovery/candidates.h"

/* Set rank and random of all that are not skipped. ifindex: by this interface; 0: by any. 0, or
 * negative errno when nothing could be asked; then all have the same rank. */
int rank_candidates(struct candidate *candidates, size_t n, int ifindex);

#endif
