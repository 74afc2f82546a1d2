/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wanted channels, in $AMTD_ROOT/run/amt/channels, for the next amtd: a line for each change,
 * the last one of a channel counts, so that a join is O(1). Rewritten when most of it is outdated.
 *
 *	CHANNEL ON VIA OWNERS SINCE		amt0 or "-"; OWNERS 0: wanted no more
 */
#ifndef AMTD_CHANNELS_PERSIST_H
#define AMTD_CHANNELS_PERSIST_H

#include "amtd/channels/channels.h"

void persist_load(struct channels *channels);
void persist_append(struct channels *channels, const struct channel *channel); /* after a change */
void persist_write(struct channels *channels); /* rewrites the file */

#endif
