/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Complete lists of the sources that are joined on this host. The kernel skips interfaces whose
 * newest group has no sources, up to the first that has some (igmp_mcf_get_first()): a sentinel
 * membership on lo, the first interface, makes the list complete. It has to be the newest one
 * there, or another sentinel.
 */
#ifndef AMT_KERNEL_SENTINEL_H
#define AMT_KERNEL_SENTINEL_H

#include "kernel/groups.h"

struct joins;

struct sentinel {
	sa_family_t family;
	uint8_t number; /* another one for each of this host */
	struct joins *joins;
};

/* groups_list_sources() without those of lo; some may come twice. False: the list may be
 * incomplete. The sentinel is joined when it is needed. */
bool sentinel_list(struct sentinel *sentinel, groups_source_handler each, void *userdata);
void sentinel_close(struct sentinel *sentinel); /* leaves it; may be used again */

#endif
