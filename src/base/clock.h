/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What time it is, in microseconds. Modules that are pure take it as an argument.
 */
#ifndef AMT_BASE_CLOCK_H
#define AMT_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_SEC  UINT64_C(1000000)

/* CLOCK_MONOTONIC for timers, CLOCK_REALTIME for what a user reads. */
static inline uint64_t clock_usec(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

static inline uint64_t clock_monotonic(void)
{
	return clock_usec(CLOCK_MONOTONIC);
}

static inline uint64_t clock_realtime(void)
{
	return clock_usec(CLOCK_REALTIME);
}

/* A time of CLOCK_MONOTONIC on CLOCK_REALTIME, as of now: what a user can read. 0, for "never",
 * stays 0. */
static inline uint64_t clock_to_realtime(uint64_t monotonic)
{
	return monotonic == 0 ? 0 : monotonic + clock_realtime() - clock_monotonic();
}

#endif
