/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/output/probe-report.h"

#include "amtctl/output/output.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RTT_TEXT_MAX  32
#define NOTE_MAX      512
#define SEEN_TEXT_MAX (ADDRESS_TEXT_MAX + 9)

/* RFC 1918. */
static bool is_private(const struct address *address)
{
	uint32_t a = ntohl(address->in.s_addr);

	if (address->family != AF_INET)
		return false;
	return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8;
}

static const char *rtt_text(char buf[static RTT_TEXT_MAX], uint64_t usec)
{
	snprintf(buf, RTT_TEXT_MAX, "%" PRIu64 ".%02u ms", usec / 1000,
		 (unsigned int)(usec % 1000 / 10));
	return buf;
}

/* "192.0.2.1", or "relay.example (192.0.2.1)". */
static void subject(const struct report *report, char buf[static NOTE_MAX])
{
	char relay[ADDRESS_TEXT_MAX];

	address_format(&report->relay, relay);
	if (!strcmp(relay, report->name))
		snprintf(buf, NOTE_MAX, "%s", relay);
	else
		snprintf(buf, NOTE_MAX, "%.256s (%s)", report->name, relay);
}

static bool differs(const struct probe_result *a, const struct probe_result *b)
{
	if (a->outcome != b->outcome)
		return true;
	if (a->outcome == PROBE_ANSWERED)
		return !address_equal(&a->advertised, &b->advertised);
	return a->outcome == PROBE_UNREACHABLE && a->error != b->error;
}

bool report_add(struct report *report, const struct probe_result *result)
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

struct address report_partner(const struct report *report)
{
	if (report->advertised.family != AF_INET ||
	    (is_private(&report->advertised) && !is_private(&report->relay)))
		return report->relay;
	return report->advertised;
}

/*
 * Remarks. Each writes one line to buf, or returns false when it has nothing to say.
 */

static bool note_advertised(const struct report *report, char buf[static NOTE_MAX])
{
	char advertised[ADDRESS_TEXT_MAX], relay[ADDRESS_TEXT_MAX];

	if (report->answered == 0 || address_equal(&report->advertised, &report->relay))
		return false;
	address_format(&report->advertised, advertised);
	address_format(&report->relay, relay);
	if (report->advertised.family != AF_INET)
		snprintf(buf, NOTE_MAX,
			 "advertises %s: not usable yet, the kernel's tunnels run over IPv4 only",
			 advertised);
	else if (is_private(&report->advertised) && !is_private(&report->relay))
		snprintf(
			buf, NOTE_MAX,
			"advertises %s, a private address (RFC 1918) that does not lead to it: have it replaced, amtctl create --rewrite %s=%s or [Rewrite] in amt(5)",
			advertised, advertised, relay);
	else
		snprintf(buf, NOTE_MAX,
			 "advertises another address than was asked: gateways go to %s",
			 advertised);
	return true;
}

static bool note_flapping(const struct report *report, char buf[static NOTE_MAX])
{
	char why[PROBE_TEXT_MAX];

	if (report->answered == 0 || report->last.outcome == PROBE_ANSWERED)
		return false;
	snprintf(buf, NOTE_MAX, "did not answer the last time: %s",
		 probe_result_format(&report->last, why));
	return true;
}

static const char *seen_text(const struct handshake_answer *answer, char buf[static SEEN_TEXT_MAX])
{
	char address[ADDRESS_TEXT_MAX];

	address_format(&answer->seen_as.address, address);
	snprintf(buf, SEEN_TEXT_MAX,
		 answer->seen_as.address.family == AF_INET6 ? "[%s]:%u" : "%s:%u", address,
		 answer->seen_as.port);
	return buf;
}

static bool gives_mld(const struct handshake_answer *answer)
{
	return answer->queried && answer->family == AF_INET6;
}

