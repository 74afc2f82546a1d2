/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb that prints events: monitor. */
#include "amtctl/amtctl.h"
#include "amtctl/events.h"
#include "amtctl/output/device-fields.h"
#include "amtctl/output/device.h"
#include "amtctl/output/fields.h"
#include "amtctl/output/human.h"
#include "amtctl/output/output.h"
#include "base/clock.h"
#include "base/escape.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LINE_MAX 1024

enum monitor_option {
	OPTION_MESSAGES,
};

const struct verb_option monitor_options[] = {
	[OPTION_MESSAGES] = { "messages", NULL,
			      "Print the IGMP and MLD messages of [Forward], too" },
	{ NULL },
};

struct monitor {
	const struct settings *settings;
	int argc;
	char **argv;
};

/* A line that grows, and is truncated at its end. */
struct line {
	char text[LINE_MAX];
	size_t length;
};

static void __attribute__((format(printf, 2, 3)))
line_add(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->length;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(line->text + line->length, room, format, arguments);
	va_end(arguments);
	if (n > 0)
		line->length += (size_t)n < room ? (size_t)n : room - 1;
}

static bool is_message(const json_t *event)
{
	const char *kind = field_string(event, "event");

	return strcmp(kind, "query") == 0 || strcmp(kind, "report") == 0;
}

static bool is_wanted(const struct monitor *monitor, const json_t *object)
{
	const json_t *name = json_object_get(object, "ifname");
	int i;

	if (is_message(object) && !monitor->settings->values[OPTION_MESSAGES])
		return false;

	/* An event without a device is for all. */
	for (i = 0; name && i < monitor->argc; i++)
		if (fnmatch(monitor->argv[i], json_string_value(name) ?: "", 0) == 0)
			return true;
	return !name || monitor->argc == 0;
}

/*
 * Kinds of events.
 */

static void format_created(const json_t *event, struct line *line)
{
	line_add(line, "created, %s, from %s", field_string(event, "mode"),
		 field_string(event, "file"));
}

static void format_removed(const json_t *event, struct line *line)
{
	line_add(line, "removed");
}

static void format_present(const json_t *event, struct line *line)
{
	uint64_t since = NUMBER(event, "state_since_usec"), now = NUMBER(event, "time_usec");
	char span[HUMAN_MAX];

	line_add(line, "is %s", field_string(event, "state"));
	if (since > 0 && since <= now)
		line_add(line, " for %s", human_span(span, now - since));
	line_add(line, ": %s", field_string(event, "reason"));
}

static void format_state(const json_t *event, struct line *line)
{
	const char *former = field_string(event, "former_state");

	line_add(line, "%s: %s", field_string(event, "state"), field_string(event, "reason"));
	if (*former && strcmp(former, field_string(event, "state")) != 0)
		line_add(line, " (was %s)", former);
}

static void format_relay(const json_t *event, struct line *line)
{
	const char *former = field_string(event, "former_relay");

	line_add(line, "relay %s (%s) chosen", field_string(event, "relay"),
		 field_string(event, "origin"));
	if (*former)
		line_add(line, " after %s", former);
	line_add(line, ": %s", field_string(event, "reason"));
}

static void format_advertisement(const json_t *event, struct line *line)
{
	const char *advertised = field_string(event, "advertised"),
		   *relay = field_string(event, "relay");
	uint64_t count = NUMBER(event, "count");

	line_add(line, "Advertisement");
	if (*advertised)
		line_add(line, " of %s", advertised);
	line_add(line, " %s", field_string(event, "advertisement"));
	if (*relay)
		line_add(line, ", to %s", relay);
	if (*field_string(event, "reason"))
		line_add(line, ": %s", field_string(event, "reason"));
	if (count > 1)
		line_add(line, " (%" PRIu64 " times since the last line)", count);
}

/* "IGMPv3 Query from 192.0.2.1 on eth0 (upstream)" */
static void format_message(const json_t *event, const char *what, struct line *line)
{
	line_add(line, "%sv%" PRIu64 " %s from %s on %s (%s)",
		 strcmp(field_string(event, "protocol"), "mld") != 0 ? "IGMP" : "MLD",
		 NUMBER(event, "version"), what, field_string(event, "source"),
		 field_string(event, "on"), field_string(event, "side"));
}

static void format_missed(const json_t *event, struct line *line)
{
	if (NUMBER(event, "missed") > 0)
		line_add(line, " (%" PRIu64 " others suppressed by the rate limit)",
			 NUMBER(event, "missed"));
}

