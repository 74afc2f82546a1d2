/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HostJoins=: what applications on this host join from a source, on whatever interface, is wanted
 * as if by amtctl. No event tells of joins: /proc is looked at once a second.
 */
#include "forward/forward-private.h"
#include "watch.h"

#include <amt/clock.h>
#include <amt/groups.h>
#include <amt/log.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Looked at for at most one part in so many of the time. */
#define SHARE 50

/* lo has this index in every network namespace (include/net/flow.h). */
#define LOOPBACK_IFINDEX 1

static const sa_family_t families[] = { [WATCH_INET] = AF_INET, [WATCH_INET6] = AF_INET6 };

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

static bool is_native(const struct watch *watch, int ifindex)
{
	const struct manager *manager = watch->manager;

	for (size_t i = 0; i < manager->n_devices; i++)
		if (manager->devices[i]->ifindex == ifindex)
			return false;
	return true;
}

/* amtd joins on other interfaces, too: `amtctl join --on eth0`, Upstream=eth0. */
static bool is_own(const struct watch *watch, int ifindex, const struct channel_key *key)
{
	const struct manager *manager = watch->manager;
	const bool in6 = key->group.family == AF_INET6;

	if (joins_has(watch->joins[in6 ? WATCH_INET6 : WATCH_INET], ifindex, &key->group,
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

static void want(struct watch *watch, const struct channel_key *key)
{
	struct channel *channel = channels_find(watch->channels, key, "");
	struct host *host = watch->host;
	char text[CHANNEL_TEXT_MAX];

	if (!channel && channels_count(watch->channels) >= watch->settings.max_channels) {
		if (!host->limit_told)
			log_warning(channel_format(key, text),
				    "an application wants it, but there are %u channels already; "
				    "raise Limit= in amtd.conf",
				    watch->settings.max_channels);
		host->limit_told = true;
		return;
	}
	channel = channel ?: channels_add(watch->channels, key, "", clock_realtime());
	if (!channel)
		return; /* the next look tries again */
	channel->stale = channel->missed = false;
	if (channel->owners & CHANNEL_HOST)
		return;
	log_info(channel_format(key, text), "an application on this host has joined it");
	channel->owners |= CHANNEL_HOST;
	watch_changed(watch, channel);
	if (!channel->via)
		demand_seek(watch, channel);
}

static void on_source(int ifindex, const struct address *group, const struct address *source,
		      void *userdata)
{
	const struct channel_key key = { .group = *group, .source = *source };
	struct watch *watch = userdata;
	struct host *host = watch->host;

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
		host->is_native = is_native(watch, ifindex);
	}
	if (host->is_native && !is_own(watch, ifindex, &key))
		want(watch, &key);
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
static bool look_at(struct watch *watch, size_t i)
{
	struct host *host = watch->host;

	host->marked = false;
	(void)groups_list_sources(families[i], on_source, watch);
	if (host->marked)
		return true;
	mark(host, i);
	(void)groups_list_sources(families[i], on_source, watch);
	return host->marked;
}

/* Between two pages of the list the kernel may lose its place: missed once is not gone. */
static void settle(struct watch *watch, const bool whole[static 2])
{
	struct channel *next;

	watch->host->n = 0;
	for (struct channel *c = channels_next(watch->channels, NULL); c; c = next) {
		const bool in6 = c->key.group.family == AF_INET6;

		next = channels_next(watch->channels, c);
		if (!(c->owners & CHANNEL_HOST))
			continue;
		watch->host->n++;
		if (!c->stale || !whole[in6 ? WATCH_INET6 : WATCH_INET])
			continue;
		if (c->missed)
			watch_disown(watch, c, CHANNEL_HOST);
		else
			c->missed = true;
	}
}

void watch_host_look(struct manager *manager, uint64_t now)
{
	struct watch *watch = manager->watch;
	struct host *host = watch->host;
	bool whole[2];

	/* What a former amtd had joined is held for a while, and looks like anybody's. */
	if (!watch->settings.host_joins || now < host->next || keep_holds(manager))
		return;
	for (struct channel *c = channels_next(watch->channels, NULL); c && host->n > 0;
	     c = channels_next(watch->channels, c))
		c->stale = c->owners & CHANNEL_HOST;
	host->ifindex = 0;
	for (size_t i = 0; i < 2; i++)
		whole[i] = look_at(watch, i);
	settle(watch, whole);
	host->next = now + SHARE * (clock_monotonic() - now);
}

void watch_host_configure(struct watch *watch)
{
	struct host *host = watch->host;
	struct channel *next;

	host->limit_told = false;
	host->n = SIZE_MAX; /* not known: of a former life, perhaps */
	if (watch->settings.host_joins)
		return;
	for (size_t i = 0; i < 2; i++) {
		joins_close(host->marks[i]);
		host->marks[i] = NULL;
	}
	for (struct channel *c = channels_next(watch->channels, NULL); c; c = next) {
		next = channels_next(watch->channels, c);
		if (c->owners & CHANNEL_HOST)
			watch_disown(watch, c, CHANNEL_HOST);
	}
}

int watch_host_open(struct watch *watch)
{
	struct host *host = calloc(1, sizeof(*host));

	if (!host)
		return -ENOMEM;
	/* For documentation, RFC 6676; interface-local, RFC 4291, 2.7: nobody is told of that. */
	host->mark_keys[WATCH_INET] = (struct channel_key){
		.group = { .family = AF_INET, .in.s_addr = htonl(0xe9fc0001) },
		.source = { .family = AF_INET, .in.s_addr = htonl(INADDR_LOOPBACK) },
	};
	host->mark_keys[WATCH_INET6] = (struct channel_key){
		.group = { .family = AF_INET6,
			   .in6.s6_addr = { 0xff, 0x31, [12] = 0x80, [15] = 1 } },
		.source = { .family = AF_INET6, .in6 = IN6ADDR_LOOPBACK_INIT },
	};
	watch->host = host;
	return 0;
}

void watch_host_close(struct watch *watch)
{
	if (!watch->host)
		return;
	for (size_t i = 0; i < 2; i++)
		joins_close(watch->host->marks[i]);
	free(watch->host);
	watch->host = NULL;
}
