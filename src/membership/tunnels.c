/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "membership/tunnels-private.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

int tunnels_compare(const void *a, const void *b)
{
	return address_compare(a, b);
}

static int compare_wanted(const void *a, const void *b)
{
	return address_compare(a, b);
}

struct tunnel *tunnels_find(const struct tunnels *tunnels, const struct address *gateway)
{
	struct tunnel *const *found = tfind(gateway, &tunnels->by_gateway, tunnels_compare);

	return found ? *found : NULL;
}

static struct wanted *find_wanted(const struct tunnels *tunnels, const struct address *group)
{
	struct wanted *const *found = tfind(group, &tunnels->by_group, compare_wanted);

	return found ? *found : NULL;
}

static void count_ignored(struct tunnels *tunnels, enum tunnels_ignored reason)
{
	tunnels->counters.ignored[reason]++;
}

static void note_change(struct tunnel *tunnel)
{
	struct tunnels *tunnels = tunnel->tunnels;

	if (tunnel->changed || !tunnels->watched)
		return;
	tunnel->changed = true;
	tunnel->next_changed = NULL;
	if (tunnels->last_changed)
		tunnels->last_changed->next_changed = tunnel;
	else
		tunnels->first_changed = tunnel;
	tunnels->last_changed = tunnel;
}

/* Deadlines. */

void tunnels_reschedule(struct tunnel *tunnel)
{
	tunnel->deadline = tunnel->expires;
	if (tunnel->known_at > 0 && tunnel->known_at < tunnel->deadline)
		tunnel->deadline = tunnel->known_at;
	for (int i = 0; i < _FAMILY_MAX; i++)
		if (tunnel->routers[i] && router_next(tunnel->routers[i]) < tunnel->deadline)
			tunnel->deadline = router_next(tunnel->routers[i]);
	heap_update(&tunnel->tunnels->heap, tunnel);
}

/* Whatever the driver has of it now is forgotten, or repeated, by then. */
static void make_unsure(struct tunnel *tunnel, usec_t now)
{
	tunnel->known_at = now + TUNNELS_FORGET;
	note_change(tunnel);
}

/* Groups. */

static struct wanted *add_wanted(struct tunnels *tunnels, const struct address *group)
{
	struct wanted *wanted = find_wanted(tunnels, group);

	if (wanted)
		return wanted;
	wanted = calloc(1, sizeof(*wanted));
	if (!wanted)
		return NULL;
	wanted->group = *group;
	if (!tsearch(wanted, &tunnels->by_group, compare_wanted)) {
		free(wanted);
		return NULL;
	}
	return wanted;
}

static void free_wanted(void *node)
{
	struct wanted *wanted = node;

	free(wanted->by);
	free(wanted);
}

static void mark_changed(struct tunnels *tunnels, struct wanted *wanted)
{
	if (wanted->changed)
		return;
	wanted->changed = true;
	wanted->next_changed = tunnels->changes;
	tunnels->changes = wanted;
}

static int order_tunnels(const void *element, const void *key)
{
	const uintptr_t a = (uintptr_t) * (struct tunnel *const *)element;
	const uintptr_t b = (uintptr_t) * (const struct tunnel *const *)key;

	return (a > b) - (a < b);
}

/* Position of the tunnel among the members of the group, or where it belongs. */
static size_t tunnel_position(const struct wanted *wanted, const struct tunnel *tunnel,
			      bool *ret_found)
{
	size_t at = array_search(wanted->by, wanted->n, sizeof(tunnel), &tunnel, order_tunnels);

	*ret_found = at < wanted->n && wanted->by[at] == tunnel;
	return at;
}

static int wanted_by(struct wanted *wanted, struct tunnel *tunnel)
{
	bool found;
	size_t at = tunnel_position(wanted, tunnel, &found);

	if (found)
		return 0;
	if (!GROW(wanted->by, wanted->n, wanted->room))
		return -ENOMEM;
	array_open(wanted->by, wanted->n, sizeof(tunnel), at);
	wanted->by[at] = tunnel;
	wanted->n++;
	return 0;
}

