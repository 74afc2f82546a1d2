/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A router, its hosts and other routers on one link, in simulated time. Sources are letters, hosts
 * and groups numbers. Messages are put together here, byte by byte, not by the code under test.
 */
#ifndef ROUTER_WORLD_H
#define ROUTER_WORLD_H

#include "membership/router.h"

#include <string.h>

#define SEC   1000000ULL
#define START (1000 * SEC)

/* RFC 9776, section 8, with the defaults of world_options() */
#define INTERVAL      (125 * SEC)
#define RESPONSE      (10 * SEC)
#define GMI	      (2 * INTERVAL + RESPONSE)
#define LMQI	      (1 * SEC)
#define LMQT	      (2 * LMQI)
#define OTHER_QUERIER (2 * INTERVAL + RESPONSE / 2)

#define GENERAL (-1)

struct world {
	struct router *router;
	sa_family_t family;
	uint8_t version;
	uint64_t now;
	char queries[4096]; /* "Q(2,ab) " for each since world_forget(); "s" before "Q": S is set */
	unsigned int general; /* General Queries since */
	struct group_query last;
	unsigned int changes;
};

struct router_options world_options(sa_family_t family);
void world_open(struct world *world, const struct router_options *options);
void world_close(struct world *world);
void world_forget(struct world *world);
void world_until(struct world *world, uint64_t time); /* runs the router whenever it is due */

struct address world_host(sa_family_t family, unsigned int i); /* the router is 100 */
struct address world_group(sa_family_t family, unsigned int i);
struct address world_source(sa_family_t family, char letter);

/* A record of a Report of the latest version. */
void world_report(struct world *world, unsigned int host, unsigned int group,
		  enum group_record_type type, const char *sources);
/* A Report or Leave of older ones. */
void world_older(struct world *world, unsigned int host, unsigned int group, uint8_t version,
		 enum group_message_type type);
void world_query(struct world *world, unsigned int host, int group, const char *sources,
		 const struct group_query *query);

/* The result of router_filter(): "I ab", "E" */
const char *world_filter(const struct world *world, unsigned int group);

#endif
