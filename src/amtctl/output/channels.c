/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/channels.h"

#include "amtctl/output/fields.h"
#include "amtctl/output/human.h"
#include "amtctl/output/output.h"
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <string.h>

void channels_print_joined(const json_t *channel)
{
	const char *device = TEXT(channel, "device"), *reason = TEXT(channel, "reason");

	printf("%s: ", TEXT(channel, "channel"));
	if (strcmp(TEXT(channel, "state"), "joined") == 0)
		printf("joined on %s\n", device);
	else
		printf("waiting%s%s%s%s\n", *device ? " for " : "", device, *reason ? ": " : "",
		       reason);
}

enum column {
	COLUMN_CHANNEL,
	COLUMN_STATE,
	COLUMN_DEVICE,
	COLUMN_RELAY,
	COLUMN_WANTED,
	COLUMN_SINCE,
	COLUMN_PACKETS,
	COLUMN_RATE,
	COLUMN_LAST,
	_COLUMN_MAX,
};

static const struct {
	const char *title;
	int flags;
} columns[_COLUMN_MAX] = {
	[COLUMN_CHANNEL] = { "CHANNEL", 0 },
	[COLUMN_STATE] = { "STATE", 0 },
	[COLUMN_DEVICE] = { "DEVICE", 0 },
	[COLUMN_RELAY] = { "RELAY", 0 },
	[COLUMN_WANTED] = { "WANTED BY", 0 },
	[COLUMN_SINCE] = { "SINCE", 0 },
	[COLUMN_PACKETS] = { "PACKETS", SCOLS_FL_RIGHT },
	[COLUMN_RATE] = { "RATE", SCOLS_FL_RIGHT },
	[COLUMN_LAST] = { "LAST PACKET", 0 },
};

#define WANTED_MAX 64
#define NUMBER_MAX 24

static void format_wanted(const json_t *channel, char buf[static WANTED_MAX])
{
	const json_t *owners = FIELD(channel, "wanted_by");
	size_t length = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < json_array_size(owners) && length < WANTED_MAX; i++)
		length += snprintf(buf + length, WANTED_MAX - length, "%s%s", i > 0 ? ", " : "",
				   json_string_value(json_array_get(owners, i)) ?: "");
}

static int add_line(struct libscols_table *table, const json_t *channel, uint64_t now)
{
	char wanted[WANTED_MAX], since[HUMAN_MAX], last[HUMAN_MAX] = "";
	char packets[NUMBER_MAX] = "", rate[NUMBER_MAX] = "";
	const char *cells[_COLUMN_MAX] = {
		[COLUMN_CHANNEL] = TEXT(channel, "channel"),
		[COLUMN_STATE] = TEXT(channel, "state"),
		[COLUMN_DEVICE] = TEXT(channel, "device"),
		[COLUMN_RELAY] = TEXT(channel, "relay"),
		[COLUMN_WANTED] = output_safe(wanted),
		[COLUMN_SINCE] = since,
		[COLUMN_PACKETS] = packets,
		[COLUMN_RATE] = rate,
		[COLUMN_LAST] = last,
	};
	struct libscols_line *line;
	int r = 0;

	format_wanted(channel, wanted);
	cells[COLUMN_WANTED] = output_safe(wanted);
	human_ago(since, now, NUMBER(channel, "since_usec"));
	if (FIELD(channel, "packets")) {
		snprintf(packets, sizeof(packets), "%" PRIu64, NUMBER(channel, "packets"));
		snprintf(rate, sizeof(rate), "%" PRIu64 "/s", NUMBER(channel, "rate"));
	}
	if (FIELD(channel, "last_packet_usec"))
		human_ago(last, now, NUMBER(channel, "last_packet_usec"));
	line = scols_table_new_line(table, NULL);
	if (!line)
		return -ENOMEM;
	for (int i = 0; i < _COLUMN_MAX && r == 0; i++)
		r = scols_line_set_data(line, i, *cells[i] ? cells[i] : "-");
	return r;
}

int channels_print_table(const json_t *channels, bool legend)
{
	struct libscols_table *table = scols_new_table();
	size_t i, n = json_array_size(channels);
	uint64_t now = clock_realtime();
	int r;

	if (!table)
		return -ENOMEM;
	r = scols_table_enable_noheadings(table, !legend);
	for (i = 0; i < _COLUMN_MAX && r == 0; i++)
		r = scols_table_new_column(table, columns[i].title, 0, columns[i].flags) ? 0
											 : -ENOMEM;
	for (i = 0; i < n && r == 0; i++)
		r = add_line(table, json_array_get(channels, i), now);
	if (r == 0 && n > 0)
		r = scols_print_table(table);
	/* Only reasons of what does not work are worth a line. */
	for (i = 0; i < n && r == 0; i++) {
		const json_t *channel = json_array_get(channels, i);

		if (*TEXT(channel, "reason"))
			printf("%s: %s\n", TEXT(channel, "channel"), TEXT(channel, "reason"));
	}
	if (r == 0 && legend)
		printf("%s%zu channel%s.\n", n > 0 ? "\n" : "", n, n == 1 ? "" : "s");
	scols_unref_table(table);
	return r;
}