static void not_wanted_by(struct wanted *wanted, const struct tunnel *tunnel)
{
	bool found;
	size_t at = tunnel_position(wanted, tunnel, &found);

	if (!found)
		return;
	array_close(wanted->by, wanted->n, sizeof(tunnel), at);
	wanted->n--;
}

static struct router *router_of(const struct tunnel *tunnel, sa_family_t family)
{
	return tunnel->routers[family == AF_INET ? FAMILY_IGMP : FAMILY_MLD];
}

/* A router's: of one tunnel. */
static void on_router_changed(struct router *router, const struct address *group, void *userdata)
{
	struct tunnel *tunnel = userdata;
	struct tunnels *tunnels = tunnel->tunnels;
	struct filter filter = { 0 };
	struct wanted *wanted;

	tunnels_record_group(tunnel, router, group);
	wanted = add_wanted(tunnels, group);
	note_change(tunnel);
	if (!wanted || router_filter(router, group, &filter) < 0) {
		count_ignored(tunnels, TUNNELS_IGNORED_MEMORY);
		return;
	}
	if (filter_empty(&filter))
		not_wanted_by(wanted, tunnel);
	else if (wanted_by(wanted, tunnel) < 0)
		count_ignored(tunnels, TUNNELS_IGNORED_MEMORY);
	filter_clear(&filter);
	mark_changed(tunnels, wanted);
}

struct router *tunnels_need_router(struct tunnel *tunnel, sa_family_t family, usec_t now)
{
	enum family i = family == AF_INET ? FAMILY_IGMP : FAMILY_MLD;
	const struct router_options options = {
		.family = family,
		.version = family == AF_INET ? 3 : 2,
		.fast_leave = ROUTER_LEAVE_FAST, /* no other tunnel can have it */
		.ssm_only_in_ssm_range = true,
		.robustness = TUNNELS_ROBUSTNESS,
		.query_interval_usec = TUNNELS_QUERY_INTERVAL,
		.query_response_usec = TUNNELS_QUERY_RESPONSE,
		.last_member_usec = 1 * USEC_PER_SEC,
		.max_groups = TUNNELS_GROUPS_MAX,
		.max_sources = TUNNELS_SOURCES_MAX,
		.max_sources_in_all = TUNNELS_SOURCES_MAX,
	};
	static const struct router_ops ops = { .changed = on_router_changed };
	static const struct address no_address = { .family = AF_UNSPEC };

	if (!tunnel->routers[i] &&
	    router_new(&options, &ops, tunnel, &no_address, now, &tunnel->routers[i]) < 0)
		return NULL;
	return tunnel->routers[i];
}

/* Tunnels. */

static void drop_router(struct tunnel *tunnel, struct router *router)
{
	struct tunnels *tunnels = tunnel->tunnels;
	struct router_group group;
	struct wanted *wanted;
	size_t at = 0;

	if (!router)
		return;
	while (router_next_group(router, &at, 0, &group)) {
		wanted = find_wanted(tunnels, &group.group);
		if (!wanted)
			continue;
		not_wanted_by(wanted, tunnel);
		mark_changed(tunnels, wanted);
	}
	for (int i = 0; i < ROUTER_IGNORED_MAX; i++)
		tunnels->counters.records[i] += router_counters(router)->ignored[i];
	router_free(router);
}

static void end_tunnel(struct tunnel *tunnel)
{
	struct tunnels *tunnels = tunnel->tunnels;

	tunnels_record_tunnel(tunnel, true);
	for (int i = 0; i < _FAMILY_MAX; i++)
		drop_router(tunnel, tunnel->routers[i]);
	heap_remove(&tunnels->heap, tunnel);
	(void)tdelete(tunnel, &tunnels->by_gateway, tunnels_compare);
	memset(tunnel->routers, 0, sizeof(tunnel->routers));
	tunnel->ended = true;
	note_change(tunnel);
	if (!tunnel->changed)
		free(tunnel);
}