static const char *mld_text(const struct handshake *handshake)
{
	bool rfc = gives_mld(&handshake->mld), driver = gives_mld(&handshake->mld_linux);

	if (rfc && driver)
		return "MLD when P is at 0x01 (RFC 7450) or at 0x80 (Linux)";
	if (rfc)
		return "MLD when P is at 0x01 (RFC 7450)";
	if (driver)
		return "MLD when P is at 0x80 only: a Linux relay without amtd";
	return "no MLD, so no IPv6 streams";
}

static const char *silence_text(const struct handshake_answer *answer)
{
	if (answer->malformed)
		return message_error_string(answer->error);
	if (answer->error != 0)
		return strerror(answer->error);
	return "no answer";
}

static bool note_handshake(const struct report *report, char buf[static NOTE_MAX])
{
	const struct handshake_answer *igmp = &report->handshake.igmp;
	char partner[ADDRESS_TEXT_MAX], rtt[RTT_TEXT_MAX], seen[SEEN_TEXT_MAX];

	if (!report->handshaken)
		return false;
	address_format(&report->partner, partner);
	if (!igmp->queried)
		snprintf(buf, NOTE_MAX, "handshake with %s: no Query: %s", partner,
			 silence_text(igmp));
	else
		snprintf(buf, NOTE_MAX, "handshake with %s: Query after %s, L=%d G=%d%s%s; %s",
			 partner, rtt_text(rtt, igmp->rtt_usec), igmp->l, igmp->g,
			 igmp->g ? ", sees us as " : "", igmp->g ? seen_text(igmp, seen) : "",
			 mld_text(&report->handshake));
	return true;
}

static bool note_loaded(const struct report *report, char buf[static NOTE_MAX])
{
	if (!report->handshaken || !report->handshake.igmp.l)
		return false;
	snprintf(buf, NOTE_MAX, "wants no more gateways (L): choose another relay");
	return true;
}

/* drivers/net/amt.c keys tunnels by the gateway's address alone, and forgets them after 260 s:
 * amt_gmi(). */
static bool note_pinned(const struct report *report, char buf[static NOTE_MAX])
{
	if (!report->handshaken || !gives_mld(&report->handshake.mld_linux))
		return false;
	snprintf(
		buf, NOTE_MAX,
		"a Linux relay: a gateway made here in the next 5 minutes will not be answered, since the relay keeps the port of this handshake for so long");
	return true;
}

static bool (*const notes[])(const struct report *report, char buf[static NOTE_MAX]) = {
	note_advertised, note_flapping, note_handshake, note_loaded, note_pinned,
};

#define N_NOTES (sizeof(notes) / sizeof(notes[0]))

/*
 * JSON.
 */

static json_t *text_of(const struct address *address)
{
	char buf[ADDRESS_TEXT_MAX];

	return json_string(address_format(address, buf));
}

