/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upstream=driad: each source comes through the gateway that DNS tells (RFC 8777), made where there
 * is none. The forwarder takes them all for one upstream; here its joins become channels wanted on
 * this host, and its routes get the interface of each channel's gateway, as soon as it has one.
 */
#ifndef AMTD_FORWARD_DRIAD_H
#define AMTD_FORWARD_DRIAD_H

#include "amtd/forward/forward.h"

int driad_open(struct forward *forward);
void driad_close(struct forward *forward); /* does nothing where there is none */
int driad_join(struct forward *forward, const struct address *group, const struct filter *filter);
void driad_set_route(struct forward *forward, const struct address *source,
		     const struct address *group, const int *outgoing, size_t n);
void driad_unroute(struct forward *forward, const struct address *source,
		   const struct address *group);
void driad_refresh(struct forward *forward); /* gateways may be there, or be others */

#endif
