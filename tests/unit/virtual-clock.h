/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timers of base/timer.h, deferred events, and the clock of a test: time passes when the test
 * says so. To be linked with -Wl,--wrap=clock_gettime.
 */
#ifndef TESTS_UNIT_VIRTUAL_CLOCK_H
#define TESTS_UNIT_VIRTUAL_CLOCK_H

#include "base/clock.h"

#include <stddef.h>

/* Of every clock. */
extern usec_t virtual_now;

/* Runs what becomes due on the way. */
void virtual_run_for(usec_t usec);

/* Timers and deferred events that nobody has freed. */
size_t virtual_timers(void);

#endif