static void format_sources(const json_t *object, struct line *line)
{
	const json_t *sources = json_object_get(object, "sources");
	uint64_t untold = NUMBER(object, "sources_untold");
	size_t i;

	for (i = 0; i < json_array_size(sources); i++)
		line_add(line, "%s%s", i == 0 ? " {" : " ",
			 json_string_value(json_array_get(sources, i)) ?: "");
	if (untold > 0)
		line_add(line, " and %" PRIu64 " more", untold);
	if (i > 0)
		line_add(line, "}");
}

static void format_query(const json_t *event, struct line *line)
{
	format_message(event, "Query", line);
	if (*field_string(event, "group"))
		line_add(line, ": %s", field_string(event, "group"));
	format_sources(event, line);
	format_missed(event, line);
}

static void format_report(const json_t *event, struct line *line)
{
	const json_t *records = json_object_get(event, "records"), *record;
	size_t i;

	format_message(event, json_is_true(json_object_get(event, "leave")) ? "Leave" : "Report",
		       line);
	if (json_is_true(json_object_get(event, "unicast")))
		line_add(line, ", unicast");
	json_array_foreach (records, i, record) {
		line_add(line, "%s %s %s", i == 0 ? ":" : ",", field_string(record, "type"),
			 field_string(record, "group"));
		format_sources(record, line);
	}
	format_missed(event, line);
}

static void format_lost(const json_t *event, struct line *line)
{
	line_add(line, "%" PRIu64 " events lost, the current state:", NUMBER(event, "count"));
}

static void format_overrun(const json_t *event, struct line *line)
{
	line_add(line, "%s overrun, %" PRIu64 " so far", field_string(event, "queue"),
		 NUMBER(event, "count"));
}

static void format_event(const json_t *event, struct line *line)
{
	static const struct {
		const char *name;
		void (*format_event)(const json_t *event, struct line *line);
	} kinds[] = {
		{ "created", format_created }, { "removed", format_removed },
		{ "present", format_present }, { "state", format_state },
		{ "relay", format_relay },     { "advertisement", format_advertisement },
		{ "query", format_query },     { "report", format_report },
		{ "lost", format_lost },       { "overrun", format_overrun },
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, field_string(event, "event")) == 0) {
			kinds[i].format_event(event, line);
			return;
		}
	line_add(line, "%s", field_string(event, "event")); /* of a newer amtd */
}

static void print_line(const json_t *event)
{
	char safe[ESCAPED_MAX(LINE_MAX)], name[ESCAPED_MAX(64)], clock[16] = "";
	uint64_t usec = NUMBER(event, "time_usec");
	time_t seconds = (time_t)(usec / USEC_PER_SEC);
	const char *ifname = field_string(event, "ifname");
	struct line line = { 0 };
	struct tm tm;

	format_event(event, &line);
	if (localtime_r(&seconds, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	/* Not output_safe(): its copies would pile up. */
	output_escape(ifname, strlen(ifname), name, sizeof(name));
	output_escape(line.text, line.length, safe, sizeof(safe));
	printf("%s.%03u %-15s %s%s%s\n", clock, (unsigned int)(usec % USEC_PER_SEC / 1000), name,
	       output_colour(device_state_colour(field_string(event, "state"))), safe,
	       output_reset());
}

/* JSON is one line per event, pretty or not: the reader must know where it ends. */
static void print_event(const struct monitor *monitor, const json_t *event)
{
	struct settings one_line = *monitor->settings;

	one_line.json = JSON_MODE_SHORT;
	if (!is_wanted(monitor, event))
		return;
	if (monitor->settings->json != JSON_MODE_OFF)
		output_json(&one_line, event);
	else
		print_line(event);
}

static int on_devices(const json_t *devices, void *userdata)
{
	json_t *device, *event;
	size_t i;

	json_array_foreach (devices, i, device) {
		event = field_present_event(device, clock_realtime());
		print_event(userdata, event);
		json_decref(event);
	}
	fflush(stdout);
	return EVENTS_GO_ON;
}

static int on_event(const json_t *event, void *userdata)
{
	print_event(userdata, event);
	fflush(stdout);
	return EVENTS_GO_ON;
}

int verb_monitor(const struct settings *settings, int argc, char **argv)
{
	static const struct events_handler handler = {
		.devices = on_devices,
		.event = on_event,
		.endless = true,
	};
	struct monitor monitor = { .settings = settings, .argc = argc, .argv = argv };

	return events_run(settings, &handler, &monitor);
}
