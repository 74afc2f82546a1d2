/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/driad.h"

#include "amtd/channels/demand.h"
#include "amtd/channels/want.h"
#include "amtd/core/keep.h"
#include "amtd/forward/driad-route.h"
#include "amtd/forward/interfaces.h"
#include "amtd/forward/mfc.h"
#include "amtd/forward/routing.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <net/if.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Device name of all entries of the table, so that the sources of one group can be listed. */
#define SOUGHT "driad"

static struct channels *channels_for(const struct driad_upstream *driad)
{
	return driad->forward->owner->forwarding->channels;
}

int driad_open(struct forward *forward)
{
	struct driad_upstream *driad;
	int r;

	driad = calloc(1, sizeof(*driad));
	if (!driad)
		return -ENOMEM;
	r = channel_table_new(&driad->sought);
	if (r < 0) {
		free(driad);
		return r;
	}
	driad->forward = forward;
	forward->driad = driad;
	return 0;
}

static void unwant_source(struct driad_upstream *driad, struct channel *sought)
{
	struct channels *channels = channels_for(driad);
	struct channel *channel =
		channels ? channel_table_find(channels->table, &sought->key, "") : NULL;

	channel_table_remove(driad->sought, sought);
	if (!channel || --channel->forwarded > 0)
		return;
	want_disown(channels, channel, CHANNEL_FORWARD);
}

void driad_close(struct forward *forward)
{
	struct driad_upstream *driad = forward->driad;
	struct channel *sought;

	if (!driad)
		return;
	while (!keep_is_released(forward->manager->keep) &&
	       (sought = channel_table_next(driad->sought, NULL)))
		unwant_source(driad, sought);
	channel_table_free(driad->sought);
	for (size_t i = 0; i < driad->n_vias; i++)
		routing_remove(forward->routing, driad->vias[i].ifindex);
	driad_routes_clear(driad);
	free(driad);
	forward->driad = NULL;
}

static int want_source(struct driad_upstream *driad, const struct channel_key *key)
{
	struct channels *channels = channels_for(driad);
	struct channel *channel, *sought;
	int r;

	if (channel_table_find(driad->sought, key, ""))
		return 0;
	if (channel_table_count(channels->table) >= channels->settings.max_channels &&
	    !channel_table_find(channels->table, key, ""))
		return -EDQUOT;
	channel = channel_table_add(channels->table, key, "", clock_realtime());
	sought = channel ? channel_table_add(driad->sought, key, "", 0) : NULL;
	r = sought ? channel_table_set_via(driad->sought, sought, SOUGHT) : -ENOMEM;
	if (r < 0)
		return r;
	channel->forwarded++;
	channel->owners |= CHANNEL_FORWARD;
	want_changed(channels, channel);
	if (!channel->via)
		demand_seek(channels, channel);
	return 0;
}

/* Drop sources of the group that are no longer wanted. */
static int unwant_others(struct driad_upstream *driad, const struct address *group,
			 const struct filter *filter)
{
	const struct channel_device *all = channel_table_device(driad->sought, SOUGHT);
	struct filter previous = { 0 };
	int r;

	if (!all)
		return 0;
	r = channel_table_filter(driad->sought, all, group, &previous);
	if (r < 0)
		return r;
	for (size_t i = 0; i < previous.n; i++) {
		const struct channel_key key = { .group = *group, .source = previous.sources[i] };

		if (filter->mode == FILTER_EXCLUDE || !filter_wants(filter, &key.source))
			unwant_source(driad, channel_table_find(driad->sought, &key, ""));
	}
	filter_clear(&previous);
	return 0;
}

int driad_join(struct forward *forward, const struct address *group, const struct filter *filter)
{
	struct driad_upstream *driad = forward->driad;
	int r;

	if (filter->mode == FILTER_EXCLUDE) {
		if (!driad->any_source_logged)
			log_notice(
				forward->device->config->name,
				"a host joined a group without a source: Upstream=driad needs a source to find a relay");
		driad->any_source_logged = true;
	}
	r = unwant_others(driad, group, filter);
	for (size_t i = 0; filter->mode == FILTER_INCLUDE && i < filter->n && r == 0; i++)
		r = want_source(driad, &(struct channel_key){ .group = *group,
							      .source = filter->sources[i] });
	return r;
}

/* The channel's incoming interface; 0: not known yet. */
static int find_incoming(const struct driad_upstream *driad, const struct channel_key *key)
{
	const struct channel *channel = channel_table_find(channels_for(driad)->table, key, "");

	return channel && channel->via ? channel->via->ifindex : 0;
}

static bool use_via(struct driad_upstream *driad, int ifindex)
{
	struct forward *forward = driad->forward;
	char name[IFNAMSIZ];

	for (size_t i = 0; i < driad->n_vias; i++)
		if (driad->vias[i].ifindex == ifindex) {
			driad->vias[i].used = true;
			return true;
		}
	if (driad->n_vias == MROUTE_INTERFACES || !if_indextoname(ifindex, name) ||
	    !forward_add_interface(forward, name, ifindex))
		return false;
	driad->vias[driad->n_vias++] = (struct driad_via){ .ifindex = ifindex, .used = true };
	return true;
}

static void update_route(struct driad_upstream *driad, struct driad_route *route)
{
	int incoming = find_incoming(driad, &route->key);

	if (incoming == 0 || !use_via(driad, incoming)) {
		route->incoming = 0;
		return;
	}
	route->incoming = incoming;
	forward_set_route(driad->forward, &route->key.source, &route->key.group, incoming,
			  route->outgoing, route->n);
}

void driad_set_route(struct forward *forward, const struct address *source,
		     const struct address *group, const int *outgoing, size_t n)
{
	const struct channel_key key = { .group = *group, .source = *source };
	struct driad_route *route = driad_route_add(forward->driad, &key);

	if (!route)
		return; /* retried with the next change of the group */
	route->n = n < MROUTE_INTERFACES ? n : MROUTE_INTERFACES;
	memcpy(route->outgoing, outgoing, route->n * sizeof(*outgoing));
	update_route(forward->driad, route);
}

void driad_unroute(struct forward *forward, const struct address *source,
		   const struct address *group)
{
	const struct channel_key key = { .group = *group, .source = *source };

	if (forward->driad)
		driad_route_remove(forward->driad, &key);
}

static void follow_route(const void *node, VISIT visit, void *closure)
{
	struct driad_upstream *driad = closure;
	struct driad_route *route = *(struct driad_route *const *)node;

	if (visit != postorder && visit != leaf)
		return;
	if (find_incoming(driad, &route->key) != route->incoming)
		update_route(driad, route);
	else if (route->incoming != 0)
		(void)use_via(driad, route->incoming);
}

void driad_refresh(struct forward *forward)
{
	struct driad_upstream *driad = forward->driad;

	if (!driad)
		return;
	for (size_t i = 0; i < driad->n_vias; i++)
		driad->vias[i].used = false;
	twalk_r(driad->routes, follow_route, driad);
	for (size_t i = driad->n_vias; i-- > 0;) {
		if (driad->vias[i].used)
			continue;
		routing_remove(forward->routing, driad->vias[i].ifindex);
		driad->vias[i] = driad->vias[--driad->n_vias];
	}
}
