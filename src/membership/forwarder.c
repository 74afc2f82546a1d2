/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/group.h"
#include "membership/forwarder-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int forwarder_new(const struct forwarder_options *options, const struct forwarder_ops *ops,
		  void *userdata, struct forwarder **ret)
{
	struct forwarder *forwarder;
	int r;

	if ((options->family != AF_INET && options->family != AF_INET6) ||
	    options->max_flows == 0 || options->max_dropped == 0)
		return -EINVAL;
	forwarder = calloc(1, sizeof(*forwarder));
	if (!forwarder)
		return -ENOMEM;
	forwarder->options = *options;
	forwarder->ops = *ops;
	forwarder->userdata = userdata;
	forwarder->size = address_length(options->family);
	r = forwarder_store_init(forwarder);
	if (r >= 0)
		r = upstreams_init(&forwarder->upstreams, options->family, NULL, 0, NULL, 0);
	if (r < 0) {
		forwarder_free(forwarder);
		return r;
	}
	*ret = forwarder;
	return 0;
}

void forwarder_free(struct forwarder *forwarder)
{
	if (!forwarder)
		return;
	forwarder_store_fini(forwarder);
	upstreams_fini(&forwarder->upstreams);
	upstreams_fini(&forwarder->previous);
	plan_fini(&forwarder->before);
	plan_fini(&forwarder->after);
	free(forwarder->configured);
	free(forwarder->gone);
	free(forwarder->scratch);
	free(forwarder);
}

/* Flows that are wanted by now, or no more, change queues. */
static void refile_flows(struct forwarder *forwarder, struct forwarder_group *group,
			 const struct plan *plan)
{
	struct flow *flow;

	for (size_t i = 0; i < plan->n_routes && !LIST_EMPTY(&group->flows); i++) {
		const struct plan_route *route = &plan->routes[i];

		flow = forwarder_find_flow(forwarder, group, &route->source);
		if (flow)
			forwarder_file_flow(forwarder, flow,
					    route->n > 0 && route->incoming == flow->interface);
	}
}

/* The plan's last route. */
static void emit_last(const struct forwarder *forwarder, const struct address *group,
		      const struct plan *plan)
{
	const struct plan_route *route = &plan->routes[plan->n_routes - 1];

	forwarder->ops.route(&route->source, group, route->incoming,
			     plan->outgoing + route->outgoing, route->n, forwarder->userdata);
}

/* Remove a flow and its route, unless a filter includes its source. */
static void drop_flow(struct forwarder *forwarder, struct flow *flow)
{
	struct address address = address_load(forwarder->options.family, flow->group->key);
	struct address source = flow->source;
	struct forwarder_group *group = flow->group;
	struct plan *plan = &forwarder->after;
	int had, r;

	plan_clear(plan);
	had = plan_route(forwarder, &forwarder->upstreams, group, &source, flow, plan);
	r = plan_route(forwarder, &forwarder->upstreams, group, &source, NULL, plan);
	forwarder_remove_flow(forwarder, flow);
	forwarder_remove_if_empty(forwarder, group);
	/* Out of memory: drop the flow, the kernel will request it again. */
	if (had != 0 && r <= 0)
		forwarder->ops.unroute(&source, &address, forwarder->userdata);
	else if (had > 0 && r > 0 &&
		 !plan_same_route(plan, &plan->routes[0], plan, &plan->routes[1]))
		emit_last(forwarder, &address, plan);
}

/* The newest is at the end of its queue, so it stays. */
static void evict_flows(struct forwarder *forwarder)
{
	const uint32_t max[] = { forwarder->options.max_dropped, forwarder->options.max_flows };

	for (size_t wanted = 0; wanted < 2; wanted++)
		while (forwarder->n_ages[wanted] > max[wanted]) {
			struct flow *flow = TAILQ_FIRST(&forwarder->ages[wanted]);

			forwarder->counters.evicted++;
			drop_flow(forwarder, flow);
		}
}

static struct want *new_want(const struct forwarder *forwarder, int downstream,
			     const struct filter *filter)
{
	struct want *want = malloc(sizeof(*want) + filter->n * forwarder->size);

	if (!want)
		return NULL;
	want->downstream = downstream;
	want->n = filter->n;
	want->exclude = filter->mode == FILTER_EXCLUDE;
	for (size_t i = 0; i < filter->n; i++)
		(void)address_store(&filter->sources[i], want->sources + i * forwarder->size);
	return want;
}

