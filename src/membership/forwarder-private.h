/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the forwarder. Joins and routes are not stored, but computed from the
 * wants, the flows and the upstreams before and after each change; the ops get the difference.
 */
#ifndef AMT_MEMBERSHIP_FORWARDER_PRIVATE_H
#define AMT_MEMBERSHIP_FORWARDER_PRIVATE_H

#include "base/array.h"
#include "base/hash.h"
#include "membership/forwarder.h"

#include <sys/queue.h>

/* The filter of one downstream for a group. */
struct want {
	struct want *next; /* of the group, by downstream */
	int downstream;
	uint32_t n : 31;
	uint32_t exclude : 1;
	uint8_t sources[]; /* n, sorted, as on the wire */
};

struct forwarder_group {
	struct forwarder_group *next; /* of the hash's chain */
	struct want *wants;
	LIST_HEAD(flow_list, flow) flows;
	uint8_t key[]; /* as on the wire */
};

/* A source and group for which the kernel had no route. */
struct flow {
	struct flow *next; /* of the hash's chain */
	struct forwarder_group *group;
	LIST_ENTRY(flow) of_group;
	TAILQ_ENTRY(flow) by_age;
	struct address source;
	uint64_t cookie; /* forwarder_sweep()'s caller's */
	int interface;	 /* incoming interface */
	bool wanted;	 /* which of the two queues it is in */
	uint8_t kind;	 /* of the interface: enum forwarder_kind */
};

TAILQ_HEAD(flows, flow);

/* Rows of one length, sorted by address. */
struct prefix_run {
	uint32_t start, n;
	uint8_t length;
};

struct upstreams {
	struct forwarder_upstream *rows; /* the longest first */
	struct prefix_run *runs;
	int *interfaces; /* upstream ones, ascending, none twice */
	int *gone;	 /* interfaces that no route may name */
	size_t n, n_runs, n_interfaces, n_gone;
};

/* Joins and routes of a group: joins in the order of the upstreams' interfaces, routes by source.
 */
struct plan_join {
	int ifindex;
	bool own; /* the interface wants the group, too */
	struct filter filter;
};

struct plan_route {
	struct address source;
	int incoming;
	size_t outgoing, n; /* of plan->outgoing */
};

struct plan {
	struct plan_join *joins;
	struct plan_route *routes;
	int *outgoing;
	size_t n_joins, n_routes, n_outgoing;
	size_t joins_room, routes_room, outgoing_room;
};

struct forwarder {
	struct forwarder_options options;
	struct forwarder_ops ops;
	void *userdata;
	size_t size; /* bytes of an address */
	struct hash hash;

	struct forwarder_group **groups;
	struct flow **flows;
	uint32_t groups_buckets, flows_buckets; /* powers of two */
	struct flows ages[2];			/* [wanted], the oldest first */
	uint32_t n_ages[2];

	struct forwarder_upstream *configured;
	int *gone;
	size_t n_configured, n_gone, gone_room;
	struct upstreams upstreams;
	struct upstreams previous; /* while moving */
	bool moving;		   /* forwarder_move_upstreams() */
	const struct group_policy *policy;

	struct plan before, after;
	struct address *scratch;
	size_t scratch_room;
	struct forwarder_counters counters;
};

/* forwarder-store.c */
int forwarder_store_init(struct forwarder *forwarder);
void forwarder_store_fini(struct forwarder *forwarder);
struct forwarder_group *forwarder_find(const struct forwarder *forwarder,
				       const struct address *group);
struct forwarder_group *forwarder_add(struct forwarder *forwarder, const struct address *group);
void forwarder_remove_if_empty(struct forwarder *forwarder, struct forwarder_group *group);
/* Free the memory of removed groups; moves groups to other buckets. */
void forwarder_shrink(struct forwarder *forwarder);
struct flow *forwarder_find_flow(const struct forwarder *forwarder,
				 const struct forwarder_group *group, const struct address *source);
struct flow *forwarder_add_flow(struct forwarder *forwarder, struct forwarder_group *group,
				const struct address *source, int interface, bool wanted);
void forwarder_remove_flow(struct forwarder *forwarder, struct flow *flow);
void forwarder_file_flow(struct forwarder *forwarder, struct flow *flow, bool wanted);

/* forwarder-upstream.c */
int upstreams_init(struct upstreams *upstreams, sa_family_t family,
		   const struct forwarder_upstream *rows, size_t n, const int *gone, size_t n_gone);
void upstreams_fini(struct upstreams *upstreams);
bool upstreams_lack(const struct upstreams *upstreams, int ifindex); /* it is gone */
/* NULL: none. */
const struct forwarder_upstream *upstreams_find(const struct upstreams *upstreams,
						const struct address *source);
int upstreams_ifindex(const struct upstreams *upstreams,
		      const struct address *source); /* 0: none */
/* Where to send packets from a downstream. 0: nowhere. */
int upstreams_upward(const struct upstreams *upstreams, const struct address *source);

static inline bool forwarder_denies(const struct forwarder *forwarder, int interface,
				    const struct address *source, const struct address *group)
{
	return forwarder->policy &&
	       group_policy_denies(forwarder->policy, interface, source, group);
}

/* forwarder-plan.c */
int plan_group(struct forwarder *forwarder, const struct upstreams *upstreams,
	       const struct forwarder_group *group, struct plan *plan);
/* Does the group need a route for source, which becomes the plan's last? Positive: yes; with a flow
 * always, unless it has no incoming interface. */
int plan_route(struct forwarder *forwarder, const struct upstreams *upstreams,
	       const struct forwarder_group *group, const struct address *source,
	       const struct flow *flow, struct plan *plan);
void plan_clear(struct plan *plan);
bool plan_same_route(const struct plan *before, const struct plan_route *a,
		     const struct plan *after, const struct plan_route *b);
void plan_fini(struct plan *plan);
/* Call the ops for the differences. */
void plan_emit(const struct forwarder *forwarder, const struct address *group,
	       const struct plan *before, const struct plan *after);
/* The same in two steps: first what is joined or routed besides, then the rest. */
void plan_emit_gains(const struct forwarder *forwarder, const struct address *group,
		     const struct plan *before, const struct plan *after);
void plan_emit_losses(const struct forwarder *forwarder, const struct address *group,
		      const struct plan *before, const struct plan *after);

#endif
