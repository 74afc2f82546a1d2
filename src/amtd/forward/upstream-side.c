/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/upstream-side.h"

#include "amtd/forward/source-address.h"
#include "base/clock.h"
#include "base/log.h"

#include <string.h>

/* Retry interval for a missing address. */
#define OWN_USEC (1 * USEC_PER_SEC)

/* To each upstream interface, to protect it from a flood on a LAN. */
#define REPORTS_PER_SECOND 1000

const struct address *listener_side_address(struct listener_side *side)
{
	struct upstream *upstream = side->upstream;
	uint64_t now = clock_monotonic();

	if (side->own.family == AF_UNSPEC && (side->own_at == 0 || now - side->own_at > OWN_USEC)) {
		side->own_at = now;
		side->own = source_address(upstream->listeners->manager, side->family,
					   upstream->ifindex);
	}
	return &side->own;
}

static int on_report(const void *packet, size_t length, void *userdata)
{
	struct listener_side *side = userdata;
	int r;

	if (!pace_take(&side->reports, REPORTS_PER_SECOND, clock_monotonic())) {
		side->counters.held_back++;
		return 0;
	}
	r = listener_send(side->listener, packet, length);
	if (r == 0) {
		side->counters.reports_sent++;
		return 0;
	}
	side->counters.failed++;
	log_debug(side->upstream->name, "cannot send a Report: %s", strerror(-r));
	return 0;
}

bool listener_side_batch(struct listener_side *side, uint8_t version, struct group_batch *ret)
{
	const struct address *own = listener_side_address(side);

	/* RFC 9776, 4.2.15 allows 0.0.0.0 without an address; MLD routers ignore Reports from
	 * ::. */
	if (!side->listener || (own->family == AF_UNSPEC && side->family == FAMILY_IPV6))
		return false;
	*ret = (struct group_batch){
		.family = side->family == FAMILY_IPV6 ? AF_INET6 : AF_INET,
		.version = version,
		.source = *own,
		.max = side->upstream->mtu,
		.send = on_report,
		.userdata = side,
	};
	return true;
}
