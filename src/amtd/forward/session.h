/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forwarding session of one device: follows its interfaces, and carries out the forwarder's
 * decisions in the kernel.
 */
#ifndef AMTD_FORWARD_SESSION_H
#define AMTD_FORWARD_SESSION_H

#include "amtd/core/hooks.h"
#include "amtd/forward/forward.h"

void session_run(struct forward_device *owner); /* start, and follow interfaces that changed */
void session_stop(struct forward_device *owner);

/* The settings were replaced: what differs is applied, the rest goes on. session_run() is due. */
void session_configure(struct forward_device *owner, const struct config *previous);

/* After a start, once all devices are there: memberships and routes of before are taken up. */
void session_restored(struct forwarding *forwarding);
/* Hosts had time to report: what is still there of before and not wanted is removed. */
void session_settled(struct forwarding *forwarding);

/* True: session_run() is due. */
bool session_link(struct forward_device *owner, const struct link_change *change);

/* The gateway or interface of a channel of Upstream=driad changed. */
void session_moved(struct forwarding *forwarding);

/* The merged memberships of a group, of all gateways of a relay device. */
void session_tunnels(struct forward_device *owner, const struct address *group,
		     const struct filter *filter);

#endif
