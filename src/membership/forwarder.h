/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proxy of RFC 4605, of one family: from the memberships of downstream interfaces to joins on
 * upstream interfaces, and to routes. Pure: the ops carry them out.
 */
#ifndef AMT_MEMBERSHIP_FORWARDER_H
#define AMT_MEMBERSHIP_FORWARDER_H

#include "base/address.h"
#include "base/filter.h"
#include "base/group-policy.h"

#include <stddef.h>
#include <stdint.h>

struct forwarder;

/* Changes to carry out; a group's new joins come first, its leaves last. They must not call the
 * forwarder. Pointers live as long as the call. */
struct forwarder_ops {
	/* filter: all that is to be held of the group on that interface; INCLUDE {}: leave */
	void (*join)(int upstream, const struct address *group, const struct filter *filter,
		     void *userdata);
	/* Replaces the route of source and group. outgoing: ascending, without incoming; n = 0:
	 * drop the packets without further upcalls. */
	void (*route)(const struct address *source, const struct address *group, int incoming,
		      const int *outgoing, size_t n, void *userdata);
	void (*unroute)(const struct address *source, const struct address *group, void *userdata);
};

/* Flows are sources seen by the kernel, as opposed to those included by a filter. */
struct forwarder_options {
	sa_family_t family;
	uint32_t max_flows;   /* wanted ones; each at least 1, the oldest is evicted first */
	uint32_t max_dropped; /* unwanted ones, or ones on the wrong interface */
};

/* Where sources are. */
enum forwarder_kind {
	FORWARDER_UPSTREAM,
	FORWARDER_RECEIVER,   /* an upstream that takes no packets: an AMT gateway */
	FORWARDER_DOWNSTREAM, /* hosts of a downstream: their packets go upstream, too */
	FORWARDER_NEIGHBOUR,  /* the same of another forwarder's: they do not */
};

struct forwarder_upstream {
	int ifindex;
	struct prefix prefix; /* of sources; the longest counts, of equal ones the first */
	enum forwarder_kind kind;
};

struct forwarder_counters {
	uint32_t groups, wants, flows, dropped; /* now */
	uint64_t wrong_interface;		/* flows on another interface than their upstream */
	uint64_t refused; /* wants and flows of groups that must not be routed */
	uint64_t evicted; /* flows evicted for newer ones */
	uint64_t denied;  /* wants that the policy denies, downstream or on an upstream */
};

/* 0, -EINVAL (options), -ENOMEM or getrandom()'s errno. */
int forwarder_new(const struct forwarder_options *options, const struct forwarder_ops *ops,
		  void *userdata, struct forwarder **ret);
void forwarder_free(struct forwarder *forwarder); /* without calling the ops; NULL is fine */

/* Replace the filter of a downstream interface for a group; INCLUDE {}: it leaves. Groups that must
 * not be routed are counted only. A source is never sent back to its incoming interface. RFC 4605,
 * 4.2: one on a downstream is not joined upstream, but sent to the upstream that would serve it,
 * unless the group is of local scope. -EINVAL: not of this family; -ENOMEM; unchanged then. */
int forwarder_want(struct forwarder *forwarder, int downstream, const struct address *group,
		   const struct filter *filter);
/* The downstream interface leaves all groups. Walks all groups. */
int forwarder_downstream_gone(struct forwarder *forwarder, int downstream);

/* Replace the table of upstreams; it is copied. Prefixes of the other family are left out. All
 * groups are recomputed. -ENOMEM here, or for a downstream that is gone, may occur after some ops
 * were called: then the forwarder is inconsistent; free it. */
int forwarder_set_upstreams(struct forwarder *forwarder, const struct forwarder_upstream *upstreams,
			    size_t n);
/* The same, make before break: what is new is joined; what another upstream had is neither left nor
 * routed otherwise before forwarder_settle(). Routes move one by one with forwarder_arrived(). */
int forwarder_move_upstreams(struct forwarder *forwarder,
			     const struct forwarder_upstream *upstreams, size_t n);
/* A packet came in on another interface than its route's: the new upstream delivers it. */
int forwarder_arrived(struct forwarder *forwarder, int interface, const struct address *source,
		      const struct address *group);
int forwarder_settle(struct forwarder *forwarder); /* the move has ended, if there was one */
/* Replace the policy, NULL: none: what its rules deny on an interface is neither joined nor
 * forwarded there. Borrowed until it is replaced; the previous one still has to be there. All
 * groups are recomputed; -ENOMEM as above. */
int forwarder_set_policy(struct forwarder *forwarder, const struct group_policy *policy);
/* The same for one that denies the same. */
void forwarder_replace_policy(struct forwarder *forwarder, const struct group_policy *policy);
/* Rows of an interface that is gone are ignored until it is back, and no route has it as incoming.
 * Initially all are present. */
int forwarder_upstream_gone(struct forwarder *forwarder, int ifindex);
int forwarder_upstream_back(struct forwarder *forwarder, int ifindex);

/* The kernel has no route for a packet received on an interface: add one. kind: of the interface,
 * if the source is known to be there, which counts where the table has no prefix for it;
 * FORWARDER_UPSTREAM: not known. -EINVAL: not addresses of this family; -ENOMEM. */
int forwarder_missing(struct forwarder *forwarder, int interface, enum forwarder_kind kind,
		      const struct address *source, const struct address *group);
/* Does the table have a prefix, not "any", for the source? Then kind above does not matter. */
bool forwarder_places(const struct forwarder *forwarder, const struct address *source);
/* The flow has ended. A source included by a filter keeps its route. */
void forwarder_idle(struct forwarder *forwarder, const struct address *source,
		    const struct address *group);
/* Remove each flow for which the callback returns true. cookie: the caller's data of the flow,
 * initially zero. */
void forwarder_sweep(struct forwarder *forwarder,
		     bool (*idle)(const struct address *source, const struct address *group,
				  uint64_t *cookie, void *userdata),
		     void *userdata);

/* The route of source and group. Positive: returned, *ret_outgoing valid until the next call; 0:
 * none; -ENOMEM. */
int forwarder_route(struct forwarder *forwarder, const struct address *source,
		    const struct address *group, int *ret_incoming, const int **ret_outgoing,
		    size_t *ret_n);

/* Does any downstream want sources of the group? */
bool forwarder_wants(const struct forwarder *forwarder, const struct address *group);

/* Calls the op for each route as it is: the kernel's are in another table, say. */
int forwarder_repeat_routes(struct forwarder *forwarder);

void forwarder_counters(const struct forwarder *forwarder, struct forwarder_counters *ret);

#endif
