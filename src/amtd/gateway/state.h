/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a gateway, as the user sees it.
 */
#ifndef AMTD_GATEWAY_STATE_H
#define AMTD_GATEWAY_STATE_H

#include "amtd/gateway/gateway.h"

/* From the selection's state. */
void state_show(struct gateway *gateway);

/* Of each gateway with check_twin: does another one of the n, which is connected, use the same
 * relay from the same address? */
void state_show_twins(struct gateway *const *gateways, size_t n);

#endif
