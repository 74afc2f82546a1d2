/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/device.h"

#include "amtctl/output/device-fields.h"
#include "amtctl/output/forward.h"
#include "amtctl/output/human.h"
#include "amtctl/output/tunnels.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void print_state(const json_t *device, uint64_t now_usec)
{
	uint64_t since = NUMBER(device, "state_since_usec");
	const char *state = TEXT(device, "state");
	time_t seconds = since / USEC_PER_SEC;
	char buf[HUMAN_MAX];
	struct tm tm;

	if (!*state)
		return;

	label("State");
	printf("%s%s%s", output_colour(device_state_colour(state)), state, output_reset());
	if (since > 0 && localtime_r(&seconds, &tm) &&
	    strftime(buf, sizeof(buf), "%a %Y-%m-%d %H:%M:%S %Z", &tm) > 0)
		printf(" since %s; ", buf);
	if (since > 0)
		printf("%s", human_ago(buf, now_usec, since));
	putchar('\n');
	label_line("Reason", TEXT(device, "reason"));
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

	label("Relay");
	printf("%s", relay);
	if (port > 0)
		printf(" port %" PRIu64, port);
	if (json_array_size(FIELD(device, "candidates")) == 0) {
		if (json_array_size(configured) > 0)
			printf("; configured: ");
		for (i = 0; i < json_array_size(configured); i++, separator = ", ")
			printf("%s%s", separator, field_text(json_array_get(configured, i)));
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

/* The relay it leads to, and what keeps it from being used. */
static void print_candidate_notes(const json_t *candidate, uint64_t now_usec)
{
	const char *relay = TEXT(candidate, "relay"), *separator = "  ";
	uint64_t held = NUMBER(candidate, "held_until_usec");
	time_t seconds = held / USEC_PER_SEC;
	char clock[HUMAN_MAX], span[HUMAN_MAX];
	struct tm tm;

	if (*relay && strcmp(relay, TEXT(candidate, "address")) != 0) {
		printf("%srelay %s", separator, relay);
		separator = "; ";
	}
	if (held > now_usec && localtime_r(&seconds, &tm) &&
	    strftime(clock, sizeof(clock), "%H:%M:%S", &tm) > 0) {
		printf("%sheld down until %s, %s left", separator, clock,
		       human_span(span, held - now_usec));
		separator = "; ";
	}
	if (*TEXT(candidate, "note"))
		printf("%s%s", separator, TEXT(candidate, "note"));
}

/* ": loopback address (2), not an allowed address (1)" */
static void print_refused(const json_t *reasons)
{
	const char *separator = ": ", *reason;
	json_t *count;

	json_object_foreach ((json_t *)reasons, reason, count) {
		printf("%s%s (%" PRIu64 ")", separator, output_safe(reason), field_number(count));
		separator = ", ";
	}
}

/* In order of preference; the chosen one is marked. */
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
		label_or_space("Candidates", i);
		printf("%c %-*s  %-*s  %9s", json_is_true(FIELD(candidate, "chosen")) ? '*' : ' ',
		       address_width, TEXT(candidate, "address"), origin_width,
		       TEXT(candidate, "origin"), round_trip(rtt, candidate));
		print_candidate_notes(candidate, now_usec);
		putchar('\n');
	}
	if (refused > 0) {
		label(i == 0 ? "Candidates" : "Refused");
		printf("%" PRIu64 "%s", refused, i == 0 ? " refused" : "");
		print_refused(FIELD(device, "candidates_refused_by_reason"));
		putchar('\n');
	}
	label_line("DNS", TEXT(device, "dns"));
}

static void print_local(const json_t *device)
{
	const char *local = field_text(INFO(device, "local")), *seen_as = TEXT(device, "seen_as");
	uint64_t port = device_local_port(device);

	if (!*local && port == 0)
		return;

	label("Local");
	printf("%s", *local ? local : "any address");
	if (port > 0)
		printf(" port %" PRIu64, port);
	if (*seen_as)
		printf(", seen by the relay as %s", seen_as);
	putchar('\n');
}

static void print_traffic(const char *name, const json_t *counters)
{
	uint64_t packets = NUMBER(counters, "packets");
	char size[HUMAN_MAX];

	if (!counters)
		return;

	label(name);
	printf("%" PRIu64 " packet%s, %s\n", packets, packets == 1 ? "" : "s",
	       human_size(size, NUMBER(counters, "bytes")));
}

static void print_link(const json_t *device)
{
	uint64_t tunnels = field_number(INFO(device, "max_tunnels"));

	label_line("Link", field_text(device_either(device, "link")));
	if (NUMBER(device, "mtu") > 0) {
		label("MTU");
		printf("%" PRIu64, NUMBER(device, "mtu"));
		if (NUMBER(device, "payload", "ipv4") > 0)
			printf(", UDP payload of %" PRIu64 " bytes with IPv4, %" PRIu64
			       " with IPv6",
			       NUMBER(device, "payload", "ipv4"),
			       NUMBER(device, "payload", "ipv6"));
		putchar('\n');
	}
	if (device_is_relay(device) && tunnels > 0 && !FIELD(device, "serving")) {
		label("Tunnels");
		printf("at most %" PRIu64 "\n", tunnels);
	}
	print_traffic("Received", FIELD(device, "stats64", "rx"));
	print_traffic("Sent", FIELD(device, "stats64", "tx"));
}

