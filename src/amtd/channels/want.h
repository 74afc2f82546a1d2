/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel that is wanted on this host is joined on the interface that it comes through, as soon
 * as there is one, and again when it is another one of the same name.
 */
#ifndef AMTD_CHANNELS_WANT_H
#define AMTD_CHANNELS_WANT_H

#include "amtd/channels/channels.h"

int want_open(struct channels *channels);
void want_close(struct channels *channels);

/* Another gateway, or none: name "". 0 or -ENOMEM. */
int want_set_via(struct channels *channels, struct channel *channel, const char *name);

/* Why it cannot be joined, takes over the text; NULL: it can. */
void want_set_problem(struct channel *channel, char *problem);

/* Its owners or its gateway changed. */
void want_changed(struct channels *channels, const struct channel *channel);

/* One owner less; without any it is left and freed. */
void want_disown(struct channels *channels, struct channel *channel, enum channel_owner owner);

/* Its interface may be another one, or have come or gone. */
void want_follow_interface(struct channels *channels, struct channel_device *via);

#endif
