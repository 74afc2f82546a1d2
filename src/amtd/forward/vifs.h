/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers of interfaces in a multicast routing table whose socket outlives amtd, in
 * $AMTD_ROOT/run/amt/routing/NAME: the kernel tells them for one table of IPv4 alone.
 */
#ifndef AMTD_FORWARD_VIFS_H
#define AMTD_FORWARD_VIFS_H

#include "kernel/mroute.h"

#include <stddef.h>

/* Lines of "NUMBER IFINDEX". 0 or -EINVAL: anything else in the text. */
int vifs_parse(const char *text, int ret[static MROUTE_INTERFACES]);

/* name: of the socket in the service manager. 0 or negative errno. */
int vifs_load(const char *name, int ret[static MROUTE_INTERFACES]);
int vifs_save(const char *name, const int interfaces[static MROUTE_INTERFACES]);
void vifs_remove(const char *name);

#endif
