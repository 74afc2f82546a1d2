/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of devices, for one observer: amtd, which passes them to its clients.
 */
#ifndef AMT_DEVICE_EVENT_H
#define AMT_DEVICE_EVENT_H

#include "base/pace.h"
#include "device/inspect.h"
#include "device/selection.h"
#include "device/state.h"
#include "wire/group-message.h"

struct device;

#define EVENT_RECORDS_MAX 32 /* of one event */

enum event_kind {
	EVENT_CREATED,
	EVENT_REMOVED,
	EVENT_STATE,	     /* the state or its reason is another one */
	EVENT_RELAY,	     /* one was chosen */
	EVENT_ADVERTISEMENT, /* one was refused, or rewritten */
	EVENT_QUERY,	     /* of IGMP or MLD, received on an interface of [Forward] */
	EVENT_REPORT,	     /* likewise; Leaves are Reports */
	EVENT_OVERRUN,	     /* of a queue of amtd's: messages were lost; device is NULL */
	_EVENT_KIND_MAX,
};

/* A message, and where it was received. */
struct event_received {
	const char *on; /* the interface */
	bool upstream;	/* else downstream */
	bool unicast;	/* to this host alone */
	bool own;	/* sent by this host */
	const struct group_message *message;
};

/* Rate limit of an event. Zero at first. */
struct event_pause {
	uint64_t until;	    /* CLOCK_MONOTONIC, microseconds */
	unsigned int count; /* suppressed so far */
};

/* Rate limit of events about the messages of one interface. Zero at first. */
struct event_budget {
	struct pace pace;
	uint64_t missed; /* suppressed since the last one sent */
};

struct event {
	enum event_kind kind;
	const struct device *device; /* as it is now */

	bool had_state; /* EVENT_STATE: there was one before */
	enum device_state previous_state;

	const struct selection_candidate *candidate; /* EVENT_RELAY */
	struct address previous_relay;		     /* zero: none before */
	const char *reason; /* why it was chosen; EVENT_OVERRUN: the queue */

	const struct inspect_result *advertisement; /* EVENT_ADVERTISEMENT */
	unsigned int count;			    /* ... and that many like it */

	const struct event_received *received; /* EVENT_QUERY, EVENT_REPORT */
	size_t from;	 /* position of its first record, group_next_record() */
	uint64_t missed; /* events suppressed before it; EVENT_OVERRUN: in total */
};

/* The observer is called at once, and must not change devices. NULL: none. */
typedef void (*event_observer)(const struct event *event, void *userdata);
void event_observe(event_observer observer, void *userdata);

void event_emit(const struct event *event);

/* EVENT_ADVERTISEMENT for a rewritten or refused one; at most one a second of each kind for each
 * device. */
void event_emit_advertisement(const struct device *device, struct event_pause pauses[static 2],
			      const struct inspect_result *result);

/* EVENT_QUERY or EVENT_REPORT; a Report with many records becomes several events. At most 100 a
 * second for each budget. */
void event_emit_received(const struct device *device, struct event_budget *budget,
			 const struct event_received *received);

#endif
