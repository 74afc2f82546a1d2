/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/bus.h"

#include "amtd/api/describe-event.h"
#include "amtd/api/requests.h"
#include "amtd/channels/requests.h"
#include "amtd/channels/wing.h"
#include "amtd/core/lifecycle.h"
#include "amtd/core/load.h"
#include "amtd/forward/backup.h"
#include "amtd/forward/inject.h"
#include "amtd/forward/wing.h"
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
#include <systemd/sd-bus.h>
#include <unistd.h>

/* Concurrent clients; a runaway script must not take all descriptors. */
#define CLIENTS_MAX 64

/* Messages queued for slow clients, of all clients together; each is some 2 KB. */
#define QUEUED_MAX 4096

/* Socket buffer of each. sd-bus's default is 8 MB. */
#define SEND_BUFFER (256 * 1024)

struct client {
	struct bus *bus;
	sd_bus *connection;
	uint64_t lost; /* events, since it did not read */
	struct client *next;
};

struct bus {
	sd_event *event;
	struct manager *manager;
	sd_event_source *source;
	sd_event_source *post; /* while a client has lost events */
	sd_id128_t id;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int fd;
	struct client *clients;
	unsigned int n_clients;
};

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
	if (request_describe(userdata, name, &json, &failure) < 0)
		return reply_failure(message, &failure);
	r = sd_bus_reply_method_return(message, "s", json);
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
	if (request_create(userdata, name, text, &json, &failure) < 0)
		return reply_failure(message, &failure);
	r = sd_bus_reply_method_return(message, "s", json);
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
	if (lifecycle_delete(userdata, name, &failure) < 0)
		return reply_failure(message, &failure);
	return sd_bus_reply_method_return(message, NULL);
}

static int method_reload(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };

	if (load_reload(userdata, &failure) < 0)
		return reply_failure(message, &failure);
	return sd_bus_reply_method_return(message, NULL);
}

static int method_upstream(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };
	const char *upstream, *name;
	int r;

	r = sd_bus_message_read(message, "ss", &upstream, &name);
	if (r < 0)
		return r;
	if (backup_switch(forwarding_of(userdata), upstream, name, &failure) < 0)
		return reply_failure(message, &failure);
	return sd_bus_reply_method_return(message, NULL);
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
		r = inject_report(userdata, &request, &failure) < 0
			    ? reply_failure(message, &failure)
			    : sd_bus_reply_method_return(message, NULL);
	}
	for (size_t i = 0; request.channels && request.channels[i]; i++)
		free(request.channels[i]);
	free(request.channels);
	return r;
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
	if (request_join(userdata, channel, device, &json, &failure) < 0)
		return reply_failure(message, &failure);
	r = sd_bus_reply_method_return(message, "s", json);
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
	if (channels_leave(channels_of(userdata), channel, device, &failure) < 0)
		return reply_failure(message, &failure);
	return sd_bus_reply_method_return(message, NULL);
}

static int method_channels(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };
	char *json;
	int r;

	if (request_channels(userdata, &json, &failure) < 0)
		return reply_failure(message, &failure);
	r = sd_bus_reply_method_return(message, "s", json);
	free(json);
	return r;
}

static int method_daemon(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct failure failure = { 0 };
	char *json;
	int r;

	if (request_daemon(userdata, &json, &failure) < 0)
		return reply_failure(message, &failure);
	r = sd_bus_reply_method_return(message, "s", json);
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

static void client_free(struct client *client)
{
	struct client **link = &client->bus->clients;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	client->bus->n_clients--;
	sd_bus_close_unref(client->connection);
	free(client);
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	client_free(userdata);
	return 0;
}

static int client_start(struct client *client, int fd)
{
	sd_bus *connection = client->connection;
	const int buffer = SEND_BUFFER;
	int r;

	r = sd_bus_set_fd(connection, fd, fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	r = sd_bus_set_server(connection, 1, client->bus->id);
	if (r < 0)
		return r;
	/* The socket's mode controls access: a connected client may do everything. */
	r = sd_bus_set_trusted(connection, 1);
	if (r < 0)
		return r;
	r = sd_bus_start(connection);
	if (r < 0)
		return r;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer)) < 0)
		return -errno;
	r = sd_bus_add_object_vtable(connection, NULL, BUS_PATH, BUS_INTERFACE, vtable,
				     client->bus->manager);
	if (r < 0)
		return r;
	r = sd_bus_match_signal(connection, NULL, NULL, "/org/freedesktop/DBus/Local",
				"org.freedesktop.DBus.Local", "Disconnected", on_disconnected,
				client);
	if (r < 0)
		return r;
	return sd_bus_attach_event(connection, client->bus->event, SD_EVENT_PRIORITY_NORMAL);
}

