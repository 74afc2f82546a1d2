/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/device.h"

#include "amtctl/forward.h"
#include "amtctl/human.h"
#include "amtctl/output.h"
#include "amtctl/tunnels.h"
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ADDRESS_PORT_MAX 300 /* an address, which may have been escaped, and a port */

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
static int state_find(const char *state)
{
	size_t i;

	for (i = 0; i < N_STATES; i++)
		if (!strcmp(states[i].state, state))
			return i;
	return -1;
}

enum colour device_state_colour(const char *state)
{
	int i = state_find(state);

	return i < 0 ? COLOUR_NONE : states[i].colour;
}

const json_t *device_field(const json_t *object, ...)
{
	const char *key;
	va_list keys;

	va_start(keys, object);
	while (object && (key = va_arg(keys, const char *)))
		object = json_object_get(object, key);
	va_end(keys);

	return object;
}

static const char *text(const json_t *json)
{
	return output_safe(json_string_value(json));
}

static uint64_t number(const json_t *json)
{
	return json_is_integer(json) ? json_integer_value(json) : 0;
}

#define FIELD(object, ...)  device_field(object, __VA_ARGS__, NULL)
#define TEXT(object, ...)   text(FIELD(object, __VA_ARGS__))
#define NUMBER(object, ...) number(FIELD(object, __VA_ARGS__))
#define INFO(device, key)   device_field(device, "linkinfo", "info_data", key, NULL)

/* Of the configuration, or else of the kernel, which knows nothing of a device that waits. */
static const json_t *either(const json_t *device, const char *key)
{
	return FIELD(device, key) ?: INFO(device, key);
}

static bool is_relay(const json_t *device)
{
	return !strcmp(text(either(device, "mode")), "relay");
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

	if (is_relay(device))
		return "";
	for (i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++)
		if (*text(candidates[i]))
			return text(candidates[i]);
	return "";
}

/* The port that packets of the device leave from. */
static uint64_t local_port(const json_t *device)
{
	const json_t *port = INFO(device, is_relay(device) ? "relay_port" : "gateway_port");

	return number(port ?: FIELD(device, "port"));
}

/*
 * The table.
 */

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
		[COLUMN_MODE] = text(either(device, "mode")),
		[COLUMN_STATE] = TEXT(device, "state"),
		[COLUMN_RELAY] = device_relay(device),
		[COLUMN_LINK] = text(either(device, "link")),
		[COLUMN_LOCAL] = text(INFO(device, "local")),
		[COLUMN_SINCE] = "",
	};
	uint64_t since = NUMBER(device, "state_since_usec");
	struct libscols_line *line;
	int i, r = 0, state = state_find(cells[COLUMN_STATE]);

	if (since > 0)
		cells[COLUMN_SINCE] = human_ago(ago, now_usec, since);
	if (*cells[COLUMN_LOCAL] && local_port(device) > 0) {
		snprintf(local, sizeof(local), "%s:%" PRIu64, cells[COLUMN_LOCAL],
			 local_port(device));
		cells[COLUMN_LOCAL] = local;
	}

	line = scols_table_new_line(table, NULL);
	if (!line)
		return -ENOMEM;
	for (i = 0; i < _COLUMN_MAX && r == 0; i++)
		r = scols_line_set_data(line, i, *cells[i] ? cells[i] : "-");
	if (r == 0 && state >= 0)
		r = scols_cell_set_color(scols_line_get_cell(line, COLUMN_STATE),
					 states[state].scols);
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

int device_print_table(const json_t *devices, bool legend, uint64_t now_usec)
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

/*
 * The block.
 */

static void key(const char *name)
{
	printf("%14s: ", name);
}

static void line(const char *name, const char *value)
{
	if (!*value)
		return;
	key(name);
	printf("%s\n", value);
}

