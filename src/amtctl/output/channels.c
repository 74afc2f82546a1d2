/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/channels.h"

#include "amtctl/output/fields.h"
#include "amtctl/output/human.h"
#include "amtctl/output/table.h"
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
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

static const struct table_column columns[_COLUMN_MAX] = {
	[COLUMN_CHANNEL] = { "CHANNEL" },
	[COLUMN_STATE] = { "STATE" },
	[COLUMN_DEVICE] = { "DEVICE" },
	[COLUMN_RELAY] = { "RELAY" },
	[COLUMN_WANTED] = { "WANTED BY" },
	[COLUMN_SINCE] = { "SINCE" },
	[COLUMN_PACKETS] = { "PACKETS", .right = true },
	[COLUMN_RATE] = { "RATE", .right = true },
	[COLUMN_LAST] = { "LAST PACKET" },
};

static enum colour state_colour(const char *state)
{
	if (strcmp(state, "joined") == 0)
		return COLOUR_GREEN;
	return strcmp(state, "failed") == 0 ? COLOUR_RED : COLOUR_YELLOW;
}

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

static int add_channel(struct table *table, const json_t *channel, uint64_t now)
{
	char wanted[WANTED_MAX], since[HUMAN_MAX], last[HUMAN_MAX] = "";
	char packets[NUMBER_MAX] = "", rate[NUMBER_MAX] = "";
	const char *cells[_COLUMN_MAX] = {
		[COLUMN_CHANNEL] = TEXT(channel, "channel"),
		[COLUMN_STATE] = TEXT(channel, "state"),
		[COLUMN_DEVICE] = TEXT(channel, "device"),
		[COLUMN_RELAY] = TEXT(channel, "relay"),
		[COLUMN_WANTED] = "",
		[COLUMN_SINCE] = since,
		[COLUMN_PACKETS] = packets,
		[COLUMN_RATE] = rate,
		[COLUMN_LAST] = last,
	};

	format_wanted(channel, wanted);
	cells[COLUMN_WANTED] = output_safe(wanted);
	human_ago(since, now, NUMBER(channel, "since_usec"));
	if (FIELD(channel, "packets")) {
		snprintf(packets, sizeof(packets), "%" PRIu64, NUMBER(channel, "packets"));
		snprintf(rate, sizeof(rate), "%" PRIu64 "/s", NUMBER(channel, "rate"));
	}
	if (FIELD(channel, "last_packet_usec"))
		human_ago(last, now, NUMBER(channel, "last_packet_usec"));
	return table_add(table, cells, COLUMN_STATE, state_colour(cells[COLUMN_STATE]));
}

/* A channel that has a reason does not work. */
static void print_failures(const json_t *channels)
{
	for (size_t i = 0; i < json_array_size(channels); i++) {
		const json_t *channel = json_array_get(channels, i);

		if (*TEXT(channel, "reason"))
			printf("%s: %s\n", TEXT(channel, "channel"), TEXT(channel, "reason"));
	}
}

int channels_print_table(const json_t *channels, bool legend)
{
	struct table *table = table_new(columns, _COLUMN_MAX, legend, NULL);
	const size_t n = json_array_size(channels);
	uint64_t now = clock_realtime();
	int r = table ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && r == 0; i++)
		r = add_channel(table, json_array_get(channels, i), now);
	if (r < 0) {
		table_free(table);
		return r;
	}
	r = table_print(table);
	if (r < 0)
		return r;
	print_failures(channels);
	if (legend)
		table_print_count(n, "channel");
	return 0;
}
