/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/device-table.h"

#include "amtctl/output/device-fields.h"
#include "amtctl/output/human.h"
#include "amtctl/output/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define ADDRESS_PORT_MAX 300 /* an address, which may have been escaped, and a port */

enum column {
	COLUMN_NAME,
	COLUMN_MODE,
	COLUMN_STATE,
	COLUMN_RELAY,
	COLUMN_LINK,
	COLUMN_LOCAL,
	COLUMN_SINCE,
	_COLUMN_MAX,
};

static const struct table_column columns[_COLUMN_MAX] = {
	[COLUMN_NAME] = { "NAME" },   [COLUMN_MODE] = { "MODE" }, [COLUMN_STATE] = { "STATE" },
	[COLUMN_RELAY] = { "RELAY" }, [COLUMN_LINK] = { "LINK" }, [COLUMN_LOCAL] = { "LOCAL" },
	[COLUMN_SINCE] = { "SINCE" },
};

static int add_device(struct table *table, const json_t *device, uint64_t now_usec)
{
	char local[ADDRESS_PORT_MAX], ago[HUMAN_MAX];
	const char *cells[_COLUMN_MAX] = {
		[COLUMN_NAME] = TEXT(device, "ifname"),
		[COLUMN_MODE] = field_text(device_either(device, "mode")),
		[COLUMN_STATE] = TEXT(device, "state"),
		[COLUMN_RELAY] = device_relay(device),
		[COLUMN_LINK] = field_text(device_either(device, "link")),
		[COLUMN_LOCAL] = field_text(INFO(device, "local")),
		[COLUMN_SINCE] = "",
	};
	uint64_t since = NUMBER(device, "state_since_usec");

	if (since > 0)
		cells[COLUMN_SINCE] = human_ago(ago, now_usec, since);
	if (*cells[COLUMN_LOCAL] && device_local_port(device) > 0) {
		snprintf(local, sizeof(local), "%s:%" PRIu64, cells[COLUMN_LOCAL],
			 device_local_port(device));
		cells[COLUMN_LOCAL] = local;
	}
	return table_add(table, cells, COLUMN_STATE, device_state_colour(cells[COLUMN_STATE]));
}

int device_table_print(const json_t *devices, bool legend, uint64_t now_usec)
{
	struct table *table = table_new(columns, _COLUMN_MAX, legend, NULL);
	const size_t n = json_array_size(devices);
	int r = table ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && r == 0; i++)
		r = add_device(table, json_array_get(devices, i), now_usec);
	if (r < 0) {
		table_free(table);
		return r;
	}
	r = table_print(table);
	if (r == 0 && legend)
		table_print_count(n, "device");
	return r;
}
