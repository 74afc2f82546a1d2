/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [Forward] of one device at work: its interfaces as they come and go, and the forwarder's
 * decisions carried out in the kernel.
 */
#ifndef AMTD_FORWARD_SESSION_H
#define AMTD_FORWARD_SESSION_H

#include "amtd/core/hooks.h"
#include "amtd/forward/forward.h"

void session_run(struct forward_device *owner); /* start, and follow interfaces that changed */
void session_stop(struct forward_device *owner);

/* True: session_run() is due. */
bool session_link(struct forward_device *owner, const struct link_change *change);

/* A channel of Upstream=driad has another gateway, or interface. */
void session_moved(struct forwarding *forwarding);

/* The gateways of a relay device want that of a group now, all together. */
void session_tunnels(struct forward_device *owner, const struct address *group,
		     const struct filter *filter);

#endif
