/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/forward.h"

#include "amtctl/output/fields.h"
#include "amtctl/output/output.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Counters of errors, printed where they are not 0. */
struct counter {
	const char *key, *name;
};

static void print_red(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print_red(const char *format, ...)
{
	va_list arguments;

	fputs(output_colour(COLOUR_RED), stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	fputs(output_reset(), stdout);
}

static void plural(uint64_t n, const char *word)
{
	printf("%" PRIu64 " %s%s", n, word, n == 1 ? "" : "s");
}

/* "3 malformed, 12 over MaxGroups="; nothing where all are 0. Whether there were any. */
static bool print_odd(const char *before, const json_t *object, const struct counter *counters,
		      size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		uint64_t count = field_number(json_object_get(object, counters[i].key));

		if (count == 0)
			continue;
		printf("%s%" PRIu64 " %s", any ? ", " : before, count, counters[i].name);
		any = true;
	}
	return any;
}

#define COUNTERS(before, object, table) \
	print_odd(before, object, table, sizeof(table) / sizeof((table)[0]))

static int widest(const json_t *interfaces)
{
	int width = 0;

	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		int n = (int)strlen(TEXT(json_array_get(interfaces, i), "ifname"));

		width = n > width ? n : width;
	}
	return width;
}

static void print_upstreams(const json_t *forward)
{
	const json_t *upstreams = FIELD(forward, "upstreams");
	const char *backup = TEXT(forward, "alternative");
	int width = widest(upstreams);

	for (size_t i = 0; i < json_array_size(upstreams); i++) {
		const json_t *upstream = json_array_get(upstreams, i);

		label_or_space("Upstream", i);
		printf("%-*s  %s", width, TEXT(upstream, "ifname"),
		       strcmp(TEXT(upstream, "prefix"), "any") == 0 ? "any source"
								    : TEXT(upstream, "prefix"));
		if (!json_is_true(FIELD(upstream, "running")))
			print_red("  missing or down");
		putchar('\n');
	}
	if (*backup) {
		label("Backup");
		printf("%s%s\n", backup,
		       json_is_true(FIELD(forward, "switched")) ? ", in use" : "");
	}
}

/* A line below the rest of the side, where there is any. */
static void print_ignored(const json_t *side, int indent)
{
	static const struct counter odd[] = {
		{ "unicast_ignored", "unicast, see UnicastReports=" },
		{ "lost", "lost under load" },
	};
	static const struct counter refused[] = {
		{ "ip", "with a wrong IP header" },
		{ "type", "of an unknown type" },
		{ "length", "too short" },
		{ "ttl", "from beyond the link" },
		{ "router_alert", "without Router Alert" },
		{ "checksum", "with a wrong checksum" },
		{ "source", "with a wrong source" },
		{ "destination", "with a wrong destination" },
		{ "group", "with a wrong group" },
		{ "unicast_query", "Queries to this host alone" },
		{ "frame", "Queries in a frame to this host alone" },
		{ "subnet", "Queries from another subnet" },
	};
	static const struct counter ignored[] = {
		{ "max_groups", "over MaxGroups=" },
		{ "max_groups_per_host", "over MaxGroupsPerHost=" },
		{ "max_sources", "sources over MaxSources=" },
		{ "group", "for groups never forwarded" },
		{ "any_source", "any-source in the SSM range" },
		{ "denied", "denied by AllowGroups= or DenyGroups=" },
		{ "source", "with an invalid source" },
		{ "version", "of a newer version" },
		{ "older_host", "in compatibility mode with older hosts" },
		{ "query", "Queries without source" },
		{ "response", "Queries that hosts answer late" },
		{ "memory", "out of memory" },
	};
	char before[64];
	bool any;

	snprintf(before, sizeof(before), "%*signored: ", indent, "");
	any = COUNTERS(before, side, odd);
	any = COUNTERS(any ? ", " : before, FIELD(side, "refused"), refused) || any;
	any = COUNTERS(any ? ", " : before, FIELD(side, "ignored"), ignored) || any;
	if (any)
		putchar('\n');
}

