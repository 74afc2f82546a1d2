/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/config-keys.h"

#include "base/array.h"
#include "device/config-forward-keys.h"
#include "device/config-groups.h"
#include "device/config-lists.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define MODE_GATEWAY (1 << CONFIG_GATEWAY)
#define MODE_RELAY   (1 << CONFIG_RELAY)
#define MODE_ALL     (MODE_GATEWAY | MODE_RELAY | 1 << CONFIG_PROXY)

/* The columns between the modes and the option, by kind. */

#define FIELD(member) \
	.offset = offsetof(struct config, member), .size = sizeof(((struct config *)NULL)->member)

#define RANGE(member, default_value, low, high, unit)                                         \
	.kind = &config_kind_number, FIELD(member), .initial = (default_value), .min = (low), \
	.max = (high), .expected = unit " from " #low " to " #high

#define NUMBER(member, default_value, low, high) RANGE(member, default_value, low, high, "a number")

#define SECONDS(member, default_value, low, high) RANGE(member, default_value, low, high, "seconds")

#define SECONDS_OR_NEVER(member, default_value)                                 \
	.kind = &config_kind_number, FIELD(member), .initial = (default_value), \
	.max = 7 * 24 * 3600, .expected = "seconds from 0 to 604800, 0 for never"

#define BOOLEAN(member, default_value)                                           \
	.kind = &config_kind_boolean, FIELD(member), .initial = (default_value), \
	.expected = "yes or no", .words = "yes no"

#define INTERFACE(member)                                                        \
	.kind = &config_kind_interface, FIELD(member), .expected = AN_INTERFACE, \
	.words = CONFIG_WORDS_INTERFACES

#define AN_INTERFACE "the name of an interface, at most 15 bytes, such as eth0"

/* Words stand for the values of their enums. */
#define A_RULE \
	"groups, prefixes of groups, or SOURCE,GROUP, perhaps after an interface's name (at most 64)"

static_assert(CONFIG_GATEWAY == 0 && CONFIG_RELAY == 1 && CONFIG_PROXY == 2, "Mode=");
static_assert(DNSSEC_MODE_NO == 0 && DNSSEC_MODE_ALLOW_DOWNGRADE == 1 && DNSSEC_MODE_YES == 2,
	      "DNSSEC=");
static_assert(CONFIG_UNICAST_NO == 0 && CONFIG_UNICAST_YES == 1 && CONFIG_UNICAST_ONLY == 2,
	      "UnicastReports=");