static int client_new(struct bus *bus, int fd)
{
	struct client *client;
	int r;

	client = calloc(1, sizeof(*client));
	if (!client) {
		close(fd);
		return -ENOMEM;
	}
	client->bus = bus;
	r = sd_bus_new(&client->connection);
	if (r < 0) {
		close(fd);
		free(client);
		return r;
	}
	client->next = bus->clients;
	bus->clients = client;
	bus->n_clients++;
	r = client_start(client, fd);
	if (r < 0)
		client_free(client);
	return r;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct bus *bus = userdata;
	int connection, r;

	connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (connection < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			log_warning(bus->path, "cannot accept a client: %s", strerror(errno));
		return 0;
	}
	if (bus->n_clients >= CLIENTS_MAX) {
		log_warning(bus->path, "more than %d clients: connection refused", CLIENTS_MAX);
		close(connection);
		return 0;
	}
	r = client_new(bus, connection);
	if (r < 0)
		log_warning(bus->path, "cannot serve a client: %s", strerror(-r));
	return 0;
}

static void send_event(struct client *client, const json_t *object)
{
	char *json = object ? json_dumps(object, JSON_COMPACT) : NULL;

	if (json)
		(void)sd_bus_emit_signal(client->connection, BUS_PATH, BUS_INTERFACE, "Event", "s",
					 json);
	free(json);
}

static uint64_t queued(const struct client *client)
{
	uint64_t n = 0;

	(void)sd_bus_get_n_queued_write(client->connection, &n);
	return n;
}

/* A client that reads again gets the number of lost events, to resynchronize. */
static int on_post(sd_event_source *source, void *userdata)
{
	struct bus *bus = userdata;
	bool waiting = false;

	for (struct client *client = bus->clients; client; client = client->next) {
		json_t *object;

		if (client->lost == 0)
			continue;
		if (queued(client) > 0) {
			waiting = true;
			continue;
		}
		object = describe_lost(client->lost);
		client->lost = 0;
		send_event(client, object);
		json_decref(object);
	}
	if (!waiting)
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static void on_event(const struct event *event, void *userdata)
{
	struct bus *bus = userdata;
	json_t *object;

	if (!bus->clients)
		return;
	object = describe_event(event);
	for (struct client *client = bus->clients; client; client = client->next) {
		if (client->lost == 0 && queued(client) < QUEUED_MAX / bus->n_clients) {
			send_event(client, object);
			continue;
		}
		client->lost++;
		(void)sd_event_source_set_enabled(bus->post, SD_EVENT_ON);
	}
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

int bus_listen(sd_event *event, const char *path, struct manager *manager, struct bus **ret)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct bus *bus;
	mode_t mask;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);

	bus = calloc(1, sizeof(*bus));
	if (!bus)
		return -ENOMEM;
	bus->event = sd_event_ref(event);
	bus->manager = manager;
	bus->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = bus->fd < 0 ? -errno : sd_id128_randomize(&bus->id);
	if (r < 0)
		goto fail;

	mask = umask(0177); /* root only */
	r = bind_socket(bus->fd, &address);
	umask(mask);
	if (r < 0)
		goto fail;
	strcpy(bus->path, path);
	if (listen(bus->fd, SOMAXCONN) < 0) {
		r = -errno;
		goto fail;
	}
	r = sd_event_add_io(event, &bus->source, bus->fd, EPOLLIN, on_connection, bus);
	if (r >= 0)
		r = sd_event_add_post(event, &bus->post, on_post, bus);
	if (r >= 0)
		r = sd_event_source_set_enabled(bus->post, SD_EVENT_OFF);
	if (r < 0)
		goto fail;
	event_observe(on_event, bus);
	*ret = bus;
	return 0;

fail:
	bus_close(bus);
	return r;
}

void bus_close(struct bus *bus)
{
	if (!bus)
		return;
	event_observe(NULL, NULL);
	while (bus->clients)
		client_free(bus->clients);
	sd_event_source_disable_unref(bus->source);
	sd_event_source_disable_unref(bus->post);
	if (bus->fd >= 0)
		close(bus->fd);
	if (bus->path[0] != '\0')
		(void)unlink(bus->path);
	sd_event_unref(bus->event);
	free(bus);
}
