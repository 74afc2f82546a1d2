/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tunnels of one relay device, and the memberships of their gateways. The driver
 * (drivers/net/amt.c) exports neither, so this tracks it by the messages observed: it identifies a
 * gateway by its address alone, accepts a Membership Update with the nonce and the MAC of the last
 * Query to that address, and expires a tunnel 260 s after its start or 780 s after the last such
 * Update. Pure: the caller passes messages and the time (microseconds of any monotonic clock, above
 * zero). Memory is bounded by the limits.
 */
#ifndef AMT_MEMBERSHIP_TUNNELS_H
#define AMT_MEMBERSHIP_TUNNELS_H

#include "base/clock.h"
#include "base/filter.h"
#include "membership/router.h"
#include "wire/group-message.h"
#include "wire/message.h"

#include <stdio.h>

#define TUNNELS_MAX	    128 /* by default; AMT_MAX_TUNNELS, include/net/amt.h */
#define TUNNELS_GROUPS_MAX  32	/* of a tunnel and a family; AMT_MAX_GROUP */
#define TUNNELS_SOURCES_MAX 128 /* likewise */
#define TUNNELS_UNSURE_SEC  260 /* tunnels_unsure(); as the driver, amt_gmi() */

struct tunnels;
/* Called by tunnels_flush() for each group whose merged filter changed; filter is valid during the
 * call. It must not call back into tunnels. */
typedef void (*tunnels_changed)(struct tunnels *tunnels, const struct address *group,
				const struct filter *filter, void *userdata);

/* Reason to ignore a message. */
enum tunnels_ignored {
	TUNNELS_IGNORED_GATEWAY,  /* no Query was sent to this address, or the tunnel has ended */
	TUNNELS_IGNORED_NONCE,	  /* not that of the last Query; forged, or late */
	TUNNELS_IGNORED_MAC,	  /* likewise */
	TUNNELS_IGNORED_INNER,	  /* encapsulated packet: see errors */
	TUNNELS_IGNORED_TYPE,	  /* a Query, or IGMPv1, which the driver ignores, too */
	TUNNELS_IGNORED_TEARDOWN, /* Teardowns of no tunnel, or with another nonce, MAC or port */
	TUNNELS_IGNORED_MEMORY,
	_TUNNELS_IGNORED_MAX,
};

struct tunnels_counters {
	uint64_t queries, updates, teardowns; /* that counted */
	uint64_t begun, expired, evicted;     /* evicted: there were max_tunnels already */
	uint64_t ignored[_TUNNELS_IGNORED_MAX];
	uint64_t errors[_GROUP_ERROR_MAX];    /* of the encapsulated packet */
	uint64_t records[ROUTER_IGNORED_MAX]; /* ignored parts of Reports */
};

/* A tunnel, for display. */
struct tunnels_tunnel {
	struct address gateway;
	uint16_t port;			       /* of its first Request */
	usec_t since, last_query, last_update; /* last_update 0: none so far */
	usec_t expires;
	size_t groups;
	bool known; /* the driver has no more memberships of it than this; see tunnels_unsure() */
	bool ended; /* in tunnels_each_changed() */
};

int tunnels_new(uint32_t max, tunnels_changed changed, void *userdata, struct tunnels **ret);
void tunnels_free(struct tunnels *tunnels); /* without calling changed; NULL is fine */

/* Over this limit the tunnel that expires first has already ended in the driver. */
void tunnels_set_max(struct tunnels *tunnels, uint32_t max_tunnels);

/* The relay device sends the Query to that gateway and port (host byte order). */
void tunnels_query(struct tunnels *tunnels, const struct address *gateway, uint16_t port,
		   const struct message *query, usec_t now);

/* An Update from that address. */
void tunnels_update(struct tunnels *tunnels, const struct address *gateway,
		    const struct message *update, usec_t now);
/* A Teardown, from any address, RFC 7450, 5.1.7: ends the tunnel that it names. */
void tunnels_teardown(struct tunnels *tunnels, const struct message *teardown, usec_t now);

void tunnels_clear(struct tunnels *tunnels); /* all tunnels end, as when the device goes down */

usec_t
tunnels_next(const struct tunnels *tunnels); /* tunnels_run() is due; USEC_NEVER: not at all */
void tunnels_run(struct tunnels *tunnels, usec_t now);

/* Report the changes, each group once. */
void tunnels_flush(struct tunnels *tunnels);
void tunnels_mark(struct tunnels *tunnels); /* report all groups again */

/* Messages may have passed unseen until now, or were from before: no tunnel is known until the
 * driver has forgotten whatever they asked for. A single one is not after an Update that was not
 * taken in full: malformed, or beyond a limit. */
void tunnels_unsure(struct tunnels *tunnels, usec_t now);

/* Take note of changes for tunnels_each_changed(); without, of none. */
void tunnels_watch(struct tunnels *tunnels);
/* Each tunnel that began, ended or changed since the last call, in this order for one gateway. each
 * may call tunnels_groups(). */
typedef void (*tunnels_tunnel_changed)(struct tunnels *tunnels, const struct tunnels_tunnel *tunnel,
				       void *userdata);
void tunnels_each_changed(struct tunnels *tunnels, tunnels_tunnel_changed each, void *userdata);

/* The merged filter of the group, of all tunnels. 0 or -ENOMEM; *ret is cleared first. */
int tunnels_filter(const struct tunnels *tunnels, const struct address *group, struct filter *ret);

/* All tunnels, in no order: start with *position 0. */
bool tunnels_next_tunnel(const struct tunnels *tunnels, size_t *position,
			 struct tunnels_tunnel *ret);
size_t tunnels_count(const struct tunnels *tunnels);

/* The groups of one tunnel, in no order. A nonzero value ends it and is returned; -ENOENT: no such
 * tunnel. */
typedef int (*tunnels_each)(const struct router_group *group, const struct filter *filter,
			    void *userdata);
int tunnels_groups(const struct tunnels *tunnels, const struct address *gateway, usec_t now,
		   tunnels_each each, void *userdata);

/* State for the next process, as lines of text, each as soon as it changes; of those with the same
 * two first words the last counts. begin: NULL: do not write now. end: the line is complete.
 * Times: of the caller's clock, which has to be one that goes on. */
struct tunnels_recorder {
	FILE *(*begin)(void *userdata);
	void (*end)(void *userdata);
	void *userdata;
};
void tunnels_record(struct tunnels *tunnels, const struct tunnels_recorder *recorder); /* NULL: no
											  more */
void tunnels_write(const struct tunnels *tunnels, usec_t now, FILE *stream); /* all of it */

/* Takes up such a line: first those of all tunnels, then those of their groups. 0: it was not of
 * that kind, or has nothing; 1; -EINVAL: another version's, or of a tunnel that is not there;
 * -EDQUOT, -ENOMEM. */
int tunnels_read_tunnel(struct tunnels *tunnels, const char *line, usec_t now);
int tunnels_read_group(struct tunnels *tunnels, const char *line, usec_t now);

void tunnels_counters(const struct tunnels *tunnels, struct tunnels_counters *ret);
const char *tunnels_ignored_string(enum tunnels_ignored reason); /* "mac", …, for metrics */

#endif
