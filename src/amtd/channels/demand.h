/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gateways for channels without a named device: one to the source's relay, from DNS (RFC 8777), or
 * else a new one, which is deleted some time after its last channel.
 */
#ifndef AMTD_CHANNELS_DEMAND_H
#define AMTD_CHANNELS_DEMAND_H

#include "amtd/channels/channels.h"

/* Of a device created on demand. */
struct demand_device {
	uint64_t idle_since; /* CLOCK_MONOTONIC, microseconds: no channel since; 0: it has some */
};

int demand_open(struct channels *channels);
void demand_close(struct channels *channels);
void demand_configure(struct channels *channels); /* the settings may have changed */
/* Find a gateway for a channel that has none. */
void demand_seek(struct channels *channels, struct channel *channel);
void demand_seek_all(struct channels *channels);
void demand_tidy(struct channels *channels); /* gateways may have been idle for too long */
void demand_idle(struct channels *channels,
		 const struct channel_device *via); /* the last was left */

#endif
