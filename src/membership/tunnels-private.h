/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the tunnels.
 */
#ifndef AMT_MEMBERSHIP_TUNNELS_PRIVATE_H
#define AMT_MEMBERSHIP_TUNNELS_PRIVATE_H

#include "base/heap.h"
#include "membership/tunnels.h"

/* Values of the driver's Queries, amt_build_igmp_gq() and amt_newlink(); and amt_gmi(), the time
 * after which it forgets a group, or a tunnel that never had an Update. */
#define TUNNELS_ROBUSTNESS     2
#define TUNNELS_QUERY_INTERVAL (125 * USEC_PER_SEC)
#define TUNNELS_QUERY_RESPONSE (10 * USEC_PER_SEC)
#define TUNNELS_FORGET	       (TUNNELS_ROBUSTNESS * TUNNELS_QUERY_INTERVAL + TUNNELS_QUERY_RESPONSE)
#define TUNNELS_FORGET_UPDATED (3 * TUNNELS_FORGET) /* amt_update_handler() */

enum family {
	FAMILY_IGMP,
	FAMILY_MLD,
	_FAMILY_MAX,
};

struct tunnel {
	struct address gateway; /* first: the tree's key */
	uint16_t port;
	uint8_t mac[AMT_MAC_LENGTH];
	uint32_t nonce;
	usec_t since, last_query, last_update, expires;
	usec_t deadline; /* the first of expires and the routers' */
	uint32_t heap;	 /* struct heap's */
	struct router *routers[_FAMILY_MAX];
	struct tunnels *tunnels;
	usec_t known_at; /* tunnels_unsure(); 0: known */
	bool changed, ended;
	struct tunnel *next_changed;
};

/* A group with members, or changed since the last flush. */
struct wanted {
	struct address group; /* first: the tree's key */
	struct tunnel **by;   /* sorted by address in memory */
	size_t n, room;
	bool changed;
	struct wanted *next_changed;
};

struct tunnels {
	uint32_t max;
	tunnels_changed changed;
	void *userdata;
	void *by_gateway, *by_group; /* trees, tsearch(3): no worst case by chosen addresses */
	struct heap heap;	     /* all tunnels by deadline */
	struct wanted *changes;
	usec_t known_at; /* of tunnels that begin; 0 or past: known */
	bool watched;
	struct tunnel *first_changed, *last_changed; /* those that ended are freed with the list */
	struct tunnels_recorder recorder;
	struct tunnels_counters counters; /* records: of tunnels that have ended */
};

static inline struct tunnel *tunnel_at(const struct tunnels *tunnels, size_t i)
{
	return tunnels->heap.entries[i];
}

/* tunnels.c */
int tunnels_compare(const void *a, const void *b);
struct router *tunnels_need_router(struct tunnel *tunnel, sa_family_t family, usec_t now);
struct tunnel *tunnels_begin(struct tunnels *tunnels, const struct address *gateway, uint16_t port,
			     usec_t now);
void tunnels_reschedule(struct tunnel *tunnel); /* one of its times has changed */
struct tunnel *tunnels_find(const struct tunnels *tunnels, const struct address *gateway);

/* tunnels-record.c */
void tunnels_write_tunnel(const struct tunnel *tunnel, FILE *stream);
void tunnels_record_tunnel(const struct tunnel *tunnel, bool ended);
void tunnels_record_group(const struct tunnel *tunnel, const struct router *router,
			  const struct address *group);

#endif
