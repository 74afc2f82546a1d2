/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upstream=driad: each source comes through a gateway to its relay from DNS (RFC 8777), created on
 * demand. The forwarder sees one upstream; its joins become channels wanted on this host, and its
 * routes get the interface of each channel's gateway, as soon as there is one.
 */
#ifndef AMTD_FORWARD_DRIAD_H
#define AMTD_FORWARD_DRIAD_H

#include "amtd/forward/forward.h"

int driad_open(struct forward *forward);
void driad_close(struct forward *forward); /* without driad: no-op */
int driad_join(struct forward *forward, const struct address *group, const struct filter *filter);
void driad_set_route(struct forward *forward, const struct address *source,
		     const struct address *group, const int *outgoing, size_t n);
void driad_unroute(struct forward *forward, const struct address *source,
		   const struct address *group);
void driad_refresh(struct forward *forward); /* gateways may have appeared or changed */

#endif
