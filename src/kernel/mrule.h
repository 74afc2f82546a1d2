/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that select the multicast routing table of an interface, `ip mrule` and `ip -6 mrule`
 * (net/core/fib_rules.c). Needed for any table but the default one.
 *
 * A rule has the interface's name, not its index: it stays when the interface is removed, and
 * applies again when it is back. It also outlives the process: while the table has no holder,
 * multicast packets from that interface are dropped.
 */
#ifndef AMT_KERNEL_MRULE_H
#define AMT_KERNEL_MRULE_H

#include "kernel/netlink.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Between the kernel's default rule (32767) and those that an administrator may put before. */
#define MRULE_PRIORITY 32000

/* Their FRA_PROTOCOL: a number unused in iproute2's rt_protos. */
#define MRULE_PROTOCOL 113

/* Use table for packets received on device. Adding it again is no error. -EOPNOTSUPP,
 * -EAFNOSUPPORT: the kernel has only one table. */
int mrule_add(struct netlink *netlink, sa_family_t family, const char *device, uint32_t table);

/* Removing a missing one is no error. */
int mrule_remove(struct netlink *netlink, sa_family_t family, const char *device, uint32_t table);

/* Remove rules of a previous amtd, except those to keep. */
typedef bool (*mrule_keep)(sa_family_t family, const char *device, uint32_t table, void *userdata);
int mrule_clean(struct netlink *netlink, sa_family_t family, mrule_keep keep, void *userdata);

#endif
