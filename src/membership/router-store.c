/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/router-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 8

static uint32_t hash_key(const struct store *store, const struct key *key)
{
	return hash_bytes(&store->hash, key->bytes, sizeof(key->bytes));
}

int store_init(struct store *store)
{
	int r;

	r = hash_draw(&store->hash);
	if (r < 0)
		return r;
	store->heap = HEAP_OF(struct group, deadline, heap);
	store->n_buckets = BUCKETS_MIN;
	store->buckets = calloc(store->n_buckets, sizeof(store->buckets[0]));
	return store->buckets ? 0 : -ENOMEM;
}

void store_fini(struct store *store)
{
	for (uint32_t i = 0; i < store->heap.n; i++) {
		members_free(store, store->heap.entries[i]);
		free(store->heap.entries[i]);
	}
	heap_fini(&store->heap);
	free(store->buckets);
	free(store->hosts);
	free(store->host_buckets);
}

static struct group **bucket(const struct store *store, const struct key *key)
{
	return &store->buckets[hash_key(store, key) & (store->n_buckets - 1)];
}

/* The link to the group of this address, or to NULL. */
static struct group **find_link(const struct store *store, const struct key *key)
{
	struct group **link = bucket(store, key);

	while (*link && memcmp(&(*link)->key, key, sizeof(*key)) != 0)
		link = &(*link)->next;
	return link;
}

struct group *store_find(const struct store *store, const struct key *key)
{
	return *find_link(store, key);
}

/* Without memory for more buckets, the chains grow longer. */
static void rehash(struct store *store, uint32_t n_buckets)
{
	struct group **buckets = calloc(n_buckets, sizeof(buckets[0]));

	if (!buckets)
		return;
	free(store->buckets);
	store->buckets = buckets;
	store->n_buckets = n_buckets;
	for (uint32_t i = 0; i < store->heap.n; i++) {
		struct group *group = store->heap.entries[i], **first = bucket(store, &group->key);

		group->next = *first;
		*first = group;
	}
}

void store_schedule(struct store *store, struct group *group, usec_t deadline)
{
	group->deadline = deadline;
	heap_update(&store->heap, group);
}

struct group *store_first(const struct store *store)
{
	return heap_first(&store->heap);
}

static size_t group_size(uint16_t room)
{
	return sizeof(struct group) + room * sizeof(struct source);
}

struct group *store_add(struct store *store, const struct key *key, uint16_t room)
{
	struct group *group, **first;

	group = calloc(1, group_size(room));
	if (!group)
		return NULL;
	group->key = *key;
	group->room = room;
	group->group_at = USEC_NEVER;
	group->sources_at = USEC_NEVER;
	group->deadline = USEC_NEVER;
	if (heap_add(&store->heap, group) < 0) {
		free(group);
		return NULL;
	}

	if (store->heap.n > store->n_buckets)
		rehash(store, 2 * store->n_buckets);
	first = bucket(store, key);
	if (*first != group) { /* unless rehash() has put it there */
		group->next = *first;
		*first = group;
	}
	return group;
}

struct group *store_resize(struct store *store, struct group *group, uint16_t n)
{
	struct group **link, *moved;
	uint32_t room = group->room;

	if (n > room)
		room = room == 0 || n > room + room / 2 ? n : room + room / 2;
	else if (n <= room / 2)
		room = n;
	if (room > UINT16_MAX)
		room = UINT16_MAX;
	if (room == group->room)
		return group;

	link = find_link(store, &group->key);
	moved = realloc(group, group_size((uint16_t)room));
	if (!moved)
		return room < group->room ? group : NULL;
	moved->room = (uint16_t)room;
	*link = moved;
	heap_moved(&store->heap, moved);
	return moved;
}

void store_count(struct store *store, struct group *group, uint16_t n)
{
	store->n_sources += n;
	store->n_sources -= group->n;
	group->n = n;
}

static uint32_t *host_bucket(const struct store *store, const struct key *key)
{
	return &store->host_buckets[hash_key(store, key) & (store->hosts_room - 1)];
}

static int hosts_grow(struct store *store)
{
	uint32_t room = store->hosts_room ? 2 * store->hosts_room : 4, i;
	uint32_t *buckets = calloc(room, sizeof(buckets[0]));
	struct host *hosts = realloc(store->hosts, room * sizeof(hosts[0]));

	if (hosts)
		store->hosts = hosts;
	if (!hosts || !buckets) {
		free(buckets);
		return -ENOMEM;
	}
	free(store->host_buckets);
	store->host_buckets = buckets;
	store->hosts_room = room;
	for (i = 1; i < store->n_hosts; i++) { /* all are in use, or it would not grow */
		uint32_t *first = host_bucket(store, &store->hosts[i].key);

		store->hosts[i].next = *first;
		*first = i;
	}
	return 0;
}

/* The number of a new host, or 0: no memory. */
static uint32_t host_add(struct store *store, const struct key *key)
{
	uint32_t i = store->host_unused, *first;

	if (i != 0) {
		store->host_unused = store->hosts[i].next;
	} else {
		if (store->n_hosts == 0)
			store->n_hosts = 1;
		if (store->n_hosts >= store->hosts_room && hosts_grow(store) < 0)
			return 0;
		i = store->n_hosts++;
	}
	first = host_bucket(store, key);
	store->hosts[i] = (struct host){ .key = *key, .next = *first };
	*first = i;
	return i;
}

static uint32_t host_find(const struct store *store, const struct key *key)
{
	uint32_t i = 0;

	if (store->hosts_room > 0)
		i = *host_bucket(store, key);
	while (i != 0 && memcmp(&store->hosts[i].key, key, sizeof(*key)) != 0)
		i = store->hosts[i].next;
	return i;
}

int store_charge(struct store *store, struct group *group, const struct key *host, uint32_t max)
{
	uint32_t i = host_find(store, host);

	if (i == 0)
		i = host_add(store, host);
	if (i == 0)
		return -ENOMEM;
	if (store->hosts[i].groups >= max)
		return -EDQUOT;
	store->hosts[i].groups++;
	group->host = i;
	return 0;
}

static void discharge(struct store *store, uint32_t i)
{
	uint32_t *link;

	if (i == 0 || --store->hosts[i].groups > 0)
		return;
	link = host_bucket(store, &store->hosts[i].key);
	while (*link != i)
		link = &store->hosts[*link].next;
	*link = store->hosts[i].next;
	store->hosts[i].next = store->host_unused;
	store->host_unused = i;
}

void store_remove(struct store *store, struct group *group)
{
	store_count(store, group, 0);
	members_free(store, group);
	discharge(store, group->host);
	*find_link(store, &group->key) = group->next;
	heap_remove(&store->heap, group);
	free(group);
	if (store->heap.n < store->n_buckets / 4 && store->n_buckets > BUCKETS_MIN)
		rehash(store, store->n_buckets / 2);
}
