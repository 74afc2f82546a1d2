/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/describe-forward.h"

#include "amtd/forward/backup.h"
#include "amtd/forward/upstreams.h"
#include "base/clock.h"

#include <string.h>

/* ---- interfaces ----------------------------------------------------------------------------- */

struct upstream_view {
	const char *ifname, *prefix;
	bool running;
};

static const struct field upstream_fields[] = {
	{ "ifname", FIELD_STRING, offsetof(struct upstream_view, ifname),
	  .help = "interface in use, or driad" },
	{ "prefix", FIELD_STRING, offsetof(struct upstream_view, prefix),
	  .help = "sources that come from there, or any" },
	{ "running", FIELD_BOOL, offsetof(struct upstream_view, running),
	  .help = "whether it exists and is up" },
	{ NULL },
};
struct router_view {
	const char *querier;
	bool querying;
	uint64_t groups, members, reports, queries, queries_sent, unicast_ignored, lost;
	struct field_counts refused, ignored;
};

#define ROUTER(member) offsetof(struct router_view, member)

static const struct field router_fields[] = {
	{ "querier", FIELD_STRING, ROUTER(querier), .help = "address of the querier; empty: none" },
	{ "querying", FIELD_BOOL, ROUTER(querying), .help = "whether amtd is the querier" },
	{ "groups", FIELD_UINT, ROUTER(groups), .help = "groups with members" },
	{ "members", FIELD_UINT, ROUTER(members),
	  .help = "hosts of these that are tracked, each once a group (FastLeave=)" },
	{ "reports", FIELD_UINT, ROUTER(reports), .help = "Reports and Leaves received" },
	{ "queries", FIELD_UINT, ROUTER(queries), .help = "Queries received" },
	{ "queries_sent", FIELD_UINT, ROUTER(queries_sent), .help = "Queries sent" },
	{ "refused", FIELD_COUNTS, ROUTER(refused),
	  .help = "messages that RFC 9776 or 9777 forbids, or that not all hosts got, by reason" },
	{ "unicast_ignored", FIELD_UINT, ROUTER(unicast_ignored),
	  .help = "messages ignored by UnicastReports=" },
	{ "lost", FIELD_UINT, ROUTER(lost), .help = "messages lost by this host under load" },
	{ "ignored", FIELD_COUNTS, ROUTER(ignored),
	  .help = "records and messages ignored, by reason" },
	{ NULL },
};

struct downstream_view {
	const char *ifname, *error;
	bool running;
	const struct router_view *routers[_FAMILY_MAX];
};

static const struct field downstream_fields[] = {
	{ "ifname", FIELD_STRING, offsetof(struct downstream_view, ifname), .help = "interface" },
	{ "running", FIELD_BOOL, offsetof(struct downstream_view, running),
	  .help = "whether it is there and up" },
	{ "error", FIELD_STRING, offsetof(struct downstream_view, error), FIELD_IF_SET,
	  .help = "why it does not work" },
	{ "igmp", FIELD_OBJECT, offsetof(struct downstream_view, routers[FAMILY_IPV4]),
	  FIELD_IF_SET, router_fields, .help = "IGMP router" },
	{ "mld", FIELD_OBJECT, offsetof(struct downstream_view, routers[FAMILY_IPV6]), FIELD_IF_SET,
	  router_fields, .help = "MLD router" },
	{ NULL },
};

static const char *ignored_string(int reason)
{
	return router_ignored_text(reason);
}

static struct field_counts counts_refused(const uint64_t *refused)
{
	return (struct field_counts){ refused, REFUSAL_NONE + 1, _REFUSAL_MAX, refusal_name,
				      .all = true };
}

