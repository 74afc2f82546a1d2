/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a gateway's candidates come from: its configuration, anycast, and DNS, asked anew before
 * what it said runs out. What was found last stays while DNS does not answer.
 */
#ifndef AMTD_GATEWAY_DISCOVER_H
#define AMTD_GATEWAY_DISCOVER_H

#include "amtd/gateway/gateway.h"

/* DNS answered: discover_candidates() may find others now. */
typedef void (*discover_found)(struct gateway *gateway);

/* Ask DNS, as the configuration wants it; anew. */
void discover_start(struct gateway *gateway, discover_found found);
void discover_stop(struct gateway *gateway);

/* What is known now becomes the candidates of the selection. */
void discover_candidates(struct gateway *gateway, uint64_t now);

#endif