/* In the order of the manual, and of the files that amtctl writes. */
static const struct config_key keys[] = {
	{ "Match", "Host", MODE_ALL, .kind = &config_kind_match,
	  .expected = "a host name, glob or machine id" },
	{ "Match", "KernelVersion", MODE_ALL, .kind = &config_kind_match,
	  .expected = "a comparison such as >=6.1, or a glob" },
	{ "Match", "Virtualization", MODE_ALL, .kind = &config_kind_match,
	  .expected = "a boolean, 'vm', 'container' or a name that systemd-detect-virt prints" },

	{ "AMT", "Name", MODE_ALL, INTERFACE(name) },
	{ "AMT", "Description", MODE_ALL, .kind = &config_kind_text, FIELD(description),
	  .expected = "one line of at most 255 bytes", .option = "description", .argument = "TEXT",
	  .help = "Text for people" },
	{ "AMT", "Mode", MODE_ALL, .kind = &config_kind_word, FIELD(mode),
	  .expected = "gateway, relay or proxy", .words = "gateway relay proxy", .option = "mode",
	  .argument = "MODE", .help = "gateway (default), relay or proxy" },
	{ "AMT", "Link", MODE_ALL, INTERFACE(link), .option = "link", .argument = "DEV",
	  .help = "Interface that carries the tunnel" },
	{ "AMT", "Local", MODE_ALL, .kind = &config_kind_host, FIELD(local),
	  .expected = "an IPv4 address of this host, such as 192.0.2.1", .option = "local",
	  .argument = "ADDR", .help = "Local address (default: from the route to the relay)" },
	{ "AMT", "Port", MODE_ALL, NUMBER(port, 0, 1, 65535), .option = "port", .argument = "N",
	  .help = "Local UDP port (default: from the name; relay: 2268)" },
	{ "AMT", "RelayPort", MODE_GATEWAY, NUMBER(relay_port, 2268, 1, 65535),
	  .option = "relay-port", .argument = "N",
	  .help = "UDP port of the relay (default: 2268)" },
	{ "AMT", "MaxTunnels", MODE_ALL, NUMBER(max_tunnels, 0, 1, 2147483647),
	  .option = "max-tunnels", .argument = "N",
	  .help = "Maximum number of tunnels of a relay (default: 128)" },
	/* ETH_MIN_MTU and the tunnel's overhead, amt_newlink(); IPv6 wants 1280 */
	{ "AMT", "MTUBytes", MODE_ALL, NUMBER(mtu, 0, 108, 65535), .option = "mtu",
	  .argument = "BYTES", .help = "MTU (default: that of the link, less 40)" },
	{ "AMT", "KeepConfiguration", MODE_ALL, BOOLEAN(keep, true) },
	{ "AMT", "OnDemand", MODE_ALL, BOOLEAN(on_demand, false) },

	{ "Relay", "Address", MODE_GATEWAY, .kind = &config_kind_relays,
	  .expected = "an IPv4 address such as 192.0.2.1 (at most 64)", .option = "relay",
	  .argument = "ADDR", .help = "Relay of a gateway; repeatable, in order of preference",
	  .repeats = true },
	{ "Relay", "Driad", MODE_GATEWAY, .kind = &config_kind_source, FIELD(source),
	  .expected = "the address of a source, such as 203.0.113.2", .option = "source",
	  .argument = "ADDR", .help = "Look up the relays of this source in DNS (RFC 8777)" },
	{ "Relay", "DNSSD", MODE_GATEWAY, .kind = &config_kind_text, FIELD(service),
	  .expected = "a domain such as example.net", .option = "dnssd", .argument = "DOMAIN",
	  .help = "Look up the relays of this domain in DNS-SD (_amt._udp)" },
	{ "Relay", "Anycast", MODE_GATEWAY, BOOLEAN(anycast, false), .option = "anycast",
	  .argument = "BOOL", .help = "Use the anycast address of relays: yes or no (default)" },
	{ "Relay", "Order", MODE_GATEWAY, .kind = &config_kind_order, FIELD(order),
	  .expected = "words of: configured dns-sd anycast driad" },
	{ "Relay", "Allow", MODE_GATEWAY, .kind = &config_kind_allow,
	  .expected = "a prefix such as 192.0.2.0/24 (at most 64)", .option = "allow",
	  .argument = "PREFIX", .help = "Accept only relays in this prefix; repeatable",
	  .repeats = true },
	{ "Relay", "DNS", MODE_GATEWAY, .kind = &config_kind_servers,
	  .expected = "at most 8 servers, ADDRESS or ADDRESS@PORT", .repeats = true },
	{ "Relay", "DNSSEC", MODE_GATEWAY, .kind = &config_kind_word, FIELD(dnssec),
	  .initial = DNSSEC_MODE_ALLOW_DOWNGRADE, .expected = "'no', 'allow-downgrade' or 'yes'",
	  .words = "no allow-downgrade yes" },
	{ "Relay", "TrustAnchor", MODE_GATEWAY, .kind = &config_kind_text, FIELD(trust_anchor),
	  .expected = "a file" },
	/* RFC 8777: 3 to 10 minutes */
	{ "Relay", "HoldDownSec", MODE_GATEWAY, SECONDS(hold_down_sec, 600, 0, 604800) },
	/* the driver sends a Request every 2 s: at least two of them */
	{ "Relay", "DeadSec", MODE_GATEWAY, SECONDS(dead_sec, 5, 5, 3600) },
	{ "Relay", "ReturnSec", MODE_GATEWAY, SECONDS_OR_NEVER(return_sec, 60) },

	{ "Rewrite", NULL, MODE_GATEWAY, .kind = &config_kind_rewrites,
	  .expected = "PREFIX=ADDR, such as 10.0.0.0/8=192.0.2.1 or any=192.0.2.1",
	  .option = "rewrite", .argument = "PREFIX=ADDR",
	  .help = "Replace advertised relays in PREFIX, or any; repeatable", .repeats = true },
	{ "Rewrite", "Advertised", MODE_GATEWAY, .kind = &config_kind_rewrite_advertised,
	  .expected = "a prefix such as 10.0.0.0/8, an address, or 'any' (at most 64 sections)" },
	{ "Rewrite", "Relay", MODE_GATEWAY, .kind = &config_kind_rewrite_relay,
	  .expected = "a unicast IPv4 address" },
	{ "Rewrite", "OnFailure", MODE_GATEWAY, .kind = &config_kind_word, FIELD(strict),
	  .expected = "accept or drop", .words = "accept drop", .option = "on-failure",
	  .argument = "WORD",
	  .help = "Advertisements while amtd is down: accept (default) or drop" },

	{ "Sysctl", NULL, MODE_GATEWAY | MODE_RELAY, .kind = &config_kind_sysctls,
	  .expected = "KEY=VALUE, such as ipv4.rp_filter=2", .option = "sysctl",
	  .argument = "KEY=VALUE", .help = "Sysctl of the device, as ipv4.rp_filter=2; repeatable",
	  .repeats = true },

	{ "Membership", "Join", MODE_GATEWAY, .kind = &config_kind_joins,
	  .expected = "channels: SOURCE,GROUP, or GROUP for any source", .repeats = true },

	{ "Forward", "Downstream", MODE_ALL, .kind = &config_kind_downstreams,
	  .expected = AN_INTERFACE " (at most 31)", .words = CONFIG_WORDS_INTERFACES,
	  .option = "downstream", .argument = "DEV",
	  .help = "Forward to the hosts on this interface; repeatable", .repeats = true },
	{ "Forward", "Upstream", MODE_ALL, .kind = &config_kind_upstreams,
	  .expected = "the name of an interface, and prefixes of the sources behind it",
	  .words = CONFIG_WORDS_INTERFACES, .option = "upstream", .argument = "'DEV [PREFIX]'",
	  .help = "Receive sources (in PREFIX) from this interface; repeatable", .repeats = true },
	{ "Forward", "BackupUpstream", MODE_ALL, INTERFACE(forward.backup_upstream),
	  .option = "backup-upstream", .argument = "DEV",
	  .help = "Second upstream interface, see amtctl upstream" },
	{ "Forward", "UpstreamTimeoutSec", MODE_ALL,
	  SECONDS_OR_NEVER(forward.upstream_timeout_sec, 0) },
	/* the kernel's own limit: net/ipv4/ipmr.c, ipmr_new_table() */
	{ "Forward", "Table", MODE_ALL, NUMBER(forward.table, 0, 1, 99999999) },
	{ "Forward", "Querier", MODE_ALL, BOOLEAN(forward.querier, true) },
	{ "Forward", "IGMPVersion", MODE_ALL, NUMBER(forward.igmp_version, 3, 1, 3) },
	{ "Forward", "MLDVersion", MODE_ALL, NUMBER(forward.mld_version, 2, 1, 2) },
	/* Defaults: RFC 9776, section 8. QRV has three bits, and 1 tolerates no packet loss. */
	{ "Forward", "Robustness", MODE_ALL, NUMBER(forward.robustness, 2, 2, 7) },
	/* The most that the codes of IGMP and MLD carry, 4.2.7: 31 << 10 tenths of a second */
	{ "Forward", "QueryIntervalSec", MODE_ALL,
	  SECONDS(forward.query_interval_sec, 125, 1, 3174) },
	{ "Forward", "QueryResponseSec", MODE_ALL,
	  SECONDS(forward.query_response_sec, 10, 1, 3174) },
	{ "Forward", "LastMemberSec", MODE_ALL, SECONDS(forward.last_member_sec, 1, 1, 3174) },
	{ "Forward", "FastLeave", MODE_ALL, BOOLEAN(forward.fast_leave, false) },
	{ "Forward", "MaxGroups", MODE_ALL, NUMBER(forward.max_groups, 100000, 1, 2147483647) },
	/* struct router_options */
	{ "Forward", "MaxSources", MODE_ALL, NUMBER(forward.max_sources, 1000, 1, 65535) },
	{ "Forward", "MaxGroupsPerHost", MODE_ALL,
	  NUMBER(forward.max_groups_per_host, 10000, 1, 2147483647) },
	{ "Forward", "AllowGroups", MODE_ALL, .kind = &config_kind_group_rules,
	  FIELD(forward.allow_groups), .expected = A_RULE },
	{ "Forward", "DenyGroups", MODE_ALL, .kind = &config_kind_group_rules,
	  FIELD(forward.deny_groups), .expected = A_RULE },
	{ "Forward", "SSMPrefix", MODE_ALL, .kind = &config_kind_ssm, FIELD(forward.ssm_prefixes),
	  .expected = "prefixes of groups, such as 232.0.0.0/8 (at most 64)" },
	{ "Forward", "MapSource", MODE_ALL, .kind = &config_kind_maps, FIELD(forward.map_sources),
	  .expected = "a group or a prefix of groups, and sources of its family (at most 64)" },
	{ "Forward", "TTL", MODE_ALL, NUMBER(forward.ttl, 0, 2, 255) },
	{ "Forward", "RequireRouterAlert", MODE_ALL, BOOLEAN(forward.require_router_alert, false) },
	{ "Forward", "UnicastReports", MODE_ALL, .kind = &config_kind_word,
	  FIELD(forward.unicast_reports), .expected = "'no', 'yes' or 'only'",
	  .words = "no yes only" },
	{ "Forward", "ForwardQueries", MODE_ALL, BOOLEAN(forward.forward_queries, false) },
	{ "Forward", "ForwardReports", MODE_ALL, BOOLEAN(forward.forward_reports, false) },
	{ "Forward", "UnsolicitedReportSec", MODE_ALL,
	  SECONDS_OR_NEVER(forward.unsolicited_report_sec, 0) },
	{ "Forward", "SelfQuerySec", MODE_ALL, SECONDS_OR_NEVER(forward.self_query_sec, 0) },
};

