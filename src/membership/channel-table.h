/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channels wanted on this host: owners, since when, and through which interface. Pure. Times
 * are CLOCK_REALTIME.
 *
 * The key of a channel is its source and group and the requested device, which may be none; so the
 * same one may exist several times.
 */
#ifndef AMT_MEMBERSHIP_CHANNEL_TABLE_H
#define AMT_MEMBERSHIP_CHANNEL_TABLE_H

#include "base/channel.h"
#include "base/clock.h"
#include "base/filter.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum channel_owner {
	CHANNEL_AMTCTL = 1 << 0,
	CHANNEL_FILE = 1 << 1,	  /* Join= of a device */
	CHANNEL_HOST = 1 << 2,	  /* an application on this host */
	CHANNEL_FORWARD = 1 << 3, /* hosts that are forwarded to */
};

#define CHANNEL_OWNERS 4

/* An interface that channels are received on. */
struct channel_device {
	char name[IFNAMSIZ];
	unsigned int number; /* another one for each */
	int ifindex;	     /* as joined; 0: nothing is */
	size_t n;
	struct channel *table; /* chained by peer */
	bool unrouted;	       /* for the caller's use */
	struct channel_device *next;
};

struct channel {
	struct channel_key key;
	unsigned int owners;	    /* of enum channel_owner */
	struct channel_device *on;  /* requested; NULL: any */
	struct channel_device *via; /* NULL: none so far */
	usec_t since;
	const char *problem; /* text, free()d with it; NULL: none */

	uint64_t packets, packets_before; /* counted; the firewall's count at the start */
	usec_t last_packet;		  /* 0: none */
	uint32_t rate;			  /* packets a second */

	bool counted;			     /* packets and the like are known */
	bool stale, missed, seeking, routed; /* for the caller's use */
	uint16_t forwarded;		     /* by this many devices, for CHANNEL_FORWARD */
	struct channel *peer, **peer_link;   /* of the same via */
	struct channel *next;		     /* of the same bucket */
};

struct channel_table;

int channel_table_new(struct channel_table **ret);
void channel_table_free(struct channel_table *table); /* NULL is fine */
size_t channel_table_count(const struct channel_table *table);

/* on "": any. NULL: none. */
struct channel *channel_table_find(const struct channel_table *table, const struct channel_key *key,
				   const char *on);

/* Find it, or add it without owners. NULL without memory. */
struct channel *channel_table_add(struct channel_table *table, const struct channel_key *key,
				  const char *on, usec_t now);
void channel_table_remove(struct channel_table *table, struct channel *channel);

/* name "": none. 0 or -ENOMEM. */
int channel_table_set_via(struct channel_table *table, struct channel *channel, const char *name);

/* Interfaces in use now or previously; NULL: none of the name. */
struct channel_device *channel_table_device(const struct channel_table *table, const char *name);
struct channel_device *channel_table_device_numbered(const struct channel_table *table,
						     unsigned int number);
struct channel_device *channel_table_devices(const struct channel_table *table);

/* The next one of the group, in no order; previous NULL: the first. */
struct channel *channel_table_of_group(const struct channel_table *table,
				       const struct address *group, const struct channel *previous);

/* The filter of all channels of the group there: INCLUDE {} for none. 0 or -ENOMEM. */
int channel_table_filter(const struct channel_table *table, const struct channel_device *via,
			 const struct address *group, struct filter *ret);

/* All, in order of group, source and device; free() the array. NULL without memory. */
struct channel **channel_table_sorted(const struct channel_table *table);

/* The next one, in no order; NULL at the end. previous NULL: the first. The previous one may be
 * removed once the next was returned. */
struct channel *channel_table_next(const struct channel_table *table,
				   const struct channel *previous);

/* "amtctl", "host", … */
const char *channel_owner_string(enum channel_owner owner);

#endif
