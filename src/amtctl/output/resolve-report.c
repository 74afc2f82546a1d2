/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/resolve-report.h"

#include "amtctl/output/table.h"
#include "discovery/rank.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void resolve_report_add(struct resolve_report *report, const struct lookup_result *result)
{
	struct candidate *candidates;
	unsigned int at = report->n_results++;

	report->lookups[at].result = *result;
	report->lookups[at].why = strdup(result->why);
	report->lookups[at].result.candidates = NULL;
	if (result->n_candidates == 0)
		return;

	candidates = reallocarray(report->candidates, report->n + result->n_candidates,
				  sizeof(*candidates));
	if (!candidates) {
		report->out_of_memory = true;
		return;
	}
	memcpy(candidates + report->n, result->candidates,
	       result->n_candidates * sizeof(*candidates));
	report->candidates = candidates;
	report->n += result->n_candidates;
}

void resolve_report_clear(struct resolve_report *report)
{
	unsigned int i;

	for (i = 0; i < report->n_results; i++)
		free(report->lookups[i].why);
	free(report->candidates);
}

/* The lookup of the source; that of a domain alone is no reason to output_error. */
static const struct lookup_result *source_lookup(const struct resolve_report *report,
						 const char **ret_why)
{
	unsigned int i = report->n_results > 1 && report->lookups[0].result.service;

	*ret_why = report->lookups[i].why ?: "";
	return &report->lookups[i].result;
}

/*
 * The table.
 */

enum column {
	COLUMN_ORDER,
	COLUMN_FROM,
	COLUMN_PRECEDENCE,
	COLUMN_D,
	COLUMN_TYPE,
	COLUMN_RELAY,
	COLUMN_ADDRESS,
	COLUMN_TTL,
	COLUMN_DNSSEC,
	COLUMN_REASON,
	_COLUMN_MAX,
};

struct table_view {
	const struct resolve_report *report;
	size_t usable;
};

/* Columns that would be the same in all lines. */
static bool one_origin(const void *context)
{
	const struct table_view *view = context;

	return view->report->n_expected == 1;
}

static bool all_usable(const void *context)
{
	const struct table_view *view = context;

	return view->usable == view->report->n;
}

static const struct table_column columns[_COLUMN_MAX] = {
	[COLUMN_ORDER] = { "#", .right = true },
	[COLUMN_FROM] = { "FROM", .hidden = one_origin },
	[COLUMN_PRECEDENCE] = { "PRECEDENCE", .right = true },
	[COLUMN_D] = { "D" },
	[COLUMN_TYPE] = { "TYPE" },
	[COLUMN_RELAY] = { "RELAY" },
	[COLUMN_ADDRESS] = { "ADDRESS" },
	[COLUMN_TTL] = { "TTL", .right = true },
	[COLUMN_DNSSEC] = { "DNSSEC" },
	[COLUMN_REASON] = { "REASON", .hidden = all_usable },
};

/* As the record has it. */
static const char *relay_text(const struct candidate *candidate, char buf[static DNSNAME_TEXT_MAX])
{
	if (candidate->name.length > 0)
		return dnsname_format(&candidate->name, buf);
	if (candidate->address.family != AF_UNSPEC)
		return address_format(&candidate->address, buf);
	return candidate->skip == CANDIDATE_SKIP_NO_RELAY ? "." : "";
}

static enum colour dnssec_colour(enum dnssec_state state)
{
	return state == DNSSEC_SECURE  ? COLOUR_GREEN
	       : state == DNSSEC_BOGUS ? COLOUR_RED
				       : COLOUR_NONE;
}

static int add_candidate(struct table *table, const struct candidate *candidate, size_t order)
{
	char number[24] = "", precedence[8], type[8] = "", ttl[16];
	char relay[DNSNAME_TEXT_MAX], address[ADDRESS_TEXT_MAX] = "";
	const char *cells[_COLUMN_MAX] = {
		[COLUMN_ORDER] = number,
		[COLUMN_FROM] = candidate_origin_string(candidate->origin),
		[COLUMN_PRECEDENCE] = precedence,
		[COLUMN_D] = candidate->discovery_optional ? "1" : "0",
		[COLUMN_TYPE] = type,
		[COLUMN_RELAY] = output_safe(relay_text(candidate, relay)),
		[COLUMN_ADDRESS] = address,
		[COLUMN_TTL] = ttl,
		[COLUMN_DNSSEC] = dnssec_state_string(candidate->dnssec),
		[COLUMN_REASON] = candidate_skip_string(candidate->skip),
	};

	if (order > 0)
		snprintf(number, sizeof(number), "%zu", order);
	snprintf(precedence, sizeof(precedence), "%u", candidate->precedence);
	if (candidate->origin == CANDIDATE_DRIAD)
		snprintf(type, sizeof(type), "%u", candidate->type);
	snprintf(ttl, sizeof(ttl), "%" PRIu32, candidate->ttl);
	if (candidate->address.family != AF_UNSPEC)
		address_format(&candidate->address, address);
	return table_add(table, cells, COLUMN_DNSSEC, dnssec_colour(candidate->dnssec));
}

static int print_table(const struct resolve_report *report, size_t usable, bool legend)
{
	const struct table_view view = { report, usable };
	struct table *table = table_new(columns, _COLUMN_MAX, legend, &view);
	int r = table ? 0 : -ENOMEM;

	for (size_t i = 0; i < report->n && r == 0; i++)
		r = add_candidate(table, &report->candidates[i], i < usable ? i + 1 : 0);
	if (r == 0)
		return table_print(table);
	table_free(table);
	return r;
}

