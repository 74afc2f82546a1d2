/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a gateway, as the user sees it: the first of an ordered table of conditions that
 * holds, so that the reason is the first thing that is missing.
 */
#ifndef AMTD_GATEWAY_STATE_H
#define AMTD_GATEWAY_STATE_H

#include "amtd/gateway/gateway.h"

/* From the selection's state, and what else is known of the relay. */
void state_show(struct gateway *gateway);

/* Of each of the n gateways that may have one: does another, which is connected, use the same relay
 * from the same address? */
void state_show_twins(struct gateway *const *gateways, size_t n);
bool state_may_have_twin(const struct gateway *gateway);

#endif
