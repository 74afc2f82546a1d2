/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * So many of something a second at most: as many may come at once, and then as the second goes by.
 * Pure. A zeroed struct is a full one.
 */
#ifndef AMT_BASE_PACE_H
#define AMT_BASE_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t until; /* microseconds: all that was taken is paid for then */
};

static inline bool pace_take(struct pace *pace, uint32_t per_second, uint64_t now)
{
	if (pace->until < now)
		pace->until = now;
	if (pace->until - now > 1000000 - 1000000 / per_second)
		return false;
	pace->until += 1000000 / per_second;
	return true;
}

#endif
