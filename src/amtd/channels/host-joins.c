/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HostJoins=: what applications on this host join from a source, on whatever interface, is wanted
 * as if by amtctl. No event tells of joins: /proc is looked at once a second.
 */
#include "amtd/channels/channels.h"
#include "amtd/forward/forward-private.h"
#include "base/clock.h"
#include "base/log.h"
#include "kernel/groups.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Looked at for at most one part in so many of the time. */
#define SHARE 50

/* lo has this index in every network namespace (include/net/flow.h). */
#define LOOPBACK_IFINDEX 1

static const sa_family_t families[] = { [CHANNELS_INET] = AF_INET, [CHANNELS_INET6] = AF_INET6 };

struct host {
	/* The kernel leaves out interfaces whose newest group has no sources, up to the first one
	 * whose has some (igmp_mcf_get_first()): a membership on lo, which is the first of all,
	 * makes the list whole. It has to be the newest one there. */
	struct joins *marks[2];
	struct channel_key mark_keys[2];
	bool marked;

	uint64_t next;	/* CLOCK_MONOTONIC: not to look again before */
	size_t n;	/* channels that applications want */
	int ifindex;	/* that was met last, */
	bool is_native; /* and whether joins there count */
	bool limit_told;
};

static bool is_native(const struct channels *channels, int ifindex)
{
	const struct manager *manager = channels->manager;

	for (size_t i = 0; i < manager->n_devices; i++)
		if (manager->devices[i]->ifindex == ifindex)
			return false;
	return true;
}

/* amtd joins on other interfaces, too: `amtctl join --on eth0`, Upstream=eth0. */
static bool is_own(const struct channels *channels, int ifindex, const struct channel_key *key)
{
	const struct manager *manager = channels->manager;
	const bool in6 = key->group.family == AF_INET6;

	if (joins_has(channels->joins[in6 ? CHANNELS_INET6 : CHANNELS_INET], ifindex, &key->group,
		      &key->source))
		return true;
	for (size_t i = 0; i < manager->n_devices; i++) {
		const struct forward *forward = manager->devices[i]->forward;

		if (forward && joins_has(forward->joins[in6 ? FAMILY_IPV6 : FAMILY_IPV4], ifindex,
					 &key->group, &key->source))
			return true;
	}
	return false;
}

static void want(struct channels *channels, const struct channel_key *key)
{
	struct channel *channel = channel_table_find(channels->table, key, "");
	struct host *host = channels->host;
	char text[CHANNEL_TEXT_MAX];

	if (!channel && channel_table_count(channels->table) >= channels->settings.max_channels) {
		if (!host->limit_told)
			log_warning(
				channel_format(key, text),
				"an application wants it, but there are %u channels already; raise Limit= in amtd.conf",
				channels->settings.max_channels);
		host->limit_told = true;
		return;
	}
	channel = channel ?: channel_table_add(channels->table, key, "", clock_realtime());
	if (!channel)
		return; /* the next look tries again */
	channel->stale = channel->missed = false;
	if (channel->owners & CHANNEL_HOST)
		return;
	log_info(channel_format(key, text), "an application on this host has joined it");
	channel->owners |= CHANNEL_HOST;
	channels_changed(channels, channel);
	if (!channel->via)
		demand_seek(channels, channel);
}

static void on_source(int ifindex, const struct address *group, const struct address *source,
		      void *userdata)
{
	const struct channel_key key = { .group = *group, .source = *source };
	struct channels *channels = userdata;
	struct host *host = channels->host;

	if (ifindex == LOOPBACK_IFINDEX) {
		for (size_t i = 0; i < 2; i++)
			if (channel_compare(&key, &host->mark_keys[i]) == 0)
				host->marked = true;
		return;
	}
	if (!groups_is_routed(group))
		return;
	if (ifindex != host->ifindex) {
		host->ifindex = ifindex;
		host->is_native = is_native(channels, ifindex);
	}
	if (host->is_native && !is_own(channels, ifindex, &key))
		want(channels, &key);
}

