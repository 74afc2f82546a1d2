/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All of amtd on an empty host, and a client that calls any method with any strings, or sends bytes
 * that are no D-Bus at all. Each call gets one reply, with JSON or with an error of one line; then
 * the devices that were made can be deleted.
 */
#include "amt/bus.h"
#include "amtd/api/bus.h"
#include "amtd/channels/wing.h"
#include "amtd/core/daemon.h"
#include "amtd/forward/wing.h"
#include "amtd/gateway/wing.h"
#include "amtd/relay/wing.h"
#include "base/array.h"
#include "base/file.h"
#include "base/log.h"
#include "host.h"
#include "input.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define QUEUE_BASE 2268
#define CALLS_MAX  8
#define TEXT_MAX   512
#define TURNS_MAX  100000 /* amtd would hang */

static const struct wing *const wings[] = {
	&gateway_wing, &channels_wing, &forward_wing, &relay_wing, NULL,
};

static const struct {
	const char *name, *arguments; /* s, u, b; a: an array of strings */
	bool json;
} methods[] = {
	{ "Describe", "s", true },   { "Create", "ss", true },	  { "Create", "ss", true },
	{ "Delete", "s", false },    { "Reload", "", false },	  { "Join", "ss", true },
	{ "Leave", "ss", false },    { "Channels", "", true },	  { "Daemon", "", true },
	{ "Upstream", "ss", false }, { "Report", "saus", false }, { "Report", "sausb", false },
};

static sd_event *event;
static struct manager *manager;
static struct bus *bus;
static char path[PATH_MAX];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	host_enter();
	host_make_root();
	log_set_max_level(LOG_ERR);
	REQUIRE(freopen("/dev/null", "w", stdout));
	host_write("/run/amt/keep", "", 0);
	REQUIRE(file_path(path, BUS_SOCKET) == 0);
	REQUIRE(sd_event_new(&event) >= 0);
	REQUIRE(daemon_new(event, QUEUE_BASE, wings, &manager) == 0);
	REQUIRE(bus_listen(event, path, manager, &bus) == 0);
	REQUIRE(daemon_start(manager) == 0);
	return 0;
}

/* A string of the input, ended by its length or by a zero byte. */
static void take_text(struct input *input, char text[static TEXT_MAX])
{
	static const char *const words[] = { "",   "amt0",	"p0",
					     "lo", "232.1.1.1", "192.0.2.1,232.1.1.1" };
	size_t n = input_take(input);

	text[0] = '\0';
	if (n < ARRAY_SIZE(words)) {
		snprintf(text, TEXT_MAX, "%s", words[n]);
		return;
	}
	n = n * 2 < TEXT_MAX - 1 ? n * 2 : TEXT_MAX - 1;
	n = n < input->left ? n : input->left;
	memcpy(text, input->data, n);
	text[n] = '\0';
	input->data += n;
	input->left -= n;
}

static int append(sd_bus_message *message, char type, struct input *input)
{
	char text[TEXT_MAX];
	uint32_t number = input_take(input);
	int boolean = number & 1, r;

	switch (type) {
	case 'u':
		return sd_bus_message_append_basic(message, 'u', &number);
	case 'b':
		return sd_bus_message_append_basic(message, 'b', &boolean);
	case 'a':
		r = sd_bus_message_open_container(message, 'a', "s");
		for (uint32_t i = number % 4; i > 0 && r >= 0; i--)
			r = append(message, 's', input);
		return r < 0 ? r : sd_bus_message_close_container(message);
	default:
		take_text(input, text);
		return sd_bus_message_append_basic(message, 's', text);
	}
}

struct reply {
	bool arrived, json;
};

static int on_reply(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	const sd_bus_error *error = sd_bus_message_get_error(message);
	struct reply *reply = userdata;
	const char *text;

	REQUIRE(!reply->arrived);
	reply->arrived = true;
	if (error) {
		REQUIRE(error->message && error->message[0] != '\0');
		for (text = error->message; *text != '\0'; text++)
			REQUIRE((uint8_t)*text >= 0x20 && *text != 0x7f);
	} else if (reply->json) {
		json_t *json;

		REQUIRE(sd_bus_message_read(message, "s", &text) >= 0);
		json = json_loads(text, JSON_DECODE_ANY, NULL);
		REQUIRE(json);
		json_decref(json);
	}
	return 0;
}

