/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which channels are wanted, in $AMTD_ROOT/run/amt/channels, for the next amtd: a line for each
 * change, of which the last one about a channel counts, so that a join costs the same however many
 * there are. Written anew when most of it is outdated.
 *
 *	CHANNEL ON VIA OWNERS SINCE		amt0 or "-"; OWNERS 0: wanted no more
 */
#ifndef AMTD_CHANNELS_PERSIST_H
#define AMTD_CHANNELS_PERSIST_H

#include "amtd/channels/channels.h"

void persist_load(struct channels *channels);
void persist_append(struct channels *channels, const struct channel *channel); /* after a change */
void persist_write(struct channels *channels);				       /* as a whole */

#endif
