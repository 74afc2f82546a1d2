/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtual-clock.h"

#include "base/timer.h"

#include <stdlib.h>

#define TIMERS_MAX 64

usec_t virtual_now = 1000 * USEC_PER_SEC;

struct virtual_timer {
	sd_event_time_handler_t handler;
	sd_event_handler_t defer; /* in place of handler */
	void *userdata;
	usec_t at;
};

static struct virtual_timer *timers[TIMERS_MAX];
static size_t n_timers;

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	ret->tv_sec = (time_t)(virtual_now / USEC_PER_SEC);
	ret->tv_nsec = (long)(virtual_now % USEC_PER_SEC) * 1000;
	return 0;
}

static void add(sd_event_source **ret, struct virtual_timer timer)
{
	struct virtual_timer *copy = malloc(sizeof(*copy));

	if (!copy || n_timers == TIMERS_MAX)
		abort();
	*copy = timer;
	timers[n_timers++] = copy;
	*ret = (sd_event_source *)copy;
}

int timer_add(sd_event *event, sd_event_source **ret, uint64_t accuracy_usec,
	      sd_event_time_handler_t handler, void *userdata)
{
	add(ret,
	    (struct virtual_timer){ .handler = handler, .userdata = userdata, .at = USEC_NEVER });
	return 0;
}

int sd_event_add_defer(sd_event *event, sd_event_source **ret, sd_event_handler_t handler,
		       void *userdata)
{
	add(ret,
	    (struct virtual_timer){ .defer = handler, .userdata = userdata, .at = virtual_now });
	return 0;
}

int sd_event_source_set_enabled(sd_event_source *source, int enabled)
{
	timer_arm(source, enabled == SD_EVENT_OFF ? USEC_NEVER : virtual_now);
	return 0;
}

void timer_arm(sd_event_source *source, uint64_t at_usec)
{
	((struct virtual_timer *)source)->at = at_usec;
}

void timer_arm_relative(sd_event_source *source, uint64_t usec)
{
	timer_arm(source, virtual_now + usec);
}

void timer_disarm(sd_event_source *source)
{
	timer_arm(source, USEC_NEVER);
}

bool timer_is_armed(sd_event_source *source)
{
	return ((struct virtual_timer *)source)->at != USEC_NEVER;
}

void timer_ensure(sd_event_source *source, uint64_t usec)
{
	if (!timer_is_armed(source))
		timer_arm_relative(source, usec);
}

sd_event_source *sd_event_source_disable_unref(sd_event_source *source)
{
	for (size_t i = 0; i < n_timers; i++) {
		if ((sd_event_source *)timers[i] != source)
			continue;
		free(timers[i]);
		timers[i] = timers[--n_timers];
		break;
	}
	return NULL;
}

static struct virtual_timer *find_first(void)
{
	struct virtual_timer *first = NULL;

	for (size_t i = 0; i < n_timers; i++)
		if (timers[i]->at != USEC_NEVER && (!first || timers[i]->at < first->at))
			first = timers[i];
	return first;
}

void virtual_run_for(usec_t usec)
{
	const usec_t end = virtual_now + usec;
	struct virtual_timer *timer;

	while ((timer = find_first()) && timer->at <= end) {
		if (timer->at > virtual_now)
			virtual_now = timer->at;
		timer->at = USEC_NEVER;
		if (timer->defer)
			(void)timer->defer((sd_event_source *)timer, timer->userdata);
		else
			(void)timer->handler((sd_event_source *)timer, virtual_now,
					     timer->userdata);
	}
	virtual_now = end;
}

size_t virtual_timers(void)
{
	return n_timers;
}