/* Former names, valid until the next release; amt(5) lists them. */
static const struct config_alias aliases[] = {
	{ "Forward", "Alternative", "BackupUpstream", "alternative", "backup-upstream" },
	{ "Forward", "SilentSec", "UpstreamTimeoutSec", NULL, NULL },
	{ "Forward", "GratuitousReportSec", "UnsolicitedReportSec", NULL, NULL },
	{ "Channels", "Limit", "MaxChannels", NULL, NULL },
	{ "Channels", "Route", "InstallRoutes", NULL, NULL },
};

static_assert(ARRAY_SIZE(aliases) <= CONF_ONCE_MAX, "a bit each");

const struct config_key *config_key(size_t i)
{
	return i < ARRAY_SIZE(keys) ? &keys[i] : NULL;
}

const struct config_alias *config_alias(size_t i)
{
	return i < ARRAY_SIZE(aliases) ? &aliases[i] : NULL;
}

const struct config_key *config_find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].key && strcmp(keys[i].section, section) == 0 &&
		    strcmp(keys[i].key, name) == 0)
			return &keys[i];
	return NULL;
}

const char *config_current_name(const struct conf_assignment *assignment)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (strcmp(aliases[i].section, assignment->section) != 0 ||
		    strcmp(aliases[i].old_key, assignment->key) != 0)
			continue;
		conf_warn_once(assignment, i, "%s= is deprecated, use %s=", aliases[i].old_key,
			       aliases[i].key);
		return aliases[i].key;
	}
	return assignment->key;
}

