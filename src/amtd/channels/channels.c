/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels that are wanted on this host are joined on the interface that they come through, as soon
 * as there is one, and again when it is another one of the same name.
 */
#include "amtd/channels/channels.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the kernel refused is tried again so often. */
#define RETRY_USEC (5 * USEC_PER_SEC)

static struct joins *joins_of(const struct channels *channels, const struct address *group)
{
	return channels->joins[group->family == AF_INET ? CHANNELS_INET : CHANNELS_INET6];
}

void channels_ignore_warning(const struct conf_place *place, const char *text, void *userdata)
{
}

void channels_set_problem(struct channel *channel, char *problem)
{
	free((char *)channel->problem);
	channel->problem = problem;
}

static void retry_later(struct channels *channels)
{
	if (sd_event_source_get_enabled(channels->retry, NULL) > 0)
		return;
	(void)sd_event_source_set_time_relative(channels->retry, RETRY_USEC);
	(void)sd_event_source_set_enabled(channels->retry, SD_EVENT_ONESHOT);
}

int channels_apply(struct channels *channels, struct channel_device *via,
		   const struct address *group, char **ret_problem)
{
	struct joins *joins = joins_of(channels, group);
	char error_text[JOINS_ERROR_MAX];
	struct filter filter;
	int r;

	*ret_problem = NULL;
	r = channel_table_filter(channels->table, via, group, &filter);
	if (r < 0)
		return r;
	r = joins_set(joins, via->ifindex, group, &filter);
	filter_clear(&filter);
	if (r == 0)
		return 0;
	*ret_problem = strdup(joins_error_text(joins, r, error_text));
	if (r < 0)
		retry_later(channels);
	return r < 0 ? r : 0;
}

static void apply(struct channels *channels, struct channel *channel)
{
	char text[CHANNEL_TEXT_MAX], *problem = NULL;

	if (channel->via->ifindex == 0)
		return;
	if (channels_apply(channels, channel->via, &channel->key.group, &problem) < 0 && problem)
		log_warning(channel_format(&channel->key, text), "cannot be joined on %s: %s",
			    channel->via->name, problem);
	channels_set_problem(channel, problem);
	counts_channel(channels, channel->via, &channel->key, true);
	group_route(channels, &channel->key.group);
}

/* No more there, unless it is wanted there twice. */
static void uncount(struct channels *channels, const struct channel_device *via,
		    const struct channel_key *key)
{
	const struct channel *any = channel_table_find(channels->table, key, "");
	const struct channel *named = channel_table_find(channels->table, key, via->name);

	if ((!any || any->via != via) && (!named || named->via != via))
		counts_channel(channels, via, key, false);
}

/* Is it another interface than the one on which channels are joined? */
static void follow_interface(struct channels *channels, struct channel_device *via)
{
	int ifindex = via->n > 0 ? (int)if_nametoindex(via->name) : 0;

	if (ifindex == via->ifindex) {
		group_route_link(channels, via);
		return;
	}
	if (via->ifindex != 0) {
		for (size_t i = 0; i < 2; i++)
			joins_forget(channels->joins[i], via->ifindex);
		for (struct channel *channel = via->table; channel; channel = channel->peer)
			channels_unroute(channels, channel);
	}
	via->ifindex = ifindex;
	if (ifindex != 0)
		counts_device(channels, via);
	for (struct channel *channel = via->table; channel; channel = channel->peer)
		if (ifindex != 0)
			apply(channels, channel);
		else
			group_route(channels, &channel->key.group); /* through another's gateway */
	forward_found(channels->manager);
}

void channels_link(struct manager *manager, enum monitor_event event, int ifindex, const char *name)
{
	struct channels *channels = manager->channels;

	if (event == MONITOR_INET)
		return;
	for (struct channel_device *via = channel_table_devices(channels->table); via;
	     via = via->next)
		if (event == MONITOR_LOST || ifindex == via->ifindex ||
		    strcmp(name, via->name) == 0)
			follow_interface(channels, via);
}

int channels_set_via(struct channels *channels, struct channel *channel, const char *name)
{
	struct channel_device *previous = channel->via;
	char *problem;
	int r;

	if (previous && strcmp(previous->name, name) == 0)
		return 0;
	channels_unroute(channels, channel);
	r = channel_table_set_via(channels->table, channel, name);
	if (r < 0)
		return r;
	if (channel->via && channel->via->ifindex == 0)
		follow_interface(channels, channel->via);
	else if (channel->via)
		apply(channels, channel);
	else
		group_route(channels, &channel->key.group); /* another one's way, perhaps */
	if (channel->owners & CHANNEL_FORWARD)
		forward_found(channels->manager);
	if (previous && previous->ifindex != 0) {
		(void)channels_apply(channels, previous, &channel->key.group, &problem);
		free(problem);
		uncount(channels, previous, &channel->key);
	}
	return 0;
}