static void evict_tunnel(struct tunnels *tunnels)
{
	struct tunnel *first = tunnel_at(tunnels, 0);

	for (uint32_t i = 1; i < tunnels->heap.n; i++)
		if (tunnel_at(tunnels, i)->expires < first->expires)
			first = tunnel_at(tunnels, i);
	tunnels->counters.evicted++;
	end_tunnel(first);
}

struct tunnel *tunnels_begin(struct tunnels *tunnels, const struct address *gateway, uint16_t port,
			     usec_t now)
{
	struct tunnel *tunnel;

	while (tunnels->heap.n > 0 && tunnels->heap.n >= tunnels->max)
		evict_tunnel(tunnels);
	tunnel = calloc(1, sizeof(*tunnel));
	if (!tunnel)
		return NULL;
	*tunnel = (struct tunnel){
		.gateway = *gateway,
		.port = port,
		.since = now,
		.expires = now + TUNNELS_FORGET,
		.known_at = tunnels->known_at > now ? tunnels->known_at : 0,
		.tunnels = tunnels,
	};
	tunnel->deadline = tunnel->known_at > 0 ? tunnel->known_at : tunnel->expires;
	if (heap_add(&tunnels->heap, tunnel) < 0) {
		free(tunnel);
		return NULL;
	}
	if (!tsearch(tunnel, &tunnels->by_gateway, tunnels_compare)) {
		heap_remove(&tunnels->heap, tunnel);
		free(tunnel);
		return NULL;
	}
	tunnels->counters.begun++;
	note_change(tunnel);
	return tunnel;
}

int tunnels_new(uint32_t max_tunnels, tunnels_changed changed, void *userdata, struct tunnels **ret)
{
	struct tunnels *tunnels = calloc(1, sizeof(*tunnels));

	if (!tunnels)
		return -ENOMEM;
	*tunnels = (struct tunnels){
		.max = max_tunnels,
		.changed = changed,
		.userdata = userdata,
		.heap = HEAP_OF(struct tunnel, deadline, heap),
	};
	*ret = tunnels;
	return 0;
}

void tunnels_free(struct tunnels *tunnels)
{
	if (!tunnels)
		return;
	tunnels_clear(tunnels);
	for (struct tunnel *ended = tunnels->first_changed, *next; ended; ended = next) {
		next = ended->next_changed;
		free(ended); /* all have */
	}
	tdestroy(tunnels->by_group, free_wanted);
	heap_fini(&tunnels->heap);
	free(tunnels);
}

void tunnels_set_max(struct tunnels *tunnels, uint32_t max_tunnels)
{
	tunnels->max = max_tunnels;
}

void tunnels_query(struct tunnels *tunnels, const struct address *gateway, uint16_t port,
		   const struct message *query, usec_t now)
{
	struct tunnel *tunnel;

	tunnels_run(tunnels, now);
	tunnel = tunnels_find(tunnels, gateway);
	/* The driver never changes a tunnel's port: this is a new one, without memberships. */
	if (tunnel && tunnel->port != port) {
		end_tunnel(tunnel);
		tunnel = NULL;
	}
	if (!tunnel)
		tunnel = tunnels_begin(tunnels, gateway, port, now);
	if (!tunnel) {
		count_ignored(tunnels, TUNNELS_IGNORED_MEMORY);
		return;
	}
	tunnels->counters.queries++;
	tunnel->last_query = now;
	tunnel->nonce = query->query.nonce;
	memcpy(tunnel->mac, query->query.mac, sizeof(tunnel->mac));
	tunnels_record_tunnel(tunnel, false);
}

static bool has_mac(const struct tunnel *tunnel, const uint8_t *mac)
{
	return memcmp(tunnel->mac, mac, sizeof(tunnel->mac)) == 0;
}

