/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A relay device and its gateways: passes observed Queries and Updates to its tunnels, and their
 * memberships to forwarding.
 */
#ifndef AMTD_RELAY_PROTOCOL_H
#define AMTD_RELAY_PROTOCOL_H

#include "amtd/relay/relay.h"
#include "kernel/firewall.h"
#include "wire/packet.h"

/* The device's mode or interface may have changed. */
void protocol_follow(struct relay_device *relay);
void protocol_stop(struct relay_device *relay);

/* A packet that passed, of the queues from FIREWALL_QUEUE_RELAY_QUERY to FIREWALL_QUEUE_TEARDOWN.
 */
void protocol_packet(struct relay_device *relay, enum firewall_queue queue,
		     const struct packet *packet);

/* Messages may have passed unseen, for this reason. */
void protocol_missed(struct relay_device *relay, const char *reason);

/* Passes all memberships of gateways to forward_tunnels() again. */
void protocol_report_all(struct relay_device *relay);

#endif
