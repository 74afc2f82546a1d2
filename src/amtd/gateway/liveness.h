/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the counters of gateways tell: a stream that ceases is the first sign of a dead relay, and a
 * channel that is joined and brings no data may have a better relay (RFC 8777, "Absence of
 * Traffic").
 */
#ifndef AMTD_GATEWAY_LIVENESS_H
#define AMTD_GATEWAY_LIVENESS_H

#include "amtd/gateway/gateway.h"

int liveness_open(struct gateways *gateways); /* 0 or negative errno */
void liveness_close(struct gateways *gateways);

#endif
