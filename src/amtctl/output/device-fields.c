/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/device-fields.h"

#include "base/array.h"

#include <string.h>

enum colour device_state_colour(const char *state)
{
	static const struct {
		const char *state;
		enum colour colour;
	} states[] = {
		{ "connected", COLOUR_GREEN },	  { "running", COLOUR_GREEN },
		{ "discovering", COLOUR_YELLOW }, { "waiting", COLOUR_YELLOW },
		{ "suspect", COLOUR_YELLOW },	  { "failing-over", COLOUR_YELLOW },
		{ "no-relay", COLOUR_RED },	  { "failed", COLOUR_RED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i].state, state) == 0)
			return states[i].colour;
	return COLOUR_NONE;
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
		/* After a failover the driver knows the previous one only. */
		FIELD(device, "last_relay"),
		INFO(device, "remote"),
		INFO(device, "discovery"),
		json_array_get(FIELD(device, "relay", "configured"), 0),
	};
	size_t i;

	if (device_is_relay(device))
		return "";
	for (i = 0; i < ARRAY_SIZE(candidates); i++)
		if (*field_text(candidates[i]))
			return field_text(candidates[i]);
	return "";
}

uint64_t device_local_port(const json_t *device)
{
	const json_t *port = INFO(device, device_is_relay(device) ? "relay_port" : "gateway_port");

	return field_number(port ?: FIELD(device, "port"));
}
