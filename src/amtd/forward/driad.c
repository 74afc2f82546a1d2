/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upstream=driad: each source comes through the gateway that DNS tells (RFC 8777), made where there
 * is none. The forwarder takes them all for one upstream; here its joins become channels wanted on
 * this host, and its routes get the interface of each channel's gateway, as soon as it has one.
 */
#include "amtd/channels/channels.h"
#include "amtd/forward/forward-private.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <net/if.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* All that is sought is under this name, so that what is of one group can be had. */
#define SOUGHT "driad"

/* A route of the forwarder's, and the interface that it was set with; 0: none so far. */
struct found {
	struct channel_key key;
	int incoming;
	size_t n;
	int outgoing[MROUTE_INTERFACES];
};

struct driad {
	struct forward *forward;
	struct channel_table *sought; /* what was wanted last, to see what changes */
	void *routes;		      /* tsearch(3), of struct found */
	struct via {
		int ifindex;
		bool used;
	} vias[MROUTE_INTERFACES]; /* gateways that routes come through */
	size_t n_vias;
	bool any_source_told;
};

static int compare(const void *a, const void *b)
{
	return channel_compare(a, b); /* the key is the first member */
}

int driad_open(struct forward *forward)
{
	struct driad *driad;
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

static void unwant(struct driad *driad, struct channel *sought)
{
	struct channels *channels = driad->forward->manager->channels;
	struct channel *channel =
		channels ? channel_table_find(channels->table, &sought->key, "") : NULL;

	channel_table_remove(driad->sought, sought);
	if (!channel || --channel->forwarded > 0)
		return;
	channels_disown(channels, channel, CHANNEL_FORWARD);
}

void driad_close(struct forward *forward)
{
	struct driad *driad = forward->driad;
	struct channel *sought;

	if (!driad)
		return;
	while (!keep_released(forward->manager) &&
	       (sought = channel_table_next(driad->sought, NULL)))
		unwant(driad, sought);
	channel_table_free(driad->sought);
	for (size_t i = 0; i < driad->n_vias; i++)
		routing_remove(forward->routing, driad->vias[i].ifindex);
	tdestroy(driad->routes, free);
	free(driad);
	forward->driad = NULL;
}

static int want(struct driad *driad, const struct channel_key *key)
{
	struct channels *channels = driad->forward->manager->channels;
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
	channels_changed(channels, channel);
	if (!channel->via)
		demand_seek(channels, channel);
	return 0;
}

/* What was wanted of the group and is not any more. */
static int unwant_others(struct driad *driad, const struct address *group,
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
			unwant(driad, channel_table_find(driad->sought, &key, ""));
	}
	filter_clear(&previous);
	return 0;
}

int driad_join(struct forward *forward, const struct address *group, const struct filter *filter)
{
	struct driad *driad = forward->driad;
	int r;

	if (filter->mode == FILTER_EXCLUDE) {
		if (!driad->any_source_told)
			log_notice(
				forward->device->config->name,
				"a host wants a group from any source: Upstream=driad can find none, for only a source has relays");
		driad->any_source_told = true;
	}
	r = unwant_others(driad, group, filter);
	for (size_t i = 0; filter->mode == FILTER_INCLUDE && i < filter->n && r == 0; i++)
		r = want(driad,
			 &(struct channel_key){ .group = *group, .source = filter->sources[i] });
	return r;
}

/* Where the channel comes from; 0: that is not known yet. */
static int find_incoming(const struct driad *driad, const struct channel_key *key)
{
	const struct channel *channel =
		channel_table_find(driad->forward->manager->channels->table, key, "");

	return channel && channel->via ? channel->via->ifindex : 0;
}

static bool use_via(struct driad *driad, int ifindex)
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
	driad->vias[driad->n_vias++] = (struct via){ .ifindex = ifindex, .used = true };
	return true;
}

static void set_route(struct driad *driad, struct found *found)
{
	int incoming = find_incoming(driad, &found->key);

	if (incoming == 0 || !use_via(driad, incoming)) {
		found->incoming = 0;
		return;
	}
	found->incoming = incoming;
	forward_set_route(driad->forward, &found->key.source, &found->key.group, incoming,
			  found->outgoing, found->n);
}

void driad_route(struct forward *forward, const struct address *source, const struct address *group,
		 const int *outgoing, size_t n)
{
	const struct channel_key key = { .group = *group, .source = *source };
	struct driad *driad = forward->driad;
	struct found **slot, *found;

	slot = tfind(&key, &driad->routes, compare);
	found = slot ? *slot : calloc(1, sizeof(*found));
	if (!found)
		return; /* the next change of the group's wants tries again */
	found->key = key;
	found->n = n < MROUTE_INTERFACES ? n : MROUTE_INTERFACES;
	memcpy(found->outgoing, outgoing, found->n * sizeof(*outgoing));
	if (!slot && !tsearch(found, &driad->routes, compare)) {
		free(found);
		return;
	}
	set_route(driad, found);
}

void driad_unroute(struct forward *forward, const struct address *source,
		   const struct address *group)
{
	const struct channel_key key = { .group = *group, .source = *source };
	struct driad *driad = forward->driad;
	struct found **slot, *found;

	slot = driad ? tfind(&key, &driad->routes, compare) : NULL;
	if (!slot)
		return;
	found = *slot;
	tdelete(&key, &driad->routes, compare);
	free(found);
}

static void follow(const void *node, VISIT visit, void *closure)
{
	struct driad *driad = closure;
	struct found *found = *(struct found *const *)node;

	if (visit != postorder && visit != leaf)
		return;
	if (find_incoming(driad, &found->key) != found->incoming)
		set_route(driad, found);
	else if (found->incoming != 0)
		(void)use_via(driad, found->incoming);
}

int driad_incoming(const struct forward *forward, const struct address *source,
		   const struct address *group)
{
	const struct channel_key key = { .group = *group, .source = *source };
	struct found *const *slot = tfind(&key, &forward->driad->routes, compare);

	return slot ? (*slot)->incoming : 0;
}

void driad_refresh(struct forward *forward)
{
	struct driad *driad = forward->driad;

	if (!driad)
		return;
	for (size_t i = 0; i < driad->n_vias; i++)
		driad->vias[i].used = false;
	twalk_r(driad->routes, follow, driad);
	for (size_t i = driad->n_vias; i-- > 0;) {
		if (driad->vias[i].used)
			continue;
		routing_remove(forward->routing, driad->vias[i].ifindex);
		driad->vias[i] = driad->vias[--driad->n_vias];
	}
}
