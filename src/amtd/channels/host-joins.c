/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/channels/host-joins.h"

#include "amtd/channels/demand.h"
#include "amtd/channels/want.h"
#include "amtd/core/keep.h"
#include "amtd/core/manager.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "device/device.h"
#include "kernel/groups.h"
#include "kernel/sentinel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Polling takes at most 1/SHARE of the time. */
#define SHARE 50

#define POLL_USEC (1 * USEC_PER_SEC)

struct host_joins {
	struct sentinel sentinels[2];

	uint64_t next;	/* CLOCK_MONOTONIC: no poll before */
	size_t n;	/* channels that applications want */
	int ifindex;	/* seen last, */
	bool is_native; /* and whether joins there count */
	bool limit_logged;
	sd_event_source *poll;
};

static bool is_native(const struct channels *channels, int ifindex)
{
	const struct manager *manager = channels->manager;

	for (size_t i = 0; i < manager->n_devices; i++)
		if (manager->devices[i]->ifindex == ifindex)
			return false;
	return true;
}

static void want_for_host(struct channels *channels, const struct channel_key *key)
{
	struct channel *channel = channel_table_find(channels->table, key, "");
	struct host_joins *host = channels->host_joins;
	char text[CHANNEL_TEXT_MAX];

	if (!channel && channel_table_count(channels->table) >= channels->settings.max_channels) {
		if (!host->limit_logged)
			log_warning(
				channel_format(key, text),
				"an application wants it, but there are %u channels already; raise MaxChannels= in amtd.conf",
				channels->settings.max_channels);
		host->limit_logged = true;
		return;
	}
	channel = channel ?: channel_table_add(channels->table, key, "", clock_realtime());
	if (!channel)
		return; /* retried by the next poll */
	channel->stale = channel->missed = false;
	if (channel->owners & CHANNEL_HOST)
		return;
	log_info(channel_format(key, text), "an application on this host has joined it");
	channel->owners |= CHANNEL_HOST;
	want_changed(channels, channel);
	if (!channel->via)
		demand_seek(channels, channel);
}

static void on_source(int ifindex, const struct address *group, const struct address *source,
		      void *userdata)
{
	const struct channel_key key = { .group = *group, .source = *source };
	struct channels *channels = userdata;
	struct host_joins *host = channels->host_joins;

	if (!groups_is_routed(group))
		return;
	if (ifindex != host->ifindex) {
		host->ifindex = ifindex;
		host->is_native = is_native(channels, ifindex);
	}
	/* amtd joins on other interfaces, too: `amtctl join --on eth0`, Upstream=eth0. */
	if (host->is_native && !keep_has(channels->manager->keep, ifindex, group, source))
		want_for_host(channels, &key);
}

/* The kernel may lose its position between two reads of the list: missed once is not gone. */
static void drop_missed(struct channels *channels, const bool complete[static 2])
{
	struct channel *next;

	channels->host_joins->n = 0;
	for (struct channel *c = channel_table_next(channels->table, NULL); c; c = next) {
		const bool in6 = c->key.group.family == AF_INET6;

		next = channel_table_next(channels->table, c);
		if (!(c->owners & CHANNEL_HOST))
			continue;
		channels->host_joins->n++;
		if (!c->stale || !complete[in6 ? CHANNELS_INET6 : CHANNELS_INET])
			continue;
		if (c->missed)
			want_disown(channels, c, CHANNEL_HOST);
		else
			c->missed = true;
	}
}

static void poll_host(struct channels *channels)
{
	struct host_joins *host = channels->host_joins;
	uint64_t now = clock_monotonic();
	bool complete[2];

	/* A previous amtd's memberships, held for a while, look like an application's. */
	if (now < host->next || keep_holds(channels->manager->keep))
		return;
	for (struct channel *c = channel_table_next(channels->table, NULL); c && host->n > 0;
	     c = channel_table_next(channels->table, c))
		c->stale = c->owners & CHANNEL_HOST;
	host->ifindex = 0;
	for (size_t i = 0; i < 2; i++)
		complete[i] = sentinel_list(&host->sentinels[i], on_source, channels);
	drop_missed(channels, complete);
	host->next = now + SHARE * (clock_monotonic() - now);
}

static int on_poll(sd_event_source *source, uint64_t usec, void *userdata)
{
	poll_host(userdata);
	timer_arm_relative(source, POLL_USEC);
	return 0;
}

void host_joins_configure(struct channels *channels)
{
	struct host_joins *host = channels->host_joins;
	struct channel *next;

	host->limit_logged = false;
	host->n = SIZE_MAX; /* unknown: there may be some of a previous amtd */
	if (channels->settings.host_joins) {
		timer_ensure(host->poll, POLL_USEC);
		return;
	}
	timer_disarm(host->poll);
	for (size_t i = 0; i < 2; i++)
		sentinel_close(&host->sentinels[i]);
	for (struct channel *c = channel_table_next(channels->table, NULL); c; c = next) {
		next = channel_table_next(channels->table, c);
		if (c->owners & CHANNEL_HOST)
			want_disown(channels, c, CHANNEL_HOST);
	}
}

int host_joins_open(struct channels *channels)
{
	struct host_joins *host = calloc(1, sizeof(*host));

	if (!host)
		return -ENOMEM;
	host->sentinels[CHANNELS_INET] = (struct sentinel){ .family = AF_INET, .number = 1 };
	host->sentinels[CHANNELS_INET6] = (struct sentinel){ .family = AF_INET6, .number = 1 };
	channels->host_joins = host;
	return timer_add(channels->manager->event, &host->poll, TIMER_EXACT, on_poll, channels);
}

void host_joins_close(struct channels *channels)
{
	if (!channels->host_joins)
		return;
	sd_event_source_disable_unref(channels->host_joins->poll);
	for (size_t i = 0; i < 2; i++)
		sentinel_close(&channels->host_joins->sentinels[i]);
	free(channels->host_joins);
	channels->host_joins = NULL;
}