static const struct router_view *view_router(struct arena *arena, const struct side *side)
{
	const struct router_counters *counters = router_counters(side->router);
	const struct listener_counters *received = listener_counters(side->listener);
	const struct address *querier = router_querier(side->router);
	struct router_view *view = arena_alloc(arena, 1, sizeof(*view));
	char text[ADDRESS_TEXT_MAX];

	if (!view)
		return NULL;
	*view = (struct router_view){
		.querier = querier->family == AF_UNSPEC
				   ? ""
				   : arena_string(arena, address_format(querier, text)),
		.querying = querier->family != AF_UNSPEC && address_equal(querier, &side->own),
		.groups = router_groups(side->router),
		.members = router_members(side->router),
		.reports = counters->reports,
		.queries = counters->queries,
		.queries_sent = counters->queries_sent,
		.refused = counts_refused(side->refused),
		.unicast_ignored = side->ignored,
		.lost = received->dropped,
		.ignored = { counters->ignored, 0, ROUTER_IGNORED_MAX, ignored_string,
			     .all = true },
	};
	return view;
}

static struct field_list view_downstreams(struct arena *arena, const struct forward *forward)
{
	struct downstream_view *views = arena_alloc(arena, forward->n_downstreams, sizeof(*views));

	for (size_t i = 0; views && i < forward->n_downstreams; i++) {
		const struct downstream *downstream = forward->downstreams[i];

		views[i] = (struct downstream_view){
			.ifname = downstream->name,
			.running = downstream->ifindex != 0,
			.error = downstream->error,
		};
		for (int family = 0; family < _FAMILY_MAX; family++)
			if (downstream->sides[family].router)
				views[i].routers[family] =
					view_router(arena, &downstream->sides[family]);
	}
	return (struct field_list){ views, forward->n_downstreams };
}

static struct field_list view_upstreams(struct arena *arena, const struct forward *forward)
{
	const struct config_forward *config = forward_config(forward);
	struct upstream_view *views = arena_alloc(arena, config->n_upstreams, sizeof(*views));
	char prefix[PREFIX_TEXT_MAX];

	for (size_t i = 0; views && i < config->n_upstreams; i++)
		views[i] = (struct upstream_view){
			.ifname = forward_upstream_name(forward, i),
			.prefix = arena_string(arena,
					       prefix_format(&config->upstreams[i].prefix, prefix)),
			.running = forward->upstreams[i] != 0,
		};
	return (struct field_list){ views, config->n_upstreams };
}

/* ---- a family ------------------------------------------------------------------------------- */

struct flows_view {
	uint64_t groups, wants, joins, flows, dropped, wrong_interface, refused, evicted, denied;
};

#define FLOWS(member) offsetof(struct flows_view, member)

static const struct field flows_fields[] = {
	{ "groups", FIELD_UINT, FLOWS(groups),
	  .help = "groups joined downstream, or with unwanted flows" },
	{ "wants", FIELD_UINT, FLOWS(wants), .help = "memberships of downstream interfaces" },
	{ "joins", FIELD_UINT, FLOWS(joins), .help = "memberships upstream" },
	{ "flows", FIELD_UINT, FLOWS(flows),
	  .help = "flows of groups joined without a source, routed as they arrived" },
	{ "dropped_flows", FIELD_UINT, FLOWS(dropped),
	  .help = "of these: unwanted flows that the kernel drops" },
	{ "wrong_interface", FIELD_UINT, FLOWS(wrong_interface),
	  .help = "packets received on another interface than the source's upstream" },
	{ "refused", FIELD_UINT, FLOWS(refused),
	  .help = "joins and flows of groups that are never forwarded" },
	{ "evicted", FIELD_UINT, FLOWS(evicted), .help = "flows evicted for others" },
	{ "denied", FIELD_UINT, FLOWS(denied),
	  .help = "changes of memberships that DenyGroups= or AllowGroups= stop on an interface" },
	{ NULL },
};

struct family_view {
	const char *error, *failure;
	uint64_t failed;
	const struct flows_view *flows;
};

static const struct field family_fields[] = {
	{ "error", FIELD_STRING, offsetof(struct family_view, error), FIELD_IF_SET,
	  .help = "why the family is not forwarded" },
	{ "failed", FIELD_UINT, offsetof(struct family_view, failed), FIELD_IF_SET,
	  .help = "routes and memberships that the kernel refused" },
	{ "failure", FIELD_STRING, offsetof(struct family_view, failure), FIELD_IF_SET,
	  .help = "the last one" },
	{ "", FIELD_INLINE, offsetof(struct family_view, flows), FIELD_IF_SET, flows_fields },
	{ NULL },
};

