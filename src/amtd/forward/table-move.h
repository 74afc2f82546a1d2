/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another Table=: all routes are made there, and then the rules send the packets to them.
 */
#ifndef AMTD_FORWARD_TABLE_MOVE_H
#define AMTD_FORWARD_TABLE_MOVE_H

#include "amtd/forward/forward.h"

/* Moves the device's interfaces and routes to that table. False: not possible, nothing is changed
 * and forwarding has to be started anew. */
bool table_move(struct forward *forward, uint32_t table);

#endif
