/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/resolve-report.h"

#include "amtctl/output/output.h"
#include "discovery/rank.h"

#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void found_add(struct found *found, const struct lookup_result *result)
{
	struct candidate *candidates;
	unsigned int at = found->n_results++;

	found->lookups[at].result = *result;
	found->lookups[at].why = strdup(result->why);
	found->lookups[at].result.candidates = NULL;
	if (result->n_candidates == 0)
		return;

	candidates = reallocarray(found->candidates, found->n + result->n_candidates,
				  sizeof(*candidates));
	if (!candidates) {
		found->out_of_memory = true;
		return;
	}
	memcpy(candidates + found->n, result->candidates,
	       result->n_candidates * sizeof(*candidates));
	found->candidates = candidates;
	found->n += result->n_candidates;
}

void found_clear(struct found *found)
{
	unsigned int i;

	for (i = 0; i < found->n_results; i++)
		free(found->lookups[i].why);
	free(found->candidates);
}

/* The lookup of the source; that of a domain alone is no reason to complain. */
static const struct lookup_result *of_source(const struct found *found, const char **ret_why)
{
	unsigned int i = found->n_results > 1 && found->lookups[0].result.service;

	*ret_why = found->lookups[i].why ?: "";
	return &found->lookups[i].result;
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
	COLUMN_NOTE,
	_COLUMN_MAX,
};

