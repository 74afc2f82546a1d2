/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs that change something: create, delete, reload, upstream. */
#include "amtctl/amtctl.h"
#include "amtctl/client.h"
#include "amtctl/create-options.h"
#include "amtctl/output/device.h"
#include "amtctl/output/output.h"

#include <stdio.h>
#include <stdlib.h>

int verb_create(const struct settings *settings, int argc, char **argv)
{
	struct request *request = settings->request;
	char why[REQUEST_WHY_MAX];
	struct client *client;
	json_t *device;
	char *text;
	int r;

	if (request_set_name(request, argv[0], why) < 0 || request_check(request, why) < 0)
		return output_error(AMTCTL_USAGE, "%s", why);
	text = request_text(request);
	if (!text)
		return output_error(AMTCTL_FAILED, "out of memory");

	r = client_connect(settings, &client);
	if (r == AMTCTL_OK) {
		r = client_call(client, argv[0], &device, "Create", argv[0], text, NULL);
		client_close(client);
	}
	free(text);
	if (r != AMTCTL_OK)
		return r;

	if (settings->json != JSON_MODE_OFF)
		output_json(settings, device);
	else
		device_print_created(device);
	json_decref(device);
	return AMTCTL_OK;
}

/* All that can be deleted is; the first failure is the exit status. */
int verb_delete(const struct settings *settings, int argc, char **argv)
{
	int i, r, first = AMTCTL_OK;
	struct client *client;

	r = client_connect(settings, &client);
	if (r != AMTCTL_OK)
		return r;

	for (i = 0; i < argc; i++) {
		r = client_call(client, argv[i], NULL, "Delete", argv[i], NULL);
		if (r != AMTCTL_OK)
			first = first == AMTCTL_OK ? r : first;
		else if (settings->json == JSON_MODE_OFF)
			printf("%s: deleted\n", output_safe(argv[i]));
	}

	client_close(client);
	return first;
}

int verb_reload(const struct settings *settings, int argc, char **argv)
{
	struct client *client;
	int r;

	r = client_connect(settings, &client);
	if (r != AMTCTL_OK)
		return r;

	r = client_call(client, "reload", NULL, "Reload", NULL);
	client_close(client);
	return r;
}

int verb_upstream(const struct settings *settings, int argc, char **argv)
{
	struct client *client;
	int r;

	r = client_connect(settings, &client);
	if (r != AMTCTL_OK)
		return r;

	r = client_call(client, argv[0], NULL, "Upstream", argv[0], argc > 1 ? argv[1] : "", NULL);
	client_close(client);
	return r;
}
