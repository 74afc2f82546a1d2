/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/describe-event.h"

#include "base/arena.h"
#include "base/clock.h"
#include "device/device.h"

#include <jansson.h>

/* Listed sources of one record. */
#define SOURCES_MAX 64

/* Common fields. Each kind's view begins with them. */
struct event_view {
	uint64_t time;
	const char *ifname, *event;
};

#define EVENT_FIELDS                                                                               \
	{ "time_usec", FIELD_TIME, offsetof(struct event_view, time), .help = "when" },            \
		{ "ifname", FIELD_STRING, offsetof(struct event_view, ifname), FIELD_IF_SET,       \
		  .help = "device" },                                                              \
	{                                                                                          \
		"event", FIELD_STRING, offsetof(struct event_view, event), .help = "kind of event" \
	}

static const struct field removed_fields[] = { EVENT_FIELDS, { NULL } };

struct created_view {
	struct event_view event;
	const char *mode, *file;
};

static const struct field created_fields[] = {
	EVENT_FIELDS,
	{ "mode", FIELD_STRING, offsetof(struct created_view, mode),
	  .help = "gateway, relay or proxy" },
	{ "file", FIELD_STRING, offsetof(struct created_view, file), .help = "device file" },
	{ NULL },
};

static const void *view_created(struct arena *arena, const struct event *event)
{
	const struct config *config = event->device->config;
	struct created_view *view = arena_alloc(arena, 1, sizeof(*view));

	if (!view)
		return NULL;
	view->mode = config_mode_string(config->mode);
	view->file = config->pieces[0];
	return view;
}

static const void *view_removed(struct arena *arena, const struct event *event)
{
	return arena_alloc(arena, 1, sizeof(struct event_view));
}

struct state_view {
	struct event_view event;
	const char *state, *reason, *previous;
};

static const struct field state_fields[] = {
	EVENT_FIELDS,
	{ "state", FIELD_STRING, offsetof(struct state_view, state), .help = "new state" },
	{ "reason", FIELD_STRING, offsetof(struct state_view, reason), .help = "why, for people" },
	{ "former_state", FIELD_STRING, offsetof(struct state_view, previous), FIELD_IF_SET,
	  .help = "state before" },
	{ NULL },
};

static const void *view_state(struct arena *arena, const struct event *event)
{
	struct state_view *view = arena_alloc(arena, 1, sizeof(*view));

	if (!view)
		return NULL;
	view->state = device_state_string(event->device->state);
	view->reason = event->device->reason;
	if (event->had_state)
		view->previous = device_state_string(event->previous_state);
	return view;
}

struct choice_view {
	struct event_view event;
	struct address relay, previous;
	const char *origin, *reason;
};

static const struct field choice_fields[] = {
	EVENT_FIELDS,
	{ "relay", FIELD_ADDRESS, offsetof(struct choice_view, relay), .help = "relay in use now" },
	{ "origin", FIELD_STRING, offsetof(struct choice_view, origin),
	  .help = "configured, dns-sd, anycast or driad" },
	{ "former_relay", FIELD_ADDRESS, offsetof(struct choice_view, previous), FIELD_IF_SET,
	  .help = "relay before" },
	{ "reason", FIELD_STRING, offsetof(struct choice_view, reason), .help = "why, for people" },
	{ NULL },
};

static const void *view_choice(struct arena *arena, const struct event *event)
{
	struct choice_view *view = arena_alloc(arena, 1, sizeof(*view));

	if (!view)
		return NULL;
	view->relay = event->candidate->address;
	view->origin = event->candidate->origin;
	view->previous = event->previous_relay;
	view->reason = event->reason;
	return view;
}

struct advertisement_view {
	struct event_view event;
	const char *advertisement, *reason;
	struct address advertised, relay;
	uint64_t count;
};

static const struct field advertisement_fields[] = {
	EVENT_FIELDS,
	{ "advertisement", FIELD_STRING, offsetof(struct advertisement_view, advertisement),
	  .help = "refused or rewritten" },
	{ "advertised", FIELD_ADDRESS, offsetof(struct advertisement_view, advertised),
	  FIELD_IF_SET, .help = "address as received" },
	{ "reason", FIELD_STRING, offsetof(struct advertisement_view, reason), FIELD_IF_SET,
	  .help = "why it was refused" },
	{ "relay", FIELD_ADDRESS, offsetof(struct advertisement_view, relay), FIELD_IF_SET,
	  .help = "address as the driver gets it" },
	{ "count", FIELD_UINT, offsetof(struct advertisement_view, count),
	  .help = "Advertisements like it since the last such event" },
	{ NULL },
};

