/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multicast routing tables: opened for the first user, closed with the last, when the kernel
 * flushes the routes.
 */
#ifndef AMTD_FORWARD_ROUTING_H
#define AMTD_FORWARD_ROUTING_H

#include "amtd/forward/forward.h"

/* Errors of the table are in its errors. missing is the same for all. 0 or -ENOMEM. */
int routing_get(struct forwarding *forwarding, uint32_t table, routing_missing missing,
		struct routing **ret);
void routing_put(struct routing *routing);   /* NULL is fine */
void routing_retry(struct routing *routing); /* a table in use elsewhere may be free now */

/* Removes rules of a previous amtd to tables that no longer exist. */
void routing_clean(struct forwarding *forwarding);

/* Of a table that a previous amtd handed over: interfaces that nobody has added. */
void routing_drop_interfaces(struct routing *routing);

/* While quiet, interfaces are added without the rules that send their packets to this table. */
void routing_set_quiet(struct routing *routing, bool quiet);

/* Makes the interface usable in routes. 0 and each family's result (mroute_error_text()), or
 * -ENOMEM. */
int routing_add(struct routing *routing, const char *name, int ifindex,
		int results[static _FAMILY_MAX]);
void routing_remove(struct routing *routing, int ifindex); /* once for each routing_add() */

#endif
