/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/channels/group-route.h"

#include "amtd/core/devices.h"
#include "amtd/core/manager.h"
#include "base/log.h"
#include "device/device.h"
#include "kernel/route.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

/* Forwarding to hosts needs no route. */
static bool is_wanted(const struct channels *channels, const struct channel *channel)
{
	const struct device *device;

	if (!channels->settings.install_routes || !channel->via ||
	    !(channel->owners & ~CHANNEL_FORWARD))
		return false;
	device = devices_find(channels->manager, channel->via->name);
	return device && device->config->mode == CONFIG_GATEWAY;
}

static void remove_route(struct channels *channels, struct channel *channel)
{
	char text[ADDRESS_TEXT_MAX];

	channel->routed = false;
	if (route_remove(channels->manager->netlink, &channel->key.group) < 0)
		log_warning(address_format(&channel->key.group, text),
			    "cannot remove its route: %s",
			    netlink_error_text(channels->manager->netlink));
}

static void add_route(struct channels *channels, struct channel *channel)
{
	char text[ADDRESS_TEXT_MAX];
	int r;

	r = route_add(channels->manager->netlink, channel->via->ifindex, &channel->key.group);
	channel->routed = r == 0 || r == -EEXIST;
	if (r == 0)
		return;
	if (r == -EEXIST) {
		log_notice(
			address_format(&channel->key.group, text),
			"has a foreign route, which is kept; applications without an interface join where it points");
		return;
	}
	channel->via->unrouted = true;
	if (r != -ENETDOWN) /* not up yet */
		log_warning(address_format(&channel->key.group, text),
			    "cannot add a route to %s: %s", channel->via->name,
			    netlink_error_text(channels->manager->netlink));
}

void group_route(struct channels *channels, const struct address *group)
{
	struct channel *has = NULL, *may = NULL;

	for (struct channel *c = channel_table_of_group(channels->table, group, NULL); c;
	     c = channel_table_of_group(channels->table, group, c)) {
		if (c->routed)
			has = c;
		else if (!may && is_wanted(channels, c) && c->via->ifindex != 0)
			may = c;
	}
	if (has && is_wanted(channels, has))
		return;
	if (has)
		remove_route(channels, has);
	if (may)
		add_route(channels, may);
}

void group_unroute(struct channels *channels, struct channel *channel)
{
	if (channel->routed)
		remove_route(channels, channel);
}

void group_route_all(struct channels *channels)
{
	for (struct channel *c = channel_table_next(channels->table, NULL); c;
	     c = channel_table_next(channels->table, c))
		group_route(channels, &c->key.group);
}

/* The kernel removes the routes of an interface together: checking one is enough. */
static bool has_lost(const struct channels *channels, const struct channel_device *via)
{
	const struct channel *c = via->table;
	int r;

	while (c && !c->routed)
		c = c->peer;
	if (!c)
		return false;
	r = route_add(channels->manager->netlink, via->ifindex, &c->key.group);
	if (r == 0)
		(void)route_remove(channels->manager->netlink, &c->key.group);
	return r != -EEXIST;
}

void group_route_link(struct channels *channels, struct channel_device *via)
{
	if (!channels->settings.install_routes || via->ifindex == 0)
		return;
	if (has_lost(channels, via))
		for (struct channel *c = via->table; c; c = c->peer) {
			c->routed = false;
			via->unrouted = true;
		}
	if (!via->unrouted)
		return;
	via->unrouted = false;
	for (struct channel *c = via->table; c; c = c->peer)
		if (!c->routed)
			group_route(channels, &c->key.group);
}

static bool is_kept(int ifindex, const struct address *group, void *userdata)
{
	struct channels *channels = userdata;

	for (struct channel *c = channel_table_of_group(channels->table, group, NULL); c;
	     c = channel_table_of_group(channels->table, group, c)) {
		if (!is_wanted(channels, c) || (int)if_nametoindex(c->via->name) != ifindex)
			continue;
		c->routed = true;
		return true;
	}
	return false;
}

void group_route_start(struct channels *channels)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < 2; i++)
		if (route_clean(channels->manager->netlink, families[i], is_kept, channels) < 0)
			log_warning(
				NULL,
				"cannot clean up routes of a previous amtd: %s; `ip route show table all protocol %d` lists them",
				netlink_error_text(channels->manager->netlink), ROUTE_PROTOCOL);
}
