/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/interfaces.h"

#include "amtd/forward/refused.h"
#include "amtd/forward/routing.h"
#include "kernel/error-text.h"
#include "kernel/link.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

int forward_find_interface(struct manager *manager, const char *name)
{
	struct link link;

	if (name[0] == '\0' || link_get(manager->netlink, name, &link) < 0 ||
	    !(link.flags & IFF_UP))
		return 0;
	return link.ifindex;
}

bool forward_add_interface(struct forward *forward, const char *name, int ifindex)
{
	int results[_FAMILY_MAX];

	if (routing_add(forward->routing, name, ifindex, results) < 0)
		return false;
	for (int family = 0; family < _FAMILY_MAX; family++) {
		/* a missing table is reported elsewhere; an interface may be without IPv6 */
		if (results[family] == 0 || results[family] == -EADDRNOTAVAIL ||
		    !forward->routing->mroutes[family])
			continue;
		forward_refused(forward, family, "%s: %s", name,
				mroute_error_text(results[family], family_to_af(family)));
	}
	return true;
}

bool downstream_is_tunnels(const struct downstream *downstream)
{
	const struct config *config = downstream->forward->device->config;

	return config->mode == CONFIG_RELAY && strcmp(downstream->name, config->name) == 0;
}
