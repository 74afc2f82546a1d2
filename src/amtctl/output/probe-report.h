/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The result of probing a relay, as a line, a table or JSON.
 */
#ifndef AMTCTL_OUTPUT_PROBE_REPORT_H
#define AMTCTL_OUTPUT_PROBE_REPORT_H

#include "amtctl/handshake.h"
#include "amtctl/output/settings.h"
#include "discovery/probe.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct probe_report {
	const char *name; /* as the user wrote it */
	struct address relay;
	uint16_t port;
	unsigned int sent, answered;
	uint64_t min_usec, max_usec, sum_usec;
	struct probe_result last;
	struct address advertised; /* in the last answer; AF_UNSPEC: none came */

	bool handshaken;
	struct address partner; /* where the Requests went */
	struct handshake handshake;
};

/* Add the result of one probe. True when it differs from the previous one: another outcome, or
 * another advertised address. */
bool probe_report_add(struct probe_report *report, const struct probe_result *result);

/* A line for the last probe; before: the previous result, NULL where it is the same. */
void probe_report_print_line(const struct probe_report *report, const struct settings *settings,
			     const struct probe_result *before);

/* The summary: a table and notes, or JSON. 0 or negative errno. */
int probe_report_print(const struct probe_report *reports, size_t n,
		       const struct settings *settings);

/* A line on stderr for a relay that never answered, with a hint. */
void probe_report_error(const struct probe_report *report);

#endif
