/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A relay device and its gateways: Queries and Updates that pass go to its tunnels, and what these
 * want to forwarding.
 */
#ifndef AMTD_RELAY_PROTOCOL_H
#define AMTD_RELAY_PROTOCOL_H

#include "amtd/relay/relay.h"
#include "kernel/firewall.h"
#include "wire/packet.h"

/* The device's mode or interface may be another one now. */
void protocol_follow(struct relay_device *relay);
void protocol_stop(struct relay_device *relay);

/* A packet that passed, of the queues from FIREWALL_QUEUE_RELAY_QUERY to FIREWALL_QUEUE_TEARDOWN.
 */
void protocol_packet(struct relay_device *relay, enum firewall_queue queue,
		     const struct packet *packet);

/* Everything that the gateways want goes to forward_tunnels() again. */
void protocol_report_all(struct relay_device *relay);

#endif
