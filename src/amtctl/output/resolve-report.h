/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relays that resolve found, as a table or JSON.
 */
#ifndef AMTCTL_OUTPUT_RESOLVE_REPORT_H
#define AMTCTL_OUTPUT_RESOLVE_REPORT_H

#include "amtctl/output/settings.h"
#include "discovery/resolver.h"

#define RESOLVE_LOOKUPS_MAX 2 /* of the source, and of a domain */

struct resolve_report {
	const char *source; /* as the user wrote it */
	struct {
		struct lookup_result result; /* without candidates */
		char *why;
	} lookups[RESOLVE_LOOKUPS_MAX]; /* in order of completion */
	unsigned int n_results, n_expected;
	struct candidate *candidates; /* of all lookups */
	size_t n;
	bool out_of_memory;
};

void resolve_report_add(struct resolve_report *report, const struct lookup_result *result);

/* Sort and print; an error on stderr where none is usable. The exit code. */
int resolve_report_print(struct resolve_report *report, const struct settings *settings);

void resolve_report_clear(struct resolve_report *report);

#endif