static void print_dropped(const json_t *counters)
{
	if (NUMBER(counters, "dropped") == 0)
		fputs(", 0 dropped", stdout);
	print_reasons("dropped", FIELD(counters, "dropped_by_reason"));
}

static void print_counters(const json_t *device, uint64_t now_usec)
{
	const json_t *advertisements = FIELD(device, "advertisements");
	const json_t *queries = FIELD(device, "queries");
	uint64_t last = NUMBER(device, "last_query_usec");
	char ago[HUMAN_MAX];

	if (advertisements) {
		label("Advertisements");
		printf("%" PRIu64 " received, %" PRIu64 " rewritten, %" PRIu64 " passed",
		       NUMBER(advertisements, "seen"), NUMBER(advertisements, "rewritten"),
		       NUMBER(advertisements, "passed"));
		print_dropped(advertisements);
		putchar('\n');
	}
	if (queries) {
		label("Queries");
		printf("%" PRIu64 " received (IPv4 %" PRIu64 ", IPv6 %" PRIu64 "), %" PRIu64
		       " passed",
		       NUMBER(queries, "seen"), NUMBER(queries, "ipv4"), NUMBER(queries, "ipv6"),
		       NUMBER(queries, "passed"));
		print_dropped(queries);
		if (NUMBER(queries, "loaded") > 0)
			printf(", %" PRIu64 " with the L flag (relay loaded)",
			       NUMBER(queries, "loaded"));
		putchar('\n');
		label("Last Query");
		printf("%s\n", last > 0 ? human_ago(ago, now_usec, last) : "never");
	}
}

/* Why a stream may not arrive. */
static void print_hints(const json_t *device)
{
	const json_t *hints = FIELD(device, "hints");

	for (size_t i = 0; i < json_array_size(hints); i++)
		label_line("Hint", TEXT(json_array_get(hints, i), "text"));
}

static void print_rewrites(const json_t *device)
{
	const json_t *rewrites = FIELD(device, "rewrites"), *rewrite;
	size_t i;

	for (i = 0; i < json_array_size(rewrites); i++) {
		rewrite = json_array_get(rewrites, i);
		label_or_space("Rewrites", i);
		printf("%s %s %s\n", TEXT(rewrite, "advertised"), output_is_utf8() ? "→" : "->",
		       TEXT(rewrite, "relay"));
	}
	if (json_array_size(rewrites) > 0)
		label_line("On failure", TEXT(device, "on_failure"));
}

static void print_sysctls(const json_t *device)
{
	const char *name, *previous;
	json_t *setting;
	size_t n = 0;

	json_object_foreach ((json_t *)FIELD(device, "sysctls"), name, setting) {
		label_or_space("Sysctls", n++);
		printf("%s=%s", output_safe(name), TEXT(setting, "value"));
		previous = TEXT(setting, "previous");
		if (*previous && strcmp(previous, TEXT(setting, "value")) != 0)
			printf(" (was %s)", previous);
		putchar('\n');
	}
}

static void print_files(const json_t *device)
{
	const json_t *dropins = FIELD(device, "dropins");
	size_t i;

	label_line("File", TEXT(device, "file"));
	for (i = 0; i < json_array_size(dropins); i++)
		printf("%16s%s\n", "", field_text(json_array_get(dropins, i)));
}

void device_print(const json_t *device, uint64_t now_usec)
{
	const char *description = TEXT(device, "description");
	const char *state = TEXT(device, "state");

	printf("%s%s%s %s%s%s", output_colour(device_state_colour(state)),
	       output_is_utf8() ? "●" : "*", output_reset(), output_colour(COLOUR_BOLD),
	       TEXT(device, "ifname"), output_reset());
	if (*description)
		printf(" - %s", description);
	putchar('\n');

	print_state(device, now_usec);
	label_line("Mode", field_text(device_either(device, "mode")));
	print_relay(device);
	print_candidates(device, now_usec);
	print_local(device);
	print_link(device);
	print_counters(device, now_usec);
	tunnels_print(device, now_usec);
	forward_print(device);
	print_hints(device);
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

/* The interfaces of a proxy. */
static void print_created_proxy(const json_t *device)
{
	const json_t *downstreams = FIELD(device, "forward", "downstreams");
	const char *error = TEXT(device, "forward", "error");

	if (*error) {
		printf("not forwarding: %s", error);
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
	const char *local = field_text(INFO(device, "local")),
		   *link = field_text(device_either(device, "link"));

	printf("%s: created, ", TEXT(device, "ifname"));
	if (strcmp(state, "discovering") == 0)
		printf("discovering relay %s through %s", device_relay(device), link);
	else if (strcmp(state, "connected") == 0)
		printf("connected to relay %s through %s", device_relay(device), link);
	else if (strcmp(field_text(device_either(device, "mode")), "proxy") == 0)
		print_created_proxy(device);
	else if (strcmp(state, "running") == 0)
		printf("relay on %s, %s port %" PRIu64, link, local, device_local_port(device));
	else
		printf("%s%s%s", state, *reason ? ": " : "", reason);
	printf(" (%s)\n", TEXT(device, "file"));
}
