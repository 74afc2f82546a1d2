/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a gateway's tunnel leads on the wire. The firewall and the driver follow with the next
 * pass, and a kick.
 */
#ifndef AMTD_GATEWAY_REDIRECT_H
#define AMTD_GATEWAY_REDIRECT_H

#include "amtd/gateway/gateway.h"

/* The relay that selection has chosen is to be used. */
void redirect_to_choice(struct gateway *gateway);

/* Queries come from this relay from now on. */
void redirect_set_relay(struct gateway *gateway, const struct address *relay);

/* The relay knows no membership: it is another one, or has expired the tunnel, or so the driver
 * thinks. Its next Queries are hastened. */
void redirect_forget_asked(struct gateway *gateway);

#endif
