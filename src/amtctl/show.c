/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs that show: list, status, daemon. */
#include "amtctl/amtctl.h"
#include "amtctl/client.h"
#include "amtctl/offline.h"
#include "amtctl/output/daemon.h"
#include "amtctl/output/device-table.h"
#include "amtctl/output/device.h"
#include "amtctl/output/fields.h"
#include "amtctl/output/output.h"
#include "base/clock.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Errors of amtd itself, before its devices. */
static void print_daemon_errors(const struct settings *settings)
{
	struct client *client;
	json_t *daemon;

	if (client_open(settings, &client) != AMTCTL_OK)
		return;
	if (client_call(client, "daemon", &daemon, "Daemon", NULL) == AMTCTL_OK) {
		if (daemon_has_errors(daemon)) {
			daemon_print(daemon);
			putchar('\n');
		}
		json_decref(daemon);
	}
	client_close(client);
}

/* All devices, from amtd or else from the kernel. */
static int get_devices(const struct settings *settings, json_t **ret)
{
	struct client *client;
	int r;

	r = client_open(settings, &client);
	if (r == AMTCTL_NO_DAEMON) {
		fputs("amtctl: amtd is not running, showing kernel state only\n", stderr);
		return offline_describe(ret);
	}
	if (r != AMTCTL_OK)
		return r;

	r = client_call(client, "describe", ret, "Describe", "", NULL);
	client_close(client);
	if (r != AMTCTL_OK)
		return r;
	if (!json_is_array(*ret)) {
		json_decref(*ret);
		return output_error(
			AMTCTL_FAILED,
			"describe: unexpected reply; do the versions of amtctl and amtd match?");
	}
	return AMTCTL_OK;
}

struct words {
	int argc;
	char **argv;
};

static bool is_named(const json_t *device, void *userdata)
{
	const char *name = json_string_value(FIELD(device, "ifname"));
	const struct words *words = userdata;

	for (int i = 0; i < words->argc; i++)
		if (name && fnmatch(words->argv[i], name, 0) == 0)
			return true;
	return words->argc == 0;
}

/* The devices that match a NAME or shell pattern, in the order of amtd and each once. */
static int select_devices(const json_t *devices, int argc, char **argv, json_t **ret)
{
	int i, r = AMTCTL_OK;
	json_t *device;
	bool matched;
	const char *name;
	size_t j;

	for (i = 0; i < argc; i++) {
		matched = false;
		json_array_foreach (devices, j, device) {
			name = json_string_value(FIELD(device, "ifname"));
			matched |= name && fnmatch(argv[i], name, 0) == 0;
		}
		if (!matched)
			r = output_error(AMTCTL_NO_DEVICE, "%s: no such device; see amtctl list",
					 argv[i]);
	}

	*ret = field_select(devices, is_named, &(struct words){ argc, argv });
	return r;
}

static void print_blocks(const json_t *devices)
{
	uint64_t now = clock_realtime();
	json_t *device;
	size_t i;

	if (json_array_size(devices) == 0)
		puts("No devices; create one with amtctl create.");
	json_array_foreach (devices, i, device) {
		if (i > 0)
			putchar('\n');
		device_print(device, now);
	}
}

static int show_devices(const struct settings *settings, int argc, char **argv, bool table)
{
	json_t *devices, *chosen;
	int r;

	r = get_devices(settings, &devices);
	if (r != AMTCTL_OK)
		return r;

	r = select_devices(devices, argc, argv, &chosen);
	if (r == AMTCTL_OK || json_array_size(chosen) > 0) {
		output_page(settings);
		if (settings->json != JSON_MODE_OFF)
			output_json(settings, chosen);
		else if (!table) {
			if (argc == 0)
				print_daemon_errors(settings);
			print_blocks(chosen);
		} else if (device_table_print(chosen, settings->legend, clock_realtime()) < 0)
			r = output_error(AMTCTL_FAILED, "out of memory");
	}

	json_decref(chosen);
	json_decref(devices);
	return r;
}

int verb_list(const struct settings *settings, int argc, char **argv)
{
	return show_devices(settings, argc, argv, true);
}

int verb_status(const struct settings *settings, int argc, char **argv)
{
	return show_devices(settings, argc, argv, false);
}

int verb_daemon(const struct settings *settings, int argc, char **argv)
{
	struct client *client;
	json_t *daemon;
	int r;

	r = client_connect(settings, &client);
	if (r != AMTCTL_OK)
		return r;
	r = client_call(client, "daemon", &daemon, "Daemon", NULL);
	client_close(client);
	if (r != AMTCTL_OK)
		return r;
	if (settings->json != JSON_MODE_OFF)
		output_json(settings, daemon);
	else
		daemon_print(daemon);
	json_decref(daemon);
	return AMTCTL_OK;
}