static void print_footer(const struct resolve_report *report, size_t usable)
{
	const struct lookup_result *result;
	char name[DNSNAME_TEXT_MAX];
	unsigned int i;

	putchar('\n');
	for (i = 0; i < report->n_results; i++) {
		result = &report->lookups[i].result;
		printf("%s", output_safe(dnsname_format(&result->name, name)));
		if (result->canonical.length > 0)
			printf(" is %s", output_safe(dnsname_format(&result->canonical, name)));
		if (result->outcome != LOOKUP_ANSWERED)
			printf(": %s", lookup_outcome_string(result->outcome));
		printf("%s\n", result->cut ? "; truncated, not all records are shown" : "");
	}
	printf("%zu of %zu relays usable, in this order.\n", usable, report->n);
}

/*
 * JSON.
 */

static json_t *name_json(const struct dnsname *name)
{
	char text[DNSNAME_TEXT_MAX];

	return json_string(dnsname_format(name, text));
}

static json_t *candidate_json(const struct candidate *candidate, size_t order)
{
	char text[ADDRESS_TEXT_MAX];
	json_t *json;

	json = json_pack("{ss, si, sb, sI, ss}", "origin",
			 candidate_origin_string(candidate->origin), "precedence",
			 (int)candidate->precedence, "discovery_optional",
			 candidate->discovery_optional, "ttl", (json_int_t)candidate->ttl, "dnssec",
			 dnssec_state_string(candidate->dnssec));
	if (order > 0)
		json_object_set_new(json, "order", json_integer((json_int_t)order));
	if (candidate->origin == CANDIDATE_DRIAD)
		json_object_set_new(json, "type", json_integer(candidate->type));
	if (candidate->name.length > 0)
		json_object_set_new(json, "name", name_json(&candidate->name));
	if (candidate->address.family != AF_UNSPEC)
		json_object_set_new(json, "address",
				    json_string(address_format(&candidate->address, text)));
	if (candidate->port > 0)
		json_object_set_new(json, "port", json_integer(candidate->port));
	if (candidate->skip != CANDIDATE_SKIP_NONE)
		json_object_set_new(json, "skip",
				    json_string(candidate_skip_string(candidate->skip)));
	return json;
}

static json_t *lookup_json(const struct lookup_result *result, const char *why)
{
	json_t *json;

	json = json_pack("{so, ss, ss, sI}", "name", name_json(&result->name), "outcome",
			 lookup_outcome_string(result->outcome), "dnssec",
			 dnssec_state_string(result->dnssec), "ttl", (json_int_t)result->ttl);
	if (result->canonical.length > 0)
		json_object_set_new(json, "canonical", name_json(&result->canonical));
	if (why && *why)
		json_object_set_new(json, "why", json_string(why));
	if (result->cut)
		json_object_set_new(json, "cut", json_true());
	return json;
}

static void print_json(const struct resolve_report *report, size_t usable,
		       const struct settings *settings)
{
	json_t *json, *lookups = json_array(), *relays = json_array();
	size_t i;

	for (i = 0; i < report->n_results; i++)
		json_array_append_new(
			lookups, lookup_json(&report->lookups[i].result, report->lookups[i].why));
	for (i = 0; i < report->n; i++)
		json_array_append_new(
			relays, candidate_json(&report->candidates[i], i < usable ? i + 1 : 0));
	json = json_pack("{ss, so, so}", "source", report->source, "lookups", lookups, "relays",
			 relays);
	output_json(settings, json);
	json_decref(json);
}

/*
 * Errors.
 */

static int print_no_relay(const struct resolve_report *report)
{
	char name[DNSNAME_TEXT_MAX];
	const struct lookup_result *result;
	const char *why;

	result = source_lookup(report, &why);
	dnsname_format(&result->name, name);
	switch (result->outcome) {
	case LOOKUP_NXDOMAIN:
		return output_error(
			AMTCTL_FAILED,
			"%s: no relay: NXDOMAIN for %s; its sender must publish AMTRELAY records, see amtctl zone",
			report->source, name);
	case LOOKUP_NODATA:
		return output_error(
			AMTCTL_FAILED,
			"%s: no relay: %s has no AMTRELAY records; its sender must publish them, see amtctl zone",
			report->source, name);
	case LOOKUP_BOGUS:
		return output_error(
			AMTCTL_FAILED,
			"%s: no relay: answer for %s is bogus: %s; is the clock right? else report it to the zone's operator",
			report->source, name, why);
	case LOOKUP_FAILED:
		return output_error(AMTCTL_FAILED, "%s: no relay: %s: %s; try another --server",
				    report->source, name, why);
	case LOOKUP_TIMEOUT:
		return output_error(AMTCTL_FAILED,
				    "%s: no relay: timeout: %s: %s; try another --server",
				    report->source, name, why);
	default:
		return output_error(AMTCTL_FAILED, "%s: no relay: %s: %s", report->source, name,
				    report->n == 1
					    ? candidate_skip_string(report->candidates[0].skip)
					    : "none of its records is usable; see REASON");
	}
}

int resolve_report_print(struct resolve_report *report, const struct settings *settings)
{
	size_t usable;
	int r = 0;

	if (report->out_of_memory)
		return output_error(AMTCTL_FAILED, "out of memory");
	rank_candidates(report->candidates, report->n, 0);
	usable = candidates_arrange(report->candidates, report->n, NULL, NULL, 0);

	if (settings->json != JSON_MODE_OFF) {
		print_json(report, usable, settings);
	} else if (report->n > 0) {
		output_page(settings);
		r = print_table(report, usable, settings->legend);
		if (settings->legend)
			print_footer(report, usable);
	}
	if (r < 0)
		return output_error(AMTCTL_FAILED, "out of memory");
	return usable > 0 ? AMTCTL_OK : print_no_relay(report);
}
