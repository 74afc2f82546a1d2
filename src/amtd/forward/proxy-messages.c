/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages from one side to the other. What they say stays; the packet is made anew, with the
 * address that this host has where it goes: there it must be one of that network (RFC 9776, 4.1.12
 * and 9.1), and link-local in MLD.
 */
#include "amtd/forward/upstream-listener-private.h"
#include "base/clock.h"
#include "base/group.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>

/* From and to each upstream interface, so that a flood on one side is none on the other. */
#define QUERIES_PER_SECOND 50
#define REPORTS_PER_SECOND 1000

/* RFC 9776, 8.3: the Query Response Interval's default */
#define RESPONSE_USEC (10 * USEC_PER_SEC)

static int send_query(struct side *to, const struct group_message *message)
{
	const struct address *source = &to->own;
	struct group_query query = message->query;
	uint8_t packet[LISTENER_PACKET_MAX];
	ssize_t length;

	/* A gateway's first Queries say so by amtd's own doing, for its host alone. */
	if (query.max_response_usec == 0)
		query.max_response_usec = RESPONSE_USEC;
	if (source->family == AF_UNSPEC) {
		if (to->family == FAMILY_IPV6)
			return -EADDRNOTAVAIL;
		source = &message->source; /* hosts take a Query from anywhere */
	}
	length = group_query_build(message->family, &query, source, NULL, packet, sizeof(packet));
	return length < 0 ? (int)length : listener_send(to->listener, packet, (size_t)length);
}

void proxy_query(struct listener_side *side, const struct group_message *message)
{
	struct listeners *listeners = side->upstream->listeners;
	struct forward *forward = listeners->device->forward;
	int r;

	if (!forward || !listeners_config(listeners)->forward_queries)
		return;
	if (!pace_take(&side->queries, QUERIES_PER_SECOND, clock_monotonic())) {
		side->counters.held_back++;
		return;
	}
	for (size_t i = 0; i < forward->n_downstreams; i++) {
		struct side *to = &forward->downstreams[i].sides[side->family];

		if (!to->listener)
			continue;
		r = send_query(to, message);
		if (r == 0) {
			side->counters.queries_copied++;
			continue;
		}
		side->counters.failed++;
		log_debug(forward->downstreams[i].name, "a Query of %s was not copied: %s",
			  side->upstream->name, strerror(-r));
	}
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
	log_debug(side->upstream->name, "a Report was not sent: %s", strerror(-r));
	return 0;
}

bool listener_side_batch(struct listener_side *side, uint8_t version, struct group_batch *ret)
{
	const struct address *own = listener_side_address(side);

	/* RFC 9776, 4.2.15 lets a host without an address say 0.0.0.0; MLD's routers heed no ::. */
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

void proxy_report(struct device *device, const struct group_message *message)
{
	enum family family = message->family == AF_INET6 ? FAMILY_IPV6 : FAMILY_IPV4;

	if (!device->listeners || !device->config->forward.forward_reports)
		return;
	for (struct upstream *upstream = device->listeners->list; upstream;
	     upstream = upstream->next)
		send_records(&upstream->sides[family], message);
}
