/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any line as a group of before a restart: it is refused, or read back as it is written. */
#include "input.h"
#include "membership/router-state.h"

#include <stdlib.h>
#include <string.h>

#define NOW   (1000 * USEC_PER_SEC)
#define LEAST (20 * USEC_PER_SEC)

static struct address changed;

static void on_changed(struct router *router, const struct address *group, void *userdata)
{
	changed = *group;
}

static struct router *new_router(sa_family_t family)
{
	static const struct router_ops ops = { .changed = on_changed };
	static const struct address none = { .family = AF_UNSPEC };
	const struct router_options options = {
		.family = family,
		.version = 2,
		.robustness = 2,
		.query_interval_usec = 125 * USEC_PER_SEC,
		.query_response_usec = 10 * USEC_PER_SEC,
		.last_member_usec = USEC_PER_SEC,
		.max_groups = 4,
		.max_sources = 16,
		.max_groups_per_host = 1,
	};
	struct router *router;

	REQUIRE(router_new(&options, &ops, NULL, &none, NOW, &router) == 0);
	return router;
}

static char *write_line(const struct router *router)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	router_write_group(router, &changed, NOW, stream);
	REQUIRE(fclose(stream) == 0);
	return text;
}

static void try(sa_family_t family, const char *line)
{
	struct router *router = new_router(family), *next;
	char *text, *again;

	if (router_read_group(router, line, LEAST, NOW) == 0) {
		REQUIRE(router_groups(router) == 1);
		text = write_line(router);
		next = new_router(family);
		REQUIRE(router_read_group(next, text, LEAST, NOW) == 0);
		again = write_line(next);
		REQUIRE(strcmp(text, again) == 0);
		free(text);
		free(again);
		router_free(next);
	} else {
		REQUIRE(router_groups(router) == 0);
	}
	router_free(router);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = strndup((const char *)data, size);

	try(AF_INET, line);
	try(AF_INET6, line);
	free(line);
	return 0;
}
