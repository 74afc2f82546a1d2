/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources of a gateway's candidates: its configuration, anycast, and DNS, which is queried again
 * before the TTL expires. The last answer stays in use while DNS does not answer.
 */
#ifndef AMTD_GATEWAY_DISCOVER_H
#define AMTD_GATEWAY_DISCOVER_H

#include "amtd/gateway/gateway.h"

/* DNS answered: discover_candidates() may return others now. */
typedef void (*discover_found)(struct gateway *gateway);

/* (Re)start the DNS queries of the configuration. */
void discover_start(struct gateway *gateway, discover_found found);
void discover_stop(struct gateway *gateway);

/* Pass the known candidates to the selection; without memory, gateway->candidates_due is set. */
void discover_candidates(struct gateway *gateway, uint64_t now);

#endif