static const struct family_view *view_family(struct arena *arena, const struct forward *forward,
					     enum family family)
{
	struct family_view *view = arena_alloc(arena, 1, sizeof(*view));
	struct flows_view *flows = arena_alloc(arena, 1, sizeof(*flows));
	struct forwarder_counters counters;
	size_t sockets;

	if (arena->failed)
		return NULL;
	if (!forward->routing->mroutes[family])
		view->error = forward->routing->errors[family];
	view->failed = forward->failed[family];
	view->failure = forward->failure[family];
	if (!forward->forwarders[family])
		return view;
	forwarder_counters(forward->forwarders[family], &counters);
	*flows = (struct flows_view){
		.groups = counters.groups,
		.wants = counters.wants,
		.joins = joins_count(forward->joins[family], &sockets),
		.flows = counters.flows,
		.dropped = counters.dropped,
		.wrong_interface = counters.wrong_interface,
		.refused = counters.refused,
		.evicted = counters.evicted,
		.denied = counters.denied,
	};
	view->flows = flows;
	return view;
}

/* ---- [Forward] ------------------------------------------------------------------------------ */

struct working_view {
	uint64_t table, upstream_packets;
	struct field_list upstreams, downstreams;
	const char *alternative;
	bool switched;
	const struct family_view *families[_FAMILY_MAX];
};

#define WORKING(member) offsetof(struct working_view, member)

static const struct field working_fields[] = {
	{ "table", FIELD_UINT, WORKING(table),
	  .help = "table of multicast routes; 0: the main one" },
	{ "upstreams", FIELD_LIST, WORKING(upstreams), .fields = upstream_fields,
	  .size = sizeof(struct upstream_view), .help = "Upstream=" },
	{ "upstream_packets", FIELD_UINT, WORKING(upstream_packets),
	  .help = "packets from the upstream of sources without a prefix" },
	{ "alternative", FIELD_STRING, WORKING(alternative), .help = "BackupUpstream=" },
	{ "switched", FIELD_BOOL, WORKING(switched), .help = "whether it is in use" },
	{ "downstreams", FIELD_LIST, WORKING(downstreams), .fields = downstream_fields,
	  .size = sizeof(struct downstream_view), .help = "Downstream=" },
	{ "ipv4", FIELD_OBJECT, WORKING(families[FAMILY_IPV4]), .fields = family_fields,
	  .help = "IPv4 multicast" },
	{ "ipv6", FIELD_OBJECT, WORKING(families[FAMILY_IPV6]), .fields = family_fields,
	  .help = "IPv6 multicast" },
	{ NULL },
};

struct forward_view {
	const char *error;
	const struct working_view *working;
};

const struct field forward_fields[] = {
	{ "error", FIELD_STRING, offsetof(struct forward_view, error), FIELD_IF_SET,
	  .help = "why nothing is forwarded" },
	{ "", FIELD_INLINE, offsetof(struct forward_view, working), FIELD_IF_SET, working_fields },
	{ NULL },
};

const void *view_forward(struct arena *arena, const struct forward_device *device)
{
	const struct forward *forward = device ? device->forward : NULL;
	struct forward_view *view;
	struct working_view *working;

	if (!forward)
		return NULL;
	view = arena_alloc(arena, 1, sizeof(*view));
	working = arena_alloc(arena, 1, sizeof(*working));
	if (arena->failed)
		return NULL;
	if (forward->error < 0) {
		view->error = strerror(-forward->error);
		return view;
	}
	*working = (struct working_view){
		.table = forward_config(forward)->table,
		.upstreams = view_upstreams(arena, forward),
		.upstream_packets = upstream_packets(forward),
		.alternative = forward_config(forward)->backup_upstream,
		.switched = forward->switched,
		.downstreams = view_downstreams(arena, forward),
		.families[FAMILY_IPV4] = view_family(arena, forward, FAMILY_IPV4),
		.families[FAMILY_IPV6] = view_family(arena, forward, FAMILY_IPV6),
	};
	view->working = working;
	return view;
}

