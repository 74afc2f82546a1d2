/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IGMP and MLD sent by this host on an upstream interface.
 */
#ifndef AMTD_FORWARD_UPSTREAM_SIDE_H
#define AMTD_FORWARD_UPSTREAM_SIDE_H

#include "amtd/forward/forward.h"
#include "wire/group-batch.h"

/* The source address of this side's messages; AF_UNSPEC: none. */
const struct address *listener_side_address(struct listener_side *side);

/* For records to be sent upstream; false: this host cannot send there. */
bool listener_side_batch(struct listener_side *side, uint8_t version, struct group_batch *ret);

#endif