static void print_state(const json_t *device, uint64_t now_usec)
{
	uint64_t since = NUMBER(device, "state_since_usec");
	const char *state = TEXT(device, "state");
	time_t seconds = since / USEC_PER_SEC;
	char buf[HUMAN_MAX];
	struct tm tm;
	int i;

	if (!*state)
		return;

	i = state_find(state);
	key("State");
	printf("%s%s%s", output_colour(i < 0 ? COLOUR_NONE : states[i].colour), state,
	       output_reset());
	if (since > 0 && localtime_r(&seconds, &tm) &&
	    strftime(buf, sizeof(buf), "%a %Y-%m-%d %H:%M:%S %Z", &tm) > 0)
		printf(" since %s; ", buf);
	if (since > 0)
		printf("%s", human_ago(buf, now_usec, since));
	putchar('\n');
	line("Reason", TEXT(device, "reason"));
}

static void print_relay(const json_t *device)
{
	const json_t *configured = FIELD(device, "relay", "configured");
	uint64_t port = NUMBER(device, "relay", "port");
	const char *relay = device_relay(device);
	const char *separator = "";
	size_t i;

	if (!*relay)
		return;

	key("Relay");
	printf("%s", relay);
	if (port > 0)
		printf(" port %" PRIu64, port);
	if (json_array_size(FIELD(device, "candidates")) == 0) {
		if (json_array_size(configured) > 0)
			printf("; configured: ");
		for (i = 0; i < json_array_size(configured); i++, separator = ", ")
			printf("%s%s", separator, text(json_array_get(configured, i)));
	}
	putchar('\n');
}

/* "10.25 ms", "-" when it never answered */
static const char *round_trip(char buf[static HUMAN_MAX], const json_t *candidate)
{
	uint64_t usec = NUMBER(candidate, "rtt_usec");

	if (usec == 0)
		return "-";
	snprintf(buf, HUMAN_MAX, "%" PRIu64 ".%02" PRIu64 " ms", usec / 1000, usec % 1000 / 10);
	return buf;
}

/* What is to be said of one besides: all that keeps it from being used, and where it leads. */
static void print_candidate_remarks(const json_t *candidate, uint64_t now_usec)
{
	const char *relay = TEXT(candidate, "relay"), *separator = "  ";
	uint64_t held = NUMBER(candidate, "held_until_usec");
	time_t seconds = held / USEC_PER_SEC;
	char clock[HUMAN_MAX], span[HUMAN_MAX];
	struct tm tm;

	if (*relay && strcmp(relay, TEXT(candidate, "address"))) {
		printf("%sleads to %s", separator, relay);
		separator = "; ";
	}
	if (held > now_usec && localtime_r(&seconds, &tm) &&
	    strftime(clock, sizeof(clock), "%H:%M:%S", &tm) > 0) {
		printf("%sleft alone until %s, %s from now", separator, clock,
		       human_span(span, held - now_usec));
		separator = "; ";
	}
	if (*TEXT(candidate, "note"))
		printf("%s%s", separator, TEXT(candidate, "note"));
}

/* In the order of preference; the chosen one has a mark. */
static void print_candidates(const json_t *device, uint64_t now_usec)
{
	const json_t *candidates = FIELD(device, "candidates"), *candidate;
	uint64_t refused = NUMBER(device, "candidates_refused");
	int address_width = 0, origin_width = 0, n;
	char rtt[HUMAN_MAX];
	size_t i;

	for (i = 0; i < json_array_size(candidates); i++) {
		candidate = json_array_get(candidates, i);
		n = strlen(TEXT(candidate, "address"));
		address_width = n > address_width ? n : address_width;
		n = strlen(TEXT(candidate, "origin"));
		origin_width = n > origin_width ? n : origin_width;
	}
	for (i = 0; i < json_array_size(candidates); i++) {
		candidate = json_array_get(candidates, i);
		if (i == 0)
			key("Candidates");
		else
			printf("%16s", "");
		printf("%c %-*s  %-*s  %9s", json_is_true(FIELD(candidate, "chosen")) ? '*' : ' ',
		       address_width, TEXT(candidate, "address"), origin_width,
		       TEXT(candidate, "origin"), round_trip(rtt, candidate));
		print_candidate_remarks(candidate, now_usec);
		putchar('\n');
	}
	if (refused > 0) {
		key(i == 0 ? "Candidates" : "Left out");
		printf("%" PRIu64 "%s\n", refused, i == 0 ? " left out" : "");
	}
	line("DNS", TEXT(device, "dns"));
}

