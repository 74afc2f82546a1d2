/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <amt/channels.h>

#include <amt/hash.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64

/* A bucket is chosen by the group: what is wanted of one lies in a single chain. */
struct channels {
	struct channel **buckets;
	size_t n_buckets, n;
	struct hash hash;
	struct channel_device *devices;
};

static size_t bucket_of(const struct channels *channels, const struct address *group)
{
	const void *bytes =
		group->family == AF_INET ? (const void *)&group->in : (const void *)&group->in6;
	size_t length = group->family == AF_INET ? sizeof(group->in) : sizeof(group->in6);

	return hash_bytes(&channels->hash, bytes, length) & (channels->n_buckets - 1);
}

int channels_new(struct channels **ret)
{
	struct channels *channels = calloc(1, sizeof(*channels));

	if (!channels)
		return -ENOMEM;
	channels->n_buckets = BUCKETS_MIN;
	channels->buckets = calloc(channels->n_buckets, sizeof(struct channel *));
	if (!channels->buckets || hash_draw(&channels->hash) < 0) {
		free(channels->buckets);
		free(channels);
		return -ENOMEM;
	}
	*ret = channels;
	return 0;
}

void channels_free(struct channels *channels)
{
	if (!channels)
		return;
	for (size_t i = 0; i < channels->n_buckets; i++)
		while (channels->buckets[i])
			channels_remove(channels, channels->buckets[i]);
	while (channels->devices) {
		struct channel_device *device = channels->devices;

		channels->devices = device->next;
		free(device);
	}
	free(channels->buckets);
	free(channels);
}

size_t channels_count(const struct channels *channels)
{
	return channels->n;
}

struct channel_device *channels_device(const struct channels *channels, const char *name)
{
	struct channel_device *device = channels->devices;

	while (device && strcmp(device->name, name) != 0)
		device = device->next;
	return device;
}

struct channel_device *channels_device_numbered(const struct channels *channels,
						unsigned int number)
{
	struct channel_device *device = channels->devices;

	while (device && device->number != number)
		device = device->next;
	return device;
}

struct channel_device *channels_devices(const struct channels *channels)
{
	return channels->devices;
}

static struct channel_device *get_device(struct channels *channels, const char *name)
{
	struct channel_device *device = channels_device(channels, name);

	if (device || strlen(name) >= sizeof(device->name))
		return device;
	device = calloc(1, sizeof(*device));
	if (!device)
		return NULL;
	strcpy(device->name, name);
	device->number = channels->devices ? channels->devices->number + 1 : 0;
	device->next = channels->devices;
	channels->devices = device;
	return device;
}

struct channel *channels_find(const struct channels *channels, const struct channel_key *key,
			      const char *on)
{
	struct channel *channel = channels->buckets[bucket_of(channels, &key->group)];

	for (; channel; channel = channel->next)
		if (channel_compare(&channel->key, key) == 0 &&
		    strcmp(channel->on ? channel->on->name : "", on) == 0)
			return channel;
	return NULL;
}

static void grow(struct channels *channels)
{
	struct channel **old = channels->buckets, **buckets;
	size_t n_old = channels->n_buckets;

	buckets = calloc(n_old * 2, sizeof(struct channel *));
	if (!buckets)
		return; /* slower, no more */
	channels->buckets = buckets;
	channels->n_buckets = n_old * 2;
	for (size_t i = 0; i < n_old; i++)
		while (old[i]) {
			struct channel *channel = old[i];
			struct channel **bucket =
				&buckets[bucket_of(channels, &channel->key.group)];

			old[i] = channel->next;
			channel->next = *bucket;
			*bucket = channel;
		}
	free(old);
}

