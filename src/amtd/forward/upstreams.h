/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a device takes its sources from: Upstream= and BackupUpstream= of [Forward].
 */
#ifndef AMTD_FORWARD_UPSTREAMS_H
#define AMTD_FORWARD_UPSTREAMS_H

#include "amtd/forward/forward.h"

/* The interface where the ith of Upstream= has its sources now. */
const char *forward_upstream_name(const struct forward *forward, size_t i);

/* The upstreams may be others now: what moves is joined at the new place before the old one is
 * left.
 */
void forward_refresh_upstreams(struct forward *forward);

/* Checks what a forwarder returns for a change of upstreams, or for a downstream that is gone. */
void forward_check(struct forward *forward, int result);

#endif
