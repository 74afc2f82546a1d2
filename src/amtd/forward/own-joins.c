/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/own-joins.h"

#include "amtd/core/keep.h"
#include "amtd/forward/interfaces.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/group.h"
#include "base/log.h"
#include "kernel/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Polling takes at most 1/SHARE of the time. */
#define SHARE 50

#define GROUPS_MAX 1000

struct own_group {
	struct address group;
	struct filter told, seen; /* told to the forwarder, and seen by this poll */
	bool present, by_source;  /* by this poll; in some socket's source list */
};

struct own_joins {
	struct own_group *groups; /* sorted */
	size_t n, room;
	uint64_t next; /* no poll before */
	bool limit_logged;
};

static int order_groups(const void *element, const void *key)
{
	return address_compare(&((const struct own_group *)element)->group, key);
}

/* NULL: it is not there. */
static struct own_group *find_group(const struct own_joins *own, const struct address *group)
{
	size_t at = array_search(own->groups, own->n, sizeof(own->groups[0]), group, order_groups);

	return at < own->n && address_equal(&own->groups[at].group, group) ? &own->groups[at]
									   : NULL;
}

static struct own_group *add_group(struct own_joins *own, const struct address *group)
{
	size_t at = array_search(own->groups, own->n, sizeof(own->groups[0]), group, order_groups);

	if (!GROW(own->groups, own->n, own->room))
		return NULL;
	array_open(own->groups, own->n, sizeof(own->groups[0]), at);
	own->groups[at] = (struct own_group){ .group = *group };
	own->n++;
	return &own->groups[at];
}

static bool is_downstream(const struct forward *forward, int ifindex)
{
	for (size_t i = 0; i < forward->n_downstreams; i++)
		if (forward->downstreams[i]->ifindex == ifindex)
			return !downstream_is_tunnels(forward->downstreams[i]);
	return false;
}

/* 0: it is no downstream, or down. */
static int find_downstream(const struct forward *forward, const char *name)
{
	for (size_t i = 0; i < forward->n_downstreams; i++)
		if (strcmp(forward->downstreams[i]->name, name) == 0)
			return downstream_is_tunnels(forward->downstreams[i])
				       ? 0
				       : forward->downstreams[i]->ifindex;
	return 0;
}

static bool is_allowed(const struct forward *forward, int ifindex, const struct address *source,
		       const struct address *group)
{
	return !forward->policy || !group_policy_denies(forward->policy, ifindex, source, group);
}

/* Any source, or those that MapSource= names. */
static void want_any(struct forward *forward, int ifindex, struct own_group *own)
{
	const struct address *source;
	size_t position = 0;
	bool mapped = false;

	while (forward->policy &&
	       (source = group_policy_map(forward->policy, &own->group, &position))) {
		mapped = true;
		(void)filter_add(&own->seen, source); /* else by the next poll */
	}
	if (mapped || !is_allowed(forward, ifindex, NULL, &own->group) ||
	    (forward->policy ? group_policy_source_specific(forward->policy, &own->group)
			     : group_source_specific(&own->group)))
		return;
	filter_clear(&own->seen);
	own->seen.mode = FILTER_EXCLUDE;
}

static void on_source(int ifindex, const struct address *group, const struct address *source,
		      void *userdata)
{
	struct forward *forward = userdata;
	struct own_group *own;

	if (!group_routable(group) || !is_downstream(forward, ifindex))
		return;
	own = find_group(forward->own_joins, group);
	if (!own && forward->own_joins->n < GROUPS_MAX)
		own = add_group(forward->own_joins, group);
	if (!own)
		return;
	own->present = own->by_source = true;
	/* amtd joins there for another device, of which this is the upstream. */
	if (!keep_has(forward->manager->keep, ifindex, group, source) &&
	    is_allowed(forward, ifindex, source, group))
		(void)filter_add(&own->seen, source);
}

/* Those without sources in the list of sources: of any source. */
static bool on_group(const char *device, const struct address *group, void *userdata)
{
	/* Of a membership of any source it is one. */
	static const struct address any4 = { .family = AF_INET, .in.s_addr = 1 };
	static const struct address any6 = { .family = AF_INET6, .in6 = IN6ADDR_LOOPBACK_INIT };
	struct forward *forward = userdata;
	struct own_joins *own_joins = forward->own_joins;
	int ifindex = find_downstream(forward, device);
	struct own_group *own;

	if (ifindex == 0 || !group_routable(group))
		return true;
	own = find_group(own_joins, group);
	if (!own && own_joins->n >= GROUPS_MAX) {
		if (!own_joins->limit_logged)
			log_warning(
				device,
				"programs on this host have joined more than %d groups; the others are not joined upstream",
				GROUPS_MAX);
		own_joins->limit_logged = true;
		return true;
	}
	if (!own)
		own = add_group(own_joins, group);
	if (!own)
		return false;
	own->present = true;
	if (!own->by_source && !keep_has(forward->manager->keep, ifindex, group,
					 group->family == AF_INET ? &any4 : &any6))
		want_any(forward, ifindex, own);
	return true;
}

static void tell_group(struct forward *forward, struct own_group *own)
{
	struct forwarder *forwarder = forward->forwarders[family_of(&own->group)];
	int r = 0;

	if (filter_equal(&own->told, &own->seen))
		return;
	if (forwarder)
		r = forwarder_want(forwarder, OWN_IFINDEX, &own->group, &own->seen);
	if (r == 0)
		r = filter_copy(&own->told, &own->seen);
	if (r < 0)
		log_error(forward->device->config->name, "lost a join of this host: %s",
			  strerror(-r));
}

void own_joins_poll(struct forward *forward, uint64_t now)
{
	struct own_joins *own = forward->own_joins;
	size_t kept = 0;

	if (!own)
		own = forward->own_joins = calloc(1, sizeof(*own));
	/* A previous amtd's memberships, held for a while, look like a program's. */
	if (!own || now < own->next || keep_holds(forward->manager->keep))
		return;
	for (size_t i = 0; i < own->n; i++) {
		filter_clear(&own->groups[i].seen);
		own->groups[i].present = own->groups[i].by_source = false;
	}
	for (int family = 0; family < _FAMILY_MAX; family++)
		(void)sentinel_list(&forward->owner->forwarding->sentinels[family], on_source,
				    forward);
	(void)groups_list(on_group, forward);
	for (size_t i = 0; i < own->n; i++) {
		tell_group(forward, &own->groups[i]);
		if (!own->groups[i].present && filter_empty(&own->groups[i].told))
			continue;
		own->groups[kept++] = own->groups[i];
	}
	own->n = kept;
	own->next = now + SHARE * (clock_monotonic() - now);
}

void own_joins_free(struct forward *forward)
{
	struct own_joins *own = forward->own_joins;

	for (size_t i = 0; own && i < own->n; i++) {
		filter_clear(&own->groups[i].told);
		filter_clear(&own->groups[i].seen);
	}
	if (own)
		free(own->groups);
	free(own);
	forward->own_joins = NULL;
}
