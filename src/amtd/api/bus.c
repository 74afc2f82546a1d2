/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/bus.h"

#include "amtd/api/clients.h"
#include "amtd/api/describe-event.h"
#include "amtd/api/requests.h"
#include "amtd/channels/requests.h"
#include "amtd/channels/wing.h"
#include "amtd/core/lifecycle.h"
#include "amtd/core/load.h"
#include "amtd/forward/backup.h"
#include "amtd/forward/inject.h"
#include "amtd/forward/wing.h"
#include "amtd/gateway/wing.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "device/event.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct bus {
	struct clients *clients;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

static struct manager *manager_of(const struct client *client)
{
	return client_userdata(client);
}

static const char *const error_names[_FAILURE_KIND_MAX] = {
	[FAILURE_FAILED] = BUS_ERROR_FAILED,
	[FAILURE_INVALID] = BUS_ERROR_INVALID,
	[FAILURE_EXISTS] = BUS_ERROR_EXISTS,
	[FAILURE_NO_DEVICE] = BUS_ERROR_NO_SUCH_DEVICE,
	[FAILURE_NO_CHANNEL] = BUS_ERROR_NO_SUCH_CHANNEL,
};

/* D-Bus refuses a text that is not UTF-8: names of files, or what was cut. */
static int reply_failure(sd_bus_message *message, const struct failure *failure)
{
	char text[ESCAPED_MAX(sizeof(failure->text))];

	escape_text(failure->text, strlen(failure->text), text, sizeof(text));
	return sd_bus_reply_method_errorf(message, error_names[failure->kind], "%s", text);
}

static int method_describe(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };
	const char *name;
	char *json;
	int r;

	r = sd_bus_message_read(message, "s", &name);
	if (r < 0)
		return r;
	if (request_describe(manager_of(userdata), name, &json, &failure) < 0)
		return reply_failure(message, &failure);
	r = client_answer(userdata, message, json);
	free(json);
	return r;
}

static int method_create(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };
	const char *name, *text;
	char *json;
	int r;

	r = sd_bus_message_read(message, "ss", &name, &text);
	if (r < 0)
		return r;
	if (request_create(manager_of(userdata), name, text, &json, &failure) < 0)
		return reply_failure(message, &failure);
	r = client_answer(userdata, message, json);
	free(json);
	return r;
}

static int method_delete(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };
	const char *name;
	int r;

	r = sd_bus_message_read(message, "s", &name);
	if (r < 0)
		return r;
	if (lifecycle_delete(manager_of(userdata), name, &failure) < 0)
		return reply_failure(message, &failure);
	return client_answer(userdata, message, NULL);
}

static int method_reload(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };

	if (load_reload(manager_of(userdata), &failure) < 0)
		return reply_failure(message, &failure);
	return client_answer(userdata, message, NULL);
}

static int method_upstream(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };
	const char *upstream, *name;
	int r;

	r = sd_bus_message_read(message, "ss", &upstream, &name);
	if (r < 0)
		return r;
	if (backup_switch(forwarding_of(manager_of(userdata)), upstream, name, &failure) < 0)
		return reply_failure(message, &failure);
	return client_answer(userdata, message, NULL);
}

static int method_report(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct inject_request request = { 0 };
	struct failure failure = { 0 };
	int leave, r;

	r = sd_bus_message_read(message, "s", &request.on);
	if (r >= 0)
		r = sd_bus_message_read_strv(message, &request.channels);
	if (r >= 0)
		r = sd_bus_message_read(message, "usb", &request.version, &request.destination,
					&leave);
	if (r >= 0) {
		request.leave = leave;
		r = inject_report(manager_of(userdata), &request, &failure) < 0
			    ? reply_failure(message, &failure)
			    : client_answer(userdata, message, NULL);
	}
	for (size_t i = 0; request.channels && request.channels[i]; i++)
		free(request.channels[i]);
	free(request.channels);
	return r;
}

static int method_pinned(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct address local, relay;
	const char *local_text, *relay_text;
	int r;

	r = sd_bus_message_read(message, "ss", &local_text, &relay_text);
	if (r < 0)
		return r;
	if (address_parse(local_text, &local) < 0 || address_parse(relay_text, &relay) < 0)
		return sd_bus_reply_method_errorf(message, BUS_ERROR_INVALID,
						  "expected two addresses");
	pins_add(gateways_of(manager_of(userdata)), &local, &relay, clock_monotonic());
	return client_answer(userdata, message, NULL);
}

