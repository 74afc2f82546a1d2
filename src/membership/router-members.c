/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which host wants what of a group: RFC 9776, A.2, where hosts report whatever others do, and
 * routers may track each. All that is uncertain keeps a host longer than it is there, or counts as
 * one that is not tracked: a leave then is followed by a Query, as without tracking.
 */
#include "base/array.h"
#include "membership/router-private.h"

#include <stdlib.h>
#include <string.h>

/* Where a group has more hosts, leaves are too many to matter. */
#define MEMBERS_OF_GROUP 64

/* Of one host. */
#define SOURCES_OF_MEMBER 256

/* A host repeats its leave; until then it is known as one that has left. */
#define REPEATS_USEC (10 * USEC_PER_SEC)

struct member {
	struct key host;
	usec_t expires;
	struct filter filter;
};

struct members {
	usec_t untracked_until; /* there may be other hosts */
	uint8_t n, room;
	struct member list[];
};

static void forget_member(struct store *store, struct members *members, size_t i)
{
	store->n_members--;
	store->n_member_sources -= (uint32_t)members->list[i].filter.n;
	filter_clear(&members->list[i].filter);
	members->list[i] = members->list[--members->n];
}

void members_free(struct store *store, struct group *group)
{
	while (group->members && group->members->n > 0)
		forget_member(store, group->members, 0);
	free(group->members);
	group->members = NULL;
}

static struct member *find_member(struct members *members, const struct key *host)
{
	for (size_t i = 0; members && i < members->n; i++)
		if (memcmp(&members->list[i].host, host, sizeof(*host)) == 0)
			return &members->list[i];
	return NULL;
}

bool members_alone(const struct router *router, const struct group *group, const struct key *host,
		   const struct key *source, usec_t now)
{
	const struct members *members = group->members;
	struct address address = { 0 };

	if (!members || members->untracked_until > now)
		return false;
	if (source)
		address = router_address(router, source);
	for (size_t i = 0; i < members->n; i++) {
		const struct member *member = &members->list[i];

		if (member->expires <= now || filter_empty(&member->filter) ||
		    memcmp(&member->host, host, sizeof(*host)) == 0)
			continue;
		/* In EXCLUDE mode the group lacks sources that others include: 6.4.2, "Delete". */
		if (!source || filter_wants(&member->filter, &address))
			return false;
	}
	return true;
}

/* NULL: a limit, or no memory. */
static struct member *add_member(struct router *router, struct group *group, const struct key *host,
				 usec_t now)
{
	struct members *members = group->members;
	const bool full = members->n == MEMBERS_OF_GROUP ||
			  router->store.n_members >= ROUTER_MEMBERS_MAX(&router->options);
	struct member *member;

	for (size_t i = members->n; i-- > 0;)
		if (members->list[i].expires <= now ||
		    (full && filter_empty(&members->list[i].filter)))
			forget_member(&router->store, members, i);
	if (members->n == MEMBERS_OF_GROUP ||
	    router->store.n_members >= ROUTER_MEMBERS_MAX(&router->options))
		return NULL;
	if (members->n == members->room) {
		uint8_t room = 2 * members->room;

		members = realloc(members, sizeof(*members) + room * sizeof(members->list[0]));
		if (!members)
			return NULL;
		members->room = room;
		group->members = members;
	}
	router->store.n_members++;
	member = &members->list[members->n++];
	*member = (struct member){ .host = *host };
	return member;
}

/* The record's sources become wanted by the member, or unwanted. False: no memory, or a limit. */
static bool change_sources(struct router *router, struct member *member,
			   const struct group_sources *sources, bool wanted)
{
	const bool listed = wanted == (member->filter.mode == FILTER_INCLUDE);
	const size_t before = member->filter.n;
	bool all = true;

	for (uint16_t i = 0; i < sources->n && all; i++) {
		struct address source;

		group_source(sources, router->options.family, i, &source);
		if (!listed)
			filter_remove(&member->filter, &source);
		else
			all = member->filter.n < SOURCES_OF_MEMBER &&
			      router->store.n_member_sources + member->filter.n - before <
				      ROUTER_MEMBERS_MAX(&router->options) &&
			      filter_add(&member->filter, &source) == 0;
	}
	router->store.n_member_sources += (uint32_t)(member->filter.n - before);
	return all;
}

static void set_mode(struct store *store, struct member *member, enum filter_mode mode)
{
	store->n_member_sources -= (uint32_t)member->filter.n;
	filter_clear(&member->filter);
	member->filter.mode = mode;
}

/* RFC 9776, 5.2. A list may be spread over several Reports; a host in EXCLUDE mode answers a Query
 * for sources with MODE_IS_INCLUDE. False: what the host wants is not known. */
static bool apply_record(struct router *router, struct member *member,
			 const struct group_record *record)
{
	struct store *store = &router->store;
	const bool blocks = record->type == GROUP_BLOCK_OLD_SOURCES ||
			    record->type == GROUP_MODE_IS_EXCLUDE ||
			    record->type == GROUP_CHANGE_TO_EXCLUDE;

	if (record->type == GROUP_MODE_IS_EXCLUDE || record->type == GROUP_CHANGE_TO_EXCLUDE)
		set_mode(store, member, FILTER_EXCLUDE);
	else if (record->type == GROUP_CHANGE_TO_INCLUDE &&
		 (record->sources.n == 0 || member->filter.mode == FILTER_EXCLUDE))
		set_mode(store, member, FILTER_INCLUDE);
	return change_sources(router, member, &record->sources, !blocks) ||
	       (blocks && member->filter.mode == FILTER_EXCLUDE);
}

/* Members that a group already has are not known. */
static bool start_tracking(struct group *group, usec_t untracked_until)
{
	if (group->members)
		return true;
	group->members = calloc(1, sizeof(*group->members) + sizeof(group->members->list[0]));
	if (!group->members)
		return false;
	group->members->room = 1;
	group->members->untracked_until = untracked_until;
	return true;
}

void members_record(struct router *router, struct group *group, const struct key *host,
		    const struct group_record *record, bool is_new, usec_t now)
{
	static const struct key unspecified;
	usec_t expires = now + router_timer_usec(router, ROUTER_TIMER_MEMBERSHIP);
	struct member *member = NULL;
	bool known = false;

	if (router->options.fast_leave != ROUTER_LEAVE_TRACKED) {
		members_free(&router->store, group);
		return;
	}
	if (!start_tracking(group, is_new ? 0 : expires))
		return; /* nobody is alone without */
	/* RFC 9776, 4.2.15: many hosts may share that address. */
	if (memcmp(host, &unspecified, sizeof(*host)) != 0) {
		member = find_member(group->members, host);
		known = member && member->expires > now;
		if (!member)
			member = add_member(router, group, host, now);
	}
	/* A host that blocks had joined: its Report was lost, or came before amtd did. */
	if (!member || !apply_record(router, member, record) ||
	    (!known && record->type == GROUP_BLOCK_OLD_SOURCES))
		group->members->untracked_until = expires;
	if (!member)
		return;
	member->expires = filter_empty(&member->filter) ? now + REPEATS_USEC : expires;
}
