/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relays whose tunnel of a local address was taken by a handshake of this host's, so that no
 * gateway gets a Query: a Linux relay identifies tunnels by the gateway's address, and keeps the
 * port of the first Request (drivers/net/amt.c, amt_request_handler()).
 *
 * Times are CLOCK_MONOTONIC in microseconds.
 */
#ifndef AMTD_GATEWAY_PINS_H
#define AMTD_GATEWAY_PINS_H

#include "base/address.h"

#include <stdint.h>

#define PINS_MAX 16 /* the last ones */

struct gateways;

/* A tunnel taken now. */
struct pin {
	struct address local, relay;
	uint64_t until; /* 0: unused */
};

void pins_add(struct gateways *gateways, const struct address *local, const struct address *relay,
	      uint64_t now);

/* When the relay forgets it; 0: there is none, or it has been forgotten. */
uint64_t pins_until(const struct gateways *gateways, const struct address *local,
		    const struct address *relay, uint64_t now);

#endif
