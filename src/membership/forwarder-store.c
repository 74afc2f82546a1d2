/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/forwarder-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 8

static uint32_t hash_group(const struct forwarder *forwarder, const uint8_t *key)
{
	return hash_bytes(&forwarder->hash, key, forwarder->size);
}

static uint32_t hash_flow(const struct forwarder *forwarder, const struct forwarder_group *group,
			  const struct address *source)
{
	uint8_t bytes[16];
	uint64_t sum;

	(void)address_store(source, bytes);
	sum = hash_sum(&forwarder->hash, 0, 0, group->key, forwarder->size);
	sum = hash_sum(&forwarder->hash, sum, forwarder->size / sizeof(uint32_t), bytes,
		       forwarder->size);
	return hash_end(&forwarder->hash, sum);
}

int forwarder_store_init(struct forwarder *forwarder)
{
	int r;

	r = hash_draw(&forwarder->hash);
	if (r < 0)
		return r;
	TAILQ_INIT(&forwarder->ages[false]);
	TAILQ_INIT(&forwarder->ages[true]);
	forwarder->groups = calloc(BUCKETS_MIN, sizeof(forwarder->groups[0]));
	forwarder->flows = calloc(BUCKETS_MIN, sizeof(forwarder->flows[0]));
	if (!forwarder->groups || !forwarder->flows)
		return -ENOMEM;
	forwarder->groups_buckets = forwarder->flows_buckets = BUCKETS_MIN;
	return 0;
}

void forwarder_store_fini(struct forwarder *forwarder)
{
	for (uint32_t i = 0; i < forwarder->groups_buckets; i++) {
		struct forwarder_group *group, *next;

		for (group = forwarder->groups[i]; group; group = next) {
			struct want *want;
			struct flow *flow;

			next = group->next;
			while ((want = group->wants)) {
				group->wants = want->next;
				free(want);
			}
			while ((flow = LIST_FIRST(&group->flows))) {
				LIST_REMOVE(flow, of_group);
				free(flow);
			}
			free(group);
		}
	}
	free(forwarder->groups);
	free(forwarder->flows);
}

static struct forwarder_group **group_link(const struct forwarder *forwarder, const uint8_t *key)
{
	struct forwarder_group **link;

	link = &forwarder->groups[hash_group(forwarder, key) & (forwarder->groups_buckets - 1)];
	while (*link && memcmp((*link)->key, key, forwarder->size) != 0)
		link = &(*link)->next;
	return link;
}

static struct flow **flow_link(const struct forwarder *forwarder,
			       const struct forwarder_group *group, const struct address *source)
{
	uint32_t hash = hash_flow(forwarder, group, source);
	struct flow **link = &forwarder->flows[hash & (forwarder->flows_buckets - 1)];

	while (*link && ((*link)->group != group || !address_equal(&(*link)->source, source)))
		link = &(*link)->next;
	return link;
}

/* Without memory for more buckets, the chains grow longer. */
static void rehash_groups(struct forwarder *forwarder, uint32_t n)
{
	struct forwarder_group **buckets = calloc(n, sizeof(buckets[0])), *group, *next;

	if (!buckets)
		return;
	for (uint32_t i = 0; i < forwarder->groups_buckets; i++)
		for (group = forwarder->groups[i]; group; group = next) {
			struct forwarder_group **first;

			first = &buckets[hash_group(forwarder, group->key) & (n - 1)];
			next = group->next;
			group->next = *first;
			*first = group;
		}
	free(forwarder->groups);
	forwarder->groups = buckets;
	forwarder->groups_buckets = n;
}

static void rehash_flows(struct forwarder *forwarder, uint32_t n)
{
	struct flow **buckets = calloc(n, sizeof(buckets[0])), *flow, *next;

	if (!buckets)
		return;
	for (uint32_t i = 0; i < forwarder->flows_buckets; i++)
		for (flow = forwarder->flows[i]; flow; flow = next) {
			struct flow **first;

			first = &buckets[hash_flow(forwarder, flow->group, &flow->source) &
					 (n - 1)];
			next = flow->next;
			flow->next = *first;
			*first = flow;
		}
	free(forwarder->flows);
	forwarder->flows = buckets;
	forwarder->flows_buckets = n;
}

struct forwarder_group *forwarder_find(const struct forwarder *forwarder,
				       const struct address *group)
{
	uint8_t key[16];

	(void)address_store(group, key);
	return *group_link(forwarder, key);
}

struct forwarder_group *forwarder_add(struct forwarder *forwarder, const struct address *address)
{
	struct forwarder_group *group = calloc(1, sizeof(*group) + forwarder->size), **first;

	if (!group)
		return NULL;
	if (forwarder->counters.groups >= forwarder->groups_buckets)
		rehash_groups(forwarder, 2 * forwarder->groups_buckets);
	LIST_INIT(&group->flows);
	(void)address_store(address, group->key);
	first = group_link(forwarder, group->key);
	group->next = *first;
	*first = group;
	forwarder->counters.groups++;
	return group;
}

void forwarder_remove_if_empty(struct forwarder *forwarder, struct forwarder_group *group)
{
	if (group->wants || !LIST_EMPTY(&group->flows))
		return;
	*group_link(forwarder, group->key) = group->next;
	free(group);
	forwarder->counters.groups--;
}

void forwarder_shrink(struct forwarder *forwarder)
{
	uint32_t n = forwarder->groups_buckets;

	while (n > BUCKETS_MIN && forwarder->counters.groups < n / 4)
		n /= 2;
	if (n != forwarder->groups_buckets)
		rehash_groups(forwarder, n);
}

struct flow *forwarder_find_flow(const struct forwarder *forwarder,
				 const struct forwarder_group *group, const struct address *source)
{
	return *flow_link(forwarder, group, source);
}

struct flow *forwarder_add_flow(struct forwarder *forwarder, struct forwarder_group *group,
				const struct address *source, int interface, bool wanted)
{
	struct flow *flow = calloc(1, sizeof(*flow)), **first;

	if (!flow)
		return NULL;
	if (forwarder->n_ages[0] + forwarder->n_ages[1] >= forwarder->flows_buckets)
		rehash_flows(forwarder, 2 * forwarder->flows_buckets);
	*flow = (struct flow){
		.group = group, .source = *source, .interface = interface, .wanted = wanted
	};
	first = flow_link(forwarder, group, source);
	flow->next = *first;
	*first = flow;
	LIST_INSERT_HEAD(&group->flows, flow, of_group);
	TAILQ_INSERT_TAIL(&forwarder->ages[wanted], flow, by_age);
	forwarder->n_ages[wanted]++;
	return flow;
}

void forwarder_remove_flow(struct forwarder *forwarder, struct flow *flow)
{
	*flow_link(forwarder, flow->group, &flow->source) = flow->next;
	LIST_REMOVE(flow, of_group);
	TAILQ_REMOVE(&forwarder->ages[flow->wanted], flow, by_age);
	forwarder->n_ages[flow->wanted]--;
	free(flow);
}

void forwarder_file_flow(struct forwarder *forwarder, struct flow *flow, bool wanted)
{
	if (flow->wanted == wanted)
		return;
	TAILQ_REMOVE(&forwarder->ages[flow->wanted], flow, by_age);
	forwarder->n_ages[flow->wanted]--;
	flow->wanted = wanted;
	TAILQ_INSERT_TAIL(&forwarder->ages[wanted], flow, by_age);
	forwarder->n_ages[wanted]++;
}
