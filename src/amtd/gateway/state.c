/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/state.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static size_t count_held(const struct selection *selection)
{
	size_t n = 0;

	for (size_t i = 0; i < selection->n; i++)
		n += selection->candidates[i].note[0] != '\0';
	return n;
}

static void show_no_relay(const struct gateway *gateway,
			  const struct selection_candidate *candidate, const char *address)
{
	struct device *device = gateway->device;
	const char *why = candidate && candidate->note[0] ? candidate->note : "no answer";

	if (gateway->selection.n == 1)
		device_set_state(device, DEVICE_NO_RELAY, "relay %s does not work: %s", address,
				 why);
	else
		device_set_state(device, DEVICE_NO_RELAY, "none of %zu relays works%s%s: %s",
				 gateway->selection.n, candidate ? "; the last was " : "", address,
				 why);
}

void state_show(struct gateway *gateway)
{
	struct device *device = gateway->device;
	const struct selection *selection = &gateway->selection;
	const struct selection_candidate *candidate =
		selection->chosen < 0 ? NULL : &selection->candidates[selection->chosen];
	char text[ADDRESS_TEXT_MAX] = "";

	if (device->config->mode != CONFIG_GATEWAY || device->state == DEVICE_WAITING ||
	    device->state == DEVICE_FAILED || device->queue_error)
		return; /* that is more specific */
	if (candidate)
		address_format(&candidate->address, text);

	if (selection->phase == SELECTION_GOOD) {
		address_format(&device->relay, text);
		if (candidate->probing && selection->check_now)
			device_set_state(device, DEVICE_SUSPECT, "no answer or data; probing %s",
					 text);
		else
			device_set_state(device, DEVICE_CONNECTED, "Queries from %s%s", text,
					 selection->leaving ? ", which is loaded (L flag)" : "");
	} else if (selection->failed) {
		show_no_relay(gateway, candidate, text);
	} else if (selection->phase == SELECTION_TRYING && count_held(selection) == 0) {
		device_set_state(device, DEVICE_DISCOVERING, "probing relay %s through %s", text,
				 device->config->link);
	} else if (candidate) {
		device_set_state(device, DEVICE_FAILING_OVER, "%s %s",
				 selection->phase == SELECTION_TRYING ? "trying" : "leaving", text);
	} else if (selection->n > 0) {
		device_set_state(device, DEVICE_DISCOVERING, "probing %zu relays", selection->n);
	} else if (gateway->refused > 0 && !gateway->discovery) {
		device_set_state(device, DEVICE_NO_RELAY,
				 "Allow= excludes all %zu relays; widen it, or change Address=",
				 gateway->refused);
	} else if (gateway->dns_outcome[0] == '\0') {
		device_set_state(device, DEVICE_DISCOVERING, "looking up relays in DNS");
	} else {
		device_set_state(device, DEVICE_NO_RELAY, "no relay known; DNS: %s",
				 gateway->dns_outcome);
	}
}

/* A Linux relay identifies gateways by their address alone (drivers/net/amt.c,
 * amt_request_handler()): of two that share one, the second gets no Query. */
static void show_twin(struct device *device, const struct device *other)
{
	device_set_state(
		device, DEVICE_DISCOVERING,
		"%s uses this relay from the same address, and a Linux relay serves one gateway per address; give this one its own Local=",
		other->config->name);
}

static int compare_tunnels(const void *a, const void *b)
{
	const struct device *x = (*(struct gateway *const *)a)->device;
	const struct device *y = (*(struct gateway *const *)b)->device;
	int r = address_compare(&x->relay, &y->relay);

	return r != 0 ? r : address_compare(&x->local, &y->local);
}

void state_show_twins(struct gateway *const *gateways, size_t n)
{
	struct gateway **connected = calloc(n + 1, sizeof(*connected)), **twin;
	size_t m = 0;

	if (!connected)
		return; /* the next pass shows them */
	for (size_t i = 0; i < n; i++)
		if (gateways[i]->device->state == DEVICE_CONNECTED &&
		    address_is_set(&gateways[i]->device->relay))
			connected[m++] = gateways[i];
	qsort(connected, m, sizeof(*connected), compare_tunnels);
	for (size_t i = 0; i < n; i++) {
		if (!gateways[i]->check_twin)
			continue;
		gateways[i]->check_twin = false;
		twin = bsearch(&gateways[i], connected, m, sizeof(*connected), compare_tunnels);
		if (twin)
			show_twin(gateways[i]->device, (*twin)->device);
	}
	free(connected);
}
