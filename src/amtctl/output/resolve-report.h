/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What resolve found, and how it is told.
 */
#ifndef AMTCTL_OUTPUT_RESOLVE_REPORT_H
#define AMTCTL_OUTPUT_RESOLVE_REPORT_H

#include "amtctl/output/settings.h"
#include "discovery/resolver.h"

#define FOUND_LOOKUPS_MAX 2 /* the source's, and a domain's */

struct found {
	const char *source; /* as the user wrote it */
	struct {
		struct lookup_result result; /* without candidates */
		char *why;
	} lookups[FOUND_LOOKUPS_MAX]; /* as they ended */
	unsigned int n_results, n_expected;
	struct candidate *candidates; /* of all */
	size_t n;
	bool out_of_memory;
};

void found_add(struct found *found, const struct lookup_result *result);

/* Put in order, print, and say on stderr why when none is of use. The exit code. */
int found_print(struct found *found, const struct settings *settings);

void found_clear(struct found *found);

#endif
