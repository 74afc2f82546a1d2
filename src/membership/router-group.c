/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/router-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

/* State of a source before a record: none of the group's, requested (A, or X), excluded (Y) */
enum state {
	ABSENT,
	REQUESTED,
	EXCLUDED,
	STATE_MAX,
};

/* Action on a source. */
enum action {
	KEEP,	  /* as it is */
	DROP,	  /* "Delete" */
	FULL,	  /* its timer = GMI */
	GROUP,	  /* its timer = Group Timer, as it was before */
	ZERO,	  /* its timer = 0 */
	ASK = 16, /* and "Send Q(G,...)", with it in there */
};

/* A row of the tables of RFC 9776, 6.4.1 and 6.4.2 (RFC 9777, 8.4.1 and 8.4.2), source by source:
 * for those that the record lists, and for the group's others. */
struct action_row {
	uint8_t listed[STATE_MAX], others[STATE_MAX];
	bool exclude;	  /* EXCLUDE from now on; Group Timer = GMI */
	bool query_group; /* "Send Q(G)" */
};

#define ROW_ALLOW                              \
	{                                      \
		.listed = { FULL, FULL, FULL } \
	}

static const struct action_row rows[2][GROUP_BLOCK_OLD_SOURCES + 1] = {
	[FILTER_INCLUDE] = {
		[GROUP_MODE_IS_INCLUDE] = ROW_ALLOW,
		[GROUP_MODE_IS_EXCLUDE] = { { ZERO, KEEP }, { KEEP, DROP }, .exclude = true },
		[GROUP_CHANGE_TO_INCLUDE] = { { FULL, FULL }, { KEEP, KEEP | ASK } },
		[GROUP_CHANGE_TO_EXCLUDE] = { { ZERO, KEEP | ASK }, { KEEP, DROP }, .exclude = true },
		[GROUP_ALLOW_NEW_SOURCES] = ROW_ALLOW,
		[GROUP_BLOCK_OLD_SOURCES] = { { KEEP, KEEP | ASK }, { KEEP, KEEP } },
	},
	[FILTER_EXCLUDE] = {
		[GROUP_MODE_IS_INCLUDE] = ROW_ALLOW,
		[GROUP_MODE_IS_EXCLUDE] = { { FULL, KEEP, KEEP }, { KEEP, DROP, DROP },
					    .exclude = true },
		[GROUP_CHANGE_TO_INCLUDE] = { { FULL, FULL, FULL }, { KEEP, KEEP | ASK, KEEP },
					      .query_group = true },
		[GROUP_CHANGE_TO_EXCLUDE] = { { GROUP | ASK, KEEP | ASK, KEEP },
					      { KEEP, DROP, DROP }, .exclude = true },
		[GROUP_ALLOW_NEW_SOURCES] = ROW_ALLOW,
		[GROUP_BLOCK_OLD_SOURCES] = { { GROUP | ASK, KEEP | ASK, KEEP },
					      { KEEP, KEEP, KEEP } },
	},
};

/* The processing of one record of a group. */
struct work {
	struct router *router;
	const struct action_row *row;
	enum filter_mode mode;	   /* afterwards */
	const struct group *group; /* before; NULL: none */
	struct key host;
	usec_t now, group_timer;
	bool changed; /* what is wanted */
	bool ask;
	bool tracked; /* a leave may take effect at once */
};

/* Does a source in this state affect the filter? */
static bool state_counts(enum filter_mode mode, enum state state)
{
	return state == (mode == FILTER_INCLUDE ? REQUESTED : EXCLUDED);
}

static enum state state_of(const struct source *source)
{
	return source->timer > 0 ? REQUESTED : EXCLUDED;
}

/* Of a source, or (NULL) of the group. */
static bool leaves_at_once(const struct work *work, const struct key *source)
{
	return work->router->options.fast_leave == ROUTER_LEAVE_FAST ||
	       (work->tracked &&
		members_alone(work->router, work->group, &work->host, source, work->now));
}

/* 6.6.3.2: only of those whose timer is larger than the Last Member Query Time. */
static void query_source(struct work *work, struct source *source)
{
	usec_t until = work->now + router_timer_usec(work->router, ROUTER_TIMER_LAST_MEMBER);

	if (leaves_at_once(work, &source->key)) {
		source->timer = 0;
	} else if (router_is_querier(work->router) && source->timer > until) {
		source->timer = until;
		source->retransmits = work->router->options.robustness;
		work->ask = true;
	}
}