static void mark(struct host *host, size_t i)
{
	const struct filter none = { .mode = FILTER_INCLUDE };
	struct filter filter = none;

	if (!host->marks[i] && joins_open(families[i], &host->marks[i]) < 0)
		return;
	if (filter_add(&filter, &host->mark_keys[i].source) < 0)
		return;
	(void)joins_set(host->marks[i], LOOPBACK_IFINDEX, &host->mark_keys[i].group, &none);
	(void)joins_set(host->marks[i], LOOPBACK_IFINDEX, &host->mark_keys[i].group, &filter);
	filter_clear(&filter);
}

/* False: perhaps not all was seen. */
static bool poll_device(struct channels *channels, size_t i)
{
	struct host *host = channels->host;

	host->marked = false;
	(void)groups_list_sources(families[i], on_source, channels);
	if (host->marked)
		return true;
	mark(host, i);
	(void)groups_list_sources(families[i], on_source, channels);
	return host->marked;
}

/* Between two pages of the list the kernel may lose its place: missed once is not gone. */
static void settle(struct channels *channels, const bool whole[static 2])
{
	struct channel *next;

	channels->host->n = 0;
	for (struct channel *c = channel_table_next(channels->table, NULL); c; c = next) {
		const bool in6 = c->key.group.family == AF_INET6;

		next = channel_table_next(channels->table, c);
		if (!(c->owners & CHANNEL_HOST))
			continue;
		channels->host->n++;
		if (!c->stale || !whole[in6 ? CHANNELS_INET6 : CHANNELS_INET])
			continue;
		if (c->missed)
			channels_disown(channels, c, CHANNEL_HOST);
		else
			c->missed = true;
	}
}

void host_joins_look(struct manager *manager, uint64_t now)
{
	struct channels *channels = manager->channels;
	struct host *host = channels->host;
	bool whole[2];

	/* What a former amtd had joined is held for a while, and looks like anybody's. */
	if (!channels->settings.host_joins || now < host->next || keep_holds(manager))
		return;
	for (struct channel *c = channel_table_next(channels->table, NULL); c && host->n > 0;
	     c = channel_table_next(channels->table, c))
		c->stale = c->owners & CHANNEL_HOST;
	host->ifindex = 0;
	for (size_t i = 0; i < 2; i++)
		whole[i] = poll_device(channels, i);
	settle(channels, whole);
	host->next = now + SHARE * (clock_monotonic() - now);
}

void host_joins_configure(struct channels *channels)
{
	struct host *host = channels->host;
	struct channel *next;

	host->limit_told = false;
	host->n = SIZE_MAX; /* not known: of a former life, perhaps */
	if (channels->settings.host_joins)
		return;
	for (size_t i = 0; i < 2; i++) {
		joins_close(host->marks[i]);
		host->marks[i] = NULL;
	}
	for (struct channel *c = channel_table_next(channels->table, NULL); c; c = next) {
		next = channel_table_next(channels->table, c);
		if (c->owners & CHANNEL_HOST)
			channels_disown(channels, c, CHANNEL_HOST);
	}
}

int host_joins_open(struct channels *channels)
{
	struct host *host = calloc(1, sizeof(*host));

	if (!host)
		return -ENOMEM;
	/* For documentation, RFC 6676; interface-local, RFC 4291, 2.7: nobody is told of that. */
	host->mark_keys[CHANNELS_INET] = (struct channel_key){
		.group = { .family = AF_INET, .in.s_addr = htonl(0xe9fc0001) },
		.source = { .family = AF_INET, .in.s_addr = htonl(INADDR_LOOPBACK) },
	};
	host->mark_keys[CHANNELS_INET6] = (struct channel_key){
		.group = { .family = AF_INET6,
			   .in6.s6_addr = { 0xff, 0x31, [12] = 0x80, [15] = 1 } },
		.source = { .family = AF_INET6, .in6 = IN6ADDR_LOOPBACK_INIT },
	};
	channels->host = host;
	return 0;
}

void host_joins_close(struct channels *channels)
{
	if (!channels->host)
		return;
	for (size_t i = 0; i < 2; i++)
		joins_close(channels->host->marks[i]);
	free(channels->host);
	channels->host = NULL;
}
