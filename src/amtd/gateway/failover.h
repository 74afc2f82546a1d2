/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which relay each gateway uses: device/selection.c decides; here its probes are sent, its
 * decisions carried out.
 */
#ifndef AMTD_GATEWAY_FAILOVER_H
#define AMTD_GATEWAY_FAILOVER_H

#include "amtd/gateway/gateway.h"

int failover_open(struct gateways *gateways); /* 0 or negative errno */
void failover_close(struct gateways *gateways);

int failover_add(struct gateway *gateway); /* 0 or negative errno */
void failover_remove(struct gateway *gateway);
void failover_configure(struct gateway *gateway); /* its configuration changed */

void failover_query(struct gateway *gateway, bool loaded); /* one passed; loaded: L */
void failover_doubt(struct gateway *gateway); /* its stream ceased, or ICMP says unreachable, which
					       * anybody can send: the relay is asked */
void failover_dataless(struct gateway *gateway); /* joined, and no data comes */
void failover_wake(struct gateway *gateway);	 /* NFQUEUE is available again */

#endif
