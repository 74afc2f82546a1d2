/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/probe-report.h"

#include "amtctl/output/probe-notes.h"
#include "amtctl/output/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "192.0.2.1", or "relay.example (192.0.2.1)". */
static void format_relay(const struct probe_report *report, char buf[static PROBE_NOTE_MAX])
{
	char relay[ADDRESS_TEXT_MAX];

	address_format(&report->relay, relay);
	if (strcmp(relay, report->name) == 0)
		snprintf(buf, PROBE_NOTE_MAX, "%s", relay);
	else
		snprintf(buf, PROBE_NOTE_MAX, "%.256s (%s)", report->name, relay);
}

static bool differs(const struct probe_result *a, const struct probe_result *b)
{
	if (a->outcome != b->outcome)
		return true;
	if (a->outcome == PROBE_ANSWERED)
		return !address_equal(&a->advertised, &b->advertised);
	return a->outcome == PROBE_UNREACHABLE && a->error != b->error;
}

bool probe_report_add(struct probe_report *report, const struct probe_result *result)
{
	bool changed = report->sent > 0 && differs(&report->last, result);

	report->sent++;
	report->last = *result;
	if (result->outcome != PROBE_ANSWERED)
		return changed;
	if (report->answered == 0 || result->rtt_usec < report->min_usec)
		report->min_usec = result->rtt_usec;
	if (result->rtt_usec > report->max_usec)
		report->max_usec = result->rtt_usec;
	report->sum_usec += result->rtt_usec;
	report->answered++;
	report->advertised = result->advertised;
	return changed;
}

/*
 * JSON.
 */

static json_t *address_json(const struct address *address)
{
	char buf[ADDRESS_TEXT_MAX];

	return json_string(address_format(address, buf));
}

static json_t *handshake_json(const struct probe_report *report)
{
	const struct handshake *handshake = &report->handshake;
	const struct handshake_answer *igmp = &handshake->igmp;
	json_t *object, *flags;
	char seen[SEEN_TEXT_MAX];

	object = json_pack("{s:o, s:b}", "relay", address_json(&report->partner), "query",
			   igmp->queried);
	if (!igmp->queried) {
		json_object_set_new(object, "reason", json_string(handshake_error_text(igmp)));
		return object;
	}
	flags = json_array();
	if (handshake_has_mld(&handshake->mld))
		json_array_append_new(flags, json_string("0x01"));
	if (handshake_has_mld(&handshake->mld_linux))
		json_array_append_new(flags, json_string("0x80"));
	json_object_set_new(object, "rtt_usec", json_integer((json_int_t)igmp->rtt_usec));
	json_object_set_new(object, "loaded", json_boolean(igmp->l));
	json_object_set_new(object, "gateway_address", json_boolean(igmp->g));
	if (igmp->g)
		json_object_set_new(object, "seen_as",
				    json_string(handshake_seen_text(igmp, seen)));
	json_object_set_new(object, "mld_flags", flags);
	return object;
}

static const char *outcome_name(enum probe_outcome outcome)
{
	static const char *const names[_PROBE_OUTCOME_MAX] = {
		[PROBE_ANSWERED] = "answered",
		[PROBE_TIMEOUT] = "timeout",
		[PROBE_UNREACHABLE] = "unreachable",
		[PROBE_MALFORMED] = "malformed",
		[PROBE_NONCE] = "nonce",
		[PROBE_SOURCE] = "source",
	};

	return names[outcome];
}

static json_t *report_json(const struct probe_report *report)
{
	json_t *object, *notes = json_array();
	char buf[PROBE_NOTE_MAX], why[PROBE_TEXT_MAX];
	size_t i;

	object = json_pack("{s:s%, s:o, s:i, s:i, s:i, s:s, s:s}", "name", report->name,
			   strlen(report->name), "relay", address_json(&report->relay), "port",
			   report->port, "sent", (int)report->sent, "received",
			   (int)report->answered, "outcome", outcome_name(report->last.outcome),
			   "reason", probe_result_format(&report->last, why));
	if (report->answered > 0) {
		json_object_set_new(object, "advertised", address_json(&report->advertised));
		json_object_set_new(object, "rtt_usec",
				    json_pack("{s:I, s:I, s:I}", "min",
					      (json_int_t)report->min_usec, "avg",
					      (json_int_t)(report->sum_usec / report->answered),
					      "max", (json_int_t)report->max_usec));
	}
	if (report->handshaken)
		json_object_set_new(object, "handshake", handshake_json(report));
	for (i = 0; i < PROBE_NOTES; i++)
		if (probe_note(report, i, buf))
			json_array_append_new(notes, json_string(buf));
	json_object_set_new(object, "notes", notes);
	return object;
}

/*
 * Lines as they come.
 */

