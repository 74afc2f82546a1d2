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

/* Hosts that are forwarded to need none. */
static bool is_wanted(const struct channels *channels, const struct channel *channel)
{
	const struct device *device;

	if (!channels->settings.install_routes || !channel->via ||
	    !(channel->owners & ~CHANNEL_FORWARD))
		return false;
	device = devices_find(channels->manager, channel->via->name);
	return device && device->config->mode == CONFIG_GATEWAY;
}

static void forget(struct channels *channels, struct channel *channel)
{
	char text[ADDRESS_TEXT_MAX];

	channel->routed = false;
	if (route_remove(channels->manager->netlink, &channel->key.group) < 0)
		log_warning(address_format(&channel->key.group, text),
			    "its route cannot be removed: %s",
			    netlink_error_text(channels->manager->netlink));
}

static void add(struct channels *channels, struct channel *channel)
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
			"has a route that is not amtd's: left as it is; applications that name no interface join where it leads");
		return;
	}
	channel->via->unrouted = true;
	if (r != -ENETDOWN) /* until it is up */
		log_warning(address_format(&channel->key.group, text), "cannot be routed to %s: %s",
			    channel->via->name, netlink_error_text(channels->manager->netlink));
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
		forget(channels, has);
	if (may)
		add(channels, may);
}

void group_unroute(struct channels *channels, struct channel *channel)
{
	if (channel->routed)
		forget(channels, channel);
}

void group_route_all(struct channels *channels)
{
	for (struct channel *c = channel_table_next(channels->table, NULL); c;
	     c = channel_table_next(channels->table, c))
		group_route(channels, &c->key.group);
}

/* One tells whether the interface still has all of them: they go together. */
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
				"routes that a former amtd has left cannot be seen to: %s; `ip route show table all protocol %d` shows them",
				netlink_error_text(channels->manager->netlink), ROUTE_PROTOCOL);
}
