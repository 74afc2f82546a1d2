/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that have one table of multicast routes. It holds a single route for a source and a
 * group: what comes in where the first device by name that wants it takes its sources from, to all
 * downstream interfaces of those who take it from there, too. Who takes it from elsewhere goes
 * without, and that is logged.
 */
#ifndef AMTD_FORWARD_MFC_H
#define AMTD_FORWARD_MFC_H

#include "amtd/forward/forward.h"

/* What this device has for source and group becomes a route of the table. */
void forward_set_route(struct forward *forward, const struct address *source,
		       const struct address *group, int incoming, const int *outgoing, size_t n);
/* ... or does not any more. */
void forward_delete_route(struct forward *forward, const struct address *source,
			  const struct address *group);

#endif
