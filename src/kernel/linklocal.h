/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IPv6 link-local addresses of interfaces, with which MLD messages leave: /proc/net/if_inet6
 * (net/ipv6/addrconf.c).
 */
#ifndef AMT_KERNEL_LINKLOCAL_H
#define AMT_KERNEL_LINKLOCAL_H

#include "base/address.h"

#include <stdio.h>

typedef void (*linklocal_handler)(const char *device, const struct address *address,
				  void *userdata);

/* Once for each such address that is in use (not tentative), of all interfaces of the network
 * namespace. 0 or negative errno; no IPv6 counts as no address. */
int linklocal_list(linklocal_handler each, void *userdata);

/* The same for the text of the file. */
void linklocal_read(FILE *file, linklocal_handler each, void *userdata);

#endif
