/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/adopt.h"

#include "amtd/forward/routing.h"
#include "amtd/forward/upstreams.h"
#include "base/log.h"
#include "kernel/mroute-list.h"

#include <stdlib.h>
#include <string.h>

static struct forwarder *next_forwarder(const struct routing *routing, enum family family,
					struct forward **position)
{
	struct forward *forward = *position ? (*position)->next : routing->forwarding->list;

	while (forward && (forward->routing != routing || !forward->forwarders[family]))
		forward = forward->next;
	*position = forward;
	return forward ? forward->forwarders[family] : NULL;
}

/* By a flow each: what filters include has its route anyway. */
static void take_route(struct routing *routing, enum family family,
		       const struct mroute_entry *entry)
{
	struct forward *forward = NULL;
	struct forwarder *forwarder;

	while ((forwarder = next_forwarder(routing, family, &forward)))
		if (forwarder_wants(forwarder, &entry->group))
			(void)forwarder_missing(
				forwarder, entry->incoming,
				forward_source_kind(forward, entry->incoming, &entry->source),
				&entry->source, &entry->group);
}

static void drop_route(struct routing *routing, enum family family,
		       const struct mroute_entry *entry)
{
	struct forward *forward = NULL;
	struct forwarder *forwarder;
	const int *outgoing;
	int incoming;
	size_t n;

	while ((forwarder = next_forwarder(routing, family, &forward)))
		if (forwarder_route(forwarder, &entry->source, &entry->group, &incoming, &outgoing,
				    &n) > 0)
			return;
	(void)mroute_delete(routing->mroutes[family], &entry->source, &entry->group);
}

static void each_route(struct routing *routing,
		       void (*call)(struct routing *routing, enum family family,
				    const struct mroute_entry *entry))
{
	for (int family = 0; family < _FAMILY_MAX; family++) {
		struct mroute_entry *entries;
		size_t n;
		int r;

		if (!routing->mroutes[family] || !routing->families[family].adopted)
			continue;
		r = mroute_list(routing->forwarding->manager->netlink, family_to_af(family),
				routing->table, &entries, &n);
		if (r < 0) {
			log_warning(NULL, "cannot list multicast routes: %s", strerror(-r));
			continue;
		}
		for (size_t i = 0; i < n; i++)
			call(routing, family, &entries[i]);
		free(entries);
	}
}

void adopt_take(struct forwarding *forwarding)
{
	for (struct routing *routing = forwarding->routings; routing; routing = routing->next)
		each_route(routing, take_route);
}

void adopt_drop(struct forwarding *forwarding)
{
	for (struct routing *routing = forwarding->routings; routing; routing = routing->next) {
		each_route(routing, drop_route);
		routing_drop_interfaces(routing);
	}
}
