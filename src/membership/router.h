/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The router side of IGMPv1, v2, v3 (RFC 9776, sections 6 and 7) or MLDv1, v2 (RFC 9777, 7 and 8)
 * on one interface. Pure: the caller passes messages and the time (microseconds of any monotonic
 * clock, above zero) and implements the ops, which must not call back into the router except for
 * router_filter(). Memory is bounded by the options' limits.
 */
#ifndef AMT_MEMBERSHIP_ROUTER_H
#define AMT_MEMBERSHIP_ROUTER_H

#include "base/clock.h"
#include "base/filter.h"
#include "base/group-policy.h"
#include "wire/group-message.h"

struct router;

/* Does a leave take effect at once, without a Query? */
enum router_fast_leave {
	ROUTER_LEAVE_QUERIED, /* no */
	ROUTER_LEAVE_TRACKED, /* when no other host wants it: hosts are tracked one by one, RFC
			       * 9776, A.2; not beside IGMPv1, IGMPv2 and MLDv1 hosts */
	ROUTER_LEAVE_FAST,    /* always: there is but one host */
};

struct router_options {
	sa_family_t family;
	uint8_t version; /* of Queries; Reports of later versions are ignored, older ones not */
	bool querier;	 /* false: sends nothing, only listens */
	enum router_fast_leave fast_leave;
	bool ssm_only_in_ssm_range; /* RFC 4604: no any-source joins in 232.0.0.0/8, ff3x::/32, or
				     * the policy's */
	const struct group_policy *policy; /* NULL: none. Lives until it is replaced. */
	int interface;			   /* of the policy's rules */
	uint8_t robustness;
	usec_t query_interval_usec, query_response_usec, last_member_usec;
	usec_t startup_response_usec; /* of the first Queries, if it is shorter; 0: it is not */
	uint32_t max_groups;
	uint32_t max_sources;	      /* of a group; UINT16_MAX where it is more */
	uint32_t max_sources_in_all;  /* groups together; 0: no limit but these two */
	uint32_t max_groups_per_host; /* first requested by a host; 0: no limit */
};

struct router_ops {
	/* router_filter() of this group changed. */
	void (*changed)(struct router *router, const struct address *group, void *userdata);
	/* Send this. Valid during the call; fits in 1280 bytes. NULL where querier is false. */
	void (*query)(struct router *router, const struct group_query *query, void *userdata);
};

/* Reason to ignore a message, a record or a source. */
enum router_ignored {
	ROUTER_IGNORED_GROUP,	 /* records: not multicast, or never forwarded (224.0.0.0/24) */
	ROUTER_IGNORED_SSM,	 /* records: any-source in the SSM range */
	ROUTER_IGNORED_DENIED,	 /* records, sources: by the policy */
	ROUTER_IGNORED_SOURCE,	 /* sources that are no host's address */
	ROUTER_IGNORED_VERSION,	 /* messages: later than the options' version */
	ROUTER_IGNORED_OLDER,	 /* records: leaves, sources: beside older hosts */
	ROUTER_IGNORED_QUERY,	 /* queries without a source address, or with the router's own */
	ROUTER_IGNORED_RESPONSE, /* General Queries: hosts may answer later than this router asks */
	ROUTER_IGNORED_GROUPS,	 /* records: max_groups */
	ROUTER_IGNORED_HOST,	 /* records: max_groups_per_host */
	ROUTER_IGNORED_SOURCES,	 /* sources: max_sources */
	ROUTER_IGNORED_MEMORY,	 /* records */
	ROUTER_IGNORED_MAX,
};

struct router_counters {
	uint64_t reports, records;	 /* received; leaves are reports */
	uint64_t queries, queries_older; /* received from others; of those, of a lower version */
	uint64_t queries_sent;
	uint64_t ignored[ROUTER_IGNORED_MAX];
};

struct router_group {
	struct address group;
	enum filter_mode mode;
	size_t n_sources; /* requested and excluded ones */
	uint8_t version;  /* of the oldest host: the group compatibility mode */
	usec_t expires;	  /* the last timer */
};

/* own: of the interface, for the election; AF_UNSPEC: none yet, yields to all and sends no
 * General Query. -EINVAL for options out of range, -ENOMEM. Send nothing before the first
 * router_run(), which is due now. */
int router_new(const struct router_options *options, const struct router_ops *ops, void *userdata,
	       const struct address *own, usec_t now, struct router **ret);
void router_free(struct router *router); /* without calling the ops */
void router_set_address(struct router *router, const struct address *own);

/* Other values from now on; nothing is forgotten: limits apply to what is requested next, timers
 * that run are as they were. Hosts are queried as at the start where that makes a difference to
 * them. -EINVAL: out of range, or of another family; unchanged then. */
int router_set_options(struct router *router, const struct router_options *options, usec_t now);

/* Another policy from now on; what was requested before stays. */
void router_set_policy(struct router *router, const struct group_policy *policy);

/* GROUP_REPORT and GROUP_LEAVE of hosts; GROUP_QUERY of another router. */
void router_report(struct router *router, const struct group_message *message, usec_t now);
void router_query(struct router *router, const struct group_message *message, usec_t now);

/* The time that router_run() is due; USEC_NEVER: not at all. Of many groups that expire at once it
 * handles some and is due again; the others are unchanged until then. */
usec_t router_next(const struct router *router);
void router_run(struct router *router, usec_t now);

/* The current filter. 0 or -ENOMEM; *ret is cleared first, INCLUDE {}: no members. */
int router_filter(const struct router *router, const struct address *group, struct filter *ret);

/* All groups, in no order: start with *position 0. No other call that changes the router between.
 */
bool router_next_group(const struct router *router, size_t *position, usec_t now,
		       struct router_group *ret);
size_t router_groups(const struct router *router);
size_t router_members(const struct router *router); /* hosts of all groups that are tracked */

/* The querier: the router's own address, another's, or AF_UNSPEC for none. */
const struct address *router_querier(const struct router *router);
const struct router_counters *router_counters(const struct router *router);
const char *router_ignored_text(enum router_ignored reason); /* "max_groups", …, for metrics */

#endif