static void print_json_line(const struct probe_report *report, const struct timespec *now,
			    bool changed)
{
	const struct probe_result *last = &report->last;
	char why[PROBE_TEXT_MAX];
	json_t *object;

	object = json_pack("{s:I, s:o, s:i, s:s, s:s, s:b}", "time_usec",
			   (json_int_t)now->tv_sec * 1000000 + now->tv_nsec / 1000, "relay",
			   address_json(&report->relay), "port", report->port, "outcome",
			   outcome_name(last->outcome), "reason", probe_result_format(last, why),
			   "changed", changed);
	if (last->outcome == PROBE_ANSWERED) {
		json_object_set_new(object, "rtt_usec", json_integer((json_int_t)last->rtt_usec));
		json_object_set_new(object, "advertised", address_json(&last->advertised));
	}
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void print_text_line(const struct probe_report *report, const struct timespec *now,
			    const struct probe_result *before)
{
	const struct probe_result *last = &report->last;
	char clock[16], relay[ADDRESS_TEXT_MAX], why[PROBE_TEXT_MAX], rtt[RTT_TEXT_MAX] = "-";
	enum colour colour = COLOUR_NONE;
	struct tm tm;

	if (before)
		colour = last->outcome == PROBE_ANSWERED ? COLOUR_GREEN : COLOUR_RED;
	if (last->outcome == PROBE_ANSWERED)
		probe_rtt_text(rtt, last->rtt_usec);
	localtime_r(&now->tv_sec, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	printf("%s.%03ld %s%c %-15s %10s  %s", clock, now->tv_nsec / 1000000, output_colour(colour),
	       before ? '*' : ' ', address_format(&report->relay, relay), rtt,
	       probe_result_format(last, why));
	if (before)
		printf("; before: %s", probe_result_format(before, why));
	printf("%s\n", output_reset());
}

void probe_report_print_line(const struct probe_report *report, const struct settings *settings,
			     const struct probe_result *before)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (settings->json != JSON_MODE_OFF)
		print_json_line(report, &now, before != NULL);
	else
		print_text_line(report, &now, before);
	fflush(stdout);
}

/*
 * The table.
 */

enum column {
	COLUMN_RELAY,
	COLUMN_SENT,
	COLUMN_LOST,
	COLUMN_MIN,
	COLUMN_AVG,
	COLUMN_MAX,
	COLUMN_RESULT,
	_COLUMN_MAX,
};

static const struct table_column columns[_COLUMN_MAX] = {
	[COLUMN_RELAY] = { "RELAY" },
	[COLUMN_SENT] = { "SENT", .right = true },
	[COLUMN_LOST] = { "LOST", .right = true },
	[COLUMN_MIN] = { "MIN", .right = true },
	[COLUMN_AVG] = { "AVG", .right = true },
	[COLUMN_MAX] = { "MAX", .right = true },
	[COLUMN_RESULT] = { "RESULT" },
};

static int add_report(struct table *table, const struct probe_report *report)
{
	char text[_COLUMN_MAX][PROBE_NOTE_MAX] = { 0 };
	const char *cells[_COLUMN_MAX];
	bool up = report->answered > 0;

	format_relay(report, text[COLUMN_RELAY]);
	snprintf(text[COLUMN_SENT], PROBE_NOTE_MAX, "%u", report->sent);
	snprintf(text[COLUMN_LOST], PROBE_NOTE_MAX, "%u", report->sent - report->answered);
	if (up) {
		probe_rtt_text(text[COLUMN_MIN], report->min_usec);
		probe_rtt_text(text[COLUMN_AVG], report->sum_usec / report->answered);
		probe_rtt_text(text[COLUMN_MAX], report->max_usec);
		strcpy(text[COLUMN_RESULT], "advertises ");
		address_format(&report->advertised,
			       text[COLUMN_RESULT] + strlen(text[COLUMN_RESULT]));
	} else if (report->sent > 0) {
		probe_result_format(&report->last, text[COLUMN_RESULT]);
	}
	for (int i = 0; i < _COLUMN_MAX; i++)
		cells[i] = output_safe(text[i]);
	return table_add(table, cells, COLUMN_RESULT, up ? COLOUR_GREEN : COLOUR_RED);
}

static int print_table(const struct probe_report *reports, size_t n, bool legend)
{
	struct table *table = table_new(columns, _COLUMN_MAX, legend, NULL);
	int r = table ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && r == 0; i++)
		r = add_report(table, &reports[i]);
	if (r == 0)
		return table_print(table);
	table_free(table);
	return r;
}

static void print_notes(const struct probe_report *report)
{
	char who[PROBE_NOTE_MAX], buf[PROBE_NOTE_MAX];
	size_t i;

	format_relay(report, who);
	for (i = 0; i < PROBE_NOTES; i++)
		if (probe_note(report, i, buf))
			printf("%s: %s\n", output_safe(who), buf);
}

int probe_report_print(const struct probe_report *reports, size_t n,
		       const struct settings *settings)
{
	json_t *array;
	size_t i;
	int r;

	if (settings->json != JSON_MODE_OFF) {
		array = json_array();
		for (i = 0; i < n; i++)
			json_array_append_new(array, report_json(&reports[i]));
		output_json(settings, array);
		json_decref(array);
		return 0;
	}
	r = print_table(reports, n, settings->legend);
	for (i = 0; i < n && r == 0; i++)
		print_notes(&reports[i]);
	return r;
}

static const char *hint_for(const struct probe_result *result)
{
	static const char *const hints[_PROBE_OUTCOME_MAX] = {
		[PROBE_TIMEOUT] = "is it a relay, and do all firewalls on the path pass UDP?",
		[PROBE_UNREACHABLE] = "does a relay run there, and is the port right?",
		[PROBE_MALFORMED] = "is it a relay?",
		[PROBE_NONCE] = "is it a relay?",
		[PROBE_SOURCE] =
			"gateways accept answers from the probed address only; probe that one",
	};

	if (result->outcome == PROBE_UNREACHABLE && result->error != ECONNREFUSED)
		return "see ip route get";
	return hints[result->outcome];
}

void probe_report_error(const struct probe_report *report)
{
	char relay[PROBE_NOTE_MAX], why[PROBE_TEXT_MAX];

	format_relay(report, relay);
	output_error(AMTCTL_FAILED, "%s port %u: %s; %s", relay, report->port,
		     probe_result_format(&report->last, why), hint_for(&report->last));
}
