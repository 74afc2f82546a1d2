/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/tunnels.h"

#include "amtctl/output/fields.h"
#include "amtctl/output/human.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "232.1.1.1 from 203.0.113.2, 203.0.113.3", "239.0.0.1 from any source", "… except 203.0.113.2" */
static void print_group(const json_t *group)
{
	const json_t *sources = FIELD(group, "sources");
	bool exclude = strcmp(TEXT(group, "mode"), "exclude") == 0;
	const char *separator = exclude ? " except " : " ";
	size_t i;

	printf("%18s%s from%s", "", TEXT(group, "group"), exclude ? " any source" : "");
	for (i = 0; i < json_array_size(sources); i++, separator = ", ")
		printf("%s%s", separator, field_text(json_array_get(sources, i)));
	putchar('\n');
}

static void print_tunnel(const json_t *tunnel, uint64_t now_usec)
{
	const json_t *groups = FIELD(tunnel, "groups");
	uint64_t update = NUMBER(tunnel, "last_update_usec");
	char since[HUMAN_MAX], last[HUMAN_MAX];
	size_t i;

	printf("%16s%s port %" PRIu64 ", started %s, last Update %s%s\n", "",
	       TEXT(tunnel, "gateway"), NUMBER(tunnel, "port"),
	       human_ago(since, now_usec, NUMBER(tunnel, "since_usec")),
	       update > 0 ? human_ago(last, now_usec, update) : "never",
	       json_is_false(FIELD(tunnel, "filtered")) ? ", not filtered by source" : "");
	for (i = 0; i < json_array_size(groups); i++)
		print_group(json_array_get(groups, i));
}

void tunnels_print(const json_t *device, uint64_t now_usec)
{
	const json_t *serving = FIELD(device, "serving");
	const json_t *tunnels = FIELD(serving, "tunnels");
	size_t i, n = json_array_size(tunnels);
	uint64_t max = NUMBER(serving, "max_tunnels");

	if (!serving)
		return;
	label("Tunnels");
	printf("%zu of %" PRIu64 "%s\n", n, max,
	       n >= max ? ", no more accepted; see MaxTunnels= in amt(5)" : "");
	for (i = 0; i < n; i++)
		print_tunnel(json_array_get(tunnels, i), now_usec);
	label("Gateways");
	printf("%" PRIu64 " Queries sent, %" PRIu64 " Updates and %" PRIu64 " Teardowns accepted",
	       NUMBER(serving, "queries"), NUMBER(serving, "updates"),
	       NUMBER(serving, "teardowns"));
	if (NUMBER(serving, "malformed") > 0)
		printf(", %" PRIu64 " malformed", NUMBER(serving, "malformed"));
	if (NUMBER(serving, "not_asked") > 0)
		printf(", %" PRIu64 " data packets not asked for", NUMBER(serving, "not_asked"));
	print_reasons("ignored", FIELD(serving, "ignored"));
	print_reasons("records ignored", FIELD(serving, "ignored_records"));
	print_reasons("errors", FIELD(serving, "faults"));
	putchar('\n');
}
