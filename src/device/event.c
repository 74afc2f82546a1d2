/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <amt/clock.h>
#include <amt/event.h>

#include <arpa/inet.h>
#include <jansson.h>
#include <time.h>

/* A flood of bad Advertisements must not become one of events. */
#define ADVERTISEMENT_PAUSE_USEC 1000000ULL

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
				    json_string(device_state_string(event->former_state)));
}

static void describe_relay(json_t *object, const struct event *event)
{
	const struct selection_candidate *candidate = event->candidate;
	const char *reason = event->device->selection.reason;

	json_object_set_new(object, "relay", text_of_in(candidate->address));
	json_object_set_new(object, "origin", json_string(candidate->origin));
	if (event->former_relay.s_addr != 0)
		json_object_set_new(object, "former_relay", text_of_in(event->former_relay));
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
	};
	json_t *object = json_object();

	json_object_set_new(object, "time_usec", json_integer(clock_usec(CLOCK_REALTIME)));
	json_object_set_new(object, "ifname", json_string(event->device->config->name));
	json_object_set_new(object, "event", json_string(kinds[event->kind].name));
	if (kinds[event->kind].describe)
		kinds[event->kind].describe(object, event);
	return object;
}
