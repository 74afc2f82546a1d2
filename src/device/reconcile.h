/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the kernel match a device's configuration: the only place that writes interfaces, their
 * addresses and their sysctls. Idempotent.
 */
#ifndef AMT_DEVICE_RECONCILE_H
#define AMT_DEVICE_RECONCILE_H

#include "device/device.h"
#include "kernel/netlink.h"

/* The device's interface is about to be removed and created again. */
typedef void (*reconcile_leaving)(struct device *device, void *userdata);

/* The device's port must have been chosen and the firewall committed. Sets the device's state.
 * -EADDRINUSE: its private port is taken by another socket; choose another one and call again.
 * Else 0: errors are in the state. */
int reconcile_device(struct device *device, struct netlink *netlink, reconcile_leaving leaving,
		     void *userdata);

/* Undo what the record has: delete the interface that amtd created, or restore the sysctls and
 * addresses of an adopted one; remove the record. */
int reconcile_remove(const char *name, struct record *record, struct netlink *netlink);

#endif
