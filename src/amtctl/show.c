/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs that look: list, status. */
#include "amtctl/amtctl.h"
#include "amtctl/client.h"
#include "amtctl/device.h"
#include "amtctl/offline.h"
#include "amtctl/output.h"
#include "base/clock.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* All devices, from amtd or else from the kernel. */
static int describe(const struct settings *settings, json_t **ret)
{
	struct client *client;
	int r;

	r = client_open(settings, &client);
	if (r == AMTCTL_NO_DAEMON) {
		fputs("amtctl: amtd is not running: showing what the kernel knows\n", stderr);
		return kernel_describe(ret);
	}
	if (r != AMTCTL_OK)
		return r;

	r = client_call(client, "describe", ret, "Describe", "", NULL);
	client_close(client);
	if (r != AMTCTL_OK)
		return r;
	if (!json_is_array(*ret)) {
		json_decref(*ret);
		return complain(
			AMTCTL_FAILED,
			"describe: amtd answers in an unknown way; are amtctl and amtd of one version?");
	}
	return AMTCTL_OK;
}

/* The devices that a NAME or a shell pattern stands for, in the order of amtd and each once. */
static int choose(const json_t *devices, int argc, char **argv, json_t **ret)
{
	int i, r = AMTCTL_OK;
	json_t *chosen, *device;
	bool matched, wanted;
	const char *name;
	size_t j;

	for (i = 0; i < argc; i++) {
		matched = false;
		json_array_foreach (devices, j, device) {
			name = json_string_value(device_field(device, "ifname", NULL));
			matched |= name && !fnmatch(argv[i], name, 0);
		}
		if (!matched)
			r = complain(AMTCTL_NO_DEVICE,
				     "%s: no such device; see those there are: amtctl list",
				     argv[i]);
	}

	chosen = json_array();
	json_array_foreach (devices, j, device) {
		name = json_string_value(device_field(device, "ifname", NULL));
		wanted = argc == 0;
		for (i = 0; i < argc && !wanted; i++)
			wanted = name && !fnmatch(argv[i], name, 0);
		if (wanted)
			json_array_append(chosen, device);
	}

	*ret = chosen;
	return r;
}

static int print_blocks(const json_t *devices)
{
	uint64_t now = clock_realtime();
	json_t *device;
	size_t i;

	if (json_array_size(devices) == 0)
		puts("No devices; make one: amtctl create");
	json_array_foreach (devices, i, device) {
		if (i > 0)
			putchar('\n');
		device_print(device, now);
	}
	return 0;
}

static int show(const struct settings *settings, int argc, char **argv, bool table)
{
	json_t *devices, *chosen;
	int r;

	r = describe(settings, &devices);
	if (r != AMTCTL_OK)
		return r;

	r = choose(devices, argc, argv, &chosen);
	if (r == AMTCTL_OK || json_array_size(chosen) > 0) {
		output_page(settings);
		if (settings->json != JSON_MODE_OFF)
			output_json(settings, chosen);
		else if (!table)
			print_blocks(chosen);
		else if (device_print_table(chosen, settings->legend, clock_realtime()) < 0)
			r = complain(AMTCTL_FAILED, "out of memory");
	}

	json_decref(chosen);
	json_decref(devices);
	return r;
}

int verb_list(const struct settings *settings, int argc, char **argv)
{
	return show(settings, argc, argv, true);
}

int verb_status(const struct settings *settings, int argc, char **argv)
{
	return show(settings, argc, argv, false);
}