/* IGMPv1: amt_igmp_report_handler() does not handle it. */
static bool for_the_driver(const struct group_message *message)
{
	return message->type != GROUP_QUERY &&
	       !(message->family == AF_INET && message->version == 1);
}

/* Parts of Reports that the driver takes, but the router does not. An any-source join in the SSM
 * range is one. */
static uint64_t count_untaken(const struct router *router)
{
	static const enum router_ignored reasons[] = {
		ROUTER_IGNORED_SSM,	ROUTER_IGNORED_GROUPS, ROUTER_IGNORED_HOST,
		ROUTER_IGNORED_SOURCES, ROUTER_IGNORED_MEMORY,
	};
	uint64_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		n += router_counters(router)->ignored[reasons[i]];
	return n;
}

static void take_report(struct tunnel *tunnel, const struct message_inner *inner, usec_t now)
{
	struct tunnels *tunnels = tunnel->tunnels;
	struct group_message message;
	struct router *router;
	enum group_error error;
	uint64_t untaken;

	/* A tunnel is point-to-point: source and destination of a Report do not matter. */
	error = group_message_parse(inner->data, inner->length, GROUP_UNICAST, &message);
	if (error != GROUP_ERROR_NONE) {
		tunnels->counters.errors[error]++;
		count_ignored(tunnels, TUNNELS_IGNORED_INNER);
		make_unsure(tunnel, now);
		return;
	}
	if (!for_the_driver(&message)) {
		count_ignored(tunnels, TUNNELS_IGNORED_TYPE);
		return;
	}
	router = tunnels_need_router(tunnel, message.family, now);
	if (!router) {
		count_ignored(tunnels, TUNNELS_IGNORED_MEMORY);
		make_unsure(tunnel, now);
		return;
	}
	tunnels->counters.updates++;
	untaken = count_untaken(router);
	router_report(router, &message, now);
	if (count_untaken(router) != untaken)
		make_unsure(tunnel, now);
}

void tunnels_update(struct tunnels *tunnels, const struct address *gateway,
		    const struct message *update, usec_t now)
{
	struct tunnel *tunnel;

	tunnels_run(tunnels, now);
	tunnel = tunnels_find(tunnels, gateway);
	if (!tunnel) {
		count_ignored(tunnels, TUNNELS_IGNORED_GATEWAY);
		return;
	}
	if (tunnel->nonce != update->update.nonce) {
		count_ignored(tunnels, TUNNELS_IGNORED_NONCE);
		return;
	}
	if (!has_mac(tunnel, update->update.mac)) {
		count_ignored(tunnels, TUNNELS_IGNORED_MAC);
		return;
	}
	tunnel->last_update = now;
	tunnel->expires = now + TUNNELS_FORGET_UPDATED;
	tunnels_record_tunnel(tunnel, false);
	take_report(tunnel, &update->update.inner, now);
	tunnels_reschedule(tunnel);
}

void tunnels_teardown(struct tunnels *tunnels, const struct message *teardown, usec_t now)
{
	const struct message_gateway *gateway = &teardown->teardown.gateway;
	struct tunnel *tunnel = NULL;

	tunnels_run(tunnels, now);
	tunnel = tunnels_find(tunnels, &gateway->address);
	if (!tunnel || tunnel->port != gateway->port || tunnel->nonce != teardown->teardown.nonce ||
	    !has_mac(tunnel, teardown->teardown.mac)) {
		count_ignored(tunnels, TUNNELS_IGNORED_TEARDOWN);
		return;
	}
	tunnels->counters.teardowns++;
	end_tunnel(tunnel);
}

void tunnels_clear(struct tunnels *tunnels)
{
	while (tunnels->heap.n > 0)
		end_tunnel(tunnel_at(tunnels, tunnels->heap.n - 1));
	tunnels->known_at = 0;
}

usec_t tunnels_next(const struct tunnels *tunnels)
{
	return tunnels->heap.n > 0 ? tunnel_at(tunnels, 0)->deadline : USEC_NEVER;
}

