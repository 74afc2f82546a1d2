/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/device-fields.h"

#include <string.h>

static const struct {
	const char *state;
	enum colour colour;
	const char *scols; /* the same for libsmartcols */
} states[] = {
	{ "connected", COLOUR_GREEN, "green" },	    { "running", COLOUR_GREEN, "green" },
	{ "discovering", COLOUR_YELLOW, "yellow" }, { "waiting", COLOUR_YELLOW, "yellow" },
	{ "suspect", COLOUR_YELLOW, "yellow" },	    { "failing-over", COLOUR_YELLOW, "yellow" },
	{ "no-relay", COLOUR_RED, "red" },	    { "failed", COLOUR_RED, "red" },
};

#define N_STATES (sizeof(states) / sizeof(states[0]))

/* The index into states, or -1. */
static int find_state(const char *state)
{
	size_t i;

	for (i = 0; i < N_STATES; i++)
		if (strcmp(states[i].state, state) == 0)
			return i;
	return -1;
}

enum colour device_state_colour(const char *state)
{
	int i = find_state(state);

	return i < 0 ? COLOUR_NONE : states[i].colour;
}

const char *device_state_scols(const char *state)
{
	int i = find_state(state);

	return i < 0 ? NULL : states[i].scols;
}

const json_t *device_either(const json_t *device, const char *key)
{
	return FIELD(device, key) ?: INFO(device, key);
}

bool device_is_relay(const json_t *device)
{
	return strcmp(field_text(device_either(device, "mode")), "relay") == 0;
}

const char *device_relay(const json_t *device)
{
	const json_t *candidates[] = {
		/* After a change of the relay the driver knows the former one only. */
		FIELD(device, "last_relay"),
		INFO(device, "remote"),
		INFO(device, "discovery"),
		json_array_get(FIELD(device, "relay", "configured"), 0),
	};
	size_t i;

	if (device_is_relay(device))
		return "";
	for (i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++)
		if (*field_text(candidates[i]))
			return field_text(candidates[i]);
	return "";
}

uint64_t device_local_port(const json_t *device)
{
	const json_t *port = INFO(device, device_is_relay(device) ? "relay_port" : "gateway_port");

	return field_number(port ?: FIELD(device, "port"));
}
