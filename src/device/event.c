/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/event.h"

#include "base/clock.h"

#include <time.h>

/* A flood of bad Advertisements must not become one of events. */
#define ADVERTISEMENT_PAUSE_USEC 1000000ULL

/* Nor must one of Reports, which any host of a network can send. */
#define HEARD_PER_SECOND 100

static struct {
	event_observer observer;
	void *userdata;
} event_hook;

void event_observe(event_observer observer, void *userdata)
{
	event_hook.observer = observer;
	event_hook.userdata = userdata;
}

void event_emit(const struct event *event)
{
	if (event_hook.observer)
		event_hook.observer(event, event_hook.userdata);
}

void event_emit_advertisement(const struct device *device, struct event_pause pauses[static 2],
			      const struct inspect_result *result)
{
	const bool refused = result->drop != INSPECT_PASS;
	struct event_pause *pause = &pauses[refused];
	uint64_t now = clock_usec(CLOCK_MONOTONIC);

	if (!event_hook.observer || (!refused && !result->changed))
		return;
	pause->count++;
	if (now < pause->until)
		return;
	event_emit(&(struct event){
		.kind = EVENT_ADVERTISEMENT,
		.device = device,
		.advertisement = result,
		.count = pause->count,
	});
	pause->until = now + ADVERTISEMENT_PAUSE_USEC;
	pause->count = 0;
}

/* Skip the records of one event; false: none are left. */
static bool skip_records(const struct group_message *message, size_t *at)
{
	struct group_record record;
	size_t ahead;

	for (int i = 0; i < EVENT_RECORDS_MAX; i++)
		if (!group_next_record(message, at, &record))
			return false;
	ahead = *at;
	return group_next_record(message, &ahead, &record);
}

void event_emit_received(const struct device *device, struct event_budget *budget,
			 const struct event_received *received)
{
	struct event event = {
		.kind = received->message->type == GROUP_QUERY ? EVENT_QUERY : EVENT_REPORT,
		.device = device,
		.received = received,
	};
	uint64_t now = clock_usec(CLOCK_MONOTONIC);
	bool more = event_hook.observer;
	size_t at = 0;

	while (more) {
		event.from = at;
		more = skip_records(received->message, &at);
		if (!pace_take(&budget->pace, HEARD_PER_SECOND, now)) {
			budget->missed++;
			continue;
		}
		event.missed = budget->missed;
		budget->missed = 0;
		event_emit(&event);
	}
}
