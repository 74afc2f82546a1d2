/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that share a multicast routing table. It holds one route for a source and a group: from
 * the upstream of the first device by name that wants it, to the downstream interfaces of all
 * devices with the same upstream. Devices with another upstream get no route, which is logged.
 */
#ifndef AMTD_FORWARD_MFC_H
#define AMTD_FORWARD_MFC_H

#include "amtd/forward/forward.h"

/* Sets this device's route for source and group in the table. */
void forward_set_route(struct forward *forward, const struct address *source,
		       const struct address *group, int incoming, const int *outgoing, size_t n);
/* ... or removes it. */
void forward_delete_route(struct forward *forward, const struct address *source,
			  const struct address *group);

#endif
