/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AMTD_CHANNELS_WING_H
#define AMTD_CHANNELS_WING_H

#include "amtd/channels/channels.h"
#include "amtd/core/hooks.h"

extern const struct wing channels_wing;

/* All channels of the host; lives until the wing is closed. */
struct channels *channels_of(const struct manager *manager);

#endif
