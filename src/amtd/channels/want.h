/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A wanted channel is joined on its interface, as soon as that exists, and again when the interface
 * is recreated.
 */
#ifndef AMTD_CHANNELS_WANT_H
#define AMTD_CHANNELS_WANT_H

#include "amtd/channels/channels.h"

int want_open(struct channels *channels);
void want_close(struct channels *channels);

/* Another gateway, or none: name "". 0 or -ENOMEM. */
int want_set_via(struct channels *channels, struct channel *channel, const char *name);

/* The join error, NULL: none. Takes over the text. */
void want_set_problem(struct channel *channel, char *problem);

/* Its owners or its gateway changed. */
void want_changed(struct channels *channels, const struct channel *channel);

/* Removes an owner; without any the channel is left and freed. */
void want_disown(struct channels *channels, struct channel *channel, enum channel_owner owner);

/* Its interface may have appeared, changed or gone. */
void want_follow_interface(struct channels *channels, struct channel_device *via);

#endif
