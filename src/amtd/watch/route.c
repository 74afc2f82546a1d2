/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route=: an application that names no interface joins on the gateway of the channel. A route is
 * one of the group: of several channels of it, the first that has a gateway decides, until it goes.
 */
#include "watch.h"

#include <amt/log.h>
#include <amt/route.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

/* Hosts that are forwarded to need none. */
static bool is_wanted(const struct watch *watch, const struct channel *channel)
{
	const struct device *device;

	if (!watch->settings.route || !channel->via || !(channel->owners & ~CHANNEL_FORWARD))
		return false;
	device = manager_find(watch->manager, channel->via->name);
	return device && device->config->mode == CONFIG_GATEWAY;
}

static void forget(struct watch *watch, struct channel *channel)
{
	char text[ADDRESS_TEXT_MAX];

	channel->routed = false;
	if (route_remove(watch->manager->netlink, &channel->key.group) < 0)
		log_warning(address_format(&channel->key.group, text),
			    "its route cannot be removed: %s",
			    netlink_words(watch->manager->netlink));
}

static void add(struct watch *watch, struct channel *channel)
{
	char text[ADDRESS_TEXT_MAX];
	int r;

	r = route_add(watch->manager->netlink, channel->via->ifindex, &channel->key.group);
	channel->routed = r == 0 || r == -EEXIST;
	if (r == 0)
		return;
	if (r == -EEXIST) {
		log_notice(address_format(&channel->key.group, text),
			   "has a route that is not amtd's: left as it is; applications that name "
			   "no interface join where it leads");
		return;
	}
	channel->via->unrouted = true;
	if (r != -ENETDOWN) /* until it is up */
		log_warning(address_format(&channel->key.group, text), "cannot be routed to %s: %s",
			    channel->via->name, netlink_words(watch->manager->netlink));
}

void watch_route(struct watch *watch, const struct address *group)
{
	struct channel *has = NULL, *may = NULL;

	for (struct channel *c = channels_of_group(watch->channels, group, NULL); c;
	     c = channels_of_group(watch->channels, group, c)) {
		if (c->routed)
			has = c;
		else if (!may && is_wanted(watch, c) && c->via->ifindex != 0)
			may = c;
	}
	if (has && is_wanted(watch, has))
		return;
	if (has)
		forget(watch, has);
	if (may)
		add(watch, may);
}

void watch_unroute(struct watch *watch, struct channel *channel)
{
	if (channel->routed)
		forget(watch, channel);
}

void watch_route_all(struct watch *watch)
{
	for (struct channel *c = channels_next(watch->channels, NULL); c;
	     c = channels_next(watch->channels, c))
		watch_route(watch, &c->key.group);
}

/* One tells whether the interface still has all of them: they go together. */
static bool has_lost(const struct watch *watch, const struct channel_device *via)
{
	const struct channel *c = via->channels;
	int r;

	while (c && !c->routed)
		c = c->peer;
	if (!c)
		return false;
	r = route_add(watch->manager->netlink, via->ifindex, &c->key.group);
	if (r == 0)
		(void)route_remove(watch->manager->netlink, &c->key.group);
	return r != -EEXIST;
}

void watch_route_link(struct watch *watch, struct channel_device *via)
{
	if (!watch->settings.route || via->ifindex == 0)
		return;
	if (has_lost(watch, via))
		for (struct channel *c = via->channels; c; c = c->peer) {
			c->routed = false;
			via->unrouted = true;
		}
	if (!via->unrouted)
		return;
	via->unrouted = false;
	for (struct channel *c = via->channels; c; c = c->peer)
		if (!c->routed)
			watch_route(watch, &c->key.group);
}

static bool is_kept(int ifindex, const struct address *group, void *userdata)
{
	struct watch *watch = userdata;

	for (struct channel *c = channels_of_group(watch->channels, group, NULL); c;
	     c = channels_of_group(watch->channels, group, c)) {
		if (!is_wanted(watch, c) || (int)if_nametoindex(c->via->name) != ifindex)
			continue;
		c->routed = true;
		return true;
	}
	return false;
}

void watch_route_start(struct watch *watch)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < 2; i++)
		if (route_clean(watch->manager->netlink, families[i], is_kept, watch) < 0)
			log_warning(NULL,
				    "routes that a former amtd has left cannot be seen to: %s; "
				    "`ip route show table all protocol %d` shows them",
				    netlink_words(watch->manager->netlink), ROUTE_PROTOCOL);
}