struct channel *channels_add(struct channels *channels, const struct channel_key *key,
			     const char *on, uint64_t now)
{
	struct channel *channel = channels_find(channels, key, on), **bucket;

	if (channel)
		return channel;
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return NULL;
	channel->key = *key;
	channel->since = now;
	if (*on != '\0') {
		channel->on = get_device(channels, on);
		if (!channel->on) {
			free(channel);
			return NULL;
		}
	}
	if (channels->n++ >= channels->n_buckets)
		grow(channels);
	bucket = &channels->buckets[bucket_of(channels, &key->group)];
	channel->next = *bucket;
	*bucket = channel;
	return channel;
}

static void unlink_via(struct channel *channel)
{
	if (!channel->via)
		return;
	*channel->peer_link = channel->peer;
	if (channel->peer)
		channel->peer->peer_link = channel->peer_link;
	channel->via->n--;
	channel->via = NULL;
}

int channels_set_via(struct channels *channels, struct channel *channel, const char *name)
{
	struct channel_device *device = *name != '\0' ? get_device(channels, name) : NULL;

	if (*name != '\0' && !device)
		return -ENOMEM;
	unlink_via(channel);
	if (!device)
		return 0;
	channel->via = device;
	channel->peer = device->channels;
	channel->peer_link = &device->channels;
	if (channel->peer)
		channel->peer->peer_link = &channel->peer;
	device->channels = channel;
	device->n++;
	return 0;
}

void channels_remove(struct channels *channels, struct channel *channel)
{
	struct channel **link = &channels->buckets[bucket_of(channels, &channel->key.group)];

	while (*link != channel)
		link = &(*link)->next;
	*link = channel->next;
	channels->n--;
	unlink_via(channel);
	free((char *)channel->problem);
	free(channel);
}

struct channel *channels_of_group(const struct channels *channels, const struct address *group,
				  const struct channel *previous)
{
	struct channel *channel =
		previous ? previous->next : channels->buckets[bucket_of(channels, group)];

	while (channel && !address_equal(&channel->key.group, group))
		channel = channel->next;
	return channel;
}

int channels_filter(const struct channels *channels, const struct channel_device *via,
		    const struct address *group, struct filter *ret)
{
	struct filter filter = { .mode = FILTER_INCLUDE };
	const struct channel *channel = channels->buckets[bucket_of(channels, group)];

	for (; channel; channel = channel->next) {
		if (channel->via != via || !address_equal(&channel->key.group, group))
			continue;
		if (channel->key.source.family == AF_UNSPEC) {
			filter_clear(&filter);
			filter.mode = FILTER_EXCLUDE;
			break;
		}
		if (filter_add(&filter, &channel->key.source) < 0) {
			filter_clear(&filter);
			return -ENOMEM;
		}
	}
	*ret = filter;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct channel *x = *(struct channel *const *)a, *y = *(struct channel *const *)b;
	int order = channel_compare(&x->key, &y->key);

	return order != 0 ? order : strcmp(x->on ? x->on->name : "", y->on ? y->on->name : "");
}

struct channel **channels_sorted(const struct channels *channels)
{
	struct channel **sorted = calloc(channels->n + 1, sizeof(*sorted));
	size_t n = 0;

	for (struct channel *c = channels_next(channels, NULL); sorted && c;
	     c = channels_next(channels, c))
		sorted[n++] = c;
	if (sorted)
		qsort(sorted, n, sizeof(*sorted), compare);
	return sorted;
}

struct channel *channels_next(const struct channels *channels, const struct channel *previous)
{
	size_t i = 0;

	if (previous) {
		if (previous->next)
			return previous->next;
		i = bucket_of(channels, &previous->key.group) + 1;
	}
	for (; i < channels->n_buckets; i++)
		if (channels->buckets[i])
			return channels->buckets[i];
	return NULL;
}

const char *channel_owner_string(enum channel_owner owner)
{
	switch (owner) {
	case CHANNEL_AMTCTL:
		return "amtctl";
	case CHANNEL_FILE:
		return "file";
	case CHANNEL_HOST:
		return "host";
	case CHANNEL_FORWARD:
		return "forward";
	}
	return "nobody";
}
