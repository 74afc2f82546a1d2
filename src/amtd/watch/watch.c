/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels that are wanted on this host are joined on the interface that they come through, as soon
 * as there is one, and again when it is another one of the same name.
 */
#include "watch.h"

#include <amt/clock.h>
#include <amt/log.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the kernel refused is tried again so often. */
#define RETRY_USEC (5 * USEC_PER_SEC)

static struct joins *joins_of(const struct watch *watch, const struct address *group)
{
	return watch->joins[group->family == AF_INET ? WATCH_INET : WATCH_INET6];
}

void watch_ignore_warning(const struct conf_place *place, const char *text, void *userdata)
{
}

void watch_set_problem(struct channel *channel, char *problem)
{
	free((char *)channel->problem);
	channel->problem = problem;
}

static void retry_later(struct watch *watch)
{
	if (sd_event_source_get_enabled(watch->retry, NULL) > 0)
		return;
	(void)sd_event_source_set_time_relative(watch->retry, RETRY_USEC);
	(void)sd_event_source_set_enabled(watch->retry, SD_EVENT_ONESHOT);
}

int watch_apply(struct watch *watch, struct channel_device *via, const struct address *group,
		char **ret_problem)
{
	struct joins *joins = joins_of(watch, group);
	char words[JOINS_WORDS_MAX];
	struct filter filter;
	int r;

	*ret_problem = NULL;
	r = channels_filter(watch->channels, via, group, &filter);
	if (r < 0)
		return r;
	r = joins_set(joins, via->ifindex, group, &filter);
	filter_clear(&filter);
	if (r == 0)
		return 0;
	*ret_problem = strdup(joins_words(joins, r, words));
	if (r < 0)
		retry_later(watch);
	return r < 0 ? r : 0;
}

static void apply(struct watch *watch, struct channel *channel)
{
	char text[CHANNEL_TEXT_MAX], *problem = NULL;

	if (channel->via->ifindex == 0)
		return;
	if (watch_apply(watch, channel->via, &channel->key.group, &problem) < 0 && problem)
		log_warning(channel_format(&channel->key, text), "cannot be joined on %s: %s",
			    channel->via->name, problem);
	watch_set_problem(channel, problem);
	count_channel(watch, channel->via, &channel->key, true);
	watch_route(watch, &channel->key.group);
}

/* No more there, unless it is wanted there twice. */
static void uncount(struct watch *watch, const struct channel_device *via,
		    const struct channel_key *key)
{
	const struct channel *any = channels_find(watch->channels, key, "");
	const struct channel *named = channels_find(watch->channels, key, via->name);

	if ((!any || any->via != via) && (!named || named->via != via))
		count_channel(watch, via, key, false);
}

/* Is it another interface than the one on which channels are joined? */
static void follow_interface(struct watch *watch, struct channel_device *via)
{
	int ifindex = via->n > 0 ? (int)if_nametoindex(via->name) : 0;

	if (ifindex == via->ifindex) {
		watch_route_link(watch, via);
		return;
	}
	if (via->ifindex != 0) {
		for (size_t i = 0; i < 2; i++)
			joins_forget(watch->joins[i], via->ifindex);
		for (struct channel *channel = via->channels; channel; channel = channel->peer)
			watch_unroute(watch, channel);
	}
	via->ifindex = ifindex;
	if (ifindex != 0)
		count_device(watch, via);
	for (struct channel *channel = via->channels; channel; channel = channel->peer)
		if (ifindex != 0)
			apply(watch, channel);
		else
			watch_route(watch, &channel->key.group); /* through another's gateway */
	forward_found(watch->manager);
}

void watch_link(struct manager *manager, enum monitor_event event, int ifindex, const char *name)
{
	struct watch *watch = manager->watch;

	if (event == MONITOR_INET)
		return;
	for (struct channel_device *via = channels_devices(watch->channels); via; via = via->next)
		if (event == MONITOR_LOST || ifindex == via->ifindex ||
		    strcmp(name, via->name) == 0)
			follow_interface(watch, via);
}

int watch_set_via(struct watch *watch, struct channel *channel, const char *name)
{
	struct channel_device *former = channel->via;
	char *problem;
	int r;

	if (former && strcmp(former->name, name) == 0)
		return 0;
	watch_unroute(watch, channel);
	r = channels_set_via(watch->channels, channel, name);
	if (r < 0)
		return r;
	if (channel->via && channel->via->ifindex == 0)
		follow_interface(watch, channel->via);
	else if (channel->via)
		apply(watch, channel);
	else
		watch_route(watch, &channel->key.group); /* another one's way, perhaps */
	if (channel->owners & CHANNEL_FORWARD)
		forward_found(watch->manager);
	if (former && former->ifindex != 0) {
		(void)watch_apply(watch, former, &channel->key.group, &problem);
		free(problem);
		uncount(watch, former, &channel->key);
	}
	return 0;
}

void watch_changed(struct watch *watch, const struct channel *channel)
{
	watch_record_append(watch, channel);
	watch_route(watch, &channel->key.group);
}