/* Groups, Reports, the querier, and what was ignored; the line has begun. */
static void print_side(const char *protocol, const json_t *side, int indent)
{
	const char *querier = TEXT(side, "querier");

	printf("%-4s  ", protocol);
	plural(NUMBER(side, "groups"), "group");
	fputs(", ", stdout);
	plural(NUMBER(side, "reports"), "Report");
	printf(" received, ");
	if (!*querier)
		print_red("no querier");
	else
		printf("querier %s%s", querier,
		       json_is_true(FIELD(side, "querying")) ? " (this host)" : "");
	putchar('\n');
	print_ignored(side, indent + 6);
}

static void print_downstream(const json_t *downstream, int width)
{
	const char *name = TEXT(downstream, "ifname"), *error = TEXT(downstream, "error");
	const json_t *igmp = FIELD(downstream, "igmp"), *mld = FIELD(downstream, "mld");
	const int indent = 16 + width + 2;

	printf("%-*s  ", width, name);
	if (*error || !json_is_true(FIELD(downstream, "running"))) {
		print_red("%s", *error ? error : "missing or down");
		putchar('\n');
		return;
	}
	if (igmp)
		print_side("IGMP", igmp, indent);
	if (igmp && mld)
		printf("%*s", indent, "");
	if (mld)
		print_side("MLD", mld, indent);
	if (!igmp && !mld)
		printf("tunnels of its gateways\n");
}

/* Joins upstream and routes of one family. */
static void print_family(const char *name, const json_t *family)
{
	static const struct counter odd[] = {
		{ "dropped_flows", "unwanted" },
		{ "wrong_interface", "on the wrong interface" },
		{ "refused", "for groups never forwarded" },
		{ "evicted", "evicted" },
		{ "denied", "denied by AllowGroups= or DenyGroups=" },
	};
	const char *error = TEXT(family, "error"), *failure = TEXT(family, "failure");
	uint64_t failed = NUMBER(family, "failed");

	printf("%s  ", name);
	if (*error)
		print_red("not forwarded: %s", error);
	else {
		plural(NUMBER(family, "groups"), "group");
		fputs(", ", stdout);
		plural(NUMBER(family, "joins"), "join");
		printf(" upstream, ");
		plural(NUMBER(family, "flows"), "any-source flow");
		(void)COUNTERS(", ", family, odd);
	}
	putchar('\n');
	if (failed > 0) {
		printf("%22s", "");
		print_red("%" PRIu64 " kernel error%s, last: %s", failed, failed == 1 ? "" : "s",
			  failure);
		putchar('\n');
	}
}

static void print_listener(const char *protocol, const json_t *side)
{
	const char *querier = TEXT(side, "querier");

	printf("%-4s  ", protocol);
	plural(NUMBER(side, "reports"), "Report");
	printf(" received, %s%s\n", *querier ? "querier " : "no querier", querier);
}

/* All there is where nothing is forwarded. */
static void print_listeners(const json_t *listeners)
{
	int width = widest(listeners);

	for (size_t i = 0; i < json_array_size(listeners); i++) {
		const json_t *listener = json_array_get(listeners, i);

		label_or_space("Upstream", i);
		printf("%-*s  ", width, TEXT(listener, "ifname"));
		print_listener("IGMP", FIELD(listener, "igmp"));
		printf("%16s%*s  ", "", width, "");
		print_listener("MLD", FIELD(listener, "mld"));
	}
}

void forward_print(const json_t *device)
{
	const json_t *forward = FIELD(device, "forward"), *downstreams;
	int width;

	if (!forward) {
		print_listeners(FIELD(device, "heard_upstream"));
		return;
	}
	if (*TEXT(forward, "error")) {
		label_or_space("Forwarding", 0);
		print_red("failed: %s", TEXT(forward, "error"));
		putchar('\n');
		return;
	}
	print_upstreams(forward);
	downstreams = FIELD(forward, "downstreams");
	width = widest(downstreams);
	for (size_t i = 0; i < json_array_size(downstreams); i++) {
		label_or_space("Downstream", i);
		print_downstream(json_array_get(downstreams, i), width);
	}
	label_or_space("Forwarding", 0);
	print_family("IPv4", FIELD(forward, "ipv4"));
	label_or_space("Forwarding", 1);
	print_family("IPv6", FIELD(forward, "ipv6"));
	if (NUMBER(forward, "table") > 0) {
		label_or_space("Table", 0);
		printf("%" PRIu64 ", see ip mroute show table %" PRIu64 "\n",
		       NUMBER(forward, "table"), NUMBER(forward, "table"));
	}
}
