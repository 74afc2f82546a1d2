/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/driad-route.h"

#include "base/channel.h"

#include <search.h>
#include <stdlib.h>

static int compare_routes(const void *a, const void *b)
{
	return channel_compare(a, b); /* the key is the first member */
}

struct driad_route *driad_route_find(const struct driad_upstream *driad,
				     const struct channel_key *key)
{
	struct driad_route *const *slot = tfind(key, &driad->routes, compare_routes);

	return slot ? *slot : NULL;
}

struct driad_route *driad_route_add(struct driad_upstream *driad, const struct channel_key *key)
{
	struct driad_route *route = driad_route_find(driad, key);

	if (route)
		return route;
	route = calloc(1, sizeof(*route));
	if (!route)
		return NULL;
	route->key = *key;
	if (!tsearch(route, &driad->routes, compare_routes)) {
		free(route);
		return NULL;
	}
	return route;
}

void driad_route_remove(struct driad_upstream *driad, const struct channel_key *key)
{
	struct driad_route *route = driad_route_find(driad, key);

	if (!route)
		return;
	tdelete(key, &driad->routes, compare_routes);
	free(route);
}

void driad_routes_clear(struct driad_upstream *driad)
{
	tdestroy(driad->routes, free);
	driad->routes = NULL;
}

int driad_incoming(const struct forward *forward, const struct address *source,
		   const struct address *group)
{
	const struct channel_key key = { .group = *group, .source = *source };
	const struct driad_route *route = driad_route_find(forward->driad, &key);

	return route ? route->incoming : 0;
}