static const void *view_advertisement(struct arena *arena, const struct event *event)
{
	const struct inspect_result *advertisement = event->advertisement;
	const bool refused = advertisement->drop != INSPECT_PASS;
	struct advertisement_view *view = arena_alloc(arena, 1, sizeof(*view));

	if (!view)
		return NULL;
	view->advertisement = refused ? "refused" : "rewritten";
	view->advertised = advertisement->advertised;
	if (refused)
		view->reason = inspect_drop_string(advertisement->drop);
	else
		view->relay = advertisement->relay;
	view->count = event->count;
	return view;
}

/* ---- IGMP and MLD --------------------------------------------------------------------------- */

struct message_view {
	struct event_view event;
	const char *on, *side, *protocol;
	int version;
	struct address source;
	bool own;
	uint64_t missed;
};

#define MESSAGE_FIELDS                                                                     \
	{ "on", FIELD_STRING, offsetof(struct message_view, on), .help = "interface" },    \
		{ "side", FIELD_STRING, offsetof(struct message_view, side),               \
		  .help = "upstream or downstream" },                                      \
		{ "protocol", FIELD_STRING, offsetof(struct message_view, protocol),       \
		  .help = "igmp or mld" },                                                 \
		{ "version", FIELD_INT, offsetof(struct message_view, version),            \
		  .help = "of the protocol" },                                             \
		{ "source", FIELD_ADDRESS, offsetof(struct message_view, source),          \
		  .help = "sender of the message" },                                       \
		{ "own", FIELD_BOOL, offsetof(struct message_view, own), FIELD_IF_SET,     \
		  .help = "whether amtd sent it" },                                        \
	{                                                                                  \
		"missed", FIELD_UINT, offsetof(struct message_view, missed), FIELD_IF_SET, \
			.help = "messages left out before it: too many a second"           \
	}

static void fill_message(struct message_view *view, const struct event *event)
{
	const struct event_received *received = event->received;
	const struct group_message *message = received->message;

	view->on = received->on;
	view->side = received->upstream ? "upstream" : "downstream";
	view->protocol = message->family == AF_INET6 ? "mld" : "igmp";
	view->version = message->version;
	view->source = message->source;
	view->own = received->own;
	view->missed = event->missed;
}

struct sources_view {
	struct field_list sources; /* const char * */
	uint64_t omitted;
};

static const struct field sources_fields[] = {
	{ "sources", FIELD_STRINGS, offsetof(struct sources_view, sources), .help = "sources" },
	{ "sources_untold", FIELD_UINT, offsetof(struct sources_view, omitted), FIELD_IF_SET,
	  .help = "further sources, left out" },
	{ NULL },
};

static const struct sources_view *
view_sources(struct arena *arena, const struct group_sources *sources, sa_family_t family)
{
	const uint16_t n = sources->n < SOURCES_MAX ? sources->n : SOURCES_MAX;
	struct sources_view *view = arena_alloc(arena, 1, sizeof(*view));
	const char **texts = arena_alloc(arena, n, sizeof(*texts));
	char text[ADDRESS_TEXT_MAX];
	struct address source;

	if (arena->failed)
		return NULL;
	for (uint16_t i = 0; i < n; i++) {
		group_source(sources, family, i, &source);
		texts[i] = arena_string(arena, address_format(&source, text));
	}
	view->sources = (struct field_list){ texts, n };
	view->omitted = sources->n - n;
	return view;
}

struct query_view {
	struct message_view received;
	struct address group;
	const struct sources_view *sources;
	uint64_t max_response;
};

static const struct field query_fields[] = {
	EVENT_FIELDS,
	MESSAGE_FIELDS,
	{ "group", FIELD_ADDRESS, offsetof(struct query_view, group), FIELD_IF_SET,
	  .help = "group that is queried; a General Query has none" },
	{ "", FIELD_INLINE, offsetof(struct query_view, sources), FIELD_IF_SET, sources_fields },
	{ "max_response_usec", FIELD_USEC, offsetof(struct query_view, max_response),
	  .help = "time to answer" },
	{ NULL },
};

static const void *view_query(struct arena *arena, const struct event *event)
{
	const struct group_query *query = &event->received->message->query;
	struct query_view *view = arena_alloc(arena, 1, sizeof(*view));

	if (!view)
		return NULL;
	fill_message(&view->received, event);
	view->group = query->group;
	if (query->group.family != AF_UNSPEC)
		view->sources = view_sources(arena, &query->sources, query->group.family);
	view->max_response = query->max_response_usec;
	return view;
}

struct record_view {
	const char *type;
	struct address group;
	const struct sources_view *sources;
};

static const struct field record_fields[] = {
	{ "type", FIELD_STRING, offsetof(struct record_view, type),
	  .help = "is_in, is_ex, to_in, to_ex, allow or block" },
	{ "group", FIELD_ADDRESS, offsetof(struct record_view, group), .help = "group" },
	{ "", FIELD_INLINE, offsetof(struct record_view, sources), .fields = sources_fields },
	{ NULL },
};

struct report_view {
	struct message_view received;
	bool unicast, leave;
	struct field_list records;
};

