/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switching between Upstream= and BackupUpstream=, for sources without a prefix.
 */
#ifndef AMTD_FORWARD_BACKUP_H
#define AMTD_FORWARD_BACKUP_H

#include "amtd/forward/forward.h"

struct failure;

/* Switches when the one in use had no packets for UpstreamTimeoutSec=. To be called regularly. */
void backup_poll(struct forward *forward, uint64_t now);

/* Packets received on the upstream of sources without a prefix. */
uint64_t upstream_packets(const struct forward *forward);

/* Use another interface, Upstream= or BackupUpstream=. name "": each device that has it. 0, or -1
 * and *ret_failure. */
int backup_switch(struct forwarding *forwarding, const char *upstream, const char *name,
		  struct failure *ret_failure);

#endif
