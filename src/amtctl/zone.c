/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb for senders: zone, the DNS records to publish. Works without amtd and network. */
#include "amtctl/output/zone.h"

#include "amtctl/options.h"
#include "amtctl/output/output.h"
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
			   "Address or name of a relay of the source, or . for none" },
	[OPTION_PRECEDENCE] = { "precedence", "N", "0 to 255, lowest preferred (default: 10)" },
	[OPTION_DISCOVERY_OPTIONAL] = { "discovery-optional", NULL,
					"Gateways may skip the Discovery" },
	[OPTION_TTL] = { "ttl", "SEC", "TTL of the records (default: that of the zone)" },
	[OPTION_GENERIC] = { "generic", NULL,
			     "Records for name servers without AMTRELAY (RFC 3597)" },
	{ NULL },
};

struct records {
	struct amtrelay relays[RELAYS_MAX];
	size_t n;
	char ttl[16]; /* with a blank after it, or "" */
	bool generic;
};

static int read_relay(const char *word, struct amtrelay *record)
{
	if (strcmp(word, ".") == 0) {
		record->type = AMTRELAY_NONE;
		return AMTCTL_OK;
	}
	if (address_parse(word, &record->address) == 0) {
		record->type = record->address.family == AF_INET ? AMTRELAY_IPV4 : AMTRELAY_IPV6;
		return address_is_host(&record->address)
			       ? AMTCTL_OK
			       : output_error(AMTCTL_USAGE,
					      "--relay %s: not the address of one host", word);
	}
	record->type = AMTRELAY_NAME;
	/* Digits and dots alone are a mistyped address. */
	if (word[strspn(word, "0123456789.")] == '\0' || strchr(word, ':') ||
	    dnsname_parse(word, &record->name) < 0)
		return output_error(
			AMTCTL_USAGE,
			"--relay %s: invalid; expected an address or a name such as 192.0.2.1 or relay.example.net",
			word);
	return AMTCTL_OK;
}

static int read_relays(const char *text, const struct amtrelay *model, struct records *records)
{
	const char *words[RELAYS_MAX];
	int code;
	char *list;
	size_t n;

	list = strdup(text);
	if (!list)
		return output_error(AMTCTL_FAILED, "out of memory");
	code = option_split(&zone_options[OPTION_RELAY], list, words, RELAYS_MAX, &n);
	for (size_t i = 0; code == AMTCTL_OK && i < n; i++) {
		records->relays[records->n] = *model;
		code = read_relay(words[i], &records->relays[records->n++]);
	}
	free(list);
	return code;
}

static int read_options(const struct settings *settings, struct records *records)
{
	const char *const *values = settings->values;
	uint32_t precedence = PRECEDENCE_DEFAULT, ttl = 0;
	struct amtrelay model = { 0 };
	int code;

	if (!values[OPTION_RELAY])
		return output_error(
			AMTCTL_USAGE,
			"zone: --relay is missing; expected an address or a name such as 192.0.2.1 or relay.example.net");
	code = option_number(settings, zone_options, OPTION_PRECEDENCE, 0, UINT8_MAX, &precedence);
	if (code == AMTCTL_OK)
		code = option_number(settings, zone_options, OPTION_TTL, 0, INT32_MAX, &ttl);
	if (code != AMTCTL_OK)
		return code;
	if (values[OPTION_TTL])
		snprintf(records->ttl, sizeof(records->ttl), "%u ", ttl);
	model.precedence = (uint8_t)precedence;
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
		return output_error(
			AMTCTL_USAGE,
			"zone %s: not the address of a host; expected a source such as 203.0.113.2 or 2001:db8::2",
			word);
	dnsname_reverse(&address, &name);
	dnsname_format(&name, owner);
	return AMTCTL_OK;
}

static void print_source(const struct records *records, const char *source, const char *owner)
{
	printf("; AMT relays of the source %s (RFC 8777)\n", source);
	print_lines(records, owner, records->generic);
	printf("; the same for a name server %s AMTRELAY:\n",
	       records->generic ? "with" : "without");
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
