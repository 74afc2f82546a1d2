/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The remote end of a gateway's tunnel on the wire. The firewall and the driver follow with the
 * next pass and a kick.
 */
#ifndef AMTD_GATEWAY_REDIRECT_H
#define AMTD_GATEWAY_REDIRECT_H

#include "amtd/gateway/gateway.h"

/* Use the relay that the selection has chosen. */
void redirect_to_choice(struct gateway *gateway);

/* Queries come from this relay from now on. */
void redirect_set_relay(struct gateway *gateway, const struct address *relay);

/* The relay has no memberships: it is another one, or has expired the tunnel, at least from the
 * driver's view. Its next Queries are hastened. */
void redirect_reset_query_history(struct gateway *gateway);

#endif
