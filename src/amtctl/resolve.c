/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb that looks up relays in DNS: resolve. Works without amtd. */
#include "amtctl/options.h"
#include "amtctl/output/output.h"
#include "amtctl/output/resolve-report.h"
#include "discovery/rank.h"
#include "discovery/resolver.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVERS_MAX 16

enum {
	OPTION_SERVER,
	OPTION_DNSSEC,
	OPTION_TRUST_ANCHOR,
	OPTION_DOMAIN,
};

const struct verb_option resolve_options[] = {
	[OPTION_SERVER] = { "server", "ADDR[,...]",
			    "Query these name servers, ADDR or ADDR@PORT (default: resolv.conf)" },
	[OPTION_DNSSEC] = { "dnssec", "MODE", "no, allow-downgrade (default) or yes",
			    "no allow-downgrade yes" },
	[OPTION_TRUST_ANCHOR] = { "trust-anchor", "FILE",
				  "Trust anchor (default: " RESOLVER_TRUST_ANCHOR ")" },
	[OPTION_DOMAIN] = { "domain", "DOMAIN", "Look up the relays of DOMAIN in DNS-SD, too" },
	{ NULL },
};

struct resolve_args {
	struct address source;
	const char *domain;
	struct resolver_options options;
	const char *servers[SERVERS_MAX];
	char *list; /* that they point into */
};

static int split_servers(struct resolve_args *args, const char *text)
{
	args->list = strdup(text);
	if (!args->list)
		return output_error(AMTCTL_FAILED, "out of memory");
	args->options.servers = args->servers;
	return option_split(&resolve_options[OPTION_SERVER], args->list, args->servers, SERVERS_MAX,
			    &args->options.n_servers);
}

static int parse_args(const struct settings *settings, const char *source,
		      struct resolve_args *args)
{
	const char *const *values = settings->values;
	struct dnsname name;

	if (address_parse(source, &args->source) < 0 || !address_is_host(&args->source))
		return output_error(
			AMTCTL_USAGE,
			"resolve %s: not the address of a host; expected a source such as 203.0.113.2 or 2001:db8::2",
			source);

	args->options.dnssec = DNSSEC_MODE_ALLOW_DOWNGRADE;
	if (values[OPTION_DNSSEC])
		args->options.dnssec = dnssec_mode_from_string(values[OPTION_DNSSEC]);
	if (args->options.dnssec == _DNSSEC_MODE_INVALID)
		return output_error(
			AMTCTL_USAGE,
			"--dnssec %s: unknown word; expected no, allow-downgrade or yes",
			values[OPTION_DNSSEC]);
	args->options.trust_anchor = values[OPTION_TRUST_ANCHOR];
	args->domain = values[OPTION_DOMAIN];
	if (args->domain && dnsname_parse(args->domain, &name) < 0)
		return output_error(
			AMTCTL_USAGE,
			"--domain %s: invalid domain name; expected one such as example.net",
			args->domain);
	return values[OPTION_SERVER] ? split_servers(args, values[OPTION_SERVER]) : AMTCTL_OK;
}

static int open_resolver(const struct resolve_args *args, struct resolver **ret)
{
	const char *anchor = args->options.trust_anchor ?: RESOLVER_TRUST_ANCHOR;
	int r;

	r = resolver_open(&args->options, ret);
	switch (r) {
	case 0:
		return AMTCTL_OK;
	case -EINVAL:
		return output_error(
			AMTCTL_USAGE,
			"--server: invalid address; expected ADDR or ADDR@PORT, separated by commas");
	case -EBADMSG:
		return output_error(AMTCTL_FAILED,
				    "%s: no trust anchor in it; expected DS or DNSKEY records",
				    anchor);
	case -ENOENT:
		return output_error(
			AMTCTL_FAILED,
			"%s: %s; install dns-root-data, give another --trust-anchor, or omit --dnssec yes",
			anchor, strerror(-r));
	default:
		return output_error(AMTCTL_FAILED, "resolver: %s", strerror(-r));
	}
}

static void on_done(struct lookup *lookup, const struct lookup_result *result, void *userdata)
{
	resolve_report_add(userdata, result);
}

static int look_up(const struct resolve_args *args, struct resolver *resolver,
		   struct resolve_report *report)
{
	struct pollfd pollfd = { .fd = resolver_fd(resolver), .events = POLLIN };
	struct lookup *lookup;
	int r;

	r = resolver_lookup_source(resolver, &args->source, on_done, report, &lookup);
	report->n_expected = 1;
	if (r == 0 && args->domain) {
		r = resolver_lookup_service(resolver, args->domain, on_done, report, &lookup);
		report->n_expected = 2;
	}
	while (r == 0 && report->n_results < report->n_expected) {
		if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
			r = -errno;
		if (r == 0)
			r = resolver_dispatch(resolver);
	}
	return r;
}

int verb_resolve(const struct settings *settings, int argc, char **argv)
{
	struct resolve_report report = { .source = argv[0] };
	struct resolve_args args = { .domain = NULL };
	struct resolver *resolver = NULL;
	int code, r;

	code = parse_args(settings, argv[0], &args);
	if (code == AMTCTL_OK)
		code = open_resolver(&args, &resolver);
	if (code == AMTCTL_OK) {
		r = look_up(&args, resolver, &report);
		code = r < 0 ? output_error(AMTCTL_FAILED, "resolve: %s", strerror(-r))
			     : resolve_report_print(&report, settings);
	}
	resolver_close(resolver);
	resolve_report_clear(&report);
	free(args.list);
	return code;
}
