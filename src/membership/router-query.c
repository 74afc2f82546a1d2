/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/router-private.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of sources in one Query: with all headers it fits in 1280 bytes, the least MTU of IPv6. */
#define SOURCES_BYTES 1024

static void send_query(struct router *router, struct group_query *query)
{
	query->version = router->options.version;
	query->robustness = router->options.robustness;
	query->interval_usec = router->options.query_interval_usec;
	router->counters.queries_sent++;
	router->ops.query(router, query, router->userdata);
}

/* Nothing is forwarded before the hosts have answered the first one. */
void query_general(struct router *router, bool startup)
{
	struct group_query query = { .max_response_usec = router->options.query_response_usec };
	usec_t usec = router->options.startup_response_usec;

	if (startup && usec > 0 && usec < router->options.query_response_usec)
		query.max_response_usec = usec;

	send_query(router, &query);
}

/* 6.6.3.1: set S after an answer. */
static void send_group(struct router *router, struct group *group, usec_t now)
{
	struct group_query query = {
		.group = router_address(router, &group->key),
		.max_response_usec = router->options.last_member_usec,
		.suppress =
			group->timer > now + router_timer_usec(router, ROUTER_TIMER_LAST_MEMBER),
	};

	send_query(router, &query);
	group->retransmits--;
	group->group_at =
		group->retransmits > 0 ? now + router->options.last_member_usec : USEC_NEVER;
}

/* 6.6.3.2: all sources with Queries left, those that were answered for with S, the others
 * without. */
static void send_sources(struct router *router, struct group *group, bool suppress, usec_t now)
{
	usec_t until = now + router_timer_usec(router, ROUTER_TIMER_LAST_MEMBER);
	size_t length = address_length(router->options.family), filled = 0;
	uint8_t buf[SOURCES_BYTES];
	struct group_query query = {
		.group = router_address(router, &group->key),
		.max_response_usec = router->options.last_member_usec,
		.suppress = suppress,
		.sources.data = buf,
	};

	for (uint16_t i = 0; i < group->n; i++) {
		const struct source *source = &group->sources[i];

		if (source->retransmits == 0 || (source->timer > until) != suppress)
			continue;
		memcpy(buf + filled, &source->key, length);
		filled += length;
		query.sources.n++;
		if (filled == sizeof(buf)) {
			send_query(router, &query);
			filled = 0;
			query.sources.n = 0;
		}
	}
	if (filled > 0)
		send_query(router, &query);
}

void query_due(struct router *router, struct group *group, usec_t now)
{
	bool querying = router_is_querier(router), left = false;

	if (group->group_at <= now || !querying) {
		if (querying)
			send_group(router, group, now);
		else
			group->group_at = USEC_NEVER;
	}
	if (!querying)
		group->retransmits = 0;
	if (group->sources_at > now && querying)
		return;
	if (querying && group->sources_at != USEC_NEVER) {
		send_sources(router, group, true, now);
		send_sources(router, group, false, now);
	}
	for (uint16_t i = 0; i < group->n; i++) {
		struct source *source = &group->sources[i];

		if (source->retransmits > 0)
			source->retransmits = querying ? source->retransmits - 1 : 0;
		left = left || source->retransmits > 0;
	}
	group->sources_at = left ? now + router->options.last_member_usec : USEC_NEVER;
}
