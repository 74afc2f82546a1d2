/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/event.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <time.h>

/* A flood of bad Advertisements must not become one of events. */
#define ADVERTISEMENT_PAUSE_USEC 1000000ULL

/* Nor must one of Reports, which any host of a network can send. */
#define HEARD_PER_SECOND 100

/* Of one event: records, and the sources of each. */
#define RECORDS_TOLD 32
#define SOURCES_TOLD 64

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

void event_emit_advertisement(struct device *device, const struct inspect_result *result)
{
	const bool refused = result->drop != INSPECT_PASS;
	struct event_pause *pause = &device->advertisement_pauses[refused];
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

/* To the records behind the next few; false: there are none. */
static bool skip_records(const struct group_message *message, size_t *at)
{
	struct group_record record;
	size_t ahead;

	for (int i = 0; i < RECORDS_TOLD; i++)
		if (!group_next_record(message, at, &record))
			return false;
	ahead = *at;
	return group_next_record(message, &ahead, &record);
}

void event_emit_heard(const struct device *device, struct event_budget *budget,
		      const struct event_heard *heard)
{
	struct event event = {
		.kind = heard->message->type == GROUP_QUERY ? EVENT_QUERY : EVENT_REPORT,
		.device = device,
		.heard = heard,
	};
	uint64_t now = clock_usec(CLOCK_MONOTONIC);
	bool more = event_hook.observer;
	size_t at = 0;

	while (more) {
		event.from = at;
		more = skip_records(heard->message, &at);
		if (!pace_take(&budget->pace, HEARD_PER_SECOND, now)) {
			budget->missed++;
			continue;
		}
		event.missed = budget->missed;
		budget->missed = 0;
		event_emit(&event);
	}
}

static json_t *text_of(const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];

	return json_string(address_format(address, text));
}

static json_t *text_of_in(struct in_addr in)
{
	char text[INET_ADDRSTRLEN];

	return json_string(inet_ntop(AF_INET, &in, text, sizeof(text)));
}

static void describe_created(json_t *object, const struct event *event)
{
	const struct config *config = event->device->config;

	json_object_set_new(object, "mode", json_string(config_mode_string(config->mode)));
	json_object_set_new(object, "file", json_string(config->pieces[0]));
}

static void describe_state(json_t *object, const struct event *event)
{
	const struct device *device = event->device;

	json_object_set_new(object, "state", json_string(device_state_string(device->state)));
	json_object_set_new(object, "reason", json_string(device->reason));
	if (event->had_state)
		json_object_set_new(object, "former_state",
				    json_string(device_state_string(event->previous_state)));
}

static void describe_relay(json_t *object, const struct event *event)
{
	const struct selection_candidate *candidate = event->candidate;
	const char *reason = event->device->selection.reason;

	json_object_set_new(object, "relay", text_of_in(candidate->address));
	json_object_set_new(object, "origin", json_string(candidate->origin));
	if (event->previous_relay.s_addr != 0)
		json_object_set_new(object, "former_relay", text_of_in(event->previous_relay));
	json_object_set_new(object, "reason",
			    json_string(reason[0] != '\0' ? reason : "it is the only one"));
}

static void describe_advertisement(json_t *object, const struct event *event)
{
	const struct inspect_result *advertisement = event->advertisement;
	const bool refused = advertisement->drop != INSPECT_PASS;
	char text[ADDRESS_TEXT_MAX];

	json_object_set_new(object, "advertisement",
			    json_string(refused ? "refused" : "rewritten"));
	if (advertisement->advertised.family != AF_UNSPEC)
		json_object_set_new(object, "advertised",
				    json_string(address_format(&advertisement->advertised, text)));
	if (refused)
		json_object_set_new(object, "reason",
				    json_string(inspect_drop_string(advertisement->drop)));
	else
		json_object_set_new(object, "relay", text_of_in(advertisement->relay));
	json_object_set_new(object, "count", json_integer(event->count));
}

