/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which multicast routing table the packets of an interface are looked up in, as `ip mrule` and
 * `ip -6 mrule` have it (net/core/fib_rules.c). Needed for any table but the default one.
 *
 * A rule names its interface, not the index: it stays when the interface goes, and serves it again
 * when it is back. It also outlives the process: while the table has no holder, multicast packets
 * from that interface go nowhere.
 */
#ifndef AMT_KERNEL_MRULE_H
#define AMT_KERNEL_MRULE_H

#include "kernel/netlink.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Between the kernel's default rule (32767) and those that an administrator may put before. */
#define MRULE_PRIORITY 32000

/* Whose they are (FRA_PROTOCOL): a number that nobody else has in iproute2's rt_protos. */
#define MRULE_PROTOCOL 113

/* Packets that come in through device: table. There already is fine. -EOPNOTSUPP,
 * -EAFNOSUPPORT: the kernel has only one table. */
int mrule_add(struct netlink *netlink, sa_family_t family, const char *device, uint32_t table);

/* Removing what is not there is fine. */
int mrule_remove(struct netlink *netlink, sa_family_t family, const char *device, uint32_t table);

/* Remove those that an earlier life of this program has left, but for those to keep. */
typedef bool (*mrule_keep)(sa_family_t family, const char *device, uint32_t table, void *userdata);
int mrule_clean(struct netlink *netlink, sa_family_t family, mrule_keep keep, void *userdata);

#endif
