/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why no packet can leave a device's link: the first thing that is missing. Pure.
 */
#ifndef AMT_DEVICE_PATH_H
#define AMT_DEVICE_PATH_H

#include "base/address.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

/* What the kernel says about the link, and about the way to the relay. */
struct path {
	const char *link;      /* Link= */
	bool up;	       /* it is */
	bool has_address;      /* it has an IPv4 address */
	struct address local;  /* Local=; AF_UNSPEC: not configured */
	bool has_local;	       /* this host has that address */
	struct address relay;  /* of a gateway; AF_UNSPEC: a relay device, which needs no route */
	bool relay_is_here;    /* it is an address of this host */
	int route_error;       /* of a route to it, through any interface; 0: there is one */
	char via[IF_NAMESIZE]; /* the interface of that route */
	int error;	       /* of a route to it from local through link; negative errno */
};

/* A clause: what is missing, and how to mend it. */
void path_explain(const struct path *path, char *ret, size_t size);

#endif
