/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon-client.h"

#include "amtd/api/requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include <cmocka.h>

#define TEXTS	 16 /* that live at once */
#define TEXT_MAX 4096

static struct {
	sd_bus *bus;
	bool done;
	struct answer answer;
	json_t *events;
} client;

/* ---- values --------------------------------------------------------------------------------- */

static const char *keep_text(const json_t *value)
{
	static char texts[TEXTS][TEXT_MAX];
	static size_t next;
	char *text = texts[next++ % TEXTS], *json;

	text[0] = '\0';
	if (json_is_string(value)) {
		snprintf(text, TEXT_MAX, "%s", json_string_value(value));
	} else if (value) {
		json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		snprintf(text, TEXT_MAX, "%s", json);
		free(json);
	}
	return text;
}

static const json_t *step(const json_t *json, const char *key)
{
	return json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10))
				   : json_object_get(json, key);
}

const char *look_into(const json_t *json, const char *path)
{
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key = strtok_r(copy, ".", &save); key && json; key = strtok_r(NULL, ".", &save))
		json = step(json, key);
	return keep_text(json);
}

/* Takes over the text of an answer. */
static json_t *load(char *text)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(json);
	free(text);
	return json;
}

const char *look(const char *device, const char *path)
{
	struct failure failure;
	const char *text;
	json_t *json;
	char *answer;

	if (request_describe(world_manager(), device, &answer, &failure) < 0)
		return "";
	json = load(answer);
	assert_int_equal(json_array_size(json), 1);
	text = look_into(json_array_get(json, 0), path);
	json_decref(json);
	return text;
}

const char *look_daemon(const char *path)
{
	struct failure failure;
	const char *text;
	json_t *json;
	char *answer;

	assert_int_equal(request_daemon(world_manager(), &answer, &failure), 0);
	json = load(answer);
	text = look_into(json, path);
	json_decref(json);
	return text;
}

const char *look_channel(const char *channel, const char *path)
{
	struct failure failure;
	const char *text = "";
	json_t *json, *item;
	size_t i;
	char *answer;

	assert_int_equal(request_channels(world_manager(), &answer, &failure), 0);
	json = load(answer);
	json_array_foreach (json, i, item)
		if (strcmp(look_into(item, "channel"), channel) == 0)
			text = look_into(item, path);
	json_decref(json);
	return text;
}

bool looks(const char *device, const char *path, const char *text)
{
	return strcmp(look(device, path), text) == 0;
}

/* ---- a client ------------------------------------------------------------------------------- */

static int on_event(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const char *text;

	assert_true(sd_bus_message_read(message, "s", &text) >= 0);
	json_array_append_new(client.events, load(strdup(text)));
	return 0;
}

void client_open(void)
{
	char address[256];

	client.events = json_array();
	snprintf(address, sizeof(address), "unix:path=%s", world_bus());
	assert_int_equal(sd_bus_new(&client.bus), 0);
	assert_true(sd_bus_set_address(client.bus, address) >= 0);
	assert_true(sd_bus_start(client.bus) >= 0);
	assert_true(sd_bus_attach_event(client.bus, world_event(), 0) >= 0);
	assert_true(sd_bus_match_signal(client.bus, NULL, NULL, BUS_PATH, BUS_INTERFACE, "Event",
					on_event, NULL) >= 0);
	UNTIL(sd_bus_is_ready(client.bus) > 0);
}

void client_close(void)
{
	json_decref(client.answer.json);
	client.answer.json = NULL;
	json_decref(client.events);
	client.events = NULL;
	(void)sd_bus_detach_event(client.bus);
	client.bus = sd_bus_close_unref(client.bus);
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
	const sd_bus_error *error = sd_bus_message_get_error(reply);
	struct answer *answer = &client.answer;
	const char *text;

	client.done = true;
	if (error) {
		snprintf(answer->error, sizeof(answer->error), "%s", error->name);
		snprintf(answer->message, sizeof(answer->message), "%s", error->message);
	} else if (sd_bus_message_has_signature(reply, "s")) {
		assert_true(sd_bus_message_read(reply, "s", &text) >= 0);
		answer->json = load(strdup(text));
	}
	return 0;
}

const struct answer *ask(const char *method, const char *types, ...)
{
	sd_bus_message *message;
	va_list arguments;

	json_decref(client.answer.json);
	client.answer = (struct answer){ 0 };
	client.done = false;
	assert_true(sd_bus_message_new_method_call(client.bus, &message, NULL, BUS_PATH,
						   BUS_INTERFACE, method) >= 0);
	va_start(arguments, types);
	assert_true(sd_bus_message_appendv(message, types, arguments) >= 0);
	va_end(arguments);
	assert_true(sd_bus_call_async(client.bus, NULL, message, on_reply, NULL, 0) >= 0);
	sd_bus_message_unref(message);
	UNTIL(client.done);
	return &client.answer;
}

void check_refused(const struct answer *answer, const char *error, const char *words,
		   const char *file, int line)
{
	if (strcmp(answer->error, error) == 0 && strstr(answer->message, words))
		return;
	print_error("expected %s with '%s', got %s: %s\n", error, words, answer->error,
		    answer->message);
	_fail(file, line);
}

static bool is_event(const json_t *event, const char *kind)
{
	return strcmp(json_string_value(json_object_get(event, "event")), kind) == 0;
}

const char *event_look(const char *kind, const char *device, const char *path)
{
	const char *text = "";
	json_t *event;
	size_t i;

	json_array_foreach (client.events, i, event)
		if (is_event(event, kind) &&
		    (!device || strcmp(look_into(event, "ifname"), device) == 0))
			text = look_into(event, path);
	return text;
}

bool event_looks(const char *kind, const char *device, const char *path, const char *text)
{
	return strcmp(event_look(kind, device, path), text) == 0;
}

size_t event_count(const char *kind)
{
	json_t *event;
	size_t i, n = 0;

	json_array_foreach (client.events, i, event)
		n += is_event(event, kind);
	return n;
}

void events_forget(void)
{
	json_array_clear(client.events);
}

const json_t *events_all(void)
{
	return client.events;
}
