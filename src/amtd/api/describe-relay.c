/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/describe-relay.h"

#include "amtd/relay/filter.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

struct wanted_view {
	struct address group;
	const char *mode;
	struct field_list sources; /* const char * */
};

static const struct field wanted_fields[] = {
	{ "group", FIELD_ADDRESS, offsetof(struct wanted_view, group), .help = "group" },
	{ "mode", FIELD_STRING, offsetof(struct wanted_view, mode), .help = "include or exclude" },
	{ "sources", FIELD_STRINGS, offsetof(struct wanted_view, sources),
	  .help = "sources that are wanted, or not wanted" },
	{ NULL },
};

struct tunnel_view {
	struct address gateway;
	int port;
	uint64_t since, last_query, last_update;
	struct field_list groups;
	bool filtered;
};

#define TUNNEL(member) offsetof(struct tunnel_view, member)

static const struct field tunnel_fields[] = {
	{ "gateway", FIELD_ADDRESS, TUNNEL(gateway), .help = "address of the gateway" },
	{ "port", FIELD_INT, TUNNEL(port), .help = "its UDP port" },
	{ "since_usec", FIELD_TIME, TUNNEL(since), .help = "first Query to it" },
	{ "last_query_usec", FIELD_TIME, TUNNEL(last_query), .help = "last Query to it" },
	{ "groups", FIELD_LIST, TUNNEL(groups), .fields = wanted_fields,
	  .size = sizeof(struct wanted_view), .help = "its memberships" },
	{ "last_update_usec", FIELD_TIME, TUNNEL(last_update), FIELD_IF_SET,
	  .help = "last valid Membership Update" },
	{ "filtered", FIELD_BOOL, TUNNEL(filtered),
	  .help = "whether it gets only the sources of its memberships; false: all of their groups, as amtd may not know what it asked for" },
	{ NULL },
};

struct serving_view {
	struct field_list tunnels;
	int max_tunnels;
	uint64_t queries, updates, teardowns, begun, expired, evicted, malformed, not_asked;
	struct field_counts ignored, records, errors;
};

#define SERVING(member) offsetof(struct serving_view, member)

const struct field serving_fields[] = {
	{ "tunnels", FIELD_LIST, SERVING(tunnels), .fields = tunnel_fields,
	  .size = sizeof(struct tunnel_view), .help = "by the gateway's address" },
	{ "max_tunnels", FIELD_INT, SERVING(max_tunnels), .help = "MaxTunnels=" },
	{ "queries", FIELD_UINT, SERVING(queries), .help = "Membership Queries sent" },
	{ "updates", FIELD_UINT, SERVING(updates), .help = "valid Membership Updates" },
	{ "teardowns", FIELD_UINT, SERVING(teardowns), .help = "valid Teardowns" },
	{ "begun", FIELD_UINT, SERVING(begun), .help = "tunnels begun" },
	{ "expired", FIELD_UINT, SERVING(expired), .help = "tunnels expired" },
	{ "evicted", FIELD_UINT, SERVING(evicted), .help = "tunnels over the limit" },
	{ "malformed", FIELD_UINT, SERVING(malformed), .help = "messages that RFC 7450 forbids" },
	{ "not_asked", FIELD_UINT, SERVING(not_asked),
	  .help = "data packets dropped, since the gateway did not ask for their source" },
	{ "ignored", FIELD_COUNTS, SERVING(ignored), .help = "messages ignored, by reason" },
	{ "ignored_records", FIELD_COUNTS, SERVING(records), .help = "records ignored, by reason" },
	{ "faults", FIELD_COUNTS, SERVING(errors), .help = "malformed packets within Updates" },
	{ NULL },
};

struct wanted_scan {
	struct arena *arena;
	struct wanted_view *views;
	size_t n, room;
};

static int view_wanted(const struct router_group *group, const struct filter *filter,
		       void *userdata)
{
	struct wanted_scan *scan = userdata;
	const char **sources = arena_alloc(scan->arena, filter->n, sizeof(*sources));
	char text[ADDRESS_TEXT_MAX];

	if (!sources || scan->n == scan->room)
		return 1;
	for (size_t i = 0; i < filter->n; i++)
		sources[i] = arena_string(scan->arena, address_format(&filter->sources[i], text));
	scan->views[scan->n++] = (struct wanted_view){
		.group = group->group,
		.mode = filter->mode == FILTER_EXCLUDE ? "exclude" : "include",
		.sources = { sources, filter->n },
	};
	return 0;
}

static int compare_tunnels(const void *a, const void *b)
{
	const struct tunnel_view *x = a, *y = b;

	return address_compare(&x->gateway, &y->gateway);
}

static struct field_list view_tunnels(struct arena *arena, const struct tunnels *tunnels)
{
	size_t n = 0, at = 0, count = tunnels_count(tunnels);
	struct tunnel_view *views = arena_alloc(arena, count, sizeof(*views));
	struct tunnels_tunnel tunnel;

	while (views && n < count && tunnels_next_tunnel(tunnels, &at, &tunnel)) {
		struct wanted_scan scan = { .arena = arena, .room = tunnel.groups };

		scan.views = arena_alloc(arena, tunnel.groups, sizeof(*scan.views));
		if (!scan.views)
			break;
		(void)tunnels_groups(tunnels, &tunnel.gateway, clock_monotonic(), view_wanted,
				     &scan);
		views[n++] = (struct tunnel_view){
			.gateway = tunnel.gateway,
			.port = tunnel.port,
			.since = clock_to_realtime(tunnel.since),
			.last_query = clock_to_realtime(tunnel.last_query),
			.last_update = clock_to_realtime(tunnel.last_update),
			.groups = { scan.views, scan.n },
			.filtered = tunnel.known,
		};
	}
	if (views)
		qsort(views, n, sizeof(*views), compare_tunnels);
	return (struct field_list){ views, n };
}

static const char *ignored_string(int reason)
{
	return tunnels_ignored_string(reason);
}

static const char *record_string(int reason)
{
	return router_ignored_text(reason);
}

static const char *error_string(int error)
{
	return group_error_string(error);
}

const void *view_serving(struct arena *arena, const struct relay_device *relay)
{
	struct tunnels_counters *counters;
	struct serving_view *view;

	if (!relay || !relay->tunnels)
		return NULL;
	view = arena_alloc(arena, 1, sizeof(*view));
	counters = arena_alloc(arena, 1, sizeof(*counters));
	if (arena->failed)
		return NULL;
	tunnels_counters(relay->tunnels, counters);
	*view = (struct serving_view){
		.tunnels = view_tunnels(arena, relay->tunnels),
		.max_tunnels = (int)relay->max,
		.queries = counters->queries,
		.updates = counters->updates,
		.teardowns = counters->teardowns,
		.begun = counters->begun,
		.expired = counters->expired,
		.evicted = counters->evicted,
		.malformed = relay->malformed,
		.not_asked = relay_filter_dropped(relay),
		.ignored = { counters->ignored, 0, _TUNNELS_IGNORED_MAX, ignored_string },
		.records = { counters->records, 0, ROUTER_IGNORED_MAX, record_string },
		.errors = { counters->errors, 0, _GROUP_ERROR_MAX, error_string },
	};
	return view;
}
