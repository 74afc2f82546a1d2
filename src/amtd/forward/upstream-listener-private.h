/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by ears.c, copy.c and reminder.c. */
#ifndef AMTD_FORWARD_UPSTREAM_LISTENER_PRIVATE_H
#define AMTD_FORWARD_UPSTREAM_LISTENER_PRIVATE_H

#include "amtd/forward/forward-private.h"
#include "amtd/forward/upstream-listener.h"

/* One family of it. */
struct listener_side {
	struct upstream *upstream;
	enum family family;
	struct listener *listener; /* NULL: the kernel has no such family */
	sd_event_source *source;
	struct address own; /* AF_UNSPEC: none */
	uint64_t own_at;    /* when it was looked for last: CLOCK_MONOTONIC, microseconds, as all */

	struct address querier; /* another than this host; AF_UNSPEC: none was heard lately */
	uint64_t querier_until;
	uint8_t older; /* the querier's version, below the latest one */
	uint64_t older_until;

	struct event_budget told;
	struct pace queries, reports; /* that are copied from and to it */
	struct {
		uint64_t queries, reports, malformed; /* heard */
		uint64_t queries_copied, reports_sent, queries_sent;
		uint64_t held_back, failed; /* too many a second; the kernel refused */
	} counters;
};

/* An interface upstream. */
struct upstream {
	struct listeners *listeners;
	char name[IFNAMSIZ];
	int ifindex;
	uint32_t mtu;
	bool wanted; /* while the interfaces are looked at */
	struct listener_side sides[_FAMILY_MAX];
	struct upstream *next;
};

struct listeners {
	struct device *device;
	struct manager *manager;
	struct upstream *list;
	bool dirty;
	sd_event_source *gratuitous, *self_query;
	enum family family; /* of the joins that the next gratuitous Reports begin with */
	uint32_t position;
};

static inline const struct config_forward *listeners_config(const struct listeners *listeners)
{
	return &listeners->device->config->forward;
}

/* The address that messages of this side have now. */
const struct address *listener_side_address(struct listener_side *side);

#endif
