/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the router. Many groups with one source each are the common case: a
 * group and its sources are one allocation.
 */
#ifndef AMT_MEMBERSHIP_ROUTER_PRIVATE_H
#define AMT_MEMBERSHIP_ROUTER_PRIVATE_H

#include "base/hash.h"
#include "base/heap.h"
#include "membership/router.h"

/* An address of the router's family, as on the wire; IPv4: the rest is zero. */
struct key {
	uint8_t bytes[16];
};

/* Of a group. In INCLUDE mode all are requested. In EXCLUDE mode those with a running timer are:
 * the Requested List X of RFC 9776, section 6.2.1; the others are the Exclude List Y. */
struct source {
	struct key key;
	uint64_t timer : 55;	  /* expiry; 0: not running */
	uint64_t fresh : 1;	  /* part of the record being processed */
	uint64_t retransmits : 8; /* Queries yet to be sent */
};

enum older {
	OLDER_V1, /* IGMPv1 */
	OLDER_V2, /* IGMPv2; MLDv1, which is equivalent */
	OLDER_MAX,
};

struct group {
	struct group *next;	       /* of the hash's chain */
	usec_t deadline;	       /* the first of all these */
	uint64_t timer;		       /* of EXCLUDE mode */
	usec_t group_at, sources_at;   /* retransmissions; USEC_NEVER: none */
	usec_t older_until[OLDER_MAX]; /* 7.3.2: Older Host Present timers; no event */
	uint32_t heap;		       /* struct heap's */
	uint32_t host;		       /* charged for it; 0: none */
	uint16_t n, room;
	uint8_t mode; /* enum filter_mode */
	uint8_t retransmits;
	struct key key;
	struct members *members; /* NULL: none are tracked */
	struct source sources[]; /* n of room, sorted */
};

struct host {
	struct key key;
	uint32_t groups; /* 0: not in use */
	uint32_t next;	 /* of the hash's chain, or the next that is not in use; 0: none */
};

/* Groups by address and by deadline, hosts by address. */
struct store {
	struct hash hash;
	struct group **buckets;
	struct heap heap;   /* of all groups */
	uint32_t n_buckets; /* a power of two */
	uint32_t n_sources; /* of all groups */
	uint32_t n_members, n_member_sources;

	struct host *hosts; /* [0] is never used */
	uint32_t *host_buckets;
	uint32_t n_hosts, hosts_room; /* as many buckets; a power of two */
	uint32_t host_unused;
};

struct router {
	struct router_options options;
	struct router_ops ops;
	void *userdata;
	struct address own;
	struct store store;
	struct router_counters counters;

	struct address querier; /* another one */
	usec_t querier_until;	/* Other Querier Present timer; 0: none */
	usec_t general_at;	/* while it is this one */
	unsigned int startup;	/* Queries left of Startup Query Count */

	struct source *scratch;
	size_t scratch_room;
};

/* router-base.c */
struct key router_key(const struct address *address);
struct address router_address(const struct router *router, const struct key *key);
bool router_is_querier(const struct router *router);
/* Of the table in router-base.c. */
enum router_timer {
	ROUTER_TIMER_GENERAL,
	ROUTER_TIMER_OTHER_QUERIER,
	ROUTER_TIMER_MEMBERSHIP,
	ROUTER_TIMER_OLDER_HOST,
	ROUTER_TIMER_LAST_MEMBER,
	_ROUTER_TIMER_MAX,
};
usec_t router_timer_usec(const struct router *router, enum router_timer timer);
bool router_denies(const struct router *router, const struct address *source,
		   const struct address *group); /* by the policy; source NULL: any */
void router_ignore(struct router *router, enum router_ignored reason);
/* NULL: no memory */
#define ROUTER_SCRATCH_KEPT 64 /* sources; a larger one is freed after use */
struct source *router_scratch(struct router *router, size_t n);

/* router-store.c */
int store_init(struct store *store);
void store_fini(struct store *store);
struct group *store_find(const struct store *store, const struct key *key);
/* A new one without sources; NULL: no memory. */
struct group *store_add(struct store *store, const struct key *key, uint16_t room);
/* Room for n sources or somewhat more; the group may move. NULL: no memory, and it did not. */
struct group *store_resize(struct store *store, struct group *group, uint16_t n);
void store_remove(struct store *store, struct group *group);
/* The group has n sources now, of those that it has room for. */
void store_count(struct store *store, struct group *group, uint16_t n);
void store_schedule(struct store *store, struct group *group, usec_t deadline);
struct group *store_first(const struct store *store); /* NULL: none */
/* Charge a host for a group. -EDQUOT: it has max already; -ENOMEM. */
int store_charge(struct store *store, struct group *group, const struct key *host, uint32_t max);

/* router-group.c: RFC 9776, 6.4 and 6.5 */
void group_record(struct router *router, const struct group_message *message,
		  const struct group_record *record, usec_t now);
/* The current state, even if router_run() has not handled all expired timers; NULL: none. */
struct group *group_find(struct router *router, const struct key *key, usec_t now);
/* Handle expired timers; changed: the group has changed already. May remove the group. */
void group_update(struct router *router, struct group *group, bool changed, usec_t now);
int source_compare(const void *a, const void *b);
/* A Query of another querier for a group, or sources of it: lowers their timers. */
void group_query_received(struct router *router, const struct group_query *query, usec_t now);
uint8_t group_version(const struct router *router, const struct group *group, usec_t now);

/* router-members.c; of all groups, as many members, and sources of their filters: */
#define ROUTER_MEMBERS_MAX(options) (2 * (options)->max_groups)
/* A record of a host, which has been accepted; is_new: it made the group. */
void members_record(struct router *router, struct group *group, const struct key *host,
		    const struct group_record *record, bool is_new, usec_t now);
/* Does no other host want the source, or (NULL) anything of the group? */
bool members_alone(const struct router *router, const struct group *group, const struct key *host,
		   const struct key *source, usec_t now);
void members_free(struct store *store, struct group *group);

/* router-query.c: RFC 9776, 6.6.1 and 6.6.3 */
void query_due(struct router *router, struct group *group, usec_t now);
void query_general(struct router *router, bool startup);

#endif
