/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two upstreams for the sources that have no prefix of their own, Upstream= and BackupUpstream=:
 * which one is in use.
 */
#ifndef AMTD_FORWARD_BACKUP_H
#define AMTD_FORWARD_BACKUP_H

#include "amtd/forward/forward.h"

struct failure;

/* Switch when the one in use has been silent for UpstreamTimeoutSec=. To be called now and then. */
void backup_poll(struct forward *forward, uint64_t now);

/* Packets that came from where the sources without a prefix of their own are. */
uint64_t upstream_packets(const struct forward *forward);

/* Take these sources from another interface, Upstream= or BackupUpstream=. name "": each device
 * that can. 0, or -1 and *ret_failure. */
int backup_switch(struct forwarding *forwarding, const char *upstream, const char *name,
		  struct failure *ret_failure);

#endif