static struct want **want_link(struct forwarder_group *group, int downstream)
{
	struct want **link = &group->wants;

	while (*link && (*link)->downstream < downstream)
		link = &(*link)->next;
	return link;
}

/* The group's part of a move: its previous upstream is left. */
static int settle_group(struct forwarder *forwarder, struct forwarder_group *group)
{
	struct address address = address_load(forwarder->options.family, group->key);
	int r;

	if (!forwarder->moving)
		return 0;
	r = plan_group(forwarder, &forwarder->previous, group, &forwarder->before);
	if (r == 0)
		r = plan_group(forwarder, &forwarder->upstreams, group, &forwarder->after);
	if (r == 0)
		plan_emit_losses(forwarder, &address, &forwarder->before, &forwarder->after);
	return r;
}

/* Replace the downstream's filter by new, and call the ops; NULL: it leaves. Unchanged on
 * failure. */
static int replace_want(struct forwarder *forwarder, struct forwarder_group *group, int downstream,
			struct want *new)
{
	struct address address = address_load(forwarder->options.family, group->key);
	struct want **link = want_link(group, downstream), *old = *link;
	int r;

	if (old && old->downstream != downstream)
		old = NULL;
	r = settle_group(forwarder, group);
	if (r == 0)
		r = plan_group(forwarder, &forwarder->upstreams, group, &forwarder->before);
	if (r < 0)
		return r;
	if (new) {
		new->next = old ? old->next : *link;
		*link = new;
	} else if (old) {
		*link = old->next;
	}
	r = plan_group(forwarder, &forwarder->upstreams, group, &forwarder->after);
	if (r < 0) {
		*link = old ? old : new ? new->next : *link;
		return r;
	}
	forwarder->counters.wants += !!new;
	forwarder->counters.wants -= !!old;
	free(old);
	plan_emit(forwarder, &address, &forwarder->before, &forwarder->after);
	refile_flows(forwarder, group, &forwarder->after);
	return 0;
}

static bool is_of_family(const struct forwarder *forwarder, const struct address *group,
			 const struct filter *filter)
{
	if (group->family != forwarder->options.family)
		return false;
	for (size_t i = 0; i < filter->n; i++)
		if (filter->sources[i].family != forwarder->options.family)
			return false;
	return true;
}

static bool denies_any(const struct forwarder *forwarder, int interface,
		       const struct address *group, const struct filter *filter)
{
	bool denied = filter->mode == FILTER_EXCLUDE &&
		      forwarder_denies(forwarder, interface, NULL, group);

	for (size_t i = 0; i < filter->n && filter->mode == FILTER_INCLUDE && !denied; i++)
		denied = forwarder_denies(forwarder, interface, &filter->sources[i], group);
	return denied;
}

/* Downstream, or on some upstream. */
static bool is_denied(const struct forwarder *forwarder, int downstream,
		      const struct address *group, const struct filter *filter)
{
	const struct upstreams *upstreams = &forwarder->upstreams;

	if (!forwarder->policy)
		return false;
	for (size_t i = 0; i < upstreams->n_interfaces; i++)
		if (denies_any(forwarder, upstreams->interfaces[i], group, filter))
			return true;
	return denies_any(forwarder, downstream, group, filter);
}

int forwarder_want(struct forwarder *forwarder, int downstream, const struct address *address,
		   const struct filter *filter)
{
	struct want *want = NULL;
	struct forwarder_group *group;
	int r;

	if (downstream <= 0 || !is_of_family(forwarder, address, filter))
		return -EINVAL;
	if (!group_routable(address)) {
		forwarder->counters.refused++;
		return 0;
	}
	group = forwarder_find(forwarder, address);
	if (!group && filter_empty(filter))
		return 0;
	if (!filter_empty(filter)) {
		want = new_want(forwarder, downstream, filter);
		if (!want)
			return -ENOMEM;
		if (!group)
			group = forwarder_add(forwarder, address);
		if (!group) {
			free(want);
			return -ENOMEM;
		}
	}
	forwarder->counters.denied += want && is_denied(forwarder, downstream, address, filter);
	r = replace_want(forwarder, group, downstream, want);
	if (r < 0)
		free(want);
	forwarder_remove_if_empty(forwarder, group);
	evict_flows(forwarder);
	forwarder_shrink(forwarder);
	return r;
}

