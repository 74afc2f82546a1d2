/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb that finds relays in DNS: resolve. Works without amtd. */
#include "amtctl/amtctl.h"
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
			    "Ask these name servers, ADDR or ADDR@PORT (default: resolv.conf)" },
	[OPTION_DNSSEC] = { "dnssec", "MODE", "no, allow-downgrade (default) or yes" },
	[OPTION_TRUST_ANCHOR] = { "trust-anchor", "FILE",
				  "Keys to begin with (default: " RESOLVER_TRUST_ANCHOR ")" },
	[OPTION_DOMAIN] = { "domain", "DOMAIN",
			    "Also the relays that DOMAIN has for those in it, by DNS-SD" },
	{ NULL },
};

struct wish {
	struct address source;
	const char *domain;
	struct resolver_options options;
	char *servers[SERVERS_MAX];
	char *list; /* that they point into */
};

static int split_servers(struct wish *wish, const char *text)
{
	char *rest, *word;

	wish->list = strdup(text);
	if (!wish->list)
		return complain(AMTCTL_FAILED, "out of memory");
	for (rest = wish->list; (word = strsep(&rest, ","));) {
		if (wish->options.n_servers == SERVERS_MAX)
			return complain(AMTCTL_USAGE, "--server: more than %d; leave some out",
					SERVERS_MAX);
		wish->servers[wish->options.n_servers++] = word;
	}
	wish->options.servers = (const char *const *)wish->servers;
	return AMTCTL_OK;
}

static int read_wish(const struct settings *settings, const char *source, struct wish *wish)
{
	const char *const *values = settings->values;
	struct dnsname name;

	if (address_parse(source, &wish->source) < 0 || !address_is_host(&wish->source))
		return complain(
			AMTCTL_USAGE,
			"resolve %s: not the address of a host; expected a source such as 203.0.113.2 or 2001:db8::2",
			source);

	wish->options.dnssec = DNSSEC_MODE_ALLOW_DOWNGRADE;
	if (values[OPTION_DNSSEC])
		wish->options.dnssec = dnssec_mode_from_string(values[OPTION_DNSSEC]);
	if (wish->options.dnssec == _DNSSEC_MODE_INVALID)
		return complain(AMTCTL_USAGE,
				"--dnssec %s: unknown word; expected no, allow-downgrade or yes",
				values[OPTION_DNSSEC]);
	wish->options.trust_anchor = values[OPTION_TRUST_ANCHOR];
	wish->domain = values[OPTION_DOMAIN];
	if (wish->domain && dnsname_parse(wish->domain, &name) < 0)
		return complain(AMTCTL_USAGE,
				"--domain %s: not a domain name; expected one such as example.net",
				wish->domain);
	return values[OPTION_SERVER] ? split_servers(wish, values[OPTION_SERVER]) : AMTCTL_OK;
}

static int open_resolver(const struct wish *wish, struct resolver **ret)
{
	const char *anchor = wish->options.trust_anchor ?: RESOLVER_TRUST_ANCHOR;
	int r;

	r = resolver_open(&wish->options, ret);
	switch (r) {
	case 0:
		return AMTCTL_OK;
	case -EINVAL:
		return complain(
			AMTCTL_USAGE,
			"--server: not all are addresses; expected ADDR or ADDR@PORT, with commas between");
	case -EBADMSG:
		return complain(AMTCTL_FAILED, "%s: holds no trust anchor, a DS or DNSKEY record",
				anchor);
	case -ENOENT:
		return complain(
			AMTCTL_FAILED,
			"%s: %s; install dns-root-data, name another with --trust-anchor, or leave out --dnssec=yes",
			anchor, strerror(-r));
	default:
		return complain(AMTCTL_FAILED, "resolver: %s", strerror(-r));
	}
}

static void on_done(struct lookup *lookup, const struct lookup_result *result, void *userdata)
{
	found_add(userdata, result);
}

static int look_up(const struct wish *wish, struct resolver *resolver, struct found *found)
{
	struct pollfd pollfd = { .fd = resolver_fd(resolver), .events = POLLIN };
	struct lookup *lookup;
	int r;

	r = resolver_lookup_source(resolver, &wish->source, on_done, found, &lookup);
	found->n_expected = 1;
	if (r == 0 && wish->domain) {
		r = resolver_lookup_service(resolver, wish->domain, on_done, found, &lookup);
		found->n_expected = 2;
	}
	while (r == 0 && found->n_results < found->n_expected) {
		if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
			r = -errno;
		if (r == 0)
			r = resolver_dispatch(resolver);
	}
	return r;
}

int verb_resolve(const struct settings *settings, int argc, char **argv)
{
	struct found found = { .source = argv[0] };
	struct wish wish = { .domain = NULL };
	struct resolver *resolver = NULL;
	int code, r;

	code = read_wish(settings, argv[0], &wish);
	if (code == AMTCTL_OK)
		code = open_resolver(&wish, &resolver);
	if (code == AMTCTL_OK) {
		r = look_up(&wish, resolver, &found);
		code = r < 0 ? complain(AMTCTL_FAILED, "resolve: %s", strerror(-r))
			     : found_print(&found, settings);
	}
	resolver_close(resolver);
	found_clear(&found);
	free(wish.list);
	return code;
}
