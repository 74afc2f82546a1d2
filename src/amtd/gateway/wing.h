/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AMTD_GATEWAY_WING_H
#define AMTD_GATEWAY_WING_H

#include "amtd/core/hooks.h"
#include "amtd/gateway/gateway.h"

extern const struct wing gateway_wing;

struct gateways *gateways_of(const struct manager *manager);
struct gateway *gateway_of(const struct device *device); /* lives as long as the device */

#endif
