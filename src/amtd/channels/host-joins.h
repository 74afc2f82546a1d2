/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HostJoins=: source-specific joins of applications on this host, on any interface, are treated
 * like those of amtctl. The kernel has no event for joins: /proc is polled once a second.
 */
#ifndef AMTD_CHANNELS_HOST_JOINS_H
#define AMTD_CHANNELS_HOST_JOINS_H

#include "amtd/channels/channels.h"

int host_joins_open(struct channels *channels);
void host_joins_close(struct channels *channels);
void host_joins_configure(struct channels *channels); /* the settings may have changed */

#endif
