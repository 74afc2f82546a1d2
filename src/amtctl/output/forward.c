/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/forward.h"

#include "amtctl/output/fields.h"
#include "amtctl/output/output.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What is worth a look is told where it is not 0, by these names. */
struct counter {
	const char *key, *words;
};

static void print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void print_error(const char *format, ...)
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
static bool print_counters(const char *before, const json_t *object, const struct counter *counters,
			   size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		uint64_t count = field_number(json_object_get(object, counters[i].key));

		if (count == 0)
			continue;
		printf("%s%" PRIu64 " %s", any ? ", " : before, count, counters[i].words);
		any = true;
	}
	return any;
}

#define COUNTERS(before, object, table) \
	print_counters(before, object, table, sizeof(table) / sizeof((table)[0]))

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
	const char *alternative = TEXT(forward, "alternative");
	int width = widest(upstreams);

	for (size_t i = 0; i < json_array_size(upstreams); i++) {
		const json_t *upstream = json_array_get(upstreams, i);

		label_or_space("Upstream", i);
		printf("%-*s  %s", width, TEXT(upstream, "ifname"),
		       strcmp(TEXT(upstream, "prefix"), "any") == 0 ? "any source"
								    : TEXT(upstream, "prefix"));
		if (!json_is_true(FIELD(upstream, "running")))
			print_error("  not there, or down");
		putchar('\n');
	}
	if (*alternative) {
		label_or_space("Alternative", 0);
		printf("%s%s\n", alternative,
		       json_is_true(FIELD(forward, "switched")) ? ", in use now" : "");
	}
}

/* Who asks the hosts, what they want, what was not heeded. */
static void print_side(const char *protocol, const json_t *side)
{
	static const struct counter odd[] = {
		{ "malformed", "malformed" },
		{ "unicast_ignored", "against UnicastReports=" },
		{ "lost", "lost, amtd was too slow" },
	};
	static const struct counter ignored[] = {
		{ "max_groups", "over MaxGroups=" },
		{ "max_groups_per_host", "over MaxGroupsPerHost=" },
		{ "max_sources", "sources over MaxSources=" },
		{ "group", "of groups that are never forwarded" },
		{ "any_source", "without a source in the SSM range" },
		{ "source", "sources that are no host" },
		{ "version", "of a later version" },
		{ "older_host", "not heeded beside older hosts" },
		{ "query", "Queries of nobody" },
		{ "memory", "for lack of memory" },
	};
	const char *querier = TEXT(side, "querier");

	printf("%-4s  ", protocol);
	plural(NUMBER(side, "groups"), "group");
	fputs("; ", stdout);
	plural(NUMBER(side, "reports"), "report");
	printf(" heard; ");
	if (!*querier)
		print_error("nobody asks the hosts");
	else if (json_is_true(FIELD(side, "querying")))
		printf("asks from %s", querier);
	else
		printf("%s asks", querier);
	putchar('\n');
	if (COUNTERS("                  ignored: ", side, odd)) {
		(void)COUNTERS(", ", FIELD(side, "ignored"), ignored);
		putchar('\n');
	} else if (COUNTERS("                  ignored: ", FIELD(side, "ignored"), ignored)) {
		putchar('\n');
	}
}

static void print_downstream(const json_t *downstream, int width)
{
	const char *name = TEXT(downstream, "ifname"), *error = TEXT(downstream, "error");
	const json_t *igmp = FIELD(downstream, "igmp"), *mld = FIELD(downstream, "mld");

	printf("%-*s  ", width, name);
	if (*error || !json_is_true(FIELD(downstream, "running"))) {
		print_error("%s", *error ? error : "not there, or down");
		putchar('\n');
		return;
	}
	if (igmp)
		print_side("IGMP", igmp);
	if (igmp && mld)
		printf("%16s%*s  ", "", width, "");
	if (mld)
		print_side("MLD", mld);
	if (!igmp && !mld)
		printf("the tunnels of its gateways\n");
}

/* What is joined upstream and routed, of one family. */
static void print_family(const char *name, const json_t *family)
{
	static const struct counter odd[] = {
		{ "dropped_flows", "unwanted" },
		{ "wrong_interface", "came in elsewhere than they should" },
		{ "refused", "of groups that are never forwarded" },
		{ "evicted", "gone for newer ones" },
	};
	const char *error = TEXT(family, "error"), *failure = TEXT(family, "failure");
	uint64_t failed = NUMBER(family, "failed");

	printf("%s  ", name);
	if (*error)
		print_error("not forwarded: %s", error);
	else {
		plural(NUMBER(family, "groups"), "group");
		fputs(", ", stdout);
		plural(NUMBER(family, "joins"), "join");
		printf(" upstream; ");
		plural(NUMBER(family, "flows"), "any-source flow");
		(void)COUNTERS(", ", family, odd);
	}
	putchar('\n');
	if (failed > 0) {
		printf("%22s", "");
		print_error("refused by the kernel %" PRIu64 " time%s, the last: %s", failed,
			    failed == 1 ? "" : "s", failure);
		putchar('\n');
	}
}

static void print_listener(const char *protocol, const json_t *side)
{
	const char *querier = TEXT(side, "querier");

	printf("%-4s  ", protocol);
	plural(NUMBER(side, "reports"), "report");
	printf(" heard; %s asks\n", *querier ? querier : "nobody");
}

/* Where nothing is forwarded, this is all there is. */
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
		print_error("nothing: %s", TEXT(forward, "error"));
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
