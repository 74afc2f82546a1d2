/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host sends on an upstream interface in IGMP or MLD.
 */
#ifndef AMTD_FORWARD_UPSTREAM_SIDE_H
#define AMTD_FORWARD_UPSTREAM_SIDE_H

#include "amtd/forward/forward.h"
#include "wire/group-batch.h"

/* The address that messages of this side have now; AF_UNSPEC: none. */
const struct address *listener_side_address(struct listener_side *side);

/* For records to be sent upstream; false: this host cannot speak there. */
bool listener_side_batch(struct listener_side *side, uint8_t version, struct group_batch *ret);

#endif
