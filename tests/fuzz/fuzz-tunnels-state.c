/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any lines as the tunnels of before a restart: refused, or within the limits. */
#include "input.h"
#include "membership/tunnels.h"

#include <string.h>

#define NOW (1000 * USEC_PER_SEC)
#define MAX 4

static void on_changed(struct tunnels *tunnels, const struct address *group,
		       const struct filter *filter, void *userdata)
{
}

static void each_line(struct tunnels *tunnels, const char *text,
		      int (*read)(struct tunnels *, const char *, usec_t))
{
	char *copy = strdup(text), *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		(void)read(tunnels, line, NOW);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct tunnels *tunnels;

	REQUIRE(tunnels_new(MAX, on_changed, NULL, &tunnels) == 0);
	each_line(tunnels, text, tunnels_read_tunnel);
	each_line(tunnels, text, tunnels_read_group);
	REQUIRE(tunnels_count(tunnels) <= MAX);
	tunnels_flush(tunnels);
	tunnels_run(tunnels, NOW + 781 * USEC_PER_SEC);
	REQUIRE(tunnels_count(tunnels) == 0);
	tunnels_free(tunnels);
	free(text);
	return 0;
}
