/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/group.h"
#include "membership/forwarder-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int order4(const void *element, const void *key)
{
	return memcmp(element, key, sizeof(struct in_addr));
}

static int order16(const void *element, const void *key)
{
	return memcmp(element, key, sizeof(struct in6_addr));
}

static bool want_lists(const struct forwarder *forwarder, const struct want *want,
		       const uint8_t *source)
{
	const size_t size = forwarder->size, n = want->n;
	size_t at;

	if (size == sizeof(struct in_addr))
		at = array_search(want->sources, n, size, source, order4);
	else
		at = array_search(want->sources, n, size, source, order16);
	return at < n && memcmp(want->sources + at * size, source, size) == 0;
}

/* RFC 9776, section 3.2, of all but one downstream. */
static int merge_wants(struct forwarder *forwarder, const struct forwarder_group *group, int but,
		       struct filter *merged)
{
	struct address address = address_load(forwarder->options.family, group->key);
	int r = 0;

	for (const struct want *want = group->wants; want && r >= 0; want = want->next) {
		struct filter filter = { .mode = want->exclude ? FILTER_EXCLUDE : FILTER_INCLUDE };

		if (want->downstream == but ||
		    (want->exclude &&
		     forwarder_denies(forwarder, want->downstream, NULL, &address)))
			continue;
		if (!RESERVE(forwarder->scratch, want->n, forwarder->scratch_room))
			return -ENOMEM;
		filter.sources = forwarder->scratch;
		for (size_t i = 0; i < want->n; i++) {
			struct address *source = &filter.sources[filter.n];

			*source = address_load(forwarder->options.family,
					       want->sources + i * forwarder->size);
			filter.n += want->exclude || !forwarder_denies(forwarder, want->downstream,
								       source, &address);
		}
		r = filter_merge(merged, &filter);
	}
	return r;
}

static int order_joins(const void *element, const void *key)
{
	const int a = ((const struct plan_join *)element)->ifindex, b = *(const int *)key;

	return (a > b) - (a < b);
}

static struct plan_join *find_join(const struct plan *plan, int ifindex)
{
	size_t at = array_search(plan->joins, plan->n_joins, sizeof(plan->joins[0]), &ifindex,
				 order_joins);

	return at < plan->n_joins && plan->joins[at].ifindex == ifindex ? &plan->joins[at] : NULL;
}

/* RFC 4605, section 4.1, for several upstreams: each gets the sources that it serves. only: that
 * downstream; NULL: all except upstreams that want the group themselves. */
static int distribute(const struct forwarder *forwarder, const struct upstreams *upstreams,
		      const struct address *group, const struct filter *merged,
		      struct plan_join *only, struct plan *plan)
{
	int r;