void channels_changed(struct channels *channels, const struct channel *channel)
{
	persist_append(channels, channel);
	group_route(channels, &channel->key.group);
}

void channels_disown(struct channels *channels, struct channel *channel, enum channel_owner owner)
{
	struct channel_device *via = channel->via;
	const struct channel_key key = channel->key;
	char *problem = NULL;

	channel->owners &= ~owner;
	channels_changed(channels, channel);
	if (channel->owners != 0)
		return;
	channel_table_remove(channels->table, channel);
	if (via && via->ifindex != 0) {
		(void)channels_apply(channels, via, &key.group, &problem);
		uncount(channels, via, &key);
	}
	free(problem);
	if (via && via->n == 0)
		demand_idle(channels, via);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct channels *channels = userdata;

	for (struct channel *c = channel_table_next(channels->table, NULL); c;
	     c = channel_table_next(channels->table, c))
		if (c->problem && c->via)
			apply(channels, c);
	return 0;
}

int channels_open(struct manager *manager)
{
	struct channels *channels = calloc(1, sizeof(*channels));
	int r;

	if (!channels)
		return -ENOMEM;
	manager->channels = channels;
	channels->manager = manager;
	r = channel_table_new(&channels->table);
	if (r == 0)
		r = demand_open(channels);
	if (r >= 0)
		r = counts_open(channels);
	if (r >= 0)
		r = host_joins_open(channels);
	if (r >= 0)
		r = joins_open(AF_INET, &channels->joins[CHANNELS_INET]);
	if (r == 0)
		r = joins_open(AF_INET6, &channels->joins[CHANNELS_INET6]);
	for (size_t i = 0; i < 2 && r == 0; i++)
		r = keep_joins(manager, channels->joins[i]);
	if (r == 0)
		r = sd_event_add_time_relative(manager->event, &channels->retry, CLOCK_MONOTONIC,
					       RETRY_USEC, 0, on_retry, channels);
	if (r >= 0)
		r = sd_event_source_set_enabled(channels->retry, SD_EVENT_OFF);
	return r;
}

void channels_stop(struct manager *manager)
{
	counts_stop(manager->channels);
}

void channels_close(struct manager *manager)
{
	struct channels *channels = manager->channels;

	if (!channels)
		return;
	demand_close(channels);
	counts_close(channels);
	host_joins_close(channels);
	settings_clear(&channels->settings);
	sd_event_source_disable_unref(channels->retry);
	for (size_t i = 0; i < 2; i++)
		joins_close(channels->joins[i]);
	channel_table_free(channels->table);
	free(channels);
	manager->channels = NULL;
}

static void load_settings(struct channels *channels)
{
	struct settings settings;

	if (settings_load(&manager_log_places, &settings) < 0)
		return;
	settings_clear(&channels->settings);
	channels->settings = settings;
}

static void apply_settings(struct channels *channels)
{
	host_joins_configure(channels);
	channels_config(channels->manager);
	demand_configure(channels);
}

void channels_reload(struct manager *manager)
{
	struct channels *channels = manager->channels;
	const bool route = channels->settings.route;

	load_settings(channels);
	if (channels->settings.route != route)
		group_route_all(channels);
	apply_settings(channels);
}

void channels_start(struct manager *manager)
{
	struct channels *channels = manager->channels;

	persist_load(channels);
	load_settings(channels);
	group_route_start(channels);
	apply_settings(channels);
	persist_write(channels);
	for (struct channel_device *via = channel_table_devices(channels->table); via;
	     via = via->next)
		follow_interface(channels, via);
}

/* A channel that the device's file wants. */
static void want(struct channels *channels, const struct device *device,
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
	(void)channels_set_via(channels, channel, name);
	channels_changed(channels, channel);
}

void channels_config(struct manager *manager)
{
	struct channels *channels = manager->channels;
	struct channel *next;

	for (struct channel *c = channel_table_next(channels->table, NULL); c;
	     c = channel_table_next(channels->table, c))
		c->stale = c->owners & CHANNEL_FILE;
	for (size_t i = 0; i < manager->n_devices; i++) {
		const struct config *config = manager->devices[i]->config;

		for (size_t j = 0; j < config->n_joins; j++)
			want(channels, manager->devices[i], &config->joins[j]);
	}
	for (struct channel *c = channel_table_next(channels->table, NULL); c; c = next) {
		next = channel_table_next(channels->table, c);
		if (c->stale)
			channels_disown(channels, c, CHANNEL_FILE);
	}
	demand_seek_all(channels);
}

void channels_settle(struct manager *manager)
{
	struct channels *channels = manager->channels;
	struct channel *channel, *next;

	for (channel = channel_table_next(channels->table, NULL); channel; channel = next) {
		next = channel_table_next(channels->table, channel);
		if ((channel->owners & CHANNEL_FORWARD) && channel->forwarded == 0)
			channels_disown(channels, channel, CHANNEL_FORWARD);
	}
	demand_tidy(channels);
}
