/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/table-move.h"

#include "amtd/forward/driad-route.h"
#include "amtd/forward/interfaces.h"
#include "amtd/forward/routing.h"
#include "amtd/forward/upstreams.h"

#include <net/if.h>

/* Each interface, as often as routing_add() was called for it. */
static bool each_interface(struct forward *forward, bool (*call)(struct forward *, int))
{
	for (size_t i = 0; i < forward->n_upstreams; i++)
		if (forward->upstreams[i] != 0 && !call(forward, forward->upstreams[i]))
			return false;
	for (size_t i = 0; i < forward->n_downstreams; i++)
		if (forward->downstreams[i]->ifindex != 0 &&
		    !call(forward, forward->downstreams[i]->ifindex))
			return false;
	return true;
}

static bool add(struct forward *forward, int ifindex)
{
	char name[IFNAMSIZ];

	return if_indextoname((unsigned int)ifindex, name) &&
	       forward_add_interface(forward, name, ifindex);
}

static bool remove_interface(struct forward *forward, int ifindex)
{
	routing_remove(forward->routing, ifindex);
	return true;
}

static bool has_tables(const struct routing *routing, const struct routing *previous)
{
	for (int family = 0; family < _FAMILY_MAX; family++)
		if (previous->mroutes[family] && !routing->mroutes[family])
			return false;
	return true;
}

static void repeat_routes(struct forward *forward)
{
	for (int family = 0; family < _FAMILY_MAX; family++)
		if (forward->forwarders[family])
			forward_check(forward,
				      forwarder_repeat_routes(forward->forwarders[family]));
}

bool table_move(struct forward *forward, uint32_t table)
{
	struct routing *previous = forward->routing, *next;

	/* Others' routes are merged with these; gateways found by DNS have routes of their own. */
	if (previous->users > 1 || forward->driad)
		return false;
	forward_settle_upstreams(forward);
	if (routing_get(forward->owner->forwarding, table, previous->missing, &next) < 0)
		return false;
	if (next->users > 1 || !has_tables(next, previous)) {
		routing_put(next);
		return false;
	}
	forward->routing = next;
	routing_set_quiet(next, true);
	if (!each_interface(forward, add)) {
		routing_put(next);
		forward->routing = previous;
		return false;
	}
	repeat_routes(forward);
	routing_set_quiet(next, false);
	forward->routing = previous;
	each_interface(forward, remove_interface);
	forward->routing = next;
	routing_put(previous);
	return true;
}
