/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/channel-table.h"

#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 64

/* Hashed by group: all channels of a group are in one chain. */
struct channel_table {
	struct channel **buckets;
	size_t n_buckets, n;
	struct hash hash;
	struct channel_device *devices;
};

static size_t bucket_of(const struct channel_table *table, const struct address *group)
{
	uint32_t hash =
		hash_bytes(&table->hash, address_bytes(group), address_length(group->family));

	return hash & (table->n_buckets - 1);
}

int channel_table_new(struct channel_table **ret)
{
	struct channel_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->n_buckets = BUCKETS_MIN;
	table->buckets = calloc(table->n_buckets, sizeof(struct channel *));
	if (!table->buckets || hash_draw(&table->hash) < 0) {
		free(table->buckets);
		free(table);
		return -ENOMEM;
	}
	*ret = table;
	return 0;
}

void channel_table_free(struct channel_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->n_buckets; i++)
		while (table->buckets[i])
			channel_table_remove(table, table->buckets[i]);
	while (table->devices) {
		struct channel_device *device = table->devices;

		table->devices = device->next;
		free(device);
	}
	free(table->buckets);
	free(table);
}

size_t channel_table_count(const struct channel_table *table)
{
	return table->n;
}

struct channel_device *channel_table_device(const struct channel_table *table, const char *name)
{
	struct channel_device *device = table->devices;

	while (device && strcmp(device->name, name) != 0)
		device = device->next;
	return device;
}

struct channel_device *channel_table_device_numbered(const struct channel_table *table,
						     unsigned int number)
{
	struct channel_device *device = table->devices;

	while (device && device->number != number)
		device = device->next;
	return device;
}

struct channel_device *channel_table_devices(const struct channel_table *table)
{
	return table->devices;
}

static struct channel_device *get_device(struct channel_table *table, const char *name)
{
	struct channel_device *device = channel_table_device(table, name);

	if (device || strlen(name) >= sizeof(device->name))
		return device;
	device = calloc(1, sizeof(*device));
	if (!device)
		return NULL;
	strcpy(device->name, name);
	device->number = table->devices ? table->devices->number + 1 : 0;
	device->next = table->devices;
	table->devices = device;
	return device;
}

struct channel *channel_table_find(const struct channel_table *table, const struct channel_key *key,
				   const char *on)
{
	struct channel *channel = table->buckets[bucket_of(table, &key->group)];

	for (; channel; channel = channel->next)
		if (channel_compare(&channel->key, key) == 0 &&
		    strcmp(channel->on ? channel->on->name : "", on) == 0)
			return channel;
	return NULL;
}

static void table_grow(struct channel_table *table)
{
	struct channel **old = table->buckets, **buckets;
	size_t n_old = table->n_buckets;

	buckets = calloc(n_old * 2, sizeof(struct channel *));
	if (!buckets)
		return; /* slower, no more */
	table->buckets = buckets;
	table->n_buckets = n_old * 2;
	for (size_t i = 0; i < n_old; i++)
		while (old[i]) {
			struct channel *channel = old[i];
			struct channel **bucket = &buckets[bucket_of(table, &channel->key.group)];

			old[i] = channel->next;
			channel->next = *bucket;
			*bucket = channel;
		}
	free(old);
}

struct channel *channel_table_add(struct channel_table *table, const struct channel_key *key,
				  const char *on, usec_t now)
{
	struct channel *channel = channel_table_find(table, key, on), **bucket;

	if (channel)
		return channel;
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return NULL;
	channel->key = *key;
	channel->since = now;
	if (*on != '\0') {
		channel->on = get_device(table, on);
		if (!channel->on) {
			free(channel);
			return NULL;
		}
	}
	if (table->n++ >= table->n_buckets)
		table_grow(table);
	bucket = &table->buckets[bucket_of(table, &key->group)];
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

int channel_table_set_via(struct channel_table *table, struct channel *channel, const char *name)
{
	struct channel_device *device = *name != '\0' ? get_device(table, name) : NULL;

	if (*name != '\0' && !device)
		return -ENOMEM;
	unlink_via(channel);
	if (!device)
		return 0;
	channel->via = device;
	channel->peer = device->table;
	channel->peer_link = &device->table;
	if (channel->peer)
		channel->peer->peer_link = &channel->peer;
	device->table = channel;
	device->n++;
	return 0;
}

void channel_table_remove(struct channel_table *table, struct channel *channel)
{
	struct channel **link = &table->buckets[bucket_of(table, &channel->key.group)];

	while (*link != channel)
		link = &(*link)->next;
	*link = channel->next;
	table->n--;
	unlink_via(channel);
	free((char *)channel->problem);
	free(channel);
}

struct channel *channel_table_of_group(const struct channel_table *table,
				       const struct address *group, const struct channel *previous)
{
	struct channel *channel =
		previous ? previous->next : table->buckets[bucket_of(table, group)];

	while (channel && !address_equal(&channel->key.group, group))
		channel = channel->next;
	return channel;
}

int channel_table_filter(const struct channel_table *table, const struct channel_device *via,
			 const struct address *group, struct filter *ret)
{
	struct filter filter = { .mode = FILTER_INCLUDE };
	const struct channel *channel = table->buckets[bucket_of(table, group)];

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

static int compare_channels(const void *a, const void *b)
{
	const struct channel *x = *(struct channel *const *)a, *y = *(struct channel *const *)b;
	int order = channel_compare(&x->key, &y->key);

	return order != 0 ? order : strcmp(x->on ? x->on->name : "", y->on ? y->on->name : "");
}

struct channel **channel_table_sorted(const struct channel_table *table)
{
	struct channel **sorted = calloc(table->n + 1, sizeof(*sorted));
	size_t n = 0;

	for (struct channel *c = channel_table_next(table, NULL); sorted && c;
	     c = channel_table_next(table, c))
		sorted[n++] = c;
	if (sorted)
		qsort(sorted, n, sizeof(*sorted), compare_channels);
	return sorted;
}

struct channel *channel_table_next(const struct channel_table *table,
				   const struct channel *previous)
{
	size_t i = 0;

	if (previous) {
		if (previous->next)
			return previous->next;
		i = bucket_of(table, &previous->key.group) + 1;
	}
	for (; i < table->n_buckets; i++)
		if (table->buckets[i])
			return table->buckets[i];
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