static json_t *describe_handshake(const struct report *report)
{
	const struct handshake *handshake = &report->handshake;
	const struct handshake_answer *igmp = &handshake->igmp;
	json_t *object, *flags;
	char seen[SEEN_TEXT_MAX];

	object =
		json_pack("{s:o, s:b}", "relay", text_of(&report->partner), "query", igmp->queried);
	if (!igmp->queried) {
		json_object_set_new(object, "reason", json_string(silence_text(igmp)));
		return object;
	}
	flags = json_array();
	if (gives_mld(&handshake->mld))
		json_array_append_new(flags, json_string("0x01"));
	if (gives_mld(&handshake->mld_linux))
		json_array_append_new(flags, json_string("0x80"));
	json_object_set_new(object, "rtt_usec", json_integer((json_int_t)igmp->rtt_usec));
	json_object_set_new(object, "loaded", json_boolean(igmp->l));
	json_object_set_new(object, "gateway_address", json_boolean(igmp->g));
	if (igmp->g)
		json_object_set_new(object, "seen_as", json_string(seen_text(igmp, seen)));
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

static json_t *describe(const struct report *report)
{
	json_t *object, *remarks = json_array();
	char buf[NOTE_MAX], why[PROBE_TEXT_MAX];
	size_t i;

	object = json_pack("{s:s%, s:o, s:i, s:i, s:i, s:s, s:s}", "name", report->name,
			   strlen(report->name), "relay", text_of(&report->relay), "port",
			   report->port, "sent", (int)report->sent, "received",
			   (int)report->answered, "outcome", outcome_name(report->last.outcome),
			   "reason", probe_result_format(&report->last, why));
	if (report->answered > 0) {
		json_object_set_new(object, "advertised", text_of(&report->advertised));
		json_object_set_new(object, "rtt_usec",
				    json_pack("{s:I, s:I, s:I}", "min",
					      (json_int_t)report->min_usec, "avg",
					      (json_int_t)(report->sum_usec / report->answered),
					      "max", (json_int_t)report->max_usec));
	}
	if (report->handshaken)
		json_object_set_new(object, "handshake", describe_handshake(report));
	for (i = 0; i < N_NOTES; i++)
		if (notes[i](report, buf))
			json_array_append_new(remarks, json_string(buf));
	json_object_set_new(object, "notes", remarks);
	return object;
}

/*
 * Lines as they come.
 */

static void print_json_line(const struct report *report, const struct timespec *now, bool changed)
{
	const struct probe_result *last = &report->last;
	char why[PROBE_TEXT_MAX];
	json_t *object;

	object = json_pack("{s:I, s:o, s:i, s:s, s:s, s:b}", "time_usec",
			   (json_int_t)now->tv_sec * 1000000 + now->tv_nsec / 1000, "relay",
			   text_of(&report->relay), "port", report->port, "outcome",
			   outcome_name(last->outcome), "reason", probe_result_format(last, why),
			   "changed", changed);
	if (last->outcome == PROBE_ANSWERED) {
		json_object_set_new(object, "rtt_usec", json_integer((json_int_t)last->rtt_usec));
		json_object_set_new(object, "advertised", text_of(&last->advertised));
	}
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void print_text_line(const struct report *report, const struct timespec *now,
			    const struct probe_result *before)
{
	const struct probe_result *last = &report->last;
	char clock[16], relay[ADDRESS_TEXT_MAX], why[PROBE_TEXT_MAX], rtt[RTT_TEXT_MAX] = "-";
	enum colour colour = COLOUR_NONE;
	struct tm tm;

	if (before)
		colour = last->outcome == PROBE_ANSWERED ? COLOUR_GREEN : COLOUR_RED;
	if (last->outcome == PROBE_ANSWERED)
		rtt_text(rtt, last->rtt_usec);
	localtime_r(&now->tv_sec, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	printf("%s.%03ld %s%c %-15s %10s  %s", clock, now->tv_nsec / 1000000, output_colour(colour),
	       before ? '*' : ' ', address_format(&report->relay, relay), rtt,
	       probe_result_format(last, why));
	if (before)
		printf("; before: %s", probe_result_format(before, why));
	printf("%s\n", output_reset());
}

void report_print_line(const struct report *report, const struct settings *settings,
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

static int add_line(struct libscols_table *table, const struct report *report)
{
	char cells[_COLUMN_MAX][NOTE_MAX] = { 0 };
	bool up = report->answered > 0;
	struct libscols_line *line;
	int i, r = 0;

	subject(report, cells[COLUMN_RELAY]);
	snprintf(cells[COLUMN_SENT], NOTE_MAX, "%u", report->sent);
	snprintf(cells[COLUMN_LOST], NOTE_MAX, "%u", report->sent - report->answered);
	if (up) {
		rtt_text(cells[COLUMN_MIN], report->min_usec);
		rtt_text(cells[COLUMN_AVG], report->sum_usec / report->answered);
		rtt_text(cells[COLUMN_MAX], report->max_usec);
		strcpy(cells[COLUMN_RESULT], "advertises ");
		address_format(&report->advertised,
			       cells[COLUMN_RESULT] + strlen(cells[COLUMN_RESULT]));
	} else if (report->sent > 0) {
		probe_result_format(&report->last, cells[COLUMN_RESULT]);
	}

	line = scols_table_new_line(table, NULL);
	if (!line)
		return -ENOMEM;
	for (i = 0; i < _COLUMN_MAX && r == 0; i++)
		r = scols_line_set_data(line, i, *cells[i] ? output_safe(cells[i]) : "-");
	if (r == 0)
		r = scols_cell_set_color(scols_line_get_cell(line, COLUMN_RESULT),
					 up ? "green" : "red");
	return r;
}

static int print_table(const struct report *reports, size_t n, bool legend)
{
	static const struct {
		const char *title;
		int flags;
	} columns[_COLUMN_MAX] = {
		[COLUMN_RELAY] = { "RELAY" },
		[COLUMN_SENT] = { "SENT", SCOLS_FL_RIGHT },
		[COLUMN_LOST] = { "LOST", SCOLS_FL_RIGHT },
		[COLUMN_MIN] = { "MIN", SCOLS_FL_RIGHT },
		[COLUMN_AVG] = { "AVG", SCOLS_FL_RIGHT },
		[COLUMN_MAX] = { "MAX", SCOLS_FL_RIGHT },
		[COLUMN_RESULT] = { "RESULT" },
	};
	struct libscols_table *table;
	size_t i;
	int r;

	table = scols_new_table();
	if (!table)
		return -ENOMEM;
	r = scols_table_enable_noheadings(table, !legend);
	if (r == 0)
		r = scols_table_enable_colors(table, *output_reset() != '\0');
	for (i = 0; i < _COLUMN_MAX && r == 0; i++)
		if (!scols_table_new_column(table, columns[i].title, 0, columns[i].flags))
			r = -ENOMEM;
	for (i = 0; i < n && r == 0; i++)
		r = add_line(table, &reports[i]);
	if (r == 0 && n > 0)
		r = scols_print_table(table);
	scols_unref_table(table);
	return r;
}

static void print_notes(const struct report *report)
{
	char who[NOTE_MAX], buf[NOTE_MAX];
	size_t i;

	subject(report, who);
	for (i = 0; i < N_NOTES; i++)
		if (notes[i](report, buf))
			printf("%s: %s\n", output_safe(who), buf);
}

int report_print(const struct report *reports, size_t n, const struct settings *settings)
{
	json_t *array;
	size_t i;
	int r;

	if (settings->json != JSON_MODE_OFF) {
		array = json_array();
		for (i = 0; i < n; i++)
			json_array_append_new(array, describe(&reports[i]));
		output_json(settings, array);
		json_decref(array);
		return 0;
	}
	r = print_table(reports, n, settings->legend);
	for (i = 0; i < n && r == 0; i++)
		print_notes(&reports[i]);
	return r;
}

void report_complain(const struct report *report)
{
	char who[NOTE_MAX], why[PROBE_TEXT_MAX];
	const char *mend;

	static const char *const mends[_PROBE_OUTCOME_MAX] = {
		[PROBE_TIMEOUT] =
			"is it a relay, and does every firewall on the way let UDP through?",
		[PROBE_UNREACHABLE] = "does a relay run there, and is the port right?",
		[PROBE_MALFORMED] = "is it a relay?",
		[PROBE_NONCE] = "is it a relay?",
		[PROBE_SOURCE] = "a gateway believes the address it asked only; ask that one",
	};

	subject(report, who);
	mend = mends[report->last.outcome];
	if (report->last.outcome == PROBE_UNREACHABLE && report->last.error != ECONNREFUSED)
		mend = "see ip route get";
	complain(AMTCTL_FAILED, "%s port %u: %s; %s", who, report->port,
		 probe_result_format(&report->last, why), mend);
}
