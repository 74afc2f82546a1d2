/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/events.h"

#include "amtctl/client.h"
#include "amtctl/output/output.h"

#include <amt/bus.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

struct events {
	const struct settings *settings;
	const struct events_handler *handler;
	void *userdata;
	struct client *client;
	sd_bus *bus;
	sd_event *event;
	bool described; /* events before that are in the description */
};

static int finish(struct events *events, int code)
{
	return code == EVENTS_GO_ON ? 0 : sd_event_exit(events->event, code);
}

static int describe_devices(struct events *events);

static int on_described(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const sd_bus_error *refusal = sd_bus_message_get_error(message);
	struct events *events = userdata;
	json_t *devices;
	int r;

	if (sd_bus_is_open(events->bus) <= 0)
		return 0; /* on_disconnected() has more to say */
	if (refusal)
		return finish(events, client_call_failed("describe", refusal,
							 -sd_bus_error_get_errno(refusal)));
	r = client_read_json("describe", message, &devices);
	if (r != AMTCTL_OK)
		return finish(events, r);
	events->described = true;
	r = events->handler->devices(devices, events->userdata);
	json_decref(devices);
	return finish(events, r);
}

static int describe_devices(struct events *events)
{
	events->described = false;
	return sd_bus_call_method_async(events->bus, NULL, NULL, BUS_PATH, BUS_INTERFACE,
					"Describe", on_described, events, "s", "");
}

static int on_event(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct events *events = userdata;
	const char *kind;
	json_t *event;
	int r;

	if (!events->described)
		return 0;
	r = client_read_json("event", message, &event);
	if (r != AMTCTL_OK)
		return finish(events, r);
	kind = json_string_value(json_object_get(event, "event"));
	r = events->handler->event(event, events->userdata);
	if (r == EVENTS_GO_ON && kind && strcmp(kind, "lost") == 0 && describe_devices(events) < 0)
		r = output_error(AMTCTL_FAILED, "out of memory");
	json_decref(event);
	return finish(events, r);
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct events *events = userdata;

	return finish(events, output_error(AMTCTL_NO_DAEMON,
					   "%s: connection to amtd lost; see journalctl -u amtd",
					   events->settings->bus));
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct events *events = userdata;

	return finish(events, events->handler->timeout(events->userdata));
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	return finish(userdata, AMTCTL_OK);
}

/* The reader closed the pipe; a write would notice with the next event only. */
static int on_stdout(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	return finish(userdata, AMTCTL_OK);
}

static int add_ends(struct events *events)
{
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -errno;
	r = sd_event_add_signal(events->event, NULL, SIGINT, on_signal, events);
	if (r >= 0)
		r = sd_event_add_signal(events->event, NULL, SIGTERM, on_signal, events);
	if (r >= 0)
		r = sd_event_add_io(events->event, NULL, STDOUT_FILENO, 0, on_stdout, events);
	return r == -EPERM ? 0 : r; /* a file */
}

static int start_events(struct events *events)
{
	const struct events_handler *handler = events->handler;
	int r;

	r = sd_event_new(&events->event);
	if (r >= 0 && handler->endless)
		r = add_ends(events);
	if (r >= 0 && handler->timeout_usec > 0)
		r = sd_event_add_time_relative(events->event, NULL, CLOCK_MONOTONIC,
					       handler->timeout_usec, 1000, on_timeout, events);
	if (r >= 0)
		r = sd_bus_match_signal(events->bus, NULL, NULL, BUS_PATH, BUS_INTERFACE, "Event",
					on_event, events);
	if (r >= 0)
		r = sd_bus_match_signal(events->bus, NULL, NULL, "/org/freedesktop/DBus/Local",
					"org.freedesktop.DBus.Local", "Disconnected",
					on_disconnected, events);
	if (r >= 0)
		r = describe_devices(events);
	if (r >= 0)
		r = sd_bus_attach_event(events->bus, events->event, SD_EVENT_PRIORITY_NORMAL);
	return r;
}

int events_run(const struct settings *settings, const struct events_handler *handler,
	       void *userdata)
{
	struct events events = { .settings = settings, .handler = handler, .userdata = userdata };
	int r;

	r = client_connect(settings, &events.client);
	if (r != AMTCTL_OK)
		return r;
	events.bus = client_bus(events.client);
	r = start_events(&events);
	if (r >= 0)
		r = sd_event_loop(events.event);
	if (r < 0)
		r = output_error(AMTCTL_FAILED, "cannot wait for events: %s", strerror(-r));
	(void)sd_bus_detach_event(events.bus);
	sd_event_unref(events.event);
	client_close(events.client);
	return r;
}
