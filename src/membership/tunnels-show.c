/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/tunnels-private.h"

#include <errno.h>
#include <stdlib.h>

static struct tunnels_tunnel show_tunnel(const struct tunnel *tunnel)
{
	struct tunnels_tunnel shown = {
		.gateway = tunnel->gateway,
		.port = tunnel->port,
		.since = tunnel->since,
		.last_query = tunnel->last_query,
		.last_update = tunnel->last_update,
		.expires = tunnel->expires,
		.known = tunnel->known_at == 0,
		.ended = tunnel->ended,
	};

	for (int i = 0; i < _FAMILY_MAX; i++)
		if (tunnel->routers[i])
			shown.groups += router_groups(tunnel->routers[i]);
	return shown;
}

void tunnels_each_changed(struct tunnels *tunnels, tunnels_tunnel_changed each, void *userdata)
{
	struct tunnel *next;

	for (struct tunnel *tunnel = tunnels->first_changed; tunnel; tunnel = next) {
		const struct tunnels_tunnel shown = show_tunnel(tunnel);

		next = tunnel->next_changed;
		tunnel->changed = false;
		each(tunnels, &shown, userdata);
		if (tunnel->ended)
			free(tunnel);
	}
	tunnels->first_changed = tunnels->last_changed = NULL;
}

bool tunnels_next_tunnel(const struct tunnels *tunnels, size_t *position,
			 struct tunnels_tunnel *ret)
{
	if (*position >= tunnels->heap.n)
		return false;
	*ret = show_tunnel(tunnel_at(tunnels, (*position)++));
	return true;
}

size_t tunnels_count(const struct tunnels *tunnels)
{
	return tunnels->heap.n;
}

static int each_group(const struct router *router, usec_t now, tunnels_each each, void *userdata)
{
	struct filter filter = { 0 };
	struct router_group group;
	size_t at = 0;
	int r = 0;

	while (r == 0 && router_next_group(router, &at, now, &group)) {
		r = router_filter(router, &group.group, &filter);
		if (r == 0)
			r = each(&group, &filter, userdata);
	}
	filter_clear(&filter);
	return r;
}

int tunnels_groups(const struct tunnels *tunnels, const struct address *gateway, usec_t now,
		   tunnels_each each, void *userdata)
{
	const struct tunnel *tunnel = tunnels_find(tunnels, gateway);
	int r = 0;

	if (!tunnel)
		return -ENOENT;
	for (int i = 0; i < _FAMILY_MAX && r == 0; i++)
		if (tunnel->routers[i])
			r = each_group(tunnel->routers[i], now, each, userdata);
	return r;
}

void tunnels_counters(const struct tunnels *tunnels, struct tunnels_counters *ret)
{
	*ret = tunnels->counters;
	for (uint32_t i = 0; i < tunnels->heap.n; i++)
		for (int f = 0; f < _FAMILY_MAX; f++) {
			const struct router *router = tunnel_at(tunnels, i)->routers[f];

			for (int reason = 0; router && reason < ROUTER_IGNORED_MAX; reason++)
				ret->records[reason] += router_counters(router)->ignored[reason];
		}
}
