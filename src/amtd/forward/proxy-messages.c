/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/proxy-messages.h"

#include "amtd/forward/upstream-side.h"
#include "base/clock.h"
#include "base/group.h"
#include "base/log.h"
#include "wire/group-build.h"

#include <errno.h>
#include <string.h>

/* From each upstream interface, to protect the LANs from a flood. */
#define QUERIES_PER_SECOND 50

/* RFC 9776, 8.3: the Query Response Interval's default */
#define RESPONSE_USEC (10 * USEC_PER_SEC)

static int send_query(struct side *to, const struct group_message *message)
{
	const struct address *source = &to->own;
	struct group_query query = message->query;
	uint8_t packet[LISTENER_PACKET_MAX];
	ssize_t length;

	/* amtd sets 0 in a gateway's first Queries to hasten its own host, not the LAN's. */
	if (query.max_response_usec == 0)
		query.max_response_usec = RESPONSE_USEC;
	if (source->family == AF_UNSPEC) {
		if (to->family == FAMILY_IPV6)
			return -EADDRNOTAVAIL;
		source = &message->source; /* hosts accept a Query from any address */
	}
	length = group_query_build(message->family, &query, source, NULL, packet, sizeof(packet));
	return length < 0 ? (int)length : listener_send(to->listener, packet, (size_t)length);
}

void proxy_query(struct listener_side *side, const struct group_message *message)
{
	struct listeners *listeners = side->upstream->listeners;
	struct forward *forward = listeners->owner->forward;
	int r;

	if (!forward || !listeners_config(listeners)->forward_queries)
		return;
	if (!pace_take(&side->queries, QUERIES_PER_SECOND, clock_monotonic())) {
		side->counters.held_back++;
		return;
	}
	for (size_t i = 0; i < forward->n_downstreams; i++) {
		struct side *to = &forward->downstreams[i]->sides[side->family];

		if (!to->listener)
			continue;
		r = send_query(to, message);
		if (r == 0) {
			side->counters.queries_copied++;
			continue;
		}
		side->counters.failed++;
		log_debug(forward->downstreams[i]->name, "cannot copy a Query of %s: %s",
			  side->upstream->name, strerror(-r));
	}
}

static void send_records(struct listener_side *side, const struct group_message *message)
{
	struct group_batch batch;
	struct group_record record;
	size_t at = 0;

	if (!listener_side_batch(side, message->version, &batch)) {
		side->counters.failed++;
		return;
	}
	while (group_next_record(message, &at, &record))
		if (group_routable(&record.group))
			(void)group_batch_add(&batch, &record);
	(void)group_batch_end(&batch);
}

void proxy_report(struct forward *forward, const struct group_message *message)
{
	enum family family = message->family == AF_INET6 ? FAMILY_IPV6 : FAMILY_IPV4;
	struct listeners *listeners = forward->owner->listeners;

	if (!listeners || !forward_config(forward)->forward_reports)
		return;
	for (struct upstream *upstream = listeners->list; upstream; upstream = upstream->next)
		send_records(&upstream->sides[family], message);
}
