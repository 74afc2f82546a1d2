/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gateways that go, and those that went to another relay: the relay that is left is told.
 */
#ifndef AMTD_GATEWAY_TEARDOWN_H
#define AMTD_GATEWAY_TEARDOWN_H

#include "amtd/gateway/gateway.h"

int teardown_open(struct gateways *gateways); /* 0 or negative errno */
void teardown_close(struct gateways *gateways);

/* The interface is about to go: its memberships are left, its relay gets a Teardown. */
void teardown_leave(struct gateway *gateway);
/* After any number of teardown_leave(): what they shared is freed. */
void teardown_end(struct gateways *gateways);

/* gateway->left is told soon, together with those of others. */
void teardown_previous(struct gateway *gateway);

#endif