static const struct field report_fields[] = {
	EVENT_FIELDS,
	MESSAGE_FIELDS,
	{ "unicast", FIELD_BOOL, offsetof(struct report_view, unicast),
	  .help = "whether it was sent to this host alone" },
	{ "leave", FIELD_BOOL, offsetof(struct report_view, leave),
	  .help = "whether it is an IGMPv2 Leave or an MLDv1 Done" },
	{ "records", FIELD_LIST, offsetof(struct report_view, records), .fields = record_fields,
	  .size = sizeof(struct record_view), .help = "group records" },
	{ NULL },
};

static const void *view_report(struct arena *arena, const struct event *event)
{
	static const char *const types[] = {
		[GROUP_MODE_IS_INCLUDE] = "is_in",   [GROUP_MODE_IS_EXCLUDE] = "is_ex",
		[GROUP_CHANGE_TO_INCLUDE] = "to_in", [GROUP_CHANGE_TO_EXCLUDE] = "to_ex",
		[GROUP_ALLOW_NEW_SOURCES] = "allow", [GROUP_BLOCK_OLD_SOURCES] = "block",
	};
	const struct group_message *message = event->received->message;
	struct report_view *view = arena_alloc(arena, 1, sizeof(*view));
	struct record_view *records = arena_alloc(arena, EVENT_RECORDS_MAX, sizeof(*records));
	struct group_record record;
	size_t at = event->from, n = 0;

	if (arena->failed)
		return NULL;
	fill_message(&view->received, event);
	view->unicast = event->received->unicast;
	view->leave = message->type == GROUP_LEAVE;
	while (n < EVENT_RECORDS_MAX && group_next_record(message, &at, &record))
		records[n++] = (struct record_view){
			.type = types[record.type],
			.group = record.group,
			.sources = view_sources(arena, &record.sources, record.group.family),
		};
	view->records = (struct field_list){ records, n };
	return view;
}

/* ---- amtd itself ---------------------------------------------------------------------------- */

struct overrun_view {
	struct event_view event;
	const char *queue;
	uint64_t count;
};

static const struct field overrun_fields[] = {
	EVENT_FIELDS,
	{ "queue", FIELD_STRING, offsetof(struct overrun_view, queue), .help = "nfqueue" },
	{ "count", FIELD_UINT, offsetof(struct overrun_view, count),
	  .help = "how often messages were lost since amtd was started" },
	{ NULL },
};

static const void *view_overrun(struct arena *arena, const struct event *event)
{
	struct overrun_view *view = arena_alloc(arena, 1, sizeof(*view));

	if (!view)
		return NULL;
	view->queue = event->reason;
	view->count = event->missed;
	return view;
}

static const struct {
	const char *name;
	const void *(*view)(struct arena *arena, const struct event *event);
} kinds[_EVENT_KIND_MAX] = {
	[EVENT_CREATED] = { "created", view_created },
	[EVENT_REMOVED] = { "removed", view_removed },
	[EVENT_STATE] = { "state", view_state },
	[EVENT_RELAY] = { "relay", view_choice },
	[EVENT_ADVERTISEMENT] = { "advertisement", view_advertisement },
	[EVENT_QUERY] = { "query", view_query },
	[EVENT_REPORT] = { "report", view_report },
	[EVENT_OVERRUN] = { "overrun", view_overrun },
};

const struct field *const event_fields[_EVENT_KIND_MAX] = {
	[EVENT_CREATED] = created_fields,
	[EVENT_REMOVED] = removed_fields,
	[EVENT_STATE] = state_fields,
	[EVENT_RELAY] = choice_fields,
	[EVENT_ADVERTISEMENT] = advertisement_fields,
	[EVENT_QUERY] = query_fields,
	[EVENT_REPORT] = report_fields,
	[EVENT_OVERRUN] = overrun_fields,
};

const char *event_kind_string(enum event_kind kind)
{
	return kinds[kind].name;
}

json_t *describe_event(const struct event *event)
{
	struct arena arena = { 0 };
	struct event_view *view = (struct event_view *)kinds[event->kind].view(&arena, event);
	json_t *object = NULL;

	if (!arena.failed) {
		view->time = clock_realtime();
		view->ifname = event->device ? event->device->config->name : NULL;
		view->event = kinds[event->kind].name;
		object = fields_to_json(event_fields[event->kind], view);
	}
	arena_clear(&arena);
	return object;
}

struct lost_view {
	struct event_view event;
	uint64_t count;
};

const struct field lost_fields[] = {
	EVENT_FIELDS,
	{ "count", FIELD_UINT, offsetof(struct lost_view, count),
	  .help = "events that this client did not read in time" },
	{ NULL },
};

json_t *describe_lost(uint64_t count)
{
	const struct lost_view view = {
		.event = { .time = clock_realtime(), .event = "lost" },
		.count = count,
	};

	return fields_to_json(lost_fields, &view);
}
