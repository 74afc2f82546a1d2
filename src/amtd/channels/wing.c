/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/channels/wing.h"

#include "amtd/channels/counts.h"
#include "amtd/channels/demand.h"
#include "amtd/channels/group-route.h"
#include "amtd/channels/host-joins.h"
#include "amtd/channels/persist.h"
#include "amtd/channels/want.h"
#include "amtd/core/load.h"
#include "amtd/core/manager.h"
#include "base/clock.h"
#include "device/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct channels *channels_of(const struct manager *manager)
{
	return wing_state(manager, &channels_wing);
}

static void load_settings(struct channels *channels)
{
	struct settings settings;

	if (settings_load(&load_log_places, &settings) < 0)
		return;
	settings_clear(&channels->settings);
	channels->settings = settings;
}

/* A channel of Join= of the device's file. */
static void want_for_file(struct channels *channels, const struct device *device,
			  const struct channel_key *key)
{
	const char *name = device->config->name;
	struct channel *channel;

	channel = channel_table_add(channels->table, key, name, clock_realtime());
	if (!channel)
		return;
	channel->stale = false;
	if (channel->owners & CHANNEL_FILE)
		return;
	channel->owners |= CHANNEL_FILE;
	(void)want_set_via(channels, channel, name);
	want_changed(channels, channel);
}

/* Join= may have changed, or a device gone. */
static void update_files(struct channels *channels)
{
	const struct manager *manager = channels->manager;
	struct channel *next;

	for (struct channel *c = channel_table_next(channels->table, NULL); c;
	     c = channel_table_next(channels->table, c))
		c->stale = c->owners & CHANNEL_FILE;
	for (size_t i = 0; i < manager->n_devices; i++) {
		const struct config *config = manager->devices[i]->config;

		for (size_t j = 0; j < config->n_joins; j++)
			want_for_file(channels, manager->devices[i], &config->joins[j]);
	}
	for (struct channel *c = channel_table_next(channels->table, NULL); c; c = next) {
		next = channel_table_next(channels->table, c);
		if (c->stale)
			want_disown(channels, c, CHANNEL_FILE);
	}
	demand_seek_all(channels);
}

static void apply_settings(struct channels *channels)
{
	host_joins_configure(channels);
	update_files(channels);
	demand_configure(channels);
}

static void on_reload(struct manager *manager)
{
	struct channels *channels = channels_of(manager);
	const bool route = channels->settings.install_routes;

	load_settings(channels);
	if (channels->settings.install_routes != route)
		group_route_all(channels);
	apply_settings(channels);
}

static void on_start(struct manager *manager)
{
	struct channels *channels = channels_of(manager);

	persist_load(channels);
	load_settings(channels);
	group_route_start(channels);
	apply_settings(channels);
	persist_write(channels);
	for (struct channel_device *via = channel_table_devices(channels->table); via;
	     via = via->next)
		want_follow_interface(channels, via);
}

static void on_settled(struct manager *manager)
{
	struct channels *channels = channels_of(manager);
	struct channel *channel, *next;

	for (channel = channel_table_next(channels->table, NULL); channel; channel = next) {
		next = channel_table_next(channels->table, channel);
		if ((channel->owners & CHANNEL_FORWARD) && channel->forwarded == 0)
			want_disown(channels, channel, CHANNEL_FORWARD);
	}
	demand_tidy(channels);
}

static void on_devices_changed(struct manager *manager)
{
	update_files(channels_of(manager));
}

static bool on_link_changed(struct manager *manager, const struct link_change *change)
{
	struct channels *channels = channels_of(manager);

	if (change->event == MONITOR_INET)
		return false;
	for (struct channel_device *via = channel_table_devices(channels->table); via;
	     via = via->next)
		if (change->event == MONITOR_LOST || change->ifindex == via->ifindex ||
		    strcmp(change->name, via->name) == 0)
			want_follow_interface(channels, via);
	return false;
}

static int on_open(struct manager *manager)
{
	struct channels *channels;
	int r;

	channels = calloc(1, sizeof(*channels));
	if (!channels)
		return -ENOMEM;
	wing_set_state(manager, &channels_wing, channels);
	channels->manager = manager;
	channels->wing = &channels_wing;
	channels->idle = demand_idle;
	r = channel_table_new(&channels->table);
	if (r == 0)
		r = demand_open(channels);
	if (r >= 0)
		r = counts_open(channels);
	if (r >= 0)
		r = host_joins_open(channels);
	if (r >= 0)
		r = want_open(channels);
	return r;
}

static void on_stop(struct manager *manager)
{
	counts_stop(channels_of(manager));
}

static void on_close(struct manager *manager)
{
	struct channels *channels = channels_of(manager);

	if (!channels)
		return;
	demand_close(channels);
	counts_close(channels);
	host_joins_close(channels);
	settings_clear(&channels->settings);
	want_close(channels);
	channel_table_free(channels->table);
	free(channels);
	wing_set_state(manager, &channels_wing, NULL);
}

const struct wing channels_wing = {
	.name = "channels",
	.open = on_open,
	.start = on_start,
	.reload = on_reload,
	.stop = on_stop,
	.close = on_close,
	.device_private_size = sizeof(struct demand_device),
	.devices_changed = on_devices_changed,
	.link_changed = on_link_changed,
	.settled = on_settled,
};