/* amtd and its client work until the reply is there; without one, until neither has anything to
 * do. */
static void turn(sd_bus *client, const struct reply *reply)
{
	for (int i = 0; i < TURNS_MAX; i++) {
		int did = sd_event_run(event, 0);

		if (client && sd_bus_process(client, NULL) > 0)
			did = 1;
		if (reply ? reply->arrived : did == 0)
			return;
	}
	abort();
}

static void call(sd_bus *client, size_t i, struct input *input)
{
	struct reply reply = { .json = methods[i].json };
	sd_bus_message *message = NULL;
	sd_bus_slot *slot = NULL;
	int r;

	r = sd_bus_message_new_method_call(client, &message, NULL, BUS_PATH, BUS_INTERFACE,
					   methods[i].name);
	for (const char *type = methods[i].arguments; *type != '\0' && r >= 0; type++)
		r = append(message, *type, input);
	/* libsystemd refuses what is not UTF-8. */
	if (r >= 0 && sd_bus_call_async(client, &slot, message, on_reply, &reply, 0) >= 0)
		turn(client, &reply);
	sd_bus_slot_unref(slot);
	sd_bus_message_unref(message);
}

static void delete_device(sd_bus *client, const char *name)
{
	struct reply reply = { 0 };
	sd_bus_slot *slot = NULL;

	REQUIRE(sd_bus_call_method_async(client, &slot, NULL, BUS_PATH, BUS_INTERFACE, "Delete",
					 on_reply, &reply, "s", name) >= 0);
	turn(client, &reply);
	sd_bus_slot_unref(slot);
}

static int on_devices(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
	json_t **devices = userdata;
	const char *text;

	REQUIRE(sd_bus_message_read(message, "s", &text) >= 0);
	*devices = json_loads(text, 0, NULL);
	REQUIRE(json_is_array(*devices));
	return 0;
}

static void delete_all(sd_bus *client)
{
	json_t *devices = NULL, *device;
	sd_bus_slot *slot = NULL;
	size_t i;

	REQUIRE(sd_bus_call_method_async(client, &slot, NULL, BUS_PATH, BUS_INTERFACE, "Describe",
					 on_devices, &devices, "s", "") >= 0);
	for (int n = 0; n < TURNS_MAX && !devices; n++) {
		(void)sd_event_run(event, 0);
		(void)sd_bus_process(client, NULL);
	}
	REQUIRE(devices);
	json_array_foreach (devices, i, device)
		delete_device(client, json_string_value(json_object_get(device, "name")));
	json_decref(devices);
	sd_bus_slot_unref(slot);
}

static void send_bytes(const uint8_t *data, size_t size)
{
	static const char login[] = "\0AUTH EXTERNAL 30\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	REQUIRE(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	REQUIRE(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	if (size > 0 && data[0] & 1)
		REQUIRE(send(fd, login, sizeof(login) - 1, MSG_NOSIGNAL) > 0);
	if (size > 1)
		(void)send(fd, data + 1, size - 1, MSG_NOSIGNAL);
	turn(NULL, NULL);
	close(fd);
	turn(NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	char address[PATH_MAX + 16];
	sd_bus *client;

	if (size > 0 && data[0] >= 0xf0) {
		send_bytes(data + 1, size - 1);
		return 0;
	}
	snprintf(address, sizeof(address), "unix:path=%s", path);
	REQUIRE(sd_bus_new(&client) >= 0);
	REQUIRE(sd_bus_set_address(client, address) >= 0);
	REQUIRE(sd_bus_start(client) >= 0);
	for (int i = 0; i < CALLS_MAX && input.left > 0; i++)
		call(client, input_take(&input) % ARRAY_SIZE(methods), &input);
	delete_all(client);
	sd_bus_close(client);
	sd_bus_unref(client);
	turn(NULL, NULL);
	return 0;
}