const char *config_error_text(int error)
{
	switch (error) {
	case -ERANGE:
		return "out of range";
	case -E2BIG:
		return "too many";
	case -ENAMETOOLONG:
		return "too long";
	case -EAFNOSUPPORT:
		return "IPv6 is not supported by the kernel's amt driver";
	case -EADDRNOTAVAIL:
		return "not the address of one host";
	default:
		return "not valid";
	}
}

static void *field_of(struct config *config, const struct config_key *key)
{
	return (char *)config + key->offset;
}

void config_set_defaults(struct config *config)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].initial > 0)
			config_set_number(field_of(config, &keys[i]), keys[i].size,
					  keys[i].initial);
}

void config_clear(struct config *config)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].kind->clear)
			keys[i].kind->clear(config, field_of(config, &keys[i]));
}

/* An empty assignment. */
static void reset_key(struct config *config, const struct config_key *key)
{
	void *field = field_of(config, key);

	if (key->kind->clear) {
		key->kind->clear(config, field);
		return;
	}
	memset(field, 0, key->size);
	if (key->initial > 0)
		config_set_number(field, key->size, key->initial);
}

static bool section_known(const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].section, section) == 0)
			return true;
	return false;
}

int config_parse_key(const struct config_key *key, struct config_load *load, const char *value)
{
	load->key = key;
	return key->kind->parse(load, value, field_of(load->config, key));
}

int config_assign(const struct conf_assignment *assignment, void *userdata)
{
	struct config_load *load = userdata;
	const struct config_key *key;
	int r;

	load->assignment = assignment;
	if (strcmp(assignment->section, "Sysctl") == 0)
		return config_assign_sysctl(load, assignment);

	key = config_find_key(assignment->section, config_current_name(assignment));
	if (key && *assignment->value == '\0') {
		reset_key(load->config, key);
		return 0;
	}
	if (key) {
		r = config_parse_key(key, load, assignment->value);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			conf_warn(assignment, "%s=%.60s: expected %s; ignored", key->key,
				  assignment->value, key->expected);
		return 0;
	}

	if (section_known(assignment->section))
		conf_warn(assignment, "unknown key '%.40s' in section [%s]; ignored",
			  assignment->key, assignment->section);
	else
		conf_warn(assignment, "unknown section [%.40s]; '%.40s' ignored",
			  assignment->section, assignment->key);
	return 0;
}
