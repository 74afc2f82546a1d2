/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Liveness from the gateways' counters: a stream that stops is the first sign of a dead relay, and
 * a joined channel without data may have a better relay (RFC 8777, "Absence of Traffic").
 */
#ifndef AMTD_GATEWAY_LIVENESS_H
#define AMTD_GATEWAY_LIVENESS_H

#include "amtd/gateway/gateway.h"

int liveness_open(struct gateways *gateways); /* 0 or negative errno */
void liveness_close(struct gateways *gateways);

#endif
