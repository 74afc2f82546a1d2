/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb for senders: zone, what to publish. Works without amtd, and asks nobody. */
#include "amtctl/output/zone.h"

#include "amtctl/amtctl.h"
#include "amtctl/output/output.h"
#include "base/parse.h"
#include "wire/amtrelay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELAYS_MAX	   32
#define PRECEDENCE_DEFAULT 10

enum {
	OPTION_RELAY,
	OPTION_PRECEDENCE,
	OPTION_DISCOVERY_OPTIONAL,
	OPTION_TTL,
	OPTION_GENERIC,
};

const struct verb_option zone_options[] = {
	[OPTION_RELAY] = { "relay", "RELAY[,...]",
			   "Address or name of a relay that reaches the source; . says: none" },
	[OPTION_PRECEDENCE] = { "precedence", "N", "0 to 255, lower first (default: 10)" },
	[OPTION_DISCOVERY_OPTIONAL] = { "discovery-optional", NULL,
					"Gateways may send Requests there at once" },
	[OPTION_TTL] = { "ttl", "SEC", "How long others keep the record (default: the zone's)" },
	[OPTION_GENERIC] = { "generic", NULL,
			     "For a name server that does not know AMTRELAY: see RFC 3597" },
	{ NULL },
};

struct records {
	struct amtrelay relays[RELAYS_MAX];
	size_t n;
	char ttl[16]; /* with a blank behind it, or nothing */
	bool generic;
};

static int read_relay(const char *word, struct amtrelay *record)
{
	if (!strcmp(word, ".")) {
		record->type = AMTRELAY_NONE;
		return AMTCTL_OK;
	}
	if (address_parse(word, &record->address) == 0) {
		record->type = record->address.family == AF_INET ? AMTRELAY_IPV4 : AMTRELAY_IPV6;
		return address_is_host(&record->address)
			       ? AMTCTL_OK
			       : complain(AMTCTL_USAGE, "--relay %s: not the address of one host",
					  word);
	}
	record->type = AMTRELAY_NAME;
	/* Digits and dots alone are an address that somebody mistyped. */
	if (word[strspn(word, "0123456789.")] == '\0' || strchr(word, ':') ||
	    dnsname_parse(word, &record->name) < 0)
		return complain(
			AMTCTL_USAGE,
			"--relay %s: neither an address nor a name; expected one such as 192.0.2.1 or relay.example.net",
			word);
	return AMTCTL_OK;
}

static int read_relays(const char *text, const struct amtrelay *model, struct records *records)
{
	char *list, *rest, *word;
	int code = AMTCTL_OK;

	list = strdup(text);
	if (!list)
		return complain(AMTCTL_FAILED, "out of memory");
	for (rest = list; code == AMTCTL_OK && (word = strsep(&rest, ","));) {
		if (records->n == RELAYS_MAX) {
			code = complain(AMTCTL_USAGE, "--relay: more than %d; leave some out",
					RELAYS_MAX);
			break;
		}
		records->relays[records->n] = *model;
		code = read_relay(word, &records->relays[records->n++]);
	}
	free(list);
	return code;
}

static int read_options(const struct settings *settings, struct records *records)
{
	const char *const *values = settings->values;
	struct amtrelay model = { .precedence = PRECEDENCE_DEFAULT };
	uint16_t precedence;
	uint32_t ttl;

	if (!values[OPTION_RELAY])
		return complain(
			AMTCTL_USAGE,
			"zone: --relay is missing; expected an address or a name such as 192.0.2.1 or relay.example.net");
	if (values[OPTION_PRECEDENCE]) {
		if (parse_u16(values[OPTION_PRECEDENCE], 0, UINT8_MAX, &precedence) < 0)
			return complain(AMTCTL_USAGE,
					"--precedence %s: expected a number, 0 to 255",
					values[OPTION_PRECEDENCE]);
		model.precedence = (uint8_t)precedence;
	}
	if (values[OPTION_TTL]) {
		if (parse_u32(values[OPTION_TTL], 0, INT32_MAX, &ttl) < 0)
			return complain(AMTCTL_USAGE, "--ttl %s: expected seconds, 0 to 2147483647",
					values[OPTION_TTL]);
		snprintf(records->ttl, sizeof(records->ttl), "%u ", ttl);
	}
	model.discovery_optional = values[OPTION_DISCOVERY_OPTIONAL];
	records->generic = values[OPTION_GENERIC];
	return read_relays(values[OPTION_RELAY], &model, records);
}

static void print_lines(const struct records *records, const char *owner, bool generic)
{
	char text[AMTRELAY_TEXT_MAX], hex[AMTRELAY_GENERIC_MAX];
	const char *comment = generic == records->generic ? "" : "; ";
	size_t i;

	for (i = 0; i < records->n; i++)
		printf("%s%s %sIN %s %s\n", comment, owner, records->ttl,
		       generic ? "TYPE260" : "AMTRELAY",
		       generic ? amtrelay_format_generic(&records->relays[i], hex)
			       : amtrelay_format(&records->relays[i], text));
}

static int read_source(const char *word, char owner[static DNSNAME_TEXT_MAX])
{
	struct address address;
	struct dnsname name;

	if (address_parse(word, &address) < 0 || !address_is_host(&address))
		return complain(
			AMTCTL_USAGE,
			"zone %s: not the address of a host; expected a source such as 203.0.113.2 or 2001:db8::2",
			word);
	dnsname_reverse(&address, &name);
	dnsname_format(&name, owner);
	return AMTCTL_OK;
}

static void print_source(const struct records *records, const char *source, const char *owner)
{
	printf("; AMT relays for the source %s (RFC 8777)\n", source);
	print_lines(records, owner, records->generic);
	printf("; the same for a name server that %s AMTRELAY:\n",
	       records->generic ? "knows" : "does not know");
	print_lines(records, owner, !records->generic);
}

int verb_zone(const struct settings *settings, int argc, char **argv)
{
	char owner[DNSNAME_TEXT_MAX];
	struct records records = { .n = 0 };
	json_t *json = json_array();
	int i, code;

	/* All or nothing. */
	code = read_options(settings, &records);
	for (i = 0; i < argc && code == AMTCTL_OK; i++)
		code = read_source(argv[i], owner);
	for (i = 0; i < argc && code == AMTCTL_OK; i++) {
		read_source(argv[i], owner);
		if (settings->json != JSON_MODE_OFF)
			zone_append(json, records.relays, records.n, argv[i], owner);
		else
			print_source(&records, argv[i], owner);
	}
	if (code == AMTCTL_OK && settings->json != JSON_MODE_OFF)
		output_json(settings, json);
	json_decref(json);
	return code;
}