static int method_join(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };
	const char *channel, *device;
	char *json;
	int r;

	r = sd_bus_message_read(message, "ss", &channel, &device);
	if (r < 0)
		return r;
	if (request_join(manager_of(userdata), channel, device, &json, &failure) < 0)
		return reply_failure(message, &failure);
	r = client_answer(userdata, message, json);
	free(json);
	return r;
}

static int method_leave(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };
	const char *channel, *device;
	int r;

	r = sd_bus_message_read(message, "ss", &channel, &device);
	if (r < 0)
		return r;
	if (channels_leave(channels_of(manager_of(userdata)), channel, device, &failure) < 0)
		return reply_failure(message, &failure);
	return client_answer(userdata, message, NULL);
}

static int method_channels(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };
	char *json;
	int r;

	if (request_channels(manager_of(userdata), &json, &failure) < 0)
		return reply_failure(message, &failure);
	r = client_answer(userdata, message, json);
	free(json);
	return r;
}

static int method_daemon(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };
	char *json;
	int r;

	if (request_daemon(manager_of(userdata), &json, &failure) < 0)
		return reply_failure(message, &failure);
	r = client_answer(userdata, message, json);
	free(json);
	return r;
}

static int property_version(sd_bus *bus, const char *path, const char *interface,
			    const char *property, sd_bus_message *reply, void *userdata,
			    sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", AMTD_VERSION);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_ARGS("s", name), SD_BUS_RESULT("s", json),
				method_describe, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Create", SD_BUS_ARGS("s", name, "s", text),
				SD_BUS_RESULT("s", json), method_create,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, method_delete,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_reload,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Upstream", SD_BUS_ARGS("s", upstream, "s", name), SD_BUS_NO_RESULT,
				method_upstream, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Report",
				SD_BUS_ARGS("s", interface, "as", channels, "u", version, "s",
					    destination, "b", leave),
				SD_BUS_NO_RESULT, method_report, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Pinned", SD_BUS_ARGS("s", local, "s", relay), SD_BUS_NO_RESULT,
				method_pinned, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Join", SD_BUS_ARGS("s", channel, "s", device),
				SD_BUS_RESULT("s", json), method_join, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Leave", SD_BUS_ARGS("s", channel, "s", device), SD_BUS_NO_RESULT,
				method_leave, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Channels", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
				method_channels, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Daemon", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json), method_daemon,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Version", "s", property_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_SIGNAL_WITH_ARGS("Event", SD_BUS_ARGS("s", json), 0),
	SD_BUS_VTABLE_END,
};

static int start_client(sd_bus *connection, struct client *client, void *userdata)
{
	return sd_bus_add_object_vtable(connection, NULL, BUS_PATH, BUS_INTERFACE, vtable, client);
}

static void on_event(const struct event *event, void *userdata)
{
	struct bus *bus = userdata;
	json_t *object = describe_event(event);

	clients_send(bus->clients, object);
	json_decref(object);
}

/* A stale socket is replaced, one of a running amtd is not. */
static int bind_socket(int fd, const struct sockaddr_un *address)
{
	int r, probe;

	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return -errno;
	r = connect(probe, (const struct sockaddr *)address, sizeof(*address));
	close(probe);
	if (r == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	(void)unlink(address->sun_path);
	return bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
}

/* The descriptor, which listens, or negative errno. */
static int open_socket(const struct sockaddr_un *address)
{
	int r, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask;

	if (fd < 0)
		return -errno;
	mask = umask(0177); /* root only */
	r = bind_socket(fd, address);
	umask(mask);
	if (r == 0 && listen(fd, SOMAXCONN) < 0) {
		r = -errno;
		(void)unlink(address->sun_path);
	}
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int bus_listen(sd_event *event, const char *path, struct manager *manager, struct bus **ret)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct bus *bus;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);

	bus = calloc(1, sizeof(*bus));
	if (!bus)
		return -ENOMEM;
	r = open_socket(&address);
	if (r >= 0) {
		strcpy(bus->path, path);
		r = clients_new(event, r, bus->path, start_client, manager, &bus->clients);
	}
	if (r < 0) {
		bus_close(bus);
		return r;
	}
	event_observe(on_event, bus);
	*ret = bus;
	return 0;
}

void bus_close(struct bus *bus)
{
	if (!bus)
		return;
	event_observe(NULL, NULL);
	clients_free(bus->clients);
	if (bus->path[0] != '\0')
		(void)unlink(bus->path);
	free(bus);
}
