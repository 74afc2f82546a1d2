/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of multicast routes: each is opened for its first user, and closed with its last, when the
 * kernel flushes its routes.
 */
#ifndef AMTD_FORWARD_ROUTING_H
#define AMTD_FORWARD_ROUTING_H

#include "amtd/forward/forward.h"

/* What keeps the table from working is in its errors. missing is the same for all. 0 or -ENOMEM. */
int routing_get(struct forwarding *forwarding, uint32_t table, routing_missing missing,
		struct routing **ret);
void routing_put(struct routing *routing);   /* NULL is fine */
void routing_retry(struct routing *routing); /* what could not be had may be free now */

/* Rules of a previous amtd, which lead to tables that are no more. */
void routing_clean(struct forwarding *forwarding);

/* Let its routes use the interface. 0 and what each family says to that (mroute_error_text()), or
 * -ENOMEM. */
int routing_add(struct routing *routing, const char *name, int ifindex,
		int results[static _FAMILY_MAX]);
void routing_remove(struct routing *routing, int ifindex); /* once for each routing_add() */

#endif