static void describe_sources(json_t *object, const struct group_sources *sources,
			     sa_family_t family)
{
	json_t *array = json_array();
	struct address source;

	for (uint16_t i = 0; i < sources->n && i < SOURCES_TOLD; i++) {
		group_source(sources, family, i, &source);
		json_array_append_new(array, text_of(&source));
	}
	json_object_set_new(object, "sources", array);
	if (sources->n > SOURCES_TOLD)
		json_object_set_new(object, "sources_untold",
				    json_integer(sources->n - SOURCES_TOLD));
}

static void describe_heard(json_t *object, const struct event *event)
{
	const struct event_heard *heard = event->heard;
	const struct group_message *message = heard->message;

	json_object_set_new(object, "on", json_string(heard->on));
	json_object_set_new(object, "side",
			    json_string(heard->upstream ? "upstream" : "downstream"));
	json_object_set_new(object, "protocol",
			    json_string(message->family == AF_INET6 ? "mld" : "igmp"));
	json_object_set_new(object, "version", json_integer(message->version));
	json_object_set_new(object, "source", text_of(&message->source));
	if (heard->own)
		json_object_set_new(object, "own", json_true());
	if (event->missed > 0)
		json_object_set_new(object, "missed", json_integer((json_int_t)event->missed));
}

static void describe_query(json_t *object, const struct event *event)
{
	const struct group_query *query = &event->heard->message->query;

	describe_heard(object, event);
	if (query->group.family != AF_UNSPEC) {
		json_object_set_new(object, "group", text_of(&query->group));
		describe_sources(object, &query->sources, query->group.family);
	}
	json_object_set_new(object, "max_response_usec",
			    json_integer((json_int_t)query->max_response_usec));
}

static void describe_report(json_t *object, const struct event *event)
{
	static const char *const types[] = {
		[GROUP_MODE_IS_INCLUDE] = "is_in",   [GROUP_MODE_IS_EXCLUDE] = "is_ex",
		[GROUP_CHANGE_TO_INCLUDE] = "to_in", [GROUP_CHANGE_TO_EXCLUDE] = "to_ex",
		[GROUP_ALLOW_NEW_SOURCES] = "allow", [GROUP_BLOCK_OLD_SOURCES] = "block",
	};
	const struct group_message *message = event->heard->message;
	json_t *records = json_array(), *one;
	struct group_record record;
	size_t at = event->from;

	describe_heard(object, event);
	json_object_set_new(object, "unicast", json_boolean(event->heard->unicast));
	json_object_set_new(object, "leave", json_boolean(message->type == GROUP_LEAVE));
	for (int i = 0; i < RECORDS_TOLD && group_next_record(message, &at, &record); i++) {
		one = json_object();
		json_object_set_new(one, "type", json_string(types[record.type]));
		json_object_set_new(one, "group", text_of(&record.group));
		describe_sources(one, &record.sources, record.group.family);
		json_array_append_new(records, one);
	}
	json_object_set_new(object, "records", records);
}

json_t *event_describe(const struct event *event)
{
	static const struct {
		const char *name;
		void (*describe)(json_t *object, const struct event *event);
	} kinds[_EVENT_KIND_MAX] = {
		[EVENT_CREATED] = { "created", describe_created },
		[EVENT_REMOVED] = { "removed" },
		[EVENT_STATE] = { "state", describe_state },
		[EVENT_RELAY] = { "relay", describe_relay },
		[EVENT_ADVERTISEMENT] = { "advertisement", describe_advertisement },
		[EVENT_QUERY] = { "query", describe_query },
		[EVENT_REPORT] = { "report", describe_report },
	};
	json_t *object = json_object();

	json_object_set_new(object, "time_usec", json_integer(clock_usec(CLOCK_REALTIME)));
	json_object_set_new(object, "ifname", json_string(event->device->config->name));
	json_object_set_new(object, "event", json_string(kinds[event->kind].name));
	if (kinds[event->kind].describe)
		kinds[event->kind].describe(object, event);
	return object;
}
