/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/channels/want.h"

#include "amtd/channels/counts.h"
#include "amtd/channels/group-route.h"
#include "amtd/channels/persist.h"
#include "amtd/core/keep.h"
#include "amtd/core/manager.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "kernel/error-text.h"
#include "kernel/joins.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Failed joins are retried at this interval. */
#define RETRY_USEC (5 * USEC_PER_SEC)

static struct joins *joins_of(const struct channels *channels, const struct address *group)
{
	return channels->joins[group->family == AF_INET ? CHANNELS_INET : CHANNELS_INET6];
}

void want_set_problem(struct channel *channel, char *problem)
{
	free((char *)channel->problem);
	channel->problem = problem;
}

static int apply_group(struct channels *channels, struct channel_device *via,
		       const struct address *group, char **ret_problem)
{
	struct joins *joins = joins_of(channels, group);
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
	*ret_problem = strdup(joins_error_text(r, group->family));
	if (r < 0)
		timer_ensure(channels->retry, RETRY_USEC);
	return r < 0 ? r : 0;
}

static void apply_channel(struct channels *channels, struct channel *channel)
{
	char text[CHANNEL_TEXT_MAX], *problem = NULL;

	if (channel->via->ifindex == 0)
		return;
	if (apply_group(channels, channel->via, &channel->key.group, &problem) < 0 && problem)
		log_warning(channel_format(&channel->key, text), "cannot be joined on %s: %s",
			    channel->via->name, problem);
	want_set_problem(channel, problem);
	counts_channel(channels, channel->via, &channel->key, true);
	group_route(channels, &channel->key.group);
}

/* Stop counting it there, unless it is wanted there twice. */
static void uncount(struct channels *channels, const struct channel_device *via,
		    const struct channel_key *key)
{
	const struct channel *any = channel_table_find(channels->table, key, "");
	const struct channel *named = channel_table_find(channels->table, key, via->name);

	if ((!any || any->via != via) && (!named || named->via != via))
		counts_channel(channels, via, key, false);
}

static void notify_moved(const struct channels *channels)
{
	if (channels->moved)
		channels->moved(channels->moved_userdata);
}

/* Joins again if the interface was replaced by another one of the same name. */
void want_follow_interface(struct channels *channels, struct channel_device *via)
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
			group_unroute(channels, channel);
	}
	via->ifindex = ifindex;
	if (ifindex != 0)
		counts_device(channels, via);
	for (struct channel *channel = via->table; channel; channel = channel->peer)
		if (ifindex != 0)
			apply_channel(channels, channel);
		else
			group_route(channels,
				    &channel->key.group); /* another channel's gateway may get it */
	notify_moved(channels);
}

int want_set_via(struct channels *channels, struct channel *channel, const char *name)
{
	struct channel_device *previous = channel->via;
	char *problem;
	int r;

	if (previous && strcmp(previous->name, name) == 0)
		return 0;
	group_unroute(channels, channel);
	r = channel_table_set_via(channels->table, channel, name);
	if (r < 0)
		return r;
	if (channel->via && channel->via->ifindex == 0)
		want_follow_interface(channels, channel->via);
	else if (channel->via)
		apply_channel(channels, channel);
	else
		group_route(channels,
			    &channel->key.group); /* another channel's gateway may get it */
	if (channel->owners & CHANNEL_FORWARD)
		notify_moved(channels);
	if (previous && previous->ifindex != 0) {
		(void)apply_group(channels, previous, &channel->key.group, &problem);
		free(problem);
		uncount(channels, previous, &channel->key);
	}
	return 0;
}

void want_changed(struct channels *channels, const struct channel *channel)
{
	persist_append(channels, channel);
	group_route(channels, &channel->key.group);
}

void want_disown(struct channels *channels, struct channel *channel, enum channel_owner owner)
{
	struct channel_device *via = channel->via;
	const struct channel_key key = channel->key;
	char *problem = NULL;

	channel->owners &= ~owner;
	want_changed(channels, channel);
	if (channel->owners != 0)
		return;
	channel_table_remove(channels->table, channel);
	if (via && via->ifindex != 0) {
		(void)apply_group(channels, via, &key.group, &problem);
		uncount(channels, via, &key);
	}
	free(problem);
	if (via && via->n == 0)
		channels->idle(channels, via);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct channels *channels = userdata;

	for (struct channel *c = channel_table_next(channels->table, NULL); c;
	     c = channel_table_next(channels->table, c))
		if (c->problem && c->via)
			apply_channel(channels, c);
	return 0;
}

int want_open(struct channels *channels)
{
	struct keep *keep = channels->manager->keep;
	int r;

	r = keep_joins_open(keep, AF_INET, &channels->joins[CHANNELS_INET]);
	if (r == 0)
		r = keep_joins_open(keep, AF_INET6, &channels->joins[CHANNELS_INET6]);
	if (r == 0)
		r = timer_add(channels->manager->event, &channels->retry, TIMER_COARSE, on_retry,
			      channels);
	return r;
}

void want_close(struct channels *channels)
{
	sd_event_source_disable_unref(channels->retry);
	for (size_t i = 0; i < 2; i++)
		keep_joins_close(channels->manager->keep, channels->joins[i]);
}