/* Returns whether it is one of the group's from now on. */
static bool work_source(struct work *work, struct source *source, enum state before, bool listed)
{
	uint8_t action = (listed ? work->row->listed : work->row->others)[before];
	enum state after = before;

	switch (action & ~ASK) {
	case KEEP:
		break;
	case DROP:
		after = ABSENT;
		break;
	case FULL:
		source->timer =
			work->now + router_timer_usec(work->router, ROUTER_TIMER_MEMBERSHIP);
		after = REQUESTED;
		break;
	case GROUP:
		source->timer = work->group_timer;
		after = REQUESTED;
		break;
	case ZERO:
		source->timer = 0;
		after = EXCLUDED;
		break;
	}
	if (after == REQUESTED && (action & ASK)) {
		query_source(work, source);
		after = state_of(source);
	}
	if (after == EXCLUDED) {
		source->retransmits = 0;
		if (work->mode == FILTER_INCLUDE)
			after = ABSENT; /* fast leave */
	}
	/* New ones may not be accepted yet. */
	if (before != ABSENT && state_counts(work->mode, before) != state_counts(work->mode, after))
		work->changed = true;
	source->fresh = before == ABSENT;
	return after != ABSENT;
}

int source_compare(const void *a, const void *b)
{
	return memcmp(&((const struct source *)a)->key, &((const struct source *)b)->key,
		      sizeof(struct key));
}

/* The group's sources and the record's side by side, both sorted, each once. */
static size_t work_sources(struct work *work, const struct group *group,
			   const struct source *listed, size_t n_listed, struct source *out)
{
	size_t i = 0, j = 0, n = 0, n_group = group ? group->n : 0;

	while (i < n_group || j < n_listed) {
		int order = i == n_group    ? 1
			    : j == n_listed ? -1
					    : source_compare(&group->sources[i], &listed[j]);

		out[n] = order <= 0 ? group->sources[i] : listed[j];
		n += work_source(work, &out[n], order <= 0 ? state_of(&out[n]) : ABSENT,
				 order >= 0);
		i += order <= 0;
		j += order >= 0;
	}
	return n;
}

/* Room for new ones, beside these. */
static uint32_t room_for(const struct router *router, const struct group *group, uint32_t kept)
{
	const struct router_options *options = &router->options;
	uint32_t others = router->store.n_sources - (group ? group->n : 0);
	uint32_t room = 0, all = options->max_sources_in_all;

	/* Limits may be lower than when the sources were accepted. */
	if (options->max_sources > kept)
		room = options->max_sources - kept;
	if (all > 0 && room > 0)
		room = all <= others + kept ? 0 : MIN(room, all - others - kept);
	return room;
}

/* New sources are refused over the limit. The accepted ones decide whether the filter changed. */
static size_t limit_sources(struct work *work, const struct group *group, struct source *sources,
			    size_t n)
{
	uint32_t room, old = 0;
	size_t kept = 0, i;

	for (i = 0; i < n; i++)
		old += !sources[i].fresh;
	room = room_for(work->router, group, old);
	for (i = 0; i < n; i++) {
		if (sources[i].fresh && room == 0) {
			router_ignore(work->router, ROUTER_IGNORED_SOURCES);
			continue;
		}
		room -= sources[i].fresh;
		if (sources[i].fresh && state_counts(work->mode, state_of(&sources[i])))
			work->changed = true;
		sources[kept] = sources[i];
		sources[kept++].fresh = 0;
	}
	return kept;
}

/* The sources of a record, sorted, each once. */
static size_t read_sources(struct router *router, const struct group_record *record,
			   struct source *out)
{
	const struct group_sources *from = &record->sources;
	const bool joins = record->type == GROUP_MODE_IS_INCLUDE ||
			   record->type == GROUP_CHANGE_TO_INCLUDE ||
			   record->type == GROUP_ALLOW_NEW_SOURCES;
	bool sorted = true;
	size_t n = 0, unique = 0, i;

	for (i = 0; i < from->n; i++) {
		struct address address;

		group_source(from, router->options.family, (uint16_t)i, &address);
		if (!address_is_host(&address)) {
			router_ignore(router, ROUTER_IGNORED_SOURCE);
			continue;
		}
		if (joins && router_denies(router, &address, &record->group)) {
			router_ignore(router, ROUTER_IGNORED_DENIED);
			continue;
		}
		out[n++] = (struct source){ .key = router_key(&address) };
		sorted = sorted && (n < 2 || source_compare(&out[n - 2], &out[n - 1]) < 0);
	}
	if (sorted)
		return n;
	qsort(out, n, sizeof(out[0]), source_compare);
	for (i = 0; i < n; i++)
		if (unique == 0 || source_compare(&out[unique - 1], &out[i]) != 0)
			out[unique++] = out[i];
	return unique;
}

