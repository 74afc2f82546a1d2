/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AMTD_RELAY_WING_H
#define AMTD_RELAY_WING_H

#include "amtd/core/hooks.h"
#include "amtd/relay/relay.h"

extern const struct wing relay_wing;

struct relay_device *relay_of(const struct device *device); /* lives as long as the device */

#endif
