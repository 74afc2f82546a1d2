/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A token bucket: a rate limit per second, bursts allowed. Pure. A zeroed struct is a full bucket.
 */
#ifndef AMT_BASE_PACE_H
#define AMT_BASE_PACE_H

#include "base/clock.h"

#include <stdbool.h>

struct pace {
	usec_t until; /* the bucket is full again */
};

static inline bool pace_take(struct pace *pace, uint32_t per_second, usec_t now)
{
	if (pace->until < now)
		pace->until = now;
	if (pace->until - now > USEC_PER_SEC - USEC_PER_SEC / per_second)
		return false;
	pace->until += USEC_PER_SEC / per_second;
	return true;
}

#endif
