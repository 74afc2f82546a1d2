/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HostJoins=: what applications on this host join from a source, on whatever interface, is wanted
 * as if by amtctl. No event tells of joins: /proc is polled once a second.
 */
#ifndef AMTD_CHANNELS_HOST_JOINS_H
#define AMTD_CHANNELS_HOST_JOINS_H

#include "amtd/channels/channels.h"

int host_joins_open(struct channels *channels);
void host_joins_close(struct channels *channels);
void host_joins_configure(struct channels *channels); /* the settings may have changed */

#endif
