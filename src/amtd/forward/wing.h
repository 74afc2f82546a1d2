/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AMTD_FORWARD_WING_H
#define AMTD_FORWARD_WING_H

#include "amtd/core/hooks.h"
#include "amtd/forward/forward.h"

extern const struct wing forward_wing;

/* Forwarding of all devices, and of one. Both live as long as the manager, or the device. */
struct forwarding *forwarding_of(const struct manager *manager);
struct forward_device *forward_of(const struct device *device);

/* The merged memberships of a group, of all gateways of a relay device. */
void forward_tunnels(struct device *device, const struct address *group,
		     const struct filter *filter);

/* Called when the tunnels become a downstream: all memberships have to be passed again. */
void forward_on_tunnels_started(struct manager *manager, forward_tunnels_started started,
				void *userdata);

#endif
