/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/client.h"

#include "amtctl/output/output.h"
#include "base/clock.h"

#include <amt/bus.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define CONNECT_TIMEOUT (3 * USEC_PER_SEC)
#define CALL_TIMEOUT	(10 * USEC_PER_SEC) /* Reload may create a thousand devices */

struct client {
	sd_bus *bus;
	const char *path;
};

/* A path as a D-Bus address; bytes other than these are %-escaped (D-Bus specification, "Server
 * Addresses"). */
static char *bus_address(const char *path)
{
	static const char plain[] =
		"-_/.*ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	char *address, *p;

	address = malloc(strlen("unix:path=") + 3 * strlen(path) + 1);
	if (!address)
		return NULL;

	for (p = stpcpy(address, "unix:path="); *path; path++) {
		if (strchr(plain, *path))
			*p++ = *path;
		else
			p += sprintf(p, "%%%02x", (unsigned char)*path);
	}
	*p = '\0';
	return address;
}

/* sd-bus by itself would wait 90 s for a daemon that hangs. */
static int wait_until_ready(sd_bus *bus)
{
	uint64_t end = clock_monotonic() + CONNECT_TIMEOUT, now;
	int r;

	for (;;) {
		r = sd_bus_is_ready(bus);
		if (r != 0)
			return r;
		r = sd_bus_process(bus, NULL);
		if (r < 0)
			return r;
		if (r > 0)
			continue;

		now = clock_monotonic();
		if (now >= end)
			return -ETIMEDOUT;
		r = sd_bus_wait(bus, end - now);
		if (r < 0 && r != -EINTR)
			return r;
	}
}

static int start_bus(sd_bus *bus, const char *path)
{
	char *address;
	int r;

	address = bus_address(path);
	if (!address)
		return -ENOMEM;

	r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, CALL_TIMEOUT);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		r = wait_until_ready(bus);
	free(address);

	return r;
}

static int connect_failed(const char *path, int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -ECONNREFUSED:
		return AMTCTL_NO_DAEMON;
	case -EACCES:
	case -EPERM:
		return output_error(AMTCTL_FAILED, "%s: permission denied; run amtctl as root",
				    path);
	case -ECONNRESET:
	case -ENOTCONN:
	case -EPIPE:
		return output_error(
			AMTCTL_FAILED,
			"%s: connection closed by amtd; run amtctl as root, or see journalctl -u amtd",
			path);
	case -ETIMEDOUT:
	case -EAGAIN:
		return output_error(AMTCTL_FAILED,
				    "%s: amtd does not respond; see journalctl -u amtd", path);
	case -E2BIG:
	case -ENAMETOOLONG:
		return output_error(
			AMTCTL_USAGE,
			"%s: too long for a socket; expected at most 107 bytes, see --bus", path);
	default:
		return output_error(AMTCTL_FAILED, "%s: cannot connect: %s; is it amtd's socket?",
				    path, strerror(-error));
	}
}

int client_open(const struct settings *settings, struct client **ret)
{
	struct client *client;
	int r;

	client = calloc(1, sizeof(*client));
	if (!client)
		return output_error(AMTCTL_FAILED, "out of memory");
	client->path = settings->bus;

	r = sd_bus_new(&client->bus);
	if (r >= 0)
		r = start_bus(client->bus, settings->bus);
	if (r < 0) {
		client_close(client);
		return connect_failed(settings->bus, r);
	}

	*ret = client;
	return AMTCTL_OK;
}

void client_close(struct client *client)
{
	if (!client)
		return;

	sd_bus_close_unref(client->bus);
	free(client);
}

sd_bus *client_bus(const struct client *client)
{
	return client->bus;
}

int client_connect(const struct settings *settings, struct client **ret)
{
	int r;

	r = client_open(settings, ret);
	if (r == AMTCTL_NO_DAEMON)
		return output_error(r, "%s: amtd is not running; start it: systemctl start amtd",
				    settings->bus);
	return r;
}

int client_call_failed(const char *subject, const sd_bus_error *error, int r)
{
	const char *words = error->message ?: strerror(-r);
	size_t n = strlen(subject);
	enum exit_code code = AMTCTL_FAILED;

	if (sd_bus_error_has_name(error, BUS_ERROR_NO_SUCH_DEVICE))
		code = AMTCTL_NO_DEVICE;
	else if (r == -ETIMEDOUT)
		words = "amtd does not respond; see journalctl -u amtd";
	else if (r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE ||
		 sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY))
		words = "connection to amtd lost; see journalctl -u amtd";
	else if (sd_bus_error_has_names(error, SD_BUS_ERROR_ACCESS_DENIED,
					SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
		words = "not permitted; run amtctl as root";
	else if (sd_bus_error_has_names(error, SD_BUS_ERROR_UNKNOWN_METHOD,
					SD_BUS_ERROR_UNKNOWN_OBJECT,
					SD_BUS_ERROR_UNKNOWN_INTERFACE))
		words = "not supported by amtd; do the versions of amtctl and amtd match?";

	/* Most errors of amtd name the device already. */
	if (strncmp(words, subject, n) == 0 && words[n] == ':')
		return output_error(code, "%s", words);
	return output_error(code, "%s: %s", subject, words);
}

int client_read_json(const char *subject, sd_bus_message *reply, json_t **ret)
{
	json_error_t error;
	const char *text;
	json_t *json;

	if (sd_bus_message_read(reply, "s", &text) < 0)
		return output_error(
			AMTCTL_FAILED,
			"%s: unexpected reply; do the versions of amtctl and amtd match?", subject);
	json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		return output_error(
			AMTCTL_FAILED,
			"%s: reply is not JSON (%s); do the versions of amtctl and amtd match?",
			subject, error.text);

	*ret = json;
	return AMTCTL_OK;
}

static int append_strings(sd_bus_message *message, va_list arguments)
{
	const char *argument;
	int r = 0;

	while (r >= 0 && (argument = va_arg(arguments, const char *)))
		r = sd_bus_message_append(message, "s", argument);
	return r;
}

int client_call(struct client *client, const char *subject, json_t **ret, const char *method, ...)
{
	sd_bus_message *message = NULL, *reply = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	va_list arguments;
	int r;

	r = sd_bus_message_new_method_call(client->bus, &message, NULL, BUS_PATH, BUS_INTERFACE,
					   method);
	if (r >= 0) {
		va_start(arguments, method);
		r = append_strings(message, arguments);
		va_end(arguments);
	}
	if (r >= 0)
		r = sd_bus_call(client->bus, message, CALL_TIMEOUT, &error, &reply);

	if (r < 0)
		r = client_call_failed(subject, &error, r);
	else
		r = ret ? client_read_json(subject, reply, ret) : AMTCTL_OK;

	sd_bus_error_free(&error);
	sd_bus_message_unref(message);
	sd_bus_message_unref(reply);
	return r;
}
