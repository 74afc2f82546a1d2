/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what downstream interfaces want to what is joined on upstream interfaces, and to routes:
 * the proxy of RFC 4605, of one family. Pure: the ops do it.
 */
#ifndef AMT_MEMBERSHIP_FORWARDER_H
#define AMT_MEMBERSHIP_FORWARDER_H

#include "base/address.h"
#include "base/filter.h"

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
	 * drop the packets and do not ask again. */
	void (*route)(const struct address *source, const struct address *group, int incoming,
		      const int *outgoing, size_t n, void *userdata);
	void (*unroute)(const struct address *source, const struct address *group, void *userdata);
};

/* Flows came to the kernel unasked for, as opposed to sources that a filter includes. */
struct forwarder_options {
	sa_family_t family;
	uint32_t max_flows;   /* that are wanted; each at least 1, the oldest goes first */
	uint32_t max_dropped; /* that nobody wants, or that came in elsewhere than they should */
};

struct forwarder_upstream {
	int ifindex;
	struct prefix prefix; /* of sources; the longest counts, of equal ones the first */
};

struct forwarder_counters {
	uint32_t groups, wants, flows, dropped; /* now */
	uint64_t wrong_interface; /* flows that came in on another interface than their upstream */
	uint64_t refused;	  /* wants and flows of groups that must not be routed */
	uint64_t evicted;	  /* flows that went for newer ones */
};

/* 0, -EINVAL (options), -ENOMEM or what getrandom() says. */
int forwarder_new(const struct forwarder_options *options, const struct forwarder_ops *ops,
		  void *userdata, struct forwarder **ret);
void forwarder_free(struct forwarder *forwarder); /* without calling the ops; NULL is fine */

/* Replace the filter of a downstream interface for a group; INCLUDE {}: it leaves. Groups that must
 * not be routed are counted only. A source is never sent back to where it comes from.
 * -EINVAL: not of this family; -ENOMEM; nothing has changed then. */
int forwarder_want(struct forwarder *forwarder, int downstream, const struct address *group,
		   const struct filter *filter);
/* The downstream interface leaves all groups. Walks all groups. */
int forwarder_downstream_gone(struct forwarder *forwarder, int downstream);

/* Replace the table of upstreams; it is copied. Prefixes of the other family are left out. All
 * groups are looked at. -ENOMEM here, or of a downstream that goes: if it comes after some were
 * told, the forwarder is of no more use; free it. */
int forwarder_set_upstreams(struct forwarder *forwarder, const struct forwarder_upstream *upstreams,
			    size_t n);
/* Rows of an interface that is gone do not count until it is back, and no route comes in there. At
 * first all are there. */
int forwarder_upstream_gone(struct forwarder *forwarder, int ifindex);
int forwarder_upstream_back(struct forwarder *forwarder, int ifindex);

/* The kernel has no route for a packet that came in on an interface: it gets one. -EINVAL: not
 * addresses of this family; -ENOMEM. */
int forwarder_missing(struct forwarder *forwarder, int interface, const struct address *source,
		      const struct address *group);
/* No packets come any more. What is included by a filter keeps its route. */
void forwarder_idle(struct forwarder *forwarder, const struct address *source,
		    const struct address *group);
/* Ask of each flow whether it is idle. cookie is the caller's own for this flow, zero at first. */
void forwarder_sweep(struct forwarder *forwarder,
		     bool (*idle)(const struct address *source, const struct address *group,
				  uint64_t *cookie, void *userdata),
		     void *userdata);

/* The route that source and group have. Positive: it is returned, *ret_outgoing (n, as told) until
 * the next call; 0: none; -ENOMEM. */
int forwarder_route(struct forwarder *forwarder, const struct address *source,
		    const struct address *group, int *ret_incoming, const int **ret_outgoing,
		    size_t *ret_n);

void forwarder_counters(const struct forwarder *forwarder, struct forwarder_counters *ret);

#endif
