/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet counters of channels: the kernel counts, and is polled.
 */
#ifndef AMTD_CHANNELS_COUNTS_H
#define AMTD_CHANNELS_COUNTS_H

#include "amtd/channels/channels.h"

int counts_open(struct channels *channels);
void counts_close(struct channels *channels);
void counts_stop(struct channels *channels); /* amtd stops: removes the counters */
void counts_device(struct channels *channels,
		   const struct channel_device *via); /* was (re)created */
void counts_channel(struct channels *channels, const struct channel_device *via,
		    const struct channel_key *key, bool wanted);

#endif
