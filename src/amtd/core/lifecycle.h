/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creation and deletion of devices at runtime, with their files in /run/amt. Each call: 0, or -1
 * and *ret_failure with nothing left behind.
 */
#ifndef AMTD_CORE_LIFECYCLE_H
#define AMTD_CORE_LIFECYCLE_H

struct device;
struct failure;
struct manager;

/* text: of the device file. */
int lifecycle_create(struct manager *manager, const char *name, const char *text,
		     struct device **ret, struct failure *ret_failure);

/* Only devices whose file is in /run/amt. */
int lifecycle_delete(struct manager *manager, const char *name, struct failure *ret_failure);

#endif
