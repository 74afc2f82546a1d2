/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Teardowns for the relays of gateways that are removed or move to another relay.
 */
#ifndef AMTD_GATEWAY_TEARDOWN_H
#define AMTD_GATEWAY_TEARDOWN_H

#include "amtd/gateway/gateway.h"

int teardown_open(struct gateways *gateways); /* 0 or negative errno */
void teardown_close(struct gateways *gateways);

/* The interface is about to be removed: leave its memberships, send a Teardown. */
void teardown_leave(struct gateway *gateway);
/* After any number of teardown_leave(): frees what they shared. */
void teardown_end(struct gateways *gateways);

/* Schedules the Teardown for gateway->left, batched with others. */
void teardown_previous(struct gateway *gateway);

#endif