static void print_local(const json_t *device)
{
	const char *local = text(INFO(device, "local")), *seen_as = TEXT(device, "seen_as");
	uint64_t port = local_port(device);

	if (!*local && port == 0)
		return;

	key("Local");
	printf("%s", *local ? local : "any address");
	if (port > 0)
		printf(" port %" PRIu64, port);
	if (*seen_as)
		printf("; the relay sees %s", seen_as);
	putchar('\n');
}

static void print_traffic(const char *name, const json_t *counters)
{
	uint64_t packets = NUMBER(counters, "packets");
	char size[HUMAN_MAX];

	if (!counters)
		return;

	key(name);
	printf("%" PRIu64 " packet%s, %s\n", packets, packets == 1 ? "" : "s",
	       human_size(size, NUMBER(counters, "bytes")));
}

static void print_link(const json_t *device)
{
	uint64_t tunnels = number(INFO(device, "max_tunnels"));

	line("Link", text(either(device, "link")));
	if (NUMBER(device, "mtu") > 0) {
		key("MTU");
		printf("%" PRIu64 "\n", NUMBER(device, "mtu"));
	}
	if (is_relay(device) && tunnels > 0 && !FIELD(device, "serving")) {
		key("Tunnels");
		printf("at most %" PRIu64 "\n", tunnels);
	}
	print_traffic("Received", FIELD(device, "stats64", "rx"));
	print_traffic("Sent", FIELD(device, "stats64", "tx"));
}

/* ", 2 dropped (source 1, length 1)" */
static void print_dropped(const json_t *counters)
{
	const char *separator = " (", *reason;
	json_t *count;

	printf(", %" PRIu64 " dropped", NUMBER(counters, "dropped"));
	json_object_foreach ((json_t *)FIELD(counters, "dropped_by_reason"), reason, count) {
		if (number(count) == 0)
			continue;
		printf("%s%s %" PRIu64, separator, output_safe(reason), number(count));
		separator = ", ";
	}
	if (*separator == ',')
		putchar(')');
}

static void print_counters(const json_t *device, uint64_t now_usec)
{
	const json_t *advertisements = FIELD(device, "advertisements");
	const json_t *queries = FIELD(device, "queries");
	uint64_t last = NUMBER(device, "last_query_usec");
	char ago[HUMAN_MAX];

	if (advertisements) {
		key("Advertisements");
		printf("%" PRIu64 " seen, %" PRIu64 " rewritten, %" PRIu64 " passed",
		       NUMBER(advertisements, "seen"), NUMBER(advertisements, "rewritten"),
		       NUMBER(advertisements, "passed"));
		print_dropped(advertisements);
		putchar('\n');
	}
	if (queries) {
		key("Queries");
		printf("%" PRIu64 " seen (IPv4 %" PRIu64 ", IPv6 %" PRIu64 "), %" PRIu64 " passed",
		       NUMBER(queries, "seen"), NUMBER(queries, "ipv4"), NUMBER(queries, "ipv6"),
		       NUMBER(queries, "passed"));
		print_dropped(queries);
		if (NUMBER(queries, "loaded") > 0)
			printf(", %" PRIu64 " from a loaded relay", NUMBER(queries, "loaded"));
		putchar('\n');
		key("Last Query");
		printf("%s\n", last > 0 ? human_ago(ago, now_usec, last) : "none yet");
	}
}

