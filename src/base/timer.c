/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/timer.h"

int timer_add(sd_event *event, sd_event_source **ret, uint64_t accuracy_usec,
	      sd_event_time_handler_t handler, void *userdata)
{
	int r;

	r = sd_event_add_time(event, ret, CLOCK_MONOTONIC, 0, accuracy_usec, handler, userdata);
	return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

/* Neither call fails for a timer that timer_add() has made. */
void timer_arm(sd_event_source *timer, uint64_t at_usec)
{
	if (at_usec == UINT64_MAX) {
		timer_disarm(timer);
		return;
	}
	(void)sd_event_source_set_time(timer, at_usec);
	(void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

void timer_arm_relative(sd_event_source *timer, uint64_t usec)
{
	(void)sd_event_source_set_time_relative(timer, usec);
	(void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

void timer_ensure(sd_event_source *timer, uint64_t usec)
{
	if (!timer_is_armed(timer))
		timer_arm_relative(timer, usec);
}

void timer_disarm(sd_event_source *timer)
{
	(void)sd_event_source_set_enabled(timer, SD_EVENT_OFF);
}

bool timer_is_armed(sd_event_source *timer)
{
	return sd_event_source_get_enabled(timer, NULL) > 0;
}
