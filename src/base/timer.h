/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers of sd-event on CLOCK_MONOTONIC, in microseconds: created disarmed, armed as often as
 * needed. Each fires once.
 */
#ifndef AMT_BASE_TIMER_H
#define AMT_BASE_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* Slack of a timer, so that several share one wake-up. */
#define TIMER_EXACT  1000ULL /* sd-event's default of 250 ms is a failover's whole budget */
#define TIMER_COARSE 0ULL    /* sd-event's default */

/* 0 or negative errno. */
int timer_add(sd_event *event, sd_event_source **ret, uint64_t accuracy_usec,
	      sd_event_time_handler_t handler, void *userdata);

/* At a time of CLOCK_MONOTONIC; UINT64_MAX disarms. */
void timer_arm(sd_event_source *timer, uint64_t at_usec);
void timer_arm_relative(sd_event_source *timer, uint64_t usec);
/* The same, unless it is armed already. */
void timer_ensure(sd_event_source *timer, uint64_t usec);
void timer_disarm(sd_event_source *timer);
bool timer_is_armed(sd_event_source *timer);

#endif
