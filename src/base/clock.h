/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time in microseconds, of CLOCK_MONOTONIC unless a header states another clock. Modules that are
 * pure take it as an argument.
 */
#ifndef AMT_BASE_CLOCK_H
#define AMT_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

typedef uint64_t usec_t;

#define USEC_NEVER UINT64_MAX /* never; as in sd-event */

#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC  UINT64_C(1000000)

/* CLOCK_MONOTONIC for timers, CLOCK_REALTIME for users. */
static inline usec_t clock_usec(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

static inline usec_t clock_monotonic(void)
{
	return clock_usec(CLOCK_MONOTONIC);
}

static inline usec_t clock_realtime(void)
{
	return clock_usec(CLOCK_REALTIME);
}

/* Convert CLOCK_MONOTONIC to CLOCK_REALTIME, as of now, for users. 0, for "never", stays 0. */
static inline usec_t clock_to_realtime(usec_t monotonic)
{
	return monotonic == 0 ? 0 : monotonic + clock_realtime() - clock_monotonic();
}

static inline usec_t usec_min(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

/* A wait that doubles: first << n, max at most. */
static inline usec_t usec_back_off(usec_t first, usec_t max, unsigned int n)
{
	return n < 64 && first <= max >> n ? first << n : max;
}

#endif
