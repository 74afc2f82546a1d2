/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/daemon.h"

#include "amtctl/output/fields.h"
#include "amtctl/output/output.h"

#include <inttypes.h>
#include <stdio.h>

static void print_error_line(const char *name, const char *error)
{
	if (*error == '\0')
		return;
	label(name);
	printf("%s%s%s\n", output_colour(COLOUR_RED), error, output_reset());
}

bool daemon_has_errors(const json_t *daemon)
{
	return *TEXT(daemon, "queue_error") != '\0' || *TEXT(daemon, "firewall_error") != '\0' ||
	       NUMBER(daemon, "queue", "overruns") > 0 || NUMBER(daemon, "broken_files") > 0;
}

void daemon_print(const json_t *daemon)
{
	uint64_t overruns = NUMBER(daemon, "queue", "overruns");
	uint64_t broken = NUMBER(daemon, "broken_files");

	printf("%samtd%s %s\n", output_colour(COLOUR_BOLD), output_reset(),
	       TEXT(daemon, "version"));
	label("Devices");
	printf("%" PRIu64, NUMBER(daemon, "devices"));
	if (broken > 0)
		printf(", %s%" PRIu64 " invalid device file%s%s; see journalctl -u amtd",
		       output_colour(COLOUR_RED), broken, broken == 1 ? "" : "s", output_reset());
	putchar('\n');
	label("Channels");
	printf("%" PRIu64 "\n", NUMBER(daemon, "channels"));
	if (FIELD(daemon, "queue")) {
		label("NFQUEUE");
		printf("%" PRIu64 " control messages, %s%" PRIu64 " overruns%s\n",
		       NUMBER(daemon, "queue", "packets"),
		       output_colour(overruns > 0 ? COLOUR_RED : COLOUR_NONE), overruns,
		       overruns > 0 ? output_reset() : "");
	}
	print_error_line("NFQUEUE", TEXT(daemon, "queue_error"));
	print_error_line("nftables", TEXT(daemon, "firewall_error"));
	label("Discoveries");
	printf("%" PRIu64 " sent, %" PRIu64 " answered, %" PRIu64 " messages rejected, %" PRIu64
	       " ICMP errors\n",
	       NUMBER(daemon, "prober", "sent"), NUMBER(daemon, "prober", "answers"),
	       NUMBER(daemon, "prober", "refused"), NUMBER(daemon, "prober", "icmp"));
}