void tunnels_run(struct tunnels *tunnels, usec_t now)
{
	while (tunnels_next(tunnels) <= now) {
		struct tunnel *tunnel = tunnel_at(tunnels, 0);

		if (tunnel->expires <= now) {
			tunnels->counters.expired++;
			end_tunnel(tunnel);
			continue;
		}
		if (tunnel->known_at > 0 && tunnel->known_at <= now) {
			tunnel->known_at = 0;
			note_change(tunnel);
		}
		for (int i = 0; i < _FAMILY_MAX; i++)
			if (tunnel->routers[i])
				router_run(tunnel->routers[i], now);
		tunnels_reschedule(tunnel);
	}
}

static int merge_filters(const struct wanted *wanted, struct filter *ret)
{
	struct filter filter = { 0 };
	int r = 0;

	for (size_t i = 0; i < wanted->n && r == 0; i++) {
		r = router_filter(router_of(wanted->by[i], wanted->group.family), &wanted->group,
				  &filter);
		if (r == 0)
			r = filter_merge(ret, &filter);
	}
	filter_clear(&filter);
	if (r < 0)
		filter_clear(ret);
	return r;
}

int tunnels_filter(const struct tunnels *tunnels, const struct address *group, struct filter *ret)
{
	const struct wanted *wanted = find_wanted(tunnels, group);

	filter_clear(ret);
	return wanted ? merge_filters(wanted, ret) : 0;
}

static void mark_node(const void *node, VISIT which, void *userdata)
{
	struct wanted *const *wanted = node;

	if (which == postorder || which == leaf) /* once each */
		mark_changed(userdata, *wanted);
}

void tunnels_mark(struct tunnels *tunnels)
{
	twalk_r(tunnels->by_group, mark_node, tunnels);
}

void tunnels_flush(struct tunnels *tunnels)
{
	struct wanted *wanted, *again = NULL;
	struct filter filter = { 0 };

	while ((wanted = tunnels->changes)) {
		tunnels->changes = wanted->next_changed;
		wanted->changed = false;
		if (merge_filters(wanted, &filter) < 0) { /* the next time */
			count_ignored(tunnels, TUNNELS_IGNORED_MEMORY);
			wanted->next_changed = again;
			again = wanted;
			continue;
		}
		tunnels->changed(tunnels, &wanted->group, &filter, tunnels->userdata);
		filter_clear(&filter);
		if (wanted->n == 0) {
			(void)tdelete(wanted, &tunnels->by_group, compare_wanted);
			free_wanted(wanted);
		}
	}
	for (wanted = again; wanted; wanted = wanted->next_changed)
		wanted->changed = true;
	tunnels->changes = again;
}

void tunnels_unsure(struct tunnels *tunnels, usec_t now)
{
	tunnels->known_at = now + TUNNELS_FORGET;
	for (uint32_t i = 0; i < tunnels->heap.n; i++) {
		struct tunnel *tunnel = tunnel_at(tunnels, i);

		make_unsure(tunnel, now);
		/* Deadlines that come sooner only move tunnels that were visited. */
		if (tunnel->known_at < tunnel->deadline)
			tunnels_reschedule(tunnel);
	}
}

void tunnels_watch(struct tunnels *tunnels)
{
	tunnels->watched = true;
}

const char *tunnels_ignored_string(enum tunnels_ignored reason)
{
	static const char *const strings[_TUNNELS_IGNORED_MAX] = {
		[TUNNELS_IGNORED_GATEWAY] = "gateway", [TUNNELS_IGNORED_NONCE] = "nonce",
		[TUNNELS_IGNORED_MAC] = "mac",	       [TUNNELS_IGNORED_INNER] = "inner",
		[TUNNELS_IGNORED_TYPE] = "type",       [TUNNELS_IGNORED_TEARDOWN] = "teardown",
		[TUNNELS_IGNORED_MEMORY] = "memory",
	};

	return strings[reason];
}
