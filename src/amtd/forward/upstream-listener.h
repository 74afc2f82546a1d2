/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IGMP and MLD on the upstream interfaces of a device's [Forward].
 */
#ifndef AMTD_FORWARD_UPSTREAM_LISTENER_H
#define AMTD_FORWARD_UPSTREAM_LISTENER_H

#include "amtd/core/hooks.h"
#include "amtd/forward/forward.h"

void upstream_listener_run(struct forward_device *owner);	/* start, follow interfaces */
void upstream_listener_refresh(struct forward_device *owner);	/* its upstreams changed */
void upstream_listener_configure(struct forward_device *owner); /* its settings were replaced */
void upstream_listener_stop(struct forward_device *owner);

/* True: upstream_listener_run() is due. */
bool upstream_listener_link(struct forward_device *owner, const struct link_change *change);

#endif
