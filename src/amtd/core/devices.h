/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices, sorted by name.
 */
#ifndef AMTD_CORE_DEVICES_H
#define AMTD_CORE_DEVICES_H

struct config;
struct device;
struct failure;
struct manager;

/* NULL: none. */
struct device *devices_find(const struct manager *manager, const char *name);

/* Takes over config. On failure, a negative errno, the caller keeps it, and no event was sent. */
int devices_add(struct manager *manager, struct config *config, struct device **ret);

/* Takes over the changed config. */
void devices_configure(struct manager *manager, struct device *device, struct config *config);

/* Sends a Teardown to the relay and removes the interface: returns what reconcile_remove() does.
 * The device itself stays until devices_forget(). Any number of these, then one
 * hooks_leaving_done(). */
int devices_remove_interface(struct manager *manager, struct device *device);

/* The interface stays as it is; the device is freed. */
void devices_forget(struct manager *manager, struct device *device);

/* Fills *failure, and returns -1: no device of this name. */
int devices_missing(const struct manager *manager, struct failure *failure);

#endif