static const struct {
	const char *title;
	int flags;
} columns[_COLUMN_MAX] = {
	[COLUMN_ORDER] = { "#", SCOLS_FL_RIGHT },
	[COLUMN_FROM] = { "FROM", 0 },
	[COLUMN_PRECEDENCE] = { "PRECEDENCE", SCOLS_FL_RIGHT },
	[COLUMN_D] = { "D", 0 },
	[COLUMN_TYPE] = { "TYPE", 0 },
	[COLUMN_RELAY] = { "RELAY", 0 },
	[COLUMN_ADDRESS] = { "ADDRESS", 0 },
	[COLUMN_TTL] = { "TTL", SCOLS_FL_RIGHT },
	[COLUMN_DNSSEC] = { "DNSSEC", 0 },
	[COLUMN_NOTE] = { "LEFT OUT BECAUSE", 0 },
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

static const char *dnssec_colour(enum dnssec_state state)
{
	return state == DNSSEC_SECURE ? "green" : state == DNSSEC_BOGUS ? "red" : NULL;
}

static int add_line(struct libscols_table *table, const struct candidate *candidate, size_t order)
{
	char number[24] = "", precedence[8], type[8] = "", ttl[16];
	char relay[DNSNAME_TEXT_MAX], address[ADDRESS_TEXT_MAX] = "";
	const char *cells[_COLUMN_MAX] = {
		[COLUMN_ORDER] = number,
		[COLUMN_FROM] = candidate_origin_string(candidate->origin),
		[COLUMN_PRECEDENCE] = precedence,
		[COLUMN_D] = candidate->discovery_optional ? "1" : "0",
		[COLUMN_TYPE] = type,
		[COLUMN_RELAY] = relay_text(candidate, relay),
		[COLUMN_ADDRESS] = address,
		[COLUMN_TTL] = ttl,
		[COLUMN_DNSSEC] = dnssec_state_string(candidate->dnssec),
		[COLUMN_NOTE] = candidate_skip_string(candidate->skip),
	};
	struct libscols_line *line;
	int i, r = 0;

	if (order > 0)
		snprintf(number, sizeof(number), "%zu", order);
	snprintf(precedence, sizeof(precedence), "%u", candidate->precedence);
	if (candidate->origin == CANDIDATE_DRIAD)
		snprintf(type, sizeof(type), "%u", candidate->type);
	snprintf(ttl, sizeof(ttl), "%" PRIu32, candidate->ttl);
	if (candidate->address.family != AF_UNSPEC)
		address_format(&candidate->address, address);

	line = scols_table_new_line(table, NULL);
	if (!line)
		return -ENOMEM;
	for (i = 0; i < _COLUMN_MAX && r == 0; i++)
		r = scols_line_set_data(line, i, *cells[i] ? output_safe(cells[i]) : "-");
	if (r == 0)
		r = scols_cell_set_color(scols_line_get_cell(line, COLUMN_DNSSEC),
					 dnssec_colour(candidate->dnssec));
	return r;
}

/* A column that would say the same of all is left out. */
static bool is_hidden(const struct found *found, size_t usable, int column)
{
	return (column == COLUMN_FROM && found->n_expected == 1) ||
	       (column == COLUMN_NOTE && usable == found->n);
}

static int print_table(const struct found *found, size_t usable, bool legend)
{
	struct libscols_column *column;
	struct libscols_table *table;
	size_t i;
	int r;

	table = scols_new_table();
	if (!table)
		return -ENOMEM;
	r = scols_table_enable_noheadings(table, !legend);
	if (r == 0)
		r = scols_table_enable_colors(table, *output_reset() != '\0');
	for (i = 0; i < _COLUMN_MAX && r == 0; i++) {
		column = scols_table_new_column(table, columns[i].title, 0, columns[i].flags);
		if (!column)
			r = -ENOMEM;
		else if (is_hidden(found, usable, (int)i))
			r = scols_column_set_flags(column, SCOLS_FL_HIDDEN);
	}
	for (i = 0; i < found->n && r == 0; i++)
		r = add_line(table, &found->candidates[i], i < usable ? i + 1 : 0);
	if (r == 0)
		r = scols_print_table(table);
	scols_unref_table(table);
	return r;
}

static void print_footer(const struct found *found, size_t usable)
{
	const struct lookup_result *result;
	char name[DNSNAME_TEXT_MAX];
	unsigned int i;

	putchar('\n');
	for (i = 0; i < found->n_results; i++) {
		result = &found->lookups[i].result;
		printf("%s", output_safe(dnsname_format(&result->name, name)));
		if (result->canonical.length > 0)
			printf(" is %s", output_safe(dnsname_format(&result->canonical, name)));
		if (result->outcome != LOOKUP_ANSWERED)
			printf(": %s", lookup_outcome_string(result->outcome));
		printf("%s\n", result->cut ? "; not all of its records are shown" : "");
	}
	printf("%zu of %zu can be tried, in this order.\n", usable, found->n);
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

static void print_json(const struct found *found, size_t usable, const struct settings *settings)
{
	json_t *json, *lookups = json_array(), *relays = json_array();
	size_t i;

	for (i = 0; i < found->n_results; i++)
		json_array_append_new(
			lookups, lookup_json(&found->lookups[i].result, found->lookups[i].why));
	for (i = 0; i < found->n; i++)
		json_array_append_new(
			relays, candidate_json(&found->candidates[i], i < usable ? i + 1 : 0));
	json = json_pack("{ss, so, so}", "source", found->source, "lookups", lookups, "relays",
			 relays);
	output_json(settings, json);
	json_decref(json);
}

/*
 * Saying why there is none.
 */

static int complain_none(const struct found *found)
{
	char name[DNSNAME_TEXT_MAX];
	const struct lookup_result *result;
	const char *why;

	result = of_source(found, &why);
	dnsname_format(&result->name, name);
	switch (result->outcome) {
	case LOOKUP_NXDOMAIN:
		return complain(
			AMTCTL_FAILED,
			"%s: no relay: NXDOMAIN: %s does not exist; its sender has to publish AMTRELAY records: see amtctl zone",
			found->source, name);
	case LOOKUP_NODATA:
		return complain(
			AMTCTL_FAILED,
			"%s: no relay: %s has no AMTRELAY records; its sender has to publish them: see amtctl zone",
			found->source, name);
	case LOOKUP_BOGUS:
		return complain(
			AMTCTL_FAILED,
			"%s: no relay: the answer for %s is bogus: %s; is the clock right? else tell who runs the zone",
			found->source, name, why);
	case LOOKUP_FAILED:
		return complain(AMTCTL_FAILED, "%s: no relay: %s: %s; try another with --server",
				found->source, name, why);
	case LOOKUP_TIMEOUT:
		return complain(AMTCTL_FAILED,
				"%s: no relay: timeout: %s: %s; try another with --server",
				found->source, name, why);
	default:
		return complain(
			AMTCTL_FAILED, "%s: no relay: %s: %s", found->source, name,
			found->n == 1
				? candidate_skip_string(found->candidates[0].skip)
				: "none of its records can be used; the last column says why");
	}
}

int found_print(struct found *found, const struct settings *settings)
{
	size_t usable;
	int r = 0;

	if (found->out_of_memory)
		return complain(AMTCTL_FAILED, "out of memory");
	rank_candidates(found->candidates, found->n, 0);
	usable = candidates_arrange(found->candidates, found->n, NULL, NULL, 0);

	if (settings->json != JSON_MODE_OFF) {
		print_json(found, usable, settings);
	} else if (found->n > 0) {
		output_page(settings);
		r = print_table(found, usable, settings->legend);
		if (settings->legend)
			print_footer(found, usable);
	}
	if (r < 0)
		return complain(AMTCTL_FAILED, "out of memory");
	return usable > 0 ? AMTCTL_OK : complain_none(found);
}
