/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints amtd-json(5): the fields of all objects, from the tables that the JSON is made of.
 */
#include "amtd/api/describe-channel.h"
#include "amtd/api/describe-daemon.h"
#include "amtd/api/describe-device.h"
#include "amtd/api/describe-event.h"

#include <stdio.h>

static const char head[] =
	".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
	".Dd November 28, 2026\n"
	".Dt AMTD-JSON 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm amtd-json\n"
	".Nd JSON that amtctl prints and amtd's bus carries\n"
	".Sh DESCRIPTION\n"
	".Xr amtctl 1\n"
	"prints JSON with\n"
	".Fl -json ,\n"
	"and the methods of amtd's bus,\n"
	".Xr amtd 8 ,\n"
	"return the same.\n"
	"Fields may be added in later versions; those that are here keep their meaning.\n"
	".Pp\n"
	"Behind the name of a field is its type.\n"
	"A\n"
	".Em time\n"
	"is a number, microseconds since 1970-01-01 00:00 UTC;\n"
	".Em microseconds\n"
	"is a duration.\n"
	"An\n"
	".Em address\n"
	"is a string, IPv4 or IPv6.\n"
	"A field that is\n"
	".Em optional\n"
	"is left out while it is empty, zero or false.\n";

static const char tail[] = ".Sh SEE ALSO\n"
			   ".Xr amtctl 1 ,\n"
			   ".Xr amt 5 ,\n"
			   ".Xr amt-forward 7 ,\n"
			   ".Xr amtd 8 ,\n"
			   ".Xr ip-link 8\n";

/* A line that begins with a dot or an apostrophe would be a macro. */
static void print_text(const char *text)
{
	if (text[0] == '.' || text[0] == '\'')
		fputs("\\&", stdout);
	for (; *text; text++)
		if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
	putchar('\n');
}

static void print_rows(const struct field *fields)
{
	for (const struct field *field = fields; field->name; field++) {
		if (field->type == FIELD_INLINE) {
			print_rows(field->fields);
			continue;
		}
		printf(".It Va %s Pq %s%s\n", field->name, field_type_string(field->type),
		       field->presence == FIELD_IF_SET ? ", optional" : "");
		print_text(field->help);
		if (!field->fields)
			continue;
		puts(".Bl -tag -width Ds -compact");
		print_rows(field->fields);
		puts(".El");
	}
}

static void print_fields(const struct field *fields)
{
	puts(".Bl -tag -width Ds -compact");
	print_rows(fields);
	puts(".El");
}

static void print_section(const char *title, const char *text, const struct field *fields)
{
	printf(".Sh %s\n%s", title, text);
	print_fields(fields);
}

int main(void)
{
	fputs(head, stdout);
	print_section("DEVICES",
		      "A list of objects, from\n"
		      ".Ic amtctl list\nand\n.Ic amtctl status .\n",
		      device_fields);
	print_section("CHANNELS",
		      "A list of objects, from\n"
		      ".Ic amtctl channels .\n",
		      channel_fields);
	print_section("DAEMON",
		      "One object, from\n"
		      ".Ic amtctl daemon .\n",
		      daemon_fields);
	puts(".Sh EVENTS");
	puts("An object a line, from\n"
	     ".Ic amtctl monitor ;\n"
	     "what they are about is in\n"
	     ".Xr amtctl 1 .");
	for (enum event_kind kind = 0; kind < _EVENT_KIND_MAX; kind++) {
		printf(".Ss %s\n", event_kind_string(kind));
		print_fields(event_fields[kind]);
	}
	puts(".Ss lost");
	print_fields(lost_fields);
	fputs(tail, stdout);
	return 0;
}