/* Flows that are known to come from there. */
static void drop_flows_of(struct forwarder *forwarder, int downstream)
{
	for (size_t wanted = 0; wanted < 2; wanted++) {
		struct flow *flow = TAILQ_FIRST(&forwarder->ages[wanted]), *next;

		for (; flow; flow = next) {
			next = TAILQ_NEXT(flow, by_age);
			if (flow->kind != FORWARDER_UPSTREAM && flow->interface == downstream)
				drop_flow(forwarder, flow);
		}
	}
}

int forwarder_downstream_gone(struct forwarder *forwarder, int downstream)
{
	struct forwarder_group *group, *next;
	int r = 0;

	drop_flows_of(forwarder, downstream);
	for (uint32_t i = 0; i < forwarder->groups_buckets; i++)
		for (group = forwarder->groups[i]; group && r >= 0; group = next) {
			struct want *want = *want_link(group, downstream);

			next = group->next;
			if (!want || want->downstream != downstream)
				continue;
			r = replace_want(forwarder, group, downstream, NULL);
			forwarder_remove_if_empty(forwarder, group);
		}
	evict_flows(forwarder);
	forwarder_shrink(forwarder);
	return r;
}

/* Move a group's flows from their upstream to the new one. */
static void follow_upstream(const struct upstreams *from, const struct upstreams *to,
			    struct forwarder_group *group)
{
	struct flow *flow;

	for (flow = LIST_FIRST(&group->flows); flow; flow = LIST_NEXT(flow, of_group)) {
		int next = upstreams_ifindex(to, &flow->source);

		if (next && flow->kind == FORWARDER_UPSTREAM &&
		    upstreams_ifindex(from, &flow->source) == flow->interface)
			flow->interface = next;
	}
}

int forwarder_settle(struct forwarder *forwarder)
{
	int r = 0;

	for (uint32_t i = 0; i < forwarder->groups_buckets && forwarder->moving && r >= 0; i++)
		for (struct forwarder_group *group = forwarder->groups[i]; group && r >= 0;
		     group = group->next)
			r = settle_group(forwarder, group);
	upstreams_fini(&forwarder->previous);
	forwarder->previous = (struct upstreams){ 0 };
	forwarder->moving = false;
	return r;
}

static int switch_upstreams(struct forwarder *forwarder, bool move)
{
	struct upstreams old, new;
	struct forwarder_group *group;
	int r;

	r = forwarder_settle(forwarder);
	if (r < 0)
		return r;
	old = forwarder->upstreams;
	r = upstreams_init(&new, forwarder->options.family, forwarder->configured,
			   forwarder->n_configured, forwarder->gone, forwarder->n_gone);
	if (r < 0)
		return r;
	forwarder->upstreams = new;
	for (uint32_t i = 0; i < forwarder->groups_buckets && r >= 0; i++)
		for (group = forwarder->groups[i]; group && r >= 0; group = group->next) {
			struct address address =
				address_load(forwarder->options.family, group->key);

			r = plan_group(forwarder, &old, group, &forwarder->before);
			if (r < 0)
				break;
			follow_upstream(&old, &new, group);
			r = plan_group(forwarder, &new, group, &forwarder->after);
			if (r < 0)
				break;
			(move ? plan_emit_gains : plan_emit)(forwarder, &address,
							     &forwarder->before, &forwarder->after);
			refile_flows(forwarder, group, &forwarder->after);
		}
	if (move) {
		forwarder->previous = old;
		forwarder->moving = true;
	} else {
		upstreams_fini(&old);
	}
	evict_flows(forwarder);
	return r;
}

