/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upstream=driad: each source comes through the gateway that DNS tells (RFC 8777), made where there
 * is none. The forwarder takes them all for one upstream; here its joins become channels wanted on
 * this host, and its routes get the interface of each channel's gateway, as soon as it has one.
 */
#include "forward-private.h"
#include "watch/watch.h"

#include <amt/clock.h>
#include <amt/log.h>
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

struct search {
	struct forward *forward;
	struct channels *sought; /* what was wanted last, to see what changes */
	void *routes;		 /* tsearch(3), of struct found */
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

int search_open(struct forward *forward)
{
	struct search *search;
	int r;

	search = calloc(1, sizeof(*search));
	if (!search)
		return -ENOMEM;
	r = channels_new(&search->sought);
	if (r < 0) {
		free(search);
		return r;
	}
	search->forward = forward;
	forward->search = search;
	return 0;
}

static void unwant(struct search *search, struct channel *sought)
{
	struct watch *watch = search->forward->manager->watch;
	struct channel *channel = watch ? channels_find(watch->channels, &sought->key, "") : NULL;

	channels_remove(search->sought, sought);
	if (!channel || --channel->forwarded > 0)
		return;
	watch_disown(watch, channel, CHANNEL_FORWARD);
}

void search_close(struct forward *forward)
{
	struct search *search = forward->search;
	struct channel *sought;

	if (!search)
		return;
	while (!keep_released(forward->manager) && (sought = channels_next(search->sought, NULL)))
		unwant(search, sought);
	channels_free(search->sought);
	for (size_t i = 0; i < search->n_vias; i++)
		routing_remove(forward->routing, search->vias[i].ifindex);
	tdestroy(search->routes, free);
	free(search);
	forward->search = NULL;
}

static int want(struct search *search, const struct channel_key *key)
{
	struct watch *watch = search->forward->manager->watch;
	struct channel *channel, *sought;
	int r;

	if (channels_find(search->sought, key, ""))
		return 0;
	if (channels_count(watch->channels) >= watch->settings.max_channels &&
	    !channels_find(watch->channels, key, ""))
		return -EDQUOT;
	channel = channels_add(watch->channels, key, "", clock_realtime());
	sought = channel ? channels_add(search->sought, key, "", 0) : NULL;
	r = sought ? channels_set_via(search->sought, sought, SOUGHT) : -ENOMEM;
	if (r < 0)
		return r;
	channel->forwarded++;
	channel->owners |= CHANNEL_FORWARD;
	watch_changed(watch, channel);
	if (!channel->via)
		demand_seek(watch, channel);
	return 0;
}

/* What was wanted of the group and is not any more. */
static int unwant_others(struct search *search, const struct address *group,
			 const struct filter *filter)
{
	const struct channel_device *all = channels_device(search->sought, SOUGHT);
	struct filter former = { 0 };
	int r;

	if (!all)
		return 0;
	r = channels_filter(search->sought, all, group, &former);
	if (r < 0)
		return r;
	for (size_t i = 0; i < former.n; i++) {
		const struct channel_key key = { .group = *group, .source = former.sources[i] };

		if (filter->mode == FILTER_EXCLUDE || !filter_wants(filter, &key.source))
			unwant(search, channels_find(search->sought, &key, ""));
	}
	filter_clear(&former);
	return 0;
}

int search_join(struct forward *forward, const struct address *group, const struct filter *filter)
{
	struct search *search = forward->search;
	int r;

	if (filter->mode == FILTER_EXCLUDE) {
		if (!search->any_source_told)
			log_notice(forward->device->config->name,
				   "a host wants a group from any source: Upstream=driad can find "
				   "none, for only a source has relays");
		search->any_source_told = true;
	}
	r = unwant_others(search, group, filter);
	for (size_t i = 0; filter->mode == FILTER_INCLUDE && i < filter->n && r == 0; i++)
		r = want(search,
			 &(struct channel_key){ .group = *group, .source = filter->sources[i] });
	return r;
}

/* Where the channel comes from; 0: that is not known yet. */
static int find_incoming(const struct search *search, const struct channel_key *key)
{
	const struct channel *channel =
		channels_find(search->forward->manager->watch->channels, key, "");

	return channel && channel->via ? channel->via->ifindex : 0;
}

static bool use_via(struct search *search, int ifindex)
{
	struct forward *forward = search->forward;
	char name[IFNAMSIZ];

	for (size_t i = 0; i < search->n_vias; i++)
		if (search->vias[i].ifindex == ifindex) {
			search->vias[i].used = true;
			return true;
		}
	if (search->n_vias == MROUTE_INTERFACES || !if_indextoname(ifindex, name) ||
	    !forward_add_interface(forward, name, ifindex))
		return false;
	search->vias[search->n_vias++] = (struct via){ .ifindex = ifindex, .used = true };
	return true;
}

static void set_route(struct search *search, struct found *found)
{
	int incoming = find_incoming(search, &found->key);

	if (incoming == 0 || !use_via(search, incoming)) {
		found->incoming = 0;
		return;
	}
	found->incoming = incoming;
	forward_set_route(search->forward, &found->key.source, &found->key.group, incoming,
			  found->outgoing, found->n);
}

void search_route(struct forward *forward, const struct address *source,
		  const struct address *group, const int *outgoing, size_t n)
{
	const struct channel_key key = { .group = *group, .source = *source };
	struct search *search = forward->search;
	struct found **slot, *found;

	slot = tfind(&key, &search->routes, compare);
	found = slot ? *slot : calloc(1, sizeof(*found));
	if (!found)
		return; /* the next change of the group's wants tries again */
	found->key = key;
	found->n = n < MROUTE_INTERFACES ? n : MROUTE_INTERFACES;
	memcpy(found->outgoing, outgoing, found->n * sizeof(*outgoing));
	if (!slot && !tsearch(found, &search->routes, compare)) {
		free(found);
		return;
	}
	set_route(search, found);
}

void search_unroute(struct forward *forward, const struct address *source,
		    const struct address *group)
{
	const struct channel_key key = { .group = *group, .source = *source };
	struct search *search = forward->search;
	struct found **slot, *found;

	slot = search ? tfind(&key, &search->routes, compare) : NULL;
	if (!slot)
		return;
	found = *slot;
	tdelete(&key, &search->routes, compare);
	free(found);
}

static void follow(const void *node, VISIT visit, void *closure)
{
	struct search *search = closure;
	struct found *found = *(struct found *const *)node;

	if (visit != postorder && visit != leaf)
		return;
	if (find_incoming(search, &found->key) != found->incoming)
		set_route(search, found);
	else if (found->incoming != 0)
		(void)use_via(search, found->incoming);
}

int search_incoming(const struct forward *forward, const struct address *source,
		    const struct address *group)
{
	const struct channel_key key = { .group = *group, .source = *source };
	struct found *const *slot = tfind(&key, &forward->search->routes, compare);

	return slot ? (*slot)->incoming : 0;
}

void search_refresh(struct forward *forward)
{
	struct search *search = forward->search;

	if (!search)
		return;
	for (size_t i = 0; i < search->n_vias; i++)
		search->vias[i].used = false;
	twalk_r(search->routes, follow, search);
	for (size_t i = search->n_vias; i-- > 0;) {
		if (search->vias[i].used)
			continue;
		routing_remove(forward->routing, search->vias[i].ifindex);
		search->vias[i] = search->vias[--search->n_vias];
	}
}
