/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/tunnels.h"

#include "amtctl/device.h"
#include "amtctl/human.h"
#include "amtctl/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *text(const json_t *object, const char *key)
{
	return output_safe(json_string_value(json_object_get(object, key)));
}

static uint64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* "232.1.1.1 from 203.0.113.2, 203.0.113.3", "239.0.0.1 from any source", "… but 203.0.113.2" */
static void print_group(const json_t *group)
{
	const json_t *sources = json_object_get(group, "sources");
	bool exclude = !strcmp(text(group, "mode"), "exclude");
	const char *separator = exclude ? " but " : " ";
	size_t i;

	printf("%18s%s from%s", "", text(group, "group"), exclude ? " any source" : "");
	for (i = 0; i < json_array_size(sources); i++, separator = ", ")
		printf("%s%s", separator,
		       output_safe(json_string_value(json_array_get(sources, i))));
	putchar('\n');
}

static void print_tunnel(const json_t *tunnel, uint64_t now_usec)
{
	const json_t *groups = json_object_get(tunnel, "groups");
	uint64_t update = number(tunnel, "last_update_usec");
	char since[HUMAN_MAX], last[HUMAN_MAX];
	size_t i;

	printf("%16s%s port %" PRIu64 ", begun %s, last Update %s\n", "", text(tunnel, "gateway"),
	       number(tunnel, "port"), human_ago(since, now_usec, number(tunnel, "since_usec")),
	       update > 0 ? human_ago(last, now_usec, update) : "never");
	for (i = 0; i < json_array_size(groups); i++)
		print_group(json_array_get(groups, i));
}

/* ", 2 ignored (mac 1, inner 1)" */
static void print_reasons(const char *what, const json_t *reasons)
{
	const char *separator = "", *reason;
	json_int_t sum = 0;
	json_t *count;

	json_object_foreach ((json_t *)reasons, reason, count)
		sum += json_integer_value(count);
	if (sum == 0)
		return;
	printf(", %" JSON_INTEGER_FORMAT " %s (", sum, what);
	json_object_foreach ((json_t *)reasons, reason, count) {
		printf("%s%s %" JSON_INTEGER_FORMAT, separator, output_safe(reason),
		       json_integer_value(count));
		separator = ", ";
	}
	putchar(')');
}

/* The kernel tells of no packet that it does not route since its TTL is used up. What the driver
 * sends besides data are Queries. */
static void print_hint(const json_t *device)
{
	const json_t *forward = json_object_get(device, "forward");
	const json_t *sent = device_field(device, "stats64", "tx", NULL);
	uint64_t queries = number(json_object_get(device, "serving"), "queries");

	if (number(forward, "upstream_packets") > 0 && sent && number(sent, "packets") <= queries)
		printf("%14s: packets come in upstream and none goes out; if their TTL is 1, see TTL= in amt(5)\n",
		       "Hint");
}

void tunnels_print(const json_t *device, uint64_t now_usec)
{
	const json_t *serving = json_object_get(device, "serving");
	const json_t *tunnels = json_object_get(serving, "tunnels");
	size_t i, n = json_array_size(tunnels);
	uint64_t max = number(serving, "max_tunnels");

	if (!serving)
		return;
	printf("%14s: %zu of at most %" PRIu64 "%s\n", "Tunnels", n, max,
	       n >= max ? "; the driver lets no more in, MaxTunnels= in amt(5)" : "");
	for (i = 0; i < n; i++)
		print_tunnel(json_array_get(tunnels, i), now_usec);
	printf("%14s: %" PRIu64 " Queries sent, %" PRIu64 " Updates and %" PRIu64
	       " Teardowns taken",
	       "Gateways", number(serving, "queries"), number(serving, "updates"),
	       number(serving, "teardowns"));
	if (number(serving, "malformed") > 0)
		printf(", %" PRIu64 " malformed", number(serving, "malformed"));
	print_reasons("ignored", json_object_get(serving, "ignored"));
	print_reasons("records ignored", json_object_get(serving, "ignored_records"));
	print_reasons("faults", json_object_get(serving, "faults"));
	putchar('\n');
	print_hint(device);
}
