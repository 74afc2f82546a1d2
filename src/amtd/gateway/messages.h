/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control messages of a gateway's relay, from the NFQUEUE: checked, rewritten, and recorded.
 */
#ifndef AMTD_GATEWAY_MESSAGES_H
#define AMTD_GATEWAY_MESSAGES_H

#include "amtd/gateway/gateway.h"
#include "kernel/queue.h"

enum queue_verdict messages_packet(struct gateway *gateway, enum firewall_queue queue,
				   struct queue_packet *queued, struct packet *packet);

/* A malformed packet was received. */
void messages_malformed(struct gateway *gateway, enum firewall_queue queue);

#endif