	for (size_t i = 0; i < plan->n_joins; i++)
		if ((only ? &plan->joins[i] == only : !plan->joins[i].own) &&
		    !(merged->mode == FILTER_EXCLUDE &&
		      forwarder_denies(forwarder, plan->joins[i].ifindex, NULL, group)))
			plan->joins[i].filter.mode = merged->mode;
	for (size_t i = 0; i < merged->n; i++) {
		struct plan_join *join =
			find_join(plan, upstreams_ifindex(upstreams, &merged->sources[i]));

		if (!join || (only ? join != only : join->own) ||
		    join->filter.mode != merged->mode ||
		    (merged->mode == FILTER_INCLUDE &&
		     forwarder_denies(forwarder, join->ifindex, &merged->sources[i], group)))
			continue;
		r = filter_add(&join->filter, &merged->sources[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A group that only an upstream itself wants is not joined there: it would not get it back. */
static int plan_joins(struct forwarder *forwarder, const struct upstreams *upstreams,
		      const struct forwarder_group *group, struct plan *plan)
{
	struct address address = address_load(forwarder->options.family, group->key);
	struct filter merged = { 0 };
	int r;

	if (!RESERVE(plan->joins, upstreams->n_interfaces, plan->joins_room))
		return -ENOMEM;
	for (; plan->n_joins < upstreams->n_interfaces; plan->n_joins++)
		plan->joins[plan->n_joins] =
			(struct plan_join){ .ifindex = upstreams->interfaces[plan->n_joins] };
	for (const struct want *want = group->wants; want; want = want->next) {
		struct plan_join *join = find_join(plan, want->downstream);

		if (join)
			join->own = true;
	}
	r = merge_wants(forwarder, group, 0, &merged);
	if (r >= 0)
		r = distribute(forwarder, upstreams, &address, &merged, NULL, plan);
	for (size_t i = 0; i < plan->n_joins && r >= 0; i++) {
		if (!plan->joins[i].own)
			continue;
		filter_clear(&merged);
		r = merge_wants(forwarder, group, plan->joins[i].ifindex, &merged);
		if (r >= 0)
			r = distribute(forwarder, upstreams, &address, &merged, &plan->joins[i],
				       plan);
	}
	filter_clear(&merged);
	return r;
}

/* The incoming interface, 0 for unknown; and the upstream that the packets go to, 0: none. */
static int find_incoming(struct forwarder *forwarder, const struct upstreams *upstreams,
			 const struct address *group, const struct address *source,
			 const struct flow *flow, int *ret_upward)
{
	const struct forwarder_upstream *row = upstreams_find(upstreams, source);
	const bool proved = flow && flow->kind != FORWARDER_UPSTREAM &&
			    !(row && row->prefix.length > 0) &&
			    !upstreams_lack(upstreams, flow->interface);
	const enum forwarder_kind kind = proved ? flow->kind : row ? row->kind : FORWARDER_UPSTREAM;
	const int incoming = proved ? flow->interface : row ? row->ifindex : 0;
	*ret_upward = 0;
	if (kind != FORWARDER_DOWNSTREAM)
		return incoming;
	if (!group_local(group))
		*ret_upward = upstreams_upward(upstreams, source);
	if (*ret_upward == incoming || forwarder_denies(forwarder, *ret_upward, source, group) ||
	    forwarder_denies(forwarder, incoming, source, group))
		*ret_upward = 0;
	return incoming;
}

static int add_outgoing(struct plan *plan, struct plan_route *route, int ifindex)
{
	if (!GROW(plan->outgoing, plan->n_outgoing, plan->outgoing_room))
		return -ENOMEM;
	plan->outgoing[plan->n_outgoing++] = ifindex;
	route->n++;
	return 0;
}

int plan_route(struct forwarder *forwarder, const struct upstreams *upstreams,
	       const struct forwarder_group *group, const struct address *source,
	       const struct flow *flow, struct plan *plan)
{
	struct plan_route route = { .source = *source, .outgoing = plan->n_outgoing };
	struct address address = address_load(forwarder->options.family, group->key);
	bool included = false, denied;
	uint8_t key[16];
	int upward, r = 0;

	route.incoming = find_incoming(forwarder, upstreams, &address, source, flow, &upward);
	denied = forwarder_denies(forwarder, route.incoming, source, &address);
	address_store(source, key);
	for (const struct want *want = route.incoming && !denied ? group->wants : NULL;
	     want && r == 0; want = want->next) {
		bool found = want_lists(forwarder, want, key);

		if (want->downstream == route.incoming || found == want->exclude ||
		    forwarder_denies(forwarder, want->downstream, source, &address))
			continue;
		included |= found;
		if (upward > 0 && upward < want->downstream)
			r = add_outgoing(plan, &route, upward);
		if (upward <= want->downstream)
			upward = 0;
		if (r == 0)
			r = add_outgoing(plan, &route, want->downstream);
	}
	if (upward > 0 && r == 0)
		r = add_outgoing(plan, &route, upward);
	if (r < 0)
		return r;
	if (!included &&
	    (!flow || (!route.incoming && upstreams_lack(upstreams, flow->interface)))) {
		plan->n_outgoing = route.outgoing;
		return 0;
	}
	if (!route.incoming)
		route.incoming = flow->interface;
	if (!GROW(plan->routes, plan->n_routes, plan->routes_room))
		return -ENOMEM;
	plan->routes[plan->n_routes++] = route;
	return 1;
}

static int compare_sources(const void *a, const void *b)
{
	return address_compare(a, b);
}

static int plan_routes(struct forwarder *forwarder, const struct upstreams *upstreams,
		       const struct forwarder_group *group, struct plan *plan)
{
	const struct want *want;
	const struct flow *flow;
	size_t n = 0, i;
	int r = 0;

	for (want = group->wants; want; want = want->next)
		n += want->exclude ? 0 : want->n;
	LIST_FOREACH (flow, &group->flows, of_group)
		n++;
	if (!RESERVE(forwarder->scratch, n, forwarder->scratch_room))
		return -ENOMEM;
	n = 0;
	for (want = group->wants; want; want = want->next)
		for (i = 0; i < want->n && !want->exclude; i++)
			forwarder->scratch[n++] = address_load(forwarder->options.family,
							       want->sources + i * forwarder->size);
	LIST_FOREACH (flow, &group->flows, of_group)
		forwarder->scratch[n++] = flow->source;
	if (n > 1)
		qsort(forwarder->scratch, n, sizeof(forwarder->scratch[0]), compare_sources);
	for (i = 0; i < n && r >= 0; i++) {
		const struct address *source = &forwarder->scratch[i];

		if (i > 0 && address_equal(source, source - 1))
			continue;
		r = plan_route(forwarder, upstreams, group, source,
			       forwarder_find_flow(forwarder, group, source), plan);
	}
	return r < 0 ? r : 0;
}

int plan_group(struct forwarder *forwarder, const struct upstreams *upstreams,
	       const struct forwarder_group *group, struct plan *plan)
{
	int r;

	plan_clear(plan);
	r = plan_joins(forwarder, upstreams, group, plan);
	if (r < 0)
		return r;
	return plan_routes(forwarder, upstreams, group, plan);
}

void plan_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_joins; i++)
		filter_clear(&plan->joins[i].filter);
	plan->n_joins = plan->n_routes = plan->n_outgoing = 0;
}

void plan_fini(struct plan *plan)
{
	plan_clear(plan);
	free(plan->joins);
	free(plan->routes);
	free(plan->outgoing);
}

/* Whether after wants something that before did not. */
static bool gains(const struct filter *before, const struct filter *after)
{
	const struct filter *listing = after->mode == FILTER_INCLUDE ? after : before;

	if (after->mode == FILTER_EXCLUDE && before->mode == FILTER_INCLUDE)
		return true;
	for (size_t i = 0; i < listing->n; i++)
		if (filter_wants(after, &listing->sources[i]) &&
		    !filter_wants(before, &listing->sources[i]))
			return true;
	return false;
}

enum emission {
	EMIT_GAINING, /* filters that want something new */
	EMIT_OTHERS,  /* ... the others that changed */
	EMIT_BESIDES, /* those of EMIT_GAINING, with what was wanted before */
	EMIT_LOSING,  /* filters that do not want something of before */
};

static bool is_emitted(const struct filter *old, const struct filter *new, enum emission which)
{
	if (filter_equal(old, new))
		return false;
	return which == EMIT_LOSING ? gains(new, old) : gains(old, new) == (which != EMIT_OTHERS);
}

static void emit_join(const struct forwarder *forwarder, const struct address *group, int ifindex,
		      const struct filter *old, const struct filter *new, enum emission which)
{
	struct filter both = { 0 };

	/* Without memory the old sources are left early. */
	if (which == EMIT_BESIDES && filter_merge(&both, old) == 0 && filter_merge(&both, new) == 0)
		forwarder->ops.join(ifindex, group, &both, forwarder->userdata);
	else
		forwarder->ops.join(ifindex, group, new, forwarder->userdata);
	filter_clear(&both);
}

static void emit_joins(const struct forwarder *forwarder, const struct address *group,
		       const struct plan *before, const struct plan *after, enum emission which)
{
	static const struct filter nothing;
	size_t i = 0, j = 0;

	while (i < before->n_joins || j < after->n_joins) {
		int left = i < before->n_joins ? before->joins[i].ifindex : INT32_MAX;
		int right = j < after->n_joins ? after->joins[j].ifindex : INT32_MAX;
		const struct filter *old = left <= right ? &before->joins[i++].filter : &nothing;
		const struct filter *new = right <= left ? &after->joins[j++].filter : &nothing;

		if (is_emitted(old, new, which))
			emit_join(forwarder, group, left < right ? left : right, old, new, which);
	}
}

bool plan_same_route(const struct plan *before, const struct plan_route *a,
		     const struct plan *after, const struct plan_route *b)
{
	return a->incoming == b->incoming && a->n == b->n &&
	       (a->n == 0 || memcmp(&before->outgoing[a->outgoing], &after->outgoing[b->outgoing],
				    a->n * sizeof(before->outgoing[0])) == 0);
}

/* stay: routes keep their incoming interface for now. */
static void emit_routes(const struct forwarder *forwarder, const struct address *group,
			const struct plan *before, const struct plan *after, bool stay)
{
	size_t i = 0, j = 0;

	while (i < before->n_routes || j < after->n_routes) {
		const struct plan_route *old = i < before->n_routes ? &before->routes[i] : NULL;
		const struct plan_route *new = j < after->n_routes ? &after->routes[j] : NULL;
		int order = !old ? 1 : !new ? -1 : address_compare(&old->source, &new->source);

		if (order == 0 && stay && old->n > 0 && old->incoming != new->incoming)
			; /* its packets come in there */
		else if (order < 0)
			forwarder->ops.unroute(&old->source, group, forwarder->userdata);
		else if (order > 0 || !plan_same_route(before, old, after, new))
			forwarder->ops.route(&new->source, group, new->incoming,
					     after->outgoing + new->outgoing, new->n,
					     forwarder->userdata);
		i += order <= 0;
		j += order >= 0;
	}
}

void plan_emit(const struct forwarder *forwarder, const struct address *group,
	       const struct plan *before, const struct plan *after)
{
	emit_joins(forwarder, group, before, after, EMIT_GAINING);
	emit_routes(forwarder, group, before, after, false);
	emit_joins(forwarder, group, before, after, EMIT_OTHERS);
}

void plan_emit_gains(const struct forwarder *forwarder, const struct address *group,
		     const struct plan *before, const struct plan *after)
{
	emit_joins(forwarder, group, before, after, EMIT_BESIDES);
	emit_routes(forwarder, group, before, after, true);
}

void plan_emit_losses(const struct forwarder *forwarder, const struct address *group,
		      const struct plan *before, const struct plan *after)
{
	emit_routes(forwarder, group, before, after, false);
	emit_joins(forwarder, group, before, after, EMIT_LOSING);
}
