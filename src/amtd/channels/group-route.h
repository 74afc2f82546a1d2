/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * InstallRoutes=: an application that names no interface joins on the gateway of the channel. A
 * route is one of the group: of its channels, the first that has a gateway gets it, until it is
 * left.
 */
#ifndef AMTD_CHANNELS_GROUP_ROUTE_H
#define AMTD_CHANNELS_GROUP_ROUTE_H

#include "amtd/channels/channels.h"

void group_route_start(struct channels *channels); /* a previous amtd's: kept or removed */
void group_route(struct channels *channels, const struct address *group); /* as is wanted now */
void group_route_all(struct channels *channels);
void group_unroute(struct channels *channels, struct channel *channel); /* before its via changes */
void group_route_link(struct channels *channels, struct channel_device *via); /* may be up now */

#endif