/* RFC 9776, section 7.3.2: an older host does not report its sources, so leaves of others are
 * ignored where it would lose traffic. Returns whether the record is accepted. */
static bool apply_compat_mode(const struct router *router, const struct group *group,
			      struct group_record *record, usec_t now)
{
	bool v1 = group && group->older_until[OLDER_V1] > now;
	bool v2 = group && group->older_until[OLDER_V2] > now;

	if (!v1 && !v2)
		return true;
	if (record->type == GROUP_CHANGE_TO_EXCLUDE)
		record->sources.n = 0;
	return record->type != GROUP_BLOCK_OLD_SOURCES &&
	       !(v1 && record->type == GROUP_CHANGE_TO_INCLUDE);
}

/* 7.3.2: the group is in compatibility mode for the Older Host Present Interval. */
static void note_older(struct router *router, struct group *group,
		       const struct group_message *message, usec_t now)
{
	bool mld = router->options.family == AF_INET6;
	enum older older = !mld && message->version == 1 ? OLDER_V1 : OLDER_V2;

	if (message->type == GROUP_REPORT && message->version < (mld ? 2 : 3))
		group->older_until[older] =
			now + router_timer_usec(router, ROUTER_TIMER_OLDER_HOST);
}

static bool has_older(const struct group *group, usec_t now)
{
	return group->older_until[OLDER_V1] > now || group->older_until[OLDER_V2] > now;
}

/* Hosts of older versions suppress their Reports where another one has reported. */
static bool may_track(const struct router *router, const struct group_message *message,
		      const struct group *group, usec_t now)
{
	return router->options.fast_leave == ROUTER_LEAVE_TRACKED && group &&
	       message->version >= (router->options.family == AF_INET6 ? 2 : 3) &&
	       !has_older(group, now);
}

uint8_t group_version(const struct router *router, const struct group *group, usec_t now)
{
	bool mld = router->options.family == AF_INET6;

	if (group->older_until[OLDER_V1] > now)
		return 1;
	if (group->older_until[OLDER_V2] > now && router->options.version > (mld ? 1 : 2))
		return mld ? 1 : 2;
	return router->options.version;
}

/* NULL: a limit, or no memory; it was counted. */
static struct group *new_group(struct router *router, const struct key *key, uint16_t room,
			       const struct address *host)
{
	struct key host_key = router_key(host);
	enum router_ignored reason = ROUTER_IGNORED_GROUPS;
	struct group *group;
	int r;

	if (router->store.heap.n < router->options.max_groups) {
		group = store_add(&router->store, key, room);
		r = group ? 0 : -ENOMEM;
		if (group && router->options.max_groups_per_host > 0)
			r = store_charge(&router->store, group, &host_key,
					 router->options.max_groups_per_host);
		if (r == 0)
			return group;
		if (group)
			store_remove(&router->store, group);
		reason = r == -EDQUOT ? ROUTER_IGNORED_HOST : ROUTER_IGNORED_MEMORY;
	}
	router_ignore(router, reason);
	return NULL;
}

/* "Send Q(G)", 6.6.3.1; not again while one is in progress, or repeated leaves of a host would
 * cause as many Queries. */
static void query_group(const struct work *work, struct group *group, bool at_once)
{
	const struct router *router = work->router;
	const usec_t now = work->now;
	usec_t until = now + router_timer_usec(router, ROUTER_TIMER_LAST_MEMBER);

	if (at_once) {
		group->timer = now;
	} else if (router_is_querier(router) && group->timer > until) {
		group->timer = until;
		group->retransmits = router->options.robustness;
		group->group_at = now;
	}
}

