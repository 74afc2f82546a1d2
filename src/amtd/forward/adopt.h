/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multicast routes that a previous amtd made in a table that was handed over with them.
 */
#ifndef AMTD_FORWARD_ADOPT_H
#define AMTD_FORWARD_ADOPT_H

#include "amtd/forward/forward.h"

/* The wanted ones become flows of the forwarders. */
void adopt_take(struct forwarding *forwarding);
/* The others are removed, and interfaces that nobody has added. */
void adopt_drop(struct forwarding *forwarding);

#endif
