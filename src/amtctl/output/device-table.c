/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/device-table.h"

#include "amtctl/output/device-fields.h"
#include "amtctl/output/human.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
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

static int add_line(struct libscols_table *table, const json_t *device, uint64_t now_usec)
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
	struct libscols_line *line;
	const char *colour = device_state_scols(cells[COLUMN_STATE]);
	int i, r = 0;

	if (since > 0)
		cells[COLUMN_SINCE] = human_ago(ago, now_usec, since);
	if (*cells[COLUMN_LOCAL] && device_local_port(device) > 0) {
		snprintf(local, sizeof(local), "%s:%" PRIu64, cells[COLUMN_LOCAL],
			 device_local_port(device));
		cells[COLUMN_LOCAL] = local;
	}

	line = scols_table_new_line(table, NULL);
	if (!line)
		return -ENOMEM;
	for (i = 0; i < _COLUMN_MAX && r == 0; i++)
		r = scols_line_set_data(line, i, *cells[i] ? cells[i] : "-");
	if (r == 0 && colour)
		r = scols_cell_set_color(scols_line_get_cell(line, COLUMN_STATE), colour);
	return r;
}

static struct libscols_table *new_table(bool legend)
{
	static const char *const titles[_COLUMN_MAX] = { "NAME", "MODE",  "STATE", "RELAY",
							 "LINK", "LOCAL", "SINCE" };
	struct libscols_table *table;
	int i, r;

	table = scols_new_table();
	if (!table)
		return NULL;

	r = scols_table_enable_noheadings(table, !legend);
	if (r == 0)
		r = scols_table_enable_colors(table, *output_reset() != '\0');
	for (i = 0; i < _COLUMN_MAX && r == 0; i++)
		r = scols_table_new_column(table, titles[i], 0, 0) ? 0 : -ENOMEM;
	if (r < 0) {
		scols_unref_table(table);
		return NULL;
	}
	return table;
}

int device_table_print(const json_t *devices, bool legend, uint64_t now_usec)
{
	struct libscols_table *table;
	size_t i, n = json_array_size(devices);
	int r = 0;

	table = new_table(legend);
	if (!table)
		return -ENOMEM;

	for (i = 0; i < n && r == 0; i++)
		r = add_line(table, json_array_get(devices, i), now_usec);
	if (r == 0 && n > 0)
		r = scols_print_table(table);
	if (r == 0 && legend)
		printf("%s%zu device%s.\n", n > 0 ? "\n" : "", n, n == 1 ? "" : "s");

	scols_unref_table(table);
	return r;
}