void group_record(struct router *router, const struct group_message *message,
		  const struct group_record *record, usec_t now)
{
	struct group_record applied = *record;
	struct key key = router_key(&applied.group);
	struct group *group = group_find(router, &key, now);
	enum filter_mode before = group ? group->mode : FILTER_INCLUDE;
	struct work work = {
		.router = router, .group = group, .host = router_key(&message->source), .now = now
	};
	struct source *sources;
	size_t n, n_listed;
	bool at_once;

	if (!apply_compat_mode(router, group, &applied, now)) {
		router_ignore(router, ROUTER_IGNORED_OLDER);
		return;
	}
	sources = router_scratch(router, 2 * (size_t)applied.sources.n + (group ? group->n : 0));
	if (!sources) {
		router_ignore(router, ROUTER_IGNORED_MEMORY);
		return;
	}
	work.row = &rows[before][applied.type];
	work.mode = work.row->exclude ? FILTER_EXCLUDE : before;
	work.changed = work.mode != before;
	work.group_timer = group ? group->timer : 0;
	work.tracked = may_track(router, message, group, now);
	at_once = work.row->query_group && leaves_at_once(&work, NULL);
	n_listed = read_sources(router, &applied, sources);
	sources += n_listed;
	n = work_sources(&work, group, sources - n_listed, n_listed, sources);
	n = limit_sources(&work, group, sources, n);
	if (!group) {
		if (work.mode == FILTER_INCLUDE && n == 0)
			return;
		group = new_group(router, &key, (uint16_t)n, &message->source);
		if (!group)
			return;
	} else {
		struct group *moved = store_resize(&router->store, group, (uint16_t)n);

		if (!moved) {
			router_ignore(router, ROUTER_IGNORED_MEMORY);
			return;
		}
		group = moved;
	}

	if (n > 0)
		memcpy(group->sources, sources, n * sizeof(sources[0]));
	store_count(&router->store, group, (uint16_t)n);
	group->mode = work.mode;
	if (work.row->exclude)
		group->timer = now + router_timer_usec(router, ROUTER_TIMER_MEMBERSHIP);
	if (work.row->query_group)
		query_group(&work, group, at_once);
	if (work.ask)
		group->sources_at = now;
	if (work.ask && has_older(group, now)) { /* of a mapped group: they know no sources */
		group->retransmits = router->options.robustness;
		group->group_at = now;
	}
	note_older(router, group, message, now);
	members_record(router, group, &work.host, record, !work.group, now);
	group_update(router, group, work.changed, now);
}

/* 6.5 and 6.2.3: expiry of timers. Returns whether the filter changed. */
static bool expire_timers(struct store *store, struct group *group, usec_t now)
{
	bool to_include = group->mode == FILTER_EXCLUDE && group->timer <= now;
	bool changed = to_include;
	uint16_t n = 0;

	if (to_include) {
		group->mode = FILTER_INCLUDE;
		group->timer = 0;
		group->retransmits = 0;
		group->group_at = USEC_NEVER;
	}
	for (uint16_t i = 0; i < group->n; i++) {
		struct source *source = &group->sources[i];

		if (source->timer > 0 && source->timer <= now) {
			source->timer = 0;
			source->retransmits = 0;
			changed = true;
		}
		if (source->timer > 0 || group->mode == FILTER_EXCLUDE)
			group->sources[n++] = *source;
	}
	store_count(store, group, n);
	return changed;
}

static usec_t group_deadline(const struct group *group)
{
	usec_t first = usec_min(group->group_at, group->sources_at);

	if (group->mode == FILTER_EXCLUDE)
		first = usec_min(first, group->timer);
	for (uint16_t i = 0; i < group->n; i++)
		if (group->sources[i].timer > 0)
			first = usec_min(first, group->sources[i].timer);
	return first;
}

void group_update(struct router *router, struct group *group, bool changed, usec_t now)
{
	struct address address = router_address(router, &group->key);

	changed = expire_timers(&router->store, group, now) || changed;
	if (group->mode == FILTER_INCLUDE && group->n == 0) {
		store_remove(&router->store, group);
	} else {
		query_due(router, group, now);
		group = store_resize(&router->store, group, group->n); /* it only shrinks */
		store_schedule(&router->store, group, group_deadline(group));
	}
	if (changed)
		router->ops.changed(router, &address, router->userdata);
}

struct group *group_find(struct router *router, const struct key *key, usec_t now)
{
	struct group *group = store_find(&router->store, key);

	if (!group || group->deadline > now)
		return group;
	group_update(router, group, false, now);
	return store_find(&router->store, key);
}

/* Hosts answer any querier: RFC 9776, 6.6.1. The time is its Max Response Time, as in RFC 2236,
 * section 3. */
void group_query_received(struct router *router, const struct group_query *query, usec_t now)
{
	struct key key = router_key(&query->group);
	struct group *group = group_find(router, &key, now);
	usec_t until = now + router_timer_usec(router, ROUTER_TIMER_LAST_MEMBER);

	if (!group || query->suppress)
		return;
	if (now + router->options.robustness * query->max_response_usec > until)
		until = now + router->options.robustness * query->max_response_usec;
	if (query->sources.n == 0 && group->mode == FILTER_EXCLUDE && group->timer > until)
		group->timer = until;
	for (uint16_t i = 0; i < query->sources.n; i++) {
		struct address address;
		struct source asked = { 0 }, *source;

		group_source(&query->sources, router->options.family, i, &address);
		asked.key = router_key(&address);
		source = bsearch(&asked, group->sources, group->n, sizeof(asked), source_compare);
		if (source && source->timer > until)
			source->timer = until;
	}
	group_update(router, group, false, now);
}
