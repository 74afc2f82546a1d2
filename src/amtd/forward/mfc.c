/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/mfc.h"

#include "amtd/forward/driad-route.h"
#include "amtd/forward/own-joins.h"
#include "amtd/forward/refused.h"

#include <errno.h>
#include <string.h>

struct shared_route {
	const struct address *source, *group;
	struct forward *owner; /* NULL: no device wants it */
	int incoming;
	int outgoing[MROUTE_INTERFACES];
	size_t n;
};

static void add_outgoing(struct shared_route *route, int ifindex)
{
	if (ifindex == OWN_IFINDEX)
		return;
	for (size_t i = 0; i < route->n; i++)
		if (route->outgoing[i] == ifindex)
			return;
	if (route->n < MROUTE_INTERFACES)
		route->outgoing[route->n++] = ifindex;
}

/* Merge one device's route. */
static void add_wanted(struct shared_route *route, struct forward *forward, int incoming,
		       const int *outgoing, size_t n)
{
	char source[ADDRESS_TEXT_MAX], group[ADDRESS_TEXT_MAX];

	if (n == 0 || incoming == 0)
		return;
	if (!route->owner) {
		route->owner = forward;
		route->incoming = incoming;
	}
	if (incoming != route->incoming) {
		forward_refused(
			forward, family_of(route->group),
			"%s,%s has another upstream in %s, which uses the same table; set another Table= in one of them",
			address_format(route->source, source), address_format(route->group, group),
			route->owner->device->config->name);
		return;
	}
	for (size_t i = 0; i < n; i++)
		add_outgoing(route, outgoing[i]);
}

static void add_device(struct shared_route *route, struct forward *forward)
{
	struct forwarder *forwarder = forward->forwarders[family_of(route->group)];
	const int *outgoing;
	int incoming;
	size_t n;

	if (!forwarder ||
	    forwarder_route(forwarder, route->source, route->group, &incoming, &outgoing, &n) <= 0)
		return;
	if (incoming == DRIAD_IFINDEX)
		incoming = driad_incoming(forward, route->source, route->group);
	add_wanted(route, forward, incoming, outgoing, n);
}

/* forward passes its own new route. While it is being stopped it is not in the list any more: it
 * comes last then. */
static void merge_wanted(struct shared_route *route, struct forward *forward, int incoming,
			 const int *outgoing, size_t n)
{
	bool found = false;

	for (struct forward *other = forward->owner->forwarding->list; other; other = other->next) {
		if (other->routing != forward->routing)
			continue;
		found = found || other == forward;
		if (other == forward)
			add_wanted(route, forward, incoming, outgoing, n);
		else
			add_device(route, other);
	}
	if (!found)
		add_wanted(route, forward, incoming, outgoing, n);
}

static bool is_shared(const struct forward *forward)
{
	return forward->routing->users > 1;
}

void forward_set_route(struct forward *forward, const struct address *source,
		       const struct address *group, int incoming, const int *outgoing, size_t n)
{
	struct mroute *mroute = forward->routing->mroutes[family_of(group)];
	struct shared_route route = { .source = source, .group = group };
	char from[ADDRESS_TEXT_MAX], to[ADDRESS_TEXT_MAX];
	int r;

	/* Once the table is available, the kernel requests the route with the first packet. */
	if (!mroute)
		return;
	if (is_shared(forward))
		merge_wanted(&route, forward, incoming, outgoing, n);
	if (n > 0 && outgoing[n - 1] == OWN_IFINDEX)
		n--;
	if (route.owner)
		r = mroute_set(mroute, source, group, route.incoming, route.outgoing, route.n);
	else
		r = mroute_set(mroute, source, group, incoming, outgoing, n);
	if (r < 0)
		forward_refused(forward, family_of(group), "no multicast route for %s,%s: %s",
				address_format(source, from), address_format(group, to),
				strerror(-r));
}

void forward_delete_route(struct forward *forward, const struct address *source,
			  const struct address *group)
{
	struct mroute *mroute = forward->routing->mroutes[family_of(group)];
	struct shared_route route = { .source = source, .group = group };

	if (!mroute)
		return;
	if (is_shared(forward))
		merge_wanted(&route, forward, 0, NULL, 0);
	if (!route.owner ||
	    mroute_set(mroute, source, group, route.incoming, route.outgoing, route.n) < 0)
		(void)mroute_delete(mroute, source, group);
}