void watch_disown(struct watch *watch, struct channel *channel, enum channel_owner owner)
{
	struct channel_device *via = channel->via;
	const struct channel_key key = channel->key;
	char *problem = NULL;

	channel->owners &= ~owner;
	watch_changed(watch, channel);
	if (channel->owners != 0)
		return;
	channels_remove(watch->channels, channel);
	if (via && via->ifindex != 0) {
		(void)watch_apply(watch, via, &key.group, &problem);
		uncount(watch, via, &key);
	}
	free(problem);
	if (via && via->n == 0)
		demand_idle(watch, via);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct watch *watch = userdata;

	for (struct channel *c = channels_next(watch->channels, NULL); c;
	     c = channels_next(watch->channels, c))
		if (c->problem && c->via)
			apply(watch, c);
	return 0;
}

int watch_open(struct manager *manager)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return -ENOMEM;
	manager->watch = watch;
	watch->manager = manager;
	r = channels_new(&watch->channels);
	if (r == 0)
		r = demand_open(watch);
	if (r >= 0)
		r = count_open(watch);
	if (r >= 0)
		r = watch_host_open(watch);
	if (r >= 0)
		r = joins_open(AF_INET, &watch->joins[WATCH_INET]);
	if (r == 0)
		r = joins_open(AF_INET6, &watch->joins[WATCH_INET6]);
	for (size_t i = 0; i < 2 && r == 0; i++)
		r = keep_joins(manager, watch->joins[i]);
	if (r == 0)
		r = sd_event_add_time_relative(manager->event, &watch->retry, CLOCK_MONOTONIC,
					       RETRY_USEC, 0, on_retry, watch);
	if (r >= 0)
		r = sd_event_source_set_enabled(watch->retry, SD_EVENT_OFF);
	return r;
}

void watch_stop(struct manager *manager)
{
	count_stop(manager->watch);
}

void watch_close(struct manager *manager)
{
	struct watch *watch = manager->watch;

	if (!watch)
		return;
	demand_close(watch);
	count_close(watch);
	watch_host_close(watch);
	settings_clear(&watch->settings);
	sd_event_source_disable_unref(watch->retry);
	for (size_t i = 0; i < 2; i++)
		joins_close(watch->joins[i]);
	channels_free(watch->channels);
	free(watch);
	manager->watch = NULL;
}

static void load_settings(struct watch *watch)
{
	struct settings settings;

	if (settings_load(&manager_log_places, &settings) < 0)
		return;
	settings_clear(&watch->settings);
	watch->settings = settings;
}

static void apply_settings(struct watch *watch)
{
	watch_host_configure(watch);
	watch_config(watch->manager);
	demand_configure(watch);
}

void watch_reload(struct manager *manager)
{
	struct watch *watch = manager->watch;
	const bool route = watch->settings.route;

	load_settings(watch);
	if (watch->settings.route != route)
		watch_route_all(watch);
	apply_settings(watch);
}

void watch_start(struct manager *manager)
{
	struct watch *watch = manager->watch;

	watch_record_load(watch);
	load_settings(watch);
	watch_route_start(watch);
	apply_settings(watch);
	watch_record_write(watch);
	for (struct channel_device *via = channels_devices(watch->channels); via; via = via->next)
		follow_interface(watch, via);
}

/* A channel that the device's file wants. */
static void want(struct watch *watch, const struct device *device, const struct channel_key *key)
{
	const char *name = device->config->name;
	struct channel *channel;

	channel = channels_add(watch->channels, key, name, clock_realtime());
	if (!channel)
		return;
	channel->stale = false;
	if (channel->owners & CHANNEL_FILE)
		return;
	channel->owners |= CHANNEL_FILE;
	(void)watch_set_via(watch, channel, name);
	watch_changed(watch, channel);
}

void watch_config(struct manager *manager)
{
	struct watch *watch = manager->watch;
	struct channel *next;

	for (struct channel *c = channels_next(watch->channels, NULL); c;
	     c = channels_next(watch->channels, c))
		c->stale = c->owners & CHANNEL_FILE;
	for (size_t i = 0; i < manager->n_devices; i++) {
		const struct config *config = manager->devices[i]->config;

		for (size_t j = 0; j < config->n_joins; j++)
			want(watch, manager->devices[i], &config->joins[j]);
	}
	for (struct channel *c = channels_next(watch->channels, NULL); c; c = next) {
		next = channels_next(watch->channels, c);
		if (c->stale)
			watch_disown(watch, c, CHANNEL_FILE);
	}
	demand_seek_all(watch);
}

void watch_settle(struct manager *manager)
{
	struct watch *watch = manager->watch;
	struct channel *channel, *next;

	for (channel = channels_next(watch->channels, NULL); channel; channel = next) {
		next = channels_next(watch->channels, channel);
		if ((channel->owners & CHANNEL_FORWARD) && channel->forwarded == 0)
			watch_disown(watch, channel, CHANNEL_FORWARD);
	}
	demand_tidy(watch);
}
