/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay of each gateway: device/selection.c decides; this sends its probes and carries out its
 * decisions.
 */
#ifndef AMTD_GATEWAY_FAILOVER_H
#define AMTD_GATEWAY_FAILOVER_H

#include "amtd/gateway/gateway.h"

int failover_open(struct gateways *gateways); /* 0 or negative errno */
void failover_close(struct gateways *gateways);

int failover_add(struct gateway *gateway); /* 0 or negative errno */
void failover_remove(struct gateway *gateway);
void failover_configure(struct gateway *gateway); /* its configuration changed */

void failover_query(struct gateway *gateway, bool loaded); /* a Query passed; loaded: L flag */
void failover_doubt(struct gateway *gateway); /* its stream stopped, or ICMP unreachable, which can
						 be forged: probe the relay */
void failover_dataless(struct gateway *gateway); /* joined, but no data arrives */
void failover_wake(struct gateway *gateway);	 /* NFQUEUE is available again */

#endif
