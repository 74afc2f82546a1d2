/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes of sources behind Upstream=driad, and the interface that each was set with. Pure but for
 * the memory.
 */
#ifndef AMTD_FORWARD_DRIAD_ROUTE_H
#define AMTD_FORWARD_DRIAD_ROUTE_H

#include "amtd/forward/forward.h"

/* The forwarder's placeholder for the interface of DRIAD sources; never a real index. */
#define DRIAD_IFINDEX INT_MAX
#define DRIAD_NAME    "driad"

struct driad_route {
	struct channel_key key;
	int incoming; /* 0: not known so far */
	size_t n;
	int outgoing[MROUTE_INTERFACES];
};

struct driad_upstream {
	struct forward *forward;
	struct channel_table *sought; /* the last wanted sources, to find changes */
	void *routes;		      /* tsearch(3), of struct driad_route */
	struct driad_via {
		int ifindex;
		bool used;
	} vias[MROUTE_INTERFACES]; /* gateways that routes come through */
	size_t n_vias;
	bool any_source_logged;
};

/* NULL: none. */
struct driad_route *driad_route_find(const struct driad_upstream *driad,
				     const struct channel_key *key);
/* Find it, or add it. NULL without memory. */
struct driad_route *driad_route_add(struct driad_upstream *driad, const struct channel_key *key);
void driad_route_remove(struct driad_upstream *driad, const struct channel_key *key);
void driad_routes_clear(struct driad_upstream *driad);

/* The source's incoming interface; 0: not known yet. */
int driad_incoming(const struct forward *forward, const struct address *source,
		   const struct address *group);

#endif