int forwarder_set_policy(struct forwarder *forwarder, const struct group_policy *policy)
{
	const struct group_policy *before = forwarder->policy;
	int r = 0;

	for (uint32_t i = 0; i < forwarder->groups_buckets && r >= 0; i++)
		for (struct forwarder_group *group = forwarder->groups[i]; group && r >= 0;
		     group = group->next) {
			struct address address =
				address_load(forwarder->options.family, group->key);

			forwarder->policy = before;
			r = settle_group(forwarder, group);
			if (r == 0)
				r = plan_group(forwarder, &forwarder->upstreams, group,
					       &forwarder->before);
			forwarder->policy = policy;
			if (r == 0)
				r = plan_group(forwarder, &forwarder->upstreams, group,
					       &forwarder->after);
			if (r < 0)
				break;
			plan_emit(forwarder, &address, &forwarder->before, &forwarder->after);
			refile_flows(forwarder, group, &forwarder->after);
		}
	forwarder->policy = policy;
	evict_flows(forwarder);
	return r;
}

void forwarder_replace_policy(struct forwarder *forwarder, const struct group_policy *policy)
{
	forwarder->policy = policy;
}

static int replace_upstreams(struct forwarder *forwarder,
			     const struct forwarder_upstream *upstreams, size_t n, bool move)
{
	struct forwarder_upstream *rows = calloc(n + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	if (n > 0)
		memcpy(rows, upstreams, n * sizeof(*rows));
	free(forwarder->configured);
	forwarder->configured = rows;
	forwarder->n_configured = n;
	return switch_upstreams(forwarder, move);
}

int forwarder_set_upstreams(struct forwarder *forwarder, const struct forwarder_upstream *upstreams,
			    size_t n)
{
	return replace_upstreams(forwarder, upstreams, n, false);
}

int forwarder_move_upstreams(struct forwarder *forwarder,
			     const struct forwarder_upstream *upstreams, size_t n)
{
	return replace_upstreams(forwarder, upstreams, n, true);
}

int forwarder_arrived(struct forwarder *forwarder, int interface, const struct address *source,
		      const struct address *group)
{
	if (!forwarder->moving || upstreams_ifindex(&forwarder->upstreams, source) != interface)
		return 0;
	return forwarder_missing(forwarder, interface, FORWARDER_UPSTREAM, source, group);
}

int forwarder_upstream_gone(struct forwarder *forwarder, int ifindex)
{
	for (size_t i = 0; i < forwarder->n_gone; i++)
		if (forwarder->gone[i] == ifindex)
			return 0;
	if (!GROW(forwarder->gone, forwarder->n_gone, forwarder->gone_room))
		return -ENOMEM;
	forwarder->gone[forwarder->n_gone++] = ifindex;
	return switch_upstreams(forwarder, false);
}

int forwarder_upstream_back(struct forwarder *forwarder, int ifindex)
{
	for (size_t i = 0; i < forwarder->n_gone; i++)
		if (forwarder->gone[i] == ifindex) {
			forwarder->gone[i] = forwarder->gone[--forwarder->n_gone];
			return switch_upstreams(forwarder, false);
		}
	return 0;
}

bool forwarder_places(const struct forwarder *forwarder, const struct address *source)
{
	const struct forwarder_upstream *row = upstreams_find(&forwarder->upstreams, source);

	return row && row->prefix.length > 0;
}

int forwarder_missing(struct forwarder *forwarder, int interface, enum forwarder_kind kind,
		      const struct address *source, const struct address *address)
{
	const int upstream = upstreams_ifindex(&forwarder->upstreams, source);
	const struct plan *plan = &forwarder->after;
	const struct plan_route *route;
	struct forwarder_group *group;
	struct flow *flow;
	int r;

	if (address->family != forwarder->options.family ||
	    source->family != forwarder->options.family)
		return -EINVAL;
	if (!group_routable(address)) {
		forwarder->counters.refused++;
		return 0;
	}
	if (!upstream && upstreams_lack(&forwarder->upstreams, interface))
		return 0;
	if (forwarder_places(forwarder, source))
		kind = FORWARDER_UPSTREAM;
	forwarder->counters.wrong_interface += interface != upstream && kind == FORWARDER_UPSTREAM;
	group = forwarder_find(forwarder, address);
	if (!group)
		group = forwarder_add(forwarder, address);
	if (!group)
		return -ENOMEM;
	plan_clear(&forwarder->after);
	flow = forwarder_find_flow(forwarder, group, source);
	r = plan_route(forwarder, &forwarder->upstreams, group, source, NULL, &forwarder->after);
	if (r == 0 || (r > 0 && (flow || kind != FORWARDER_UPSTREAM))) {
		if (!flow)
			flow = forwarder_add_flow(forwarder, group, source, interface, false);
		if (!flow) {
			forwarder_remove_if_empty(forwarder, group);
			return -ENOMEM;
		}
		flow->interface = interface;
		flow->kind = kind;
		r = plan_route(forwarder, &forwarder->upstreams, group, source, flow,
			       &forwarder->after);
	}
	if (r < 0) { /* a flow stays: the kernel will request its route again */
		forwarder_remove_if_empty(forwarder, group);
		return r;
	}
	route = &plan->routes[plan->n_routes - 1];
	if (flow)
		forwarder_file_flow(forwarder, flow, route->n > 0 && interface == route->incoming);
	emit_last(forwarder, address, plan);
	evict_flows(forwarder);
	return 0;
}

void forwarder_idle(struct forwarder *forwarder, const struct address *source,
		    const struct address *address)
{
	struct forwarder_group *group;
	struct flow *flow;

	if (address->family != forwarder->options.family ||
	    source->family != forwarder->options.family)
		return;
	group = forwarder_find(forwarder, address);
	flow = group ? forwarder_find_flow(forwarder, group, source) : NULL;
	if (flow)
		drop_flow(forwarder, flow);
	forwarder_shrink(forwarder);
}

void forwarder_sweep(struct forwarder *forwarder,
		     bool (*idle)(const struct address *source, const struct address *group,
				  uint64_t *cookie, void *userdata),
		     void *userdata)
{
	for (size_t wanted = 0; wanted < 2; wanted++) {
		struct flow *flow = TAILQ_FIRST(&forwarder->ages[wanted]), *next;

		for (; flow; flow = next) {
			struct address group =
				address_load(forwarder->options.family, flow->group->key);

			next = TAILQ_NEXT(flow, by_age);
			if (idle(&flow->source, &group, &flow->cookie, userdata))
				drop_flow(forwarder, flow);
		}
	}
	forwarder_shrink(forwarder);
}

int forwarder_route(struct forwarder *forwarder, const struct address *source,
		    const struct address *address, int *ret_incoming, const int **ret_outgoing,
		    size_t *ret_n)
{
	const struct plan *plan = &forwarder->after;
	const struct forwarder_group *group = NULL;
	const struct plan_route *route;
	int r;

	if (address->family == forwarder->options.family &&
	    source->family == forwarder->options.family)
		group = forwarder_find(forwarder, address);
	if (!group)
		return 0;
	plan_clear(&forwarder->after);
	r = plan_route(forwarder, &forwarder->upstreams, group, source,
		       forwarder_find_flow(forwarder, group, source), &forwarder->after);
	if (r <= 0)
		return r;
	route = &plan->routes[plan->n_routes - 1];
	*ret_incoming = route->incoming;
	*ret_outgoing = plan->outgoing + route->outgoing;
	*ret_n = route->n;
	return r;
}

bool forwarder_wants(const struct forwarder *forwarder, const struct address *address)
{
	const struct forwarder_group *group = NULL;

	if (address->family == forwarder->options.family)
		group = forwarder_find(forwarder, address);
	return group && group->wants;
}

int forwarder_repeat_routes(struct forwarder *forwarder)
{
	const struct plan *plan = &forwarder->after;
	int r = 0;

	for (uint32_t i = 0; i < forwarder->groups_buckets && r >= 0; i++)
		for (struct forwarder_group *group = forwarder->groups[i]; group && r >= 0;
		     group = group->next) {
			struct address address =
				address_load(forwarder->options.family, group->key);

			r = plan_group(forwarder, &forwarder->upstreams, group, &forwarder->after);
			for (size_t j = 0; j < plan->n_routes && r >= 0; j++) {
				const struct plan_route *route = &plan->routes[j];

				forwarder->ops.route(&route->source, &address, route->incoming,
						     plan->outgoing + route->outgoing, route->n,
						     forwarder->userdata);
			}
		}
	return r;
}

void forwarder_counters(const struct forwarder *forwarder, struct forwarder_counters *ret)
{
	*ret = forwarder->counters;
	ret->flows = forwarder->n_ages[true];
	ret->dropped = forwarder->n_ages[false];
}