static void print_rewrites(const json_t *device)
{
	const json_t *rewrites = FIELD(device, "rewrites"), *rewrite;
	size_t i;

	for (i = 0; i < json_array_size(rewrites); i++) {
		rewrite = json_array_get(rewrites, i);
		if (i == 0)
			key("Rewrites");
		else
			printf("%16s", "");
		printf("%s %s %s\n", TEXT(rewrite, "advertised"), output_is_utf8() ? "→" : "->",
		       TEXT(rewrite, "relay"));
	}
	if (json_array_size(rewrites) > 0)
		line("On failure", TEXT(device, "on_failure"));
}

static void print_sysctls(const json_t *device)
{
	const char *name, *previous;
	json_t *setting;
	bool first = true;

	json_object_foreach ((json_t *)FIELD(device, "sysctls"), name, setting) {
		if (first)
			key("Sysctls");
		else
			printf("%16s", "");
		first = false;
		printf("%s=%s", output_safe(name), TEXT(setting, "value"));
		previous = TEXT(setting, "previous");
		if (*previous && strcmp(previous, TEXT(setting, "value")))
			printf(" (was %s)", previous);
		putchar('\n');
	}
}

static void print_files(const json_t *device)
{
	const json_t *dropins = FIELD(device, "dropins");
	size_t i;

	line("File", TEXT(device, "file"));
	for (i = 0; i < json_array_size(dropins); i++)
		printf("%16s%s\n", "", text(json_array_get(dropins, i)));
}

void device_print(const json_t *device, uint64_t now_usec)
{
	const char *description = TEXT(device, "description");
	int i = state_find(TEXT(device, "state"));

	printf("%s%s%s %s%s%s", output_colour(i < 0 ? COLOUR_NONE : states[i].colour),
	       output_is_utf8() ? "●" : "*", output_reset(), output_colour(COLOUR_BOLD),
	       TEXT(device, "ifname"), output_reset());
	if (*description)
		printf(" - %s", description);
	putchar('\n');

	print_state(device, now_usec);
	line("Mode", text(either(device, "mode")));
	print_relay(device);
	print_candidates(device, now_usec);
	print_local(device);
	print_link(device);
	print_counters(device, now_usec);
	tunnels_print(device, now_usec);
	forward_print(device);
	print_rewrites(device);
	print_sysctls(device);
	print_files(device);
}

/* "up0, up1" */
static void print_interfaces(const json_t *interfaces)
{
	for (size_t i = 0; i < json_array_size(interfaces); i++)
		printf("%s%s", i > 0 ? ", " : "", TEXT(json_array_get(interfaces, i), "ifname"));
}

/* What a proxy is made of; a relay is known by its address, too. */
static void print_created_proxy(const json_t *device)
{
	const json_t *downstreams = FIELD(device, "forward", "downstreams");
	const char *error = TEXT(device, "forward", "error");

	if (*error) {
		printf("forwards nothing: %s", error);
		return;
	}
	if (json_array_size(downstreams) == 0) {
		printf("listens on ");
		print_interfaces(FIELD(device, "heard_upstream"));
		return;
	}
	printf("forwards from ");
	print_interfaces(FIELD(device, "forward", "upstreams"));
	printf(" to ");
	print_interfaces(downstreams);
}

void device_print_created(const json_t *device)
{
	const char *state = TEXT(device, "state"), *reason = TEXT(device, "reason");
	const char *local = text(INFO(device, "local")), *link = text(either(device, "link"));

	printf("%s: created, ", TEXT(device, "ifname"));
	if (!strcmp(state, "discovering"))
		printf("discovering relay %s through %s", device_relay(device), link);
	else if (!strcmp(state, "connected"))
		printf("connected to relay %s through %s", device_relay(device), link);
	else if (!strcmp(text(either(device, "mode")), "proxy"))
		print_created_proxy(device);
	else if (!strcmp(state, "running"))
		printf("relay on %s, %s port %" PRIu64, link, local, local_port(device));
	else
		printf("%s%s%s", state, *reason ? ": " : "", reason);
	printf(" (%s)\n", TEXT(device, "file"));
}
