/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs about channels: join, leave, channels. */
#include "base/channel.h"

#include "amtctl/amtctl.h"
#include "amtctl/client.h"
#include "amtctl/device.h"
#include "amtctl/human.h"
#include "amtctl/output.h"
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum channel_option {
	OPTION_ON,
};

const struct verb_option join_options[] = {
	[OPTION_ON] = { "on", "DEV", "Receive through this gateway, or other interface" },
	{ NULL },
};

const struct verb_option leave_options[] = {
	[OPTION_ON] = { "on", "DEV", "The one that it was joined on, by --on" },
	{ NULL },
};

/* As from --on "$INTERFACE" where that is not set: to go on without would be another request. */
static int check_on(const char *on)
{
	if (on && *on == '\0')
		return complain(AMTCTL_USAGE, "--on: is empty; expected an interface, or no --on");
	return AMTCTL_OK;
}

/* What is wrong with one is said before anything is done. */
static int check(int argc, char **argv)
{
	struct channel_key key;
	const char *why;

	for (int i = 0; i < argc; i++)
		if (channel_parse(argv[i], &key, &why) < 0)
			return complain(AMTCTL_USAGE, "%s: %s", argv[i], why);
	return AMTCTL_OK;
}

static const char *text(const json_t *object, const char *key)
{
	return output_safe(json_string_value(device_field(object, key, NULL)));
}

static uint64_t number(const json_t *object, const char *key)
{
	return json_integer_value(device_field(object, key, NULL));
}

static void print_joined(const json_t *channel)
{
	const char *device = text(channel, "device"), *reason = text(channel, "reason");

	printf("%s: ", text(channel, "channel"));
	if (!strcmp(text(channel, "state"), "joined"))
		printf("joined on %s\n", device);
	else
		printf("waiting%s%s%s%s\n", *device ? " for " : "", device, *reason ? ": " : "",
		       reason);
}

/* As much as can be done is; the first failure decides the exit code. */
int verb_join(const struct settings *settings, int argc, char **argv)
{
	const char *on = settings->values[OPTION_ON] ?: "";
	json_t *all = json_array(), *answer;
	int r, first = AMTCTL_OK;
	struct client *client;

	r = check_on(settings->values[OPTION_ON]);
	if (r == AMTCTL_OK)
		r = check(argc, argv);
	if (r == AMTCTL_OK)
		r = client_open_or_complain(settings, &client);
	if (r != AMTCTL_OK) {
		json_decref(all);
		return r;
	}
	for (int i = 0; i < argc; i++) {
		r = client_call(client, argv[i], &answer, "Join", argv[i], on, NULL);
		if (r != AMTCTL_OK) {
			first = first == AMTCTL_OK ? r : first;
			continue;
		}
		if (settings->json == JSON_MODE_OFF)
			print_joined(json_array_get(answer, 0));
		json_array_extend(all, answer);
		json_decref(answer);
	}
	client_close(client);
	if (settings->json != JSON_MODE_OFF)
		output_json(settings, all);
	json_decref(all);
	return first;
}

int verb_leave(const struct settings *settings, int argc, char **argv)
{
	const char *on = settings->values[OPTION_ON] ?: "";
	int r, first = AMTCTL_OK;
	struct client *client;

	r = check_on(settings->values[OPTION_ON]);
	if (r == AMTCTL_OK)
		r = check(argc, argv);
	if (r == AMTCTL_OK)
		r = client_open_or_complain(settings, &client);
	if (r != AMTCTL_OK)
		return r;
	for (int i = 0; i < argc; i++) {
		r = client_call(client, argv[i], NULL, "Leave", argv[i], on, NULL);
		if (r != AMTCTL_OK)
			first = first == AMTCTL_OK ? r : first;
		else if (settings->json == JSON_MODE_OFF)
			printf("%s: left\n", argv[i]);
	}
	client_close(client);
	return first;
}

/*
 * The table.
 */

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
	const json_t *owners = device_field(channel, "wanted_by", NULL);
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
		[COLUMN_CHANNEL] = text(channel, "channel"),
		[COLUMN_STATE] = text(channel, "state"),
		[COLUMN_DEVICE] = text(channel, "device"),
		[COLUMN_RELAY] = text(channel, "relay"),
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
	human_ago(since, now, number(channel, "since_usec"));
	if (device_field(channel, "packets", NULL)) {
		snprintf(packets, sizeof(packets), "%" PRIu64, number(channel, "packets"));
		snprintf(rate, sizeof(rate), "%" PRIu64 "/s", number(channel, "rate"));
	}
	if (device_field(channel, "last_packet_usec", NULL))
		human_ago(last, now, number(channel, "last_packet_usec"));
	line = scols_table_new_line(table, NULL);
	if (!line)
		return -ENOMEM;
	for (int i = 0; i < _COLUMN_MAX && r == 0; i++)
		r = scols_line_set_data(line, i, *cells[i] ? cells[i] : "-");
	return r;
}

static int print_table(const json_t *channels, bool legend)
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

		if (*text(channel, "reason"))
			printf("%s: %s\n", text(channel, "channel"), text(channel, "reason"));
	}
	if (r == 0 && legend)
		printf("%s%zu channel%s.\n", n > 0 ? "\n" : "", n, n == 1 ? "" : "s");
	scols_unref_table(table);
	return r;
}

/* Those that were named; a channel may be there on several devices. */
static json_t *choose(const json_t *channels, int argc, char **argv)
{
	json_t *chosen = json_array(), *channel;
	size_t i;

	json_array_foreach (channels, i, channel) {
		bool wanted = argc == 0;

		for (int j = 0; j < argc && !wanted; j++) {
			char name[CHANNEL_TEXT_MAX];
			struct channel_key key;
			const char *why;

			wanted = channel_parse(argv[j], &key, &why) == 0 &&
				 !strcmp(channel_format(&key, name), text(channel, "channel"));
		}
		if (wanted)
			json_array_append(chosen, channel);
	}
	return chosen;
}

int verb_channels(const struct settings *settings, int argc, char **argv)
{
	json_t *channels, *chosen;
	struct client *client;
	int r;

	r = check(argc, argv);
	if (r == AMTCTL_OK)
		r = client_open_or_complain(settings, &client);
	if (r != AMTCTL_OK)
		return r;
	r = client_call(client, "channels", &channels, "Channels", NULL);
	client_close(client);
	if (r != AMTCTL_OK)
		return r;
	chosen = choose(channels, argc, argv);
	json_decref(channels);
	output_page(settings);
	if (settings->json != JSON_MODE_OFF)
		output_json(settings, chosen);
	else if (print_table(chosen, settings->legend) < 0)
		r = complain(AMTCTL_FAILED, "out of memory");
	json_decref(chosen);
	return r;
}
