/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What probing a relay has shown, and how it is told.
 */
#ifndef AMTCTL_OUTPUT_PROBE_REPORT_H
#define AMTCTL_OUTPUT_PROBE_REPORT_H

#include "amtctl/handshake.h"
#include "amtctl/output/settings.h"
#include "discovery/probe.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct report {
	const char *name; /* as the user wrote it */
	struct address relay;
	uint16_t port;
	unsigned int sent, answered;
	uint64_t min_usec, max_usec, sum_usec;
	struct probe_result last;
	struct address advertised; /* by the last answer; AF_UNSPEC: none came */

	bool handshaken;
	struct address partner; /* whom the Requests went to */
	struct handshake handshake;
};

/* Count the end of one probe. True when it differs from the one before: another outcome, or another
 * address that is advertised. */
bool report_add(struct report *report, const struct probe_result *result);

/* Whom a gateway would send its Requests to: the advertised address, but the one that was asked
 * where the former is private and the latter is not. */
struct address report_partner(const struct report *report);

/* One line about the last probe, as it comes; before is the one before it, NULL when it is the
 * same. */
void report_print_line(const struct report *report, const struct settings *settings,
		       const struct probe_result *before);

/* All of it, in the end: a table and remarks, or JSON. 0 or negative errno. */
int report_print(const struct report *reports, size_t n, const struct settings *settings);

/* One line on stderr about a relay that never answered, and the mend. */
void report_complain(const struct report *report);

#endif