/* ---- upstream listeners --------------------------------------------------------------------- */

struct listener_view {
	const char *querier;
	uint64_t queries, reports, queries_copied, reports_sent, queries_sent;
	uint64_t held_back, failed;
	struct field_counts refused;
};

#define LISTENER(member) offsetof(struct listener_view, member)

static const struct field listener_fields[] = {
	{ "querier", FIELD_STRING, LISTENER(querier),
	  .help = "address of the querier; empty: none" },
	{ "queries", FIELD_UINT, LISTENER(queries), .help = "Queries received" },
	{ "reports", FIELD_UINT, LISTENER(reports), .help = "Reports and Leaves received" },
	{ "refused", FIELD_COUNTS, LISTENER(refused),
	  .help = "messages that RFC 9776 or 9777 forbids, by reason" },
	{ "queries_copied", FIELD_UINT, LISTENER(queries_copied),
	  .help = "Queries copied downstream (ForwardQueries=)" },
	{ "reports_sent", FIELD_UINT, LISTENER(reports_sent),
	  .help = "Reports copied from downstream, or sent by timer" },
	{ "queries_sent", FIELD_UINT, LISTENER(queries_sent),
	  .help = "Queries sent (SelfQuerySec=)" },
	{ "held_back", FIELD_UINT, LISTENER(held_back), .help = "not copied: too many a second" },
	{ "failed", FIELD_UINT, LISTENER(failed), .help = "not sent: the kernel refused" },
	{ NULL },
};

struct listened_view {
	const char *ifname;
	const struct listener_view *sides[_FAMILY_MAX];
};

static const struct field listened_fields[] = {
	{ "ifname", FIELD_STRING, offsetof(struct listened_view, ifname), .help = "interface" },
	{ "igmp", FIELD_OBJECT, offsetof(struct listened_view, sides[FAMILY_IPV4]),
	  .fields = listener_fields, .help = "IGMP" },
	{ "mld", FIELD_OBJECT, offsetof(struct listened_view, sides[FAMILY_IPV6]),
	  .fields = listener_fields, .help = "MLD" },
	{ NULL },
};

struct listeners_view {
	struct field_list interfaces;
};

const struct field listeners_fields[] = {
	{ "heard_upstream", FIELD_LIST, offsetof(struct listeners_view, interfaces),
	  .fields = listened_fields, .size = sizeof(struct listened_view),
	  .help = "IGMP and MLD on upstream interfaces" },
	{ NULL },
};

static const struct listener_view *view_side(struct arena *arena, const struct listener_side *side)
{
	struct listener_view *view = arena_alloc(arena, 1, sizeof(*view));
	char text[ADDRESS_TEXT_MAX];

	if (!view)
		return NULL;
	*view = (struct listener_view){
		.querier = side->querier_until > clock_monotonic()
				   ? arena_string(arena, address_format(&side->querier, text))
				   : "",
		.queries = side->counters.queries,
		.reports = side->counters.reports,
		.refused = counts_refused(side->counters.refused),
		.queries_copied = side->counters.queries_copied,
		.reports_sent = side->counters.reports_sent,
		.queries_sent = side->counters.queries_sent,
		.held_back = side->counters.held_back,
		.failed = side->counters.failed,
	};
	return view;
}

const void *view_listeners(struct arena *arena, const struct forward_device *device)
{
	const struct listeners *listeners = device ? device->listeners : NULL;
	struct listeners_view *view;
	struct listened_view *views;
	size_t n = 0;

	if (!listeners)
		return NULL;
	for (const struct upstream *upstream = listeners->list; upstream; upstream = upstream->next)
		n++;
	view = arena_alloc(arena, 1, sizeof(*view));
	views = arena_alloc(arena, n, sizeof(*views));
	if (arena->failed)
		return NULL;
	view->interfaces = (struct field_list){ views, n };
	for (const struct upstream *upstream = listeners->list; upstream;
	     upstream = upstream->next) {
		views->ifname = upstream->name;
		for (int family = 0; family < _FAMILY_MAX; family++)
			views->sides[family] = view_side(arena, &upstream->sides[family]);
		views++;
	}
	return view;
}
