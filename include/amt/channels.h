/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channels that are wanted on this host: by whom, since when, and through which interface.
 * Pure. Times are CLOCK_REALTIME in microseconds.
 *
 * A channel is known by its source and group and by the device that was asked for, which may be
 * none; so the same one may be there several times.
 */
#ifndef AMT_CHANNELS_H
#define AMT_CHANNELS_H

#include <amt/channel.h>
#include <amt/filter.h>
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

/* An interface that channels come through. */
struct channel_device {
	char name[IFNAMSIZ];
	unsigned int number; /* another one for each */
	int ifindex;	     /* as joined; 0: nothing is */
	size_t n;
	struct channel *channels; /* chained by peer */
	bool unrouted;		  /* for the caller's use */
	struct channel_device *next;
};

struct channel {
	struct channel_key key;
	unsigned int owners;	    /* of enum channel_owner */
	struct channel_device *on;  /* asked for; NULL: any */
	struct channel_device *via; /* NULL: none so far */
	uint64_t since;
	const char *problem; /* a text of the owner's, free()d with it; NULL: none */

	uint64_t packets, packets_before; /* counted; where the count of the firewall began */
	uint64_t last_packet;		  /* 0: none */
	uint32_t rate;			  /* packets a second */

	bool counted;			     /* packets and the like are known */
	bool stale, missed, seeking, routed; /* for the caller's use */
	uint16_t forwarded;		     /* by so many devices, for CHANNEL_FORWARD */
	struct channel *peer, **peer_link;   /* of the same via */
	struct channel *next;		     /* of the same bucket */
};

struct channels;

int channels_new(struct channels **ret);
void channels_free(struct channels *channels); /* NULL is fine */
size_t channels_count(const struct channels *channels);

/* on "": any. NULL when there is none. */
struct channel *channels_find(const struct channels *channels, const struct channel_key *key,
			      const char *on);

/* Find it, or add it without owners. NULL without memory. */
struct channel *channels_add(struct channels *channels, const struct channel_key *key,
			     const char *on, uint64_t now);
void channels_remove(struct channels *channels, struct channel *channel);

/* name "": none. 0 or -ENOMEM. */
int channels_set_via(struct channels *channels, struct channel *channel, const char *name);

/* Interfaces in use now or formerly; NULL when there is none of the name. */
struct channel_device *channels_device(const struct channels *channels, const char *name);
struct channel_device *channels_device_numbered(const struct channels *channels,
						unsigned int number);
struct channel_device *channels_devices(const struct channels *channels);

/* The next one of the group, in no order; previous NULL: the first. */
struct channel *channels_of_group(const struct channels *channels, const struct address *group,
				  const struct channel *previous);

/* What of the group is wanted there, of all channels: INCLUDE {} for nothing. 0 or -ENOMEM. */
int channels_filter(const struct channels *channels, const struct channel_device *via,
		    const struct address *group, struct filter *ret);

/* All, in order of group, source and device; free() the array. NULL without memory. */
struct channel **channels_sorted(const struct channels *channels);

/* The next one, in no order; NULL at the end. previous NULL: the first. The previous one may have
 * been removed, if next was asked for before. */
struct channel *channels_next(const struct channels *channels, const struct channel *previous);

/* "amtctl", "host", … */
const char *channel_owner_string(enum channel_owner owner);

#endif
