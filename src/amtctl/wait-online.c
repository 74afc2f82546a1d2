/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb for units that must not start before multicast works: wait-online. */
#include "amtctl/amtctl.h"
#include "amtctl/events.h"
#include "amtctl/options.h"
#include "amtctl/output/fields.h"
#include "amtctl/output/output.h"
#include "base/clock.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MAX	(UINT64_C(999999) * USEC_PER_SEC)
#define TIMEOUT_DEFAULT (120 * USEC_PER_SEC) /* as systemd-networkd-wait-online */
#define NAMED_MAX	10		     /* in the error */

enum {
	OPTION_TIMEOUT,
};

const struct verb_option wait_online_options[] = {
	[OPTION_TIMEOUT] = { "timeout", "SEC", "Time to wait, 0: indefinitely (default: 120)" },
	{ NULL },
};

struct wait {
	int argc;
	char **argv;
	json_t *devices; /* by name: objects with "state" and "reason" */
	const char *timeout;
};

static bool is_online(const json_t *device)
{
	const char *state = field_string(device, "state");

	return strcmp(state, "connected") == 0 || strcmp(state, "running") == 0;
}

static bool is_wanted(const struct wait *wait, const char *name)
{
	int i;

	for (i = 0; i < wait->argc; i++)
		if (fnmatch(wait->argv[i], name, 0) == 0)
			return true;
	return wait->argc == 0;
}

static bool has_device(const struct wait *wait, const char *pattern)
{
	const char *name;
	json_t *device;

	json_object_foreach (wait->devices, name, device)
		if (fnmatch(pattern, name, 0) == 0)
			return true;
	return false;
}

/* Write the devices that are not online, and why. */
static void list_missing(const struct wait *wait, FILE *out)
{
	const char *name;
	json_t *device;
	size_t n = 0;
	int i;

	for (i = 0; i < wait->argc; i++)
		if (!has_device(wait, wait->argv[i]) && n++ < NAMED_MAX)
			fprintf(out, "%s%s (no such device, see amtctl list)", n > 1 ? ", " : "",
				wait->argv[i]);
	json_object_foreach (wait->devices, name, device) {
		if (!is_wanted(wait, name) || is_online(device))
			continue;
		if (n++ < NAMED_MAX)
			fprintf(out, "%s%s (%s: %s)", n > 1 ? ", " : "", name,
				field_string(device, "state"), field_string(device, "reason"));
	}
	if (n > NAMED_MAX)
		fprintf(out, " and %zu more", n - NAMED_MAX);
}

static bool all_online(const struct wait *wait)
{
	const char *name;
	json_t *device;
	int i;

	for (i = 0; i < wait->argc; i++)
		if (!has_device(wait, wait->argv[i]))
			return false;
	json_object_foreach (wait->devices, name, device)
		if (is_wanted(wait, name) && !is_online(device))
			return false;
	return true;
}

static int verdict(const struct wait *wait)
{
	return all_online(wait) ? AMTCTL_OK : EVENTS_GO_ON;
}

static int on_devices(const json_t *devices, void *userdata)
{
	struct wait *wait = userdata;
	json_t *device;
	size_t i;

	json_object_clear(wait->devices);
	json_array_foreach (devices, i, device)
		field_set_state(wait->devices, field_string(device, "ifname"),
				field_string(device, "state"), field_string(device, "reason"));
	return verdict(wait);
}

static int on_event(const json_t *event, void *userdata)
{
	const char *kind = field_string(event, "event"), *name = field_string(event, "ifname");
	struct wait *wait = userdata;

	if (strcmp(kind, "removed") == 0)
		json_object_del(wait->devices, name);
	else if (strcmp(kind, "created") == 0)
		field_set_state(wait->devices, name, "waiting", "");
	else if (strcmp(kind, "state") == 0)
		field_set_state(wait->devices, name, field_string(event, "state"),
				field_string(event, "reason"));
	else
		return EVENTS_GO_ON;
	return verdict(wait);
}

static int on_timeout(void *userdata)
{
	struct wait *wait = userdata;
	char *missing = NULL;
	size_t length;
	FILE *out;
	int r;

	out = open_memstream(&missing, &length);
	if (!out)
		return output_error(AMTCTL_FAILED, "out of memory");
	list_missing(wait, out);
	fclose(out);
	r = output_error(AMTCTL_FAILED, "wait-online: not online after %s s: %s", wait->timeout,
			 missing);
	free(missing);
	return r;
}

int verb_wait_online(const struct settings *settings, int argc, char **argv)
{
	struct events_handler handler = {
		.devices = on_devices,
		.event = on_event,
		.timeout = on_timeout,
		.timeout_usec = TIMEOUT_DEFAULT,
	};
	struct wait wait = { .argc = argc, .argv = argv, .timeout = "120" };
	const char *timeout = settings->values[OPTION_TIMEOUT];
	int r;

	r = option_seconds(settings, wait_online_options, OPTION_TIMEOUT, 0, TIMEOUT_MAX,
			   &handler.timeout_usec);
	if (r != AMTCTL_OK)
		return r;
	wait.timeout = timeout ?: wait.timeout;
	wait.devices = json_object();
	r = events_run(settings, &handler, &wait);
	json_decref(wait.devices);
	return r;
}
