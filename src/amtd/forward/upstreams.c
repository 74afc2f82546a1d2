/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/upstreams.h"

#include "amtd/forward/driad-route.h"
#include "amtd/forward/interfaces.h"
#include "amtd/forward/routing.h"
#include "base/log.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* The kernel drops memberships of an interface that is gone, not of one that is down. */
static void forget_if_gone(struct forward *forward, int ifindex)
{
	char name[IFNAMSIZ];

	if (ifindex == 0 || if_indextoname((unsigned int)ifindex, name))
		return;
	for (int family = 0; family < _FAMILY_MAX; family++)
		if (forward->joins[family])
			joins_forget(forward->joins[family], ifindex);
}

/* Replace the previous interface, in routes as well. True: it changed. */
static bool replace_upstream(struct forward *forward, const char *name, int *slot)
{
	int ifindex = forward_find_interface(forward->manager, name), previous = *slot;

	if (strcmp(name, DRIAD_NAME) == 0) {
		*slot = DRIAD_IFINDEX;
		return previous != DRIAD_IFINDEX;
	}
	if (ifindex != 0 && ifindex != previous && !forward_add_interface(forward, name, ifindex))
		ifindex = 0;
	if (ifindex == previous)
		return false;
	*slot = ifindex;
	forget_if_gone(forward, previous);
	if (ifindex == 0)
		log_warning(forward->device->config->name, "upstream %s is absent or down", name);
	else
		log_info(forward->device->config->name, "upstream is %s", name);
	return true;
}

const char *forward_upstream_name(const struct forward *forward, size_t i)
{
	const struct config_upstream *upstream = &forward_config(forward)->upstreams[i];

	return forward->switched && upstream->prefix.address.family == AF_UNSPEC
		       ? forward_config(forward)->backup_upstream
		       : upstream->name;
}

void forward_check(struct forward *forward, int result)
{
	if (result < 0)
		forward->broken = result;
}

/* Joins move to a new upstream before the old one is left. */
void forward_refresh_upstreams(struct forward *forward)
{
	const struct config_forward *config = forward_config(forward);
	struct forwarder_upstream *table;
	size_t n = config->n_upstreams, m = 0;
	int *previous;
	bool changed = false;

	table = calloc(n, sizeof(*table));
	previous = calloc(n, sizeof(*previous));
	if (!table || !previous) {
		free(table);
		free(previous);
		forward->dirty = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		previous[i] = forward->upstreams[i];
		changed = replace_upstream(forward, forward_upstream_name(forward, i),
					   &forward->upstreams[i]) ||
			  changed;
		if (forward->upstreams[i] == 0)
			continue;
		table[m++] = (struct forwarder_upstream){
			.ifindex = forward->upstreams[i],
			.prefix = config->upstreams[i].prefix,
		};
	}
	for (int family = 0; changed && family < _FAMILY_MAX; family++)
		if (forward->forwarders[family])
			forward_check(forward, forwarder_set_upstreams(forward->forwarders[family],
								       table, m));
	for (size_t i = 0; i < n; i++)
		if (previous[i] != 0 && previous[i] != DRIAD_IFINDEX &&
		    previous[i] != forward->upstreams[i])
			routing_remove(forward->routing, previous[i]);
	free(table);
	free(previous);
}
