/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/config-keys.h"

#include "base/array.h"
#include "base/match.h"
#include "base/parse.h"
#include "device/config-forward-keys.h"
#include "kernel/sysctl.h"
#include "wire/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse_mode(struct config_load *load, const char *value, void *field)
{
	enum config_mode *mode = field;

	for (int i = 0; i < _CONFIG_MODE_MAX; i++)
		if (strcmp(value, config_mode_string(i)) == 0) {
			*mode = i;
			return 0;
		}
	return -EINVAL;
}

static int parse_text(struct config_load *load, const char *value, void *field)
{
	char **text = field, *copy;

	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static void reset_text(struct config_load *load, void *field)
{
	char **text = field;

	free(*text);
	*text = NULL;
}

static int parse_host(struct config_load *load, const char *value, void *field)
{
	struct address address;
	int r;

	r = address_parse(value, &address);
	if (r < 0)
		return r;
	if (address.family != AF_INET)
		return -EAFNOSUPPORT;
	if (!address_is_host(&address))
		return -EADDRNOTAVAIL;
	*(struct address *)field = address;
	return 0;
}

static int parse_port(struct config_load *load, const char *value, void *field)
{
	return parse_u16(value, 1, UINT16_MAX, field);
}

static int parse_tunnels(struct config_load *load, const char *value, void *field)
{
	return parse_u32(value, 1, INT32_MAX, field);
}

static int parse_mtu(struct config_load *load, const char *value, void *field)
{
	/* ETH_MIN_MTU and the tunnel's overhead, amt_newlink(); IPv6 wants 1280 */
	return parse_u32(value, 108, 65535, field);
}

static int parse_bool(struct config_load *load, const char *value, void *field)
{
	int r;

	r = parse_boolean(value);
	if (r < 0)
		return r;
	*(bool *)field = r;
	return 0;
}

static int parse_on_failure(struct config_load *load, const char *value, void *field)
{
	if (strcmp(value, "accept") != 0 && strcmp(value, "drop") != 0)
		return -EINVAL;
	*(bool *)field = strcmp(value, "drop") == 0;
	return 0;
}

static int parse_source(struct config_load *load, const char *value, void *field)
{
	struct address address;
	int r;

	r = address_parse(value, &address);
	if (r < 0)
		return r;
	if (!address_is_host(&address))
		return -EADDRNOTAVAIL;
	*(struct address *)field = address;
	return 0;
}

static int parse_order(struct config_load *load, const char *value, void *field)
{
	return candidate_order_parse(value, field);
}

static int parse_dnssec(struct config_load *load, const char *value, void *field)
{
	enum dnssec_mode mode = dnssec_mode_from_string(value);

	if (mode < 0)
		return mode;
	*(enum dnssec_mode *)field = mode;
	return 0;
}

static int parse_dead(struct config_load *load, const char *value, void *field)
{
	/* the driver sends a Request every 2 s: at least two of them */
	return parse_u32(value, 5, 3600, field);
}

static int allow_one(struct config *config, const char *word)
{
	struct prefix prefix, *slot;
	int r;

	r = prefix_parse(word, &prefix);
	if (r < 0)
		return r;
	slot = config_append(&config->allow, &config->n_allow, sizeof(*slot), CONFIG_ALLOW_MAX);
	if (!slot)
		return -errno;
	*slot = prefix;
	return 0;
}

static int relay_one(struct config *config, const char *word)
{
	struct address address, *slot;
	int r;

	r = parse_host(NULL, word, &address);
	if (r < 0)
		return r;
	slot = config_append(&config->relays, &config->n_relays, sizeof(*slot), CONFIG_RELAYS_MAX);
	if (!slot)
		return -errno;
	*slot = address;
	return 0;
}

static int parse_relays(struct config_load *load, const char *value, void *field)
{
	return config_parse_words(load, value, relay_one);
}

static int parse_allow(struct config_load *load, const char *value, void *field)
{
	return config_parse_words(load, value, allow_one);
}

static void reset_allow(struct config_load *load, void *field)
{
	load->config->n_allow = 0;
}

/* ADDRESS or ADDRESS@PORT, as libunbound takes it. */
static int server_one(struct config *config, const char *word)
{
	char text[ADDRESS_TEXT_MAX + 8], *at, **slot, *copy;
	struct address address;
	uint16_t port;

	if (strlen(word) >= sizeof(text))
		return -EINVAL;
	strcpy(text, word);
	at = strchr(text, '@');
	if (at)
		*at = '\0';
	if (address_parse(text, &address) < 0 ||
	    (at && parse_u16(at + 1, 1, UINT16_MAX, &port) < 0))
		return -EINVAL;
	copy = strdup(word);
	if (!copy)
		return -ENOMEM;
	slot = config_append(&config->servers, &config->n_servers, sizeof(*slot),
			     CONFIG_SERVERS_MAX);
	if (!slot) {
		free(copy);
		return -errno;
	}
	*slot = copy;
	return 0;
}

static int parse_servers(struct config_load *load, const char *value, void *field)
{
	return config_parse_words(load, value, server_one);
}

static void reset_servers(struct config_load *load, void *field)
{
	struct config *config = load->config;

	while (config->n_servers > 0)
		free(config->servers[--config->n_servers]);
}

static void reset_relays(struct config_load *load, void *field)
{
	load->config->n_relays = 0;
}

/* The [Rewrite] section of the assignment. */
static struct config_rewrite *current_rewrite(struct config_load *load)
{
	struct config *config = load->config;
	unsigned int section = load->assignment->section_number;
	struct config_rewrite *rewrite;

	if (config->n_rewrites > 0 && config->rewrites[config->n_rewrites - 1].section == section)
		return &config->rewrites[config->n_rewrites - 1];
	rewrite = config_append(&config->rewrites, &config->n_rewrites, sizeof(*rewrite),
				CONFIG_REWRITES_MAX);
	if (rewrite)
		rewrite->section = section;
	return rewrite;
}

static int parse_advertised(struct config_load *load, const char *value, void *field)
{
	struct config_rewrite *rewrite;
	struct prefix prefix;
	int r;

	r = prefix_parse(value, &prefix);
	if (r < 0)
		return r;
	rewrite = current_rewrite(load);
	if (!rewrite)
		return -errno;
	rewrite->advertised = prefix;
	return 0;
}

static int parse_rewrite_relay(struct config_load *load, const char *value, void *field)
{
	struct config_rewrite *rewrite;
	struct address address;
	int r;

	r = parse_host(load, value, &address);
	if (r < 0)
		return r;
	rewrite = current_rewrite(load);
	if (!rewrite)
		return -errno;
	rewrite->relay = address;
	return 0;
}

static int parse_match(struct config_load *load, const char *value, void *field)
{
	static const struct {
		const char *key;
		int (*match)(const char *value);
	} table[] = {
		{ "Host", match_host },
		{ "KernelVersion", match_kernel_version },
		{ "Virtualization", match_virtualization },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int r;

		if (strcmp(load->assignment->key, table[i].key) != 0)
			continue;
		r = table[i].match(value);
		if (r < 0)
			return r;
		if (r == 0)
			load->match = false;
	}
	return 0;
}

static int join_one(struct config *config, const char *word)
{
	struct channel_key key, *slot;
	const char *why;
	int r;

	r = channel_parse(word, &key, &why);
	if (r < 0)
		return r;
	slot = config_append(&config->joins, &config->n_joins, sizeof(*slot), CONFIG_JOINS_MAX);
	if (!slot)
		return -errno;
	*slot = key;
	return 0;
}

static int parse_joins(struct config_load *load, const char *value, void *field)
{
	return config_parse_words(load, value, join_one);
}

static void reset_joins(struct config_load *load, void *field)
{
	load->config->n_joins = 0;
}

#define FIELD(member) offsetof(struct config, member), sizeof(((struct config *)NULL)->member)

#define MODE_GATEWAY (1 << CONFIG_GATEWAY)
#define MODE_RELAY   (1 << CONFIG_RELAY)
#define MODE_ALL     (MODE_GATEWAY | MODE_RELAY | 1 << CONFIG_PROXY)

/* In the order of the manual, and of the files that amtctl writes. */
static const struct config_key keys[] = {
	{ "Match", "Host", parse_match, 0, 0, NULL, "a host name, glob or machine id", MODE_ALL },
	{ "Match", "KernelVersion", parse_match, 0, 0, NULL,
	  "a comparison such as >=6.1, or a glob", MODE_ALL },
	{ "Match", "Virtualization", parse_match, 0, 0, NULL,
	  "a boolean, 'vm', 'container' or a name that systemd-detect-virt prints", MODE_ALL },
	{ "AMT", "Name", config_parse_interface, FIELD(name), NULL,
	  "an interface name of 1 to 15 bytes", MODE_ALL },
	{ "AMT", "Description", parse_text, FIELD(description), reset_text,
	  "one line of at most 255 bytes", MODE_ALL, .option = "description", .argument = "TEXT",
	  .help = "what the device is for" },
	{ "AMT", "Mode", parse_mode, FIELD(mode), NULL, "gateway, relay or proxy", MODE_ALL,
	  .option = "mode", .argument = "MODE", .help = "gateway (default), relay or proxy",
	  .words = "gateway relay proxy" },
	{ "AMT", "Link", config_parse_interface, FIELD(link), NULL,
	  "the name of an interface, at most 15 bytes, such as eth0", MODE_ALL, .option = "link",
	  .argument = "DEV", .help = "interface towards the relay, or of the relay",
	  .words = CONFIG_WORDS_INTERFACES },
	{ "AMT", "Local", parse_host, FIELD(local), NULL,
	  "an IPv4 address of this host, such as 192.0.2.1", MODE_ALL, .option = "local",
	  .argument = "ADDR", .help = "own address on it (default: found, and followed)" },
	{ "AMT", "Port", parse_port, FIELD(port), NULL, "a number from 1 to 65535", MODE_ALL,
	  .option = "port", .argument = "N",
	  .help = "own UDP port (default: a private one; of a relay 2268)" },
	{ "AMT", "RelayPort", parse_port, FIELD(relay_port), NULL, "a number from 1 to 65535",
	  MODE_GATEWAY, .option = "relay-port", .argument = "N",
	  .help = "the relay's UDP port (default: 2268)" },
	{ "AMT", "MaxTunnels", parse_tunnels, FIELD(max_tunnels), NULL,
	  "a number from 1 to 2147483647", MODE_ALL, .option = "max-tunnels", .argument = "N",
	  .help = "tunnels that a relay admits (default: 128)" },
	{ "AMT", "MTUBytes", parse_mtu, FIELD(mtu), NULL, "a number from 108 to 65535", MODE_ALL,
	  .option = "mtu", .argument = "BYTES",
	  .help = "largest packet (default: that of DEV, less 40)" },
	{ "AMT", "KeepConfiguration", parse_bool, FIELD(keep), NULL, "yes or no", MODE_ALL },
	{ "AMT", "OnDemand", parse_bool, FIELD(on_demand), NULL, "yes or no", MODE_ALL },
	{ "Relay", "Address", parse_relays, 0, 0, reset_relays,
	  "an IPv4 address such as 192.0.2.1; at most 64 in all", MODE_GATEWAY, .option = "relay",
	  .argument = "ADDR", .help = "relay of a gateway; repeats, in order", .repeats = true },
	{ "Relay", "Driad", parse_source, FIELD(source), NULL,
	  "the address of a source, such as 203.0.113.2", MODE_GATEWAY, .option = "source",
	  .argument = "ADDR", .help = "find relays of this source in DNS (RFC 8777)" },
	{ "Relay", "DNSSD", parse_text, FIELD(service), reset_text, "a domain such as example.net",
	  MODE_GATEWAY, .option = "dnssd", .argument = "DOMAIN",
	  .help = "find relays that this domain announces (_amt._udp)" },
	{ "Relay", "Anycast", parse_bool, FIELD(anycast), NULL, "yes or no", MODE_GATEWAY,
	  .option = "anycast", .argument = "BOOL",
	  .help = "use the anycast address of relays: yes or no", .words = "yes no" },
	{ "Relay", "Order", parse_order, FIELD(order), NULL,
	  "words of: configured dns-sd anycast driad", MODE_GATEWAY },
	{ "Relay", "Allow", parse_allow, 0, 0, reset_allow,
	  "a prefix such as 192.0.2.0/24; at most 64 in all", MODE_GATEWAY, .option = "allow",
	  .argument = "PREFIX", .help = "relays within these only; repeats", .repeats = true },
	{ "Relay", "DNS", parse_servers, 0, 0, reset_servers,
	  "at most 8 servers, ADDRESS or ADDRESS@PORT", MODE_GATEWAY, .repeats = true },
	{ "Relay", "DNSSEC", parse_dnssec, FIELD(dnssec), NULL, "'no', 'allow-downgrade' or 'yes'",
	  MODE_GATEWAY },
	{ "Relay", "TrustAnchor", parse_text, FIELD(trust_anchor), reset_text, "a file",
	  MODE_GATEWAY },
	{ "Relay", "HoldDownSec", config_parse_seconds, FIELD(hold_down_sec), NULL, "seconds",
	  MODE_GATEWAY },
	{ "Relay", "DeadSec", parse_dead, FIELD(dead_sec), NULL, "5 seconds or more",
	  MODE_GATEWAY },
	{ "Relay", "ReturnSec", config_parse_seconds, FIELD(return_sec), NULL,
	  "seconds, 0 for never", MODE_GATEWAY },
	{ "Rewrite", NULL, .modes = MODE_GATEWAY,
	  .expected = "PREFIX=ADDR, such as 10.0.0.0/8=192.0.2.1 or any=192.0.2.1",
	  .option = "rewrite", .argument = "PREFIX=ADDR",
	  .help = "advertised relays to replace (or any=ADDR); repeats", .repeats = true },
	{ "Rewrite", "Advertised", parse_advertised, 0, 0, NULL,
	  "a prefix such as 10.0.0.0/8, an address, or 'any'; at most 64 sections", MODE_GATEWAY },
	{ "Rewrite", "Relay", parse_rewrite_relay, 0, 0, NULL, "a unicast IPv4 address",
	  MODE_GATEWAY },
	{ "Rewrite", "OnFailure", parse_on_failure, FIELD(strict), NULL, "accept or drop",
	  MODE_GATEWAY, .option = "on-failure", .argument = "WORD",
	  .help = "Advertisements while amtd is down: accept or drop", .words = "accept drop" },
	{ "Sysctl", NULL, .modes = MODE_GATEWAY | MODE_RELAY,
	  .expected = "KEY=VALUE, such as ipv4.rp_filter=2", .option = "sysctl",
	  .argument = "KEY=VALUE", .help = "per device, e.g. ipv4.rp_filter=2; repeats",
	  .repeats = true },
	{ "Membership", "Join", parse_joins, 0, 0, reset_joins,
	  "channels: SOURCE,GROUP, or GROUP for any source", MODE_GATEWAY, .repeats = true },
	{ "Forward", "Downstream", config_parse_downstreams, 0, 0, config_reset_downstreams,
	  "the name of an interface, at most 15 bytes, such as eth0; at most 31 in all", MODE_ALL,
	  .option = "downstream", .argument = "DEV", .help = "downstream interface; repeats",
	  .words = CONFIG_WORDS_INTERFACES, .repeats = true },
	{ "Forward", "Upstream", config_parse_upstream, 0, 0, config_reset_upstreams,
	  "the name of an interface, and prefixes of the sources behind it", MODE_ALL,
	  .option = "upstream", .argument = "'DEV [PREFIX]'",
	  .help = "upstream interface (for sources in PREFIX); repeats",
	  .words = CONFIG_WORDS_INTERFACES, .repeats = true },
	{ "Forward", "BackupUpstream", config_parse_interface, FIELD(forward.backup_upstream), NULL,
	  "the name of an interface, at most 15 bytes, such as eth0", MODE_ALL,
	  .option = "backup-upstream", .argument = "DEV",
	  .help = "a second upstream, see amtctl upstream", .words = CONFIG_WORDS_INTERFACES },
	{ "Forward", "UpstreamTimeoutSec", config_parse_seconds,
	  FIELD(forward.upstream_timeout_sec), NULL, "seconds, 0 for never", MODE_ALL },
	{ "Forward", "Table", config_parse_table, FIELD(forward.table), NULL,
	  "a number from 1 to 99999999", MODE_ALL },
	{ "Forward", "Querier", parse_bool, FIELD(forward.querier), NULL, "yes or no", MODE_ALL },
	{ "Forward", "IGMPVersion", config_parse_igmp_version, FIELD(forward.igmp_version), NULL,
	  "1, 2 or 3", MODE_ALL },
	{ "Forward", "MLDVersion", config_parse_mld_version, FIELD(forward.mld_version), NULL,
	  "1 or 2", MODE_ALL },
	{ "Forward", "Robustness", config_parse_robustness, FIELD(forward.robustness), NULL,
	  "a number from 2 to 7", MODE_ALL },
	{ "Forward", "QueryIntervalSec", config_parse_response, FIELD(forward.query_interval_sec),
	  NULL, "seconds from 1 to 3174", MODE_ALL },
	{ "Forward", "QueryResponseSec", config_parse_response, FIELD(forward.query_response_sec),
	  NULL, "seconds from 1 to 3174", MODE_ALL },
	{ "Forward", "LastMemberSec", config_parse_response, FIELD(forward.last_member_sec), NULL,
	  "seconds from 1 to 3174", MODE_ALL },
	{ "Forward", "FastLeave", parse_bool, FIELD(forward.fast_leave), NULL, "yes or no",
	  MODE_ALL },
	{ "Forward", "MaxGroups", config_parse_limit, FIELD(forward.max_groups), NULL,
	  "a number of 1 or more", MODE_ALL },
	{ "Forward", "MaxSources", config_parse_max_sources, FIELD(forward.max_sources), NULL,
	  "a number from 1 to 65535", MODE_ALL },
	{ "Forward", "MaxGroupsPerHost", config_parse_limit, FIELD(forward.max_groups_per_host),
	  NULL, "a number of 1 or more", MODE_ALL },
	{ "Forward", "TTL", config_parse_ttl, FIELD(forward.ttl), NULL, "a number from 2 to 255",
	  MODE_ALL },
	{ "Forward", "UnicastReports", config_parse_unicast, FIELD(forward.unicast_reports), NULL,
	  "'no', 'yes' or 'only'", MODE_ALL },
	{ "Forward", "ForwardQueries", parse_bool, FIELD(forward.forward_queries), NULL,
	  "yes or no", MODE_ALL },
	{ "Forward", "ForwardReports", parse_bool, FIELD(forward.forward_reports), NULL,
	  "yes or no", MODE_ALL },
	{ "Forward", "UnsolicitedReportSec", config_parse_seconds,
	  FIELD(forward.unsolicited_report_sec), NULL, "seconds, 0 for never", MODE_ALL },
	{ "Forward", "SelfQuerySec", config_parse_seconds, FIELD(forward.self_query_sec), NULL,
	  "seconds, 0 for never", MODE_ALL },
};

/* Keys that were renamed: the old spelling is removed in the next release. */
static const struct config_alias aliases[] = {
	{ "Forward", "Alternative", "BackupUpstream", "alternative", "backup-upstream" },
	{ "Forward", "SilentSec", "UpstreamTimeoutSec", NULL, NULL },
	{ "Forward", "GratuitousReportSec", "UnsolicitedReportSec", NULL, NULL },
};

const struct config_key *config_key(size_t i)
{
	return i < ARRAY_SIZE(keys) ? &keys[i] : NULL;
}

const struct config_alias *config_alias(size_t i)
{
	return i < ARRAY_SIZE(aliases) ? &aliases[i] : NULL;
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
		return "IPv6, over which the kernel's amt driver builds no tunnels";
	case -EADDRNOTAVAIL:
		return "not the address of one host";
	default:
		return "not valid";
	}
}

void config_set_defaults(struct config *config)
{
	config->relay_port = AMT_PORT;
	config->keep = true;
	config->dnssec = DNSSEC_MODE_ALLOW_DOWNGRADE;
	config->hold_down_sec = 600; /* RFC 8777: 3 to 10 minutes */
	config->dead_sec = 5;
	config->return_sec = 60;
	config_forward_defaults(&config->forward);
}

/* An empty assignment. */
static void reset_key(struct config_load *load, const struct config_key *key)
{
	void *field = (char *)load->config + key->offset;
	struct config defaults = { 0 };

	if (key->reset) {
		key->reset(load, field);
		return;
	}
	config_set_defaults(&defaults);
	memcpy(field, (char *)&defaults + key->offset, key->size);
}

/* [Sysctl] has no fixed keys: whatever the kernel has for an interface. The last one wins; an
 * empty value takes amtd's default back, too. */
static int parse_sysctl(struct config_load *load, const struct conf_assignment *assignment)
{
	struct config *config = load->config;
	struct config_sysctl *sysctl = NULL;

	if (!sysctl_key_valid(assignment->key)) {
		conf_warn(
			assignment,
			"[Sysctl] %.40s=: expected ipv4.NAME or ipv6.NAME, as below /proc/sys/net/ipv4/conf/DEVICE; ignored",
			assignment->key);
		return 0;
	}
	if (strlen(assignment->value) >= SYSCTL_VALUE_MAX) {
		conf_warn(assignment, "[Sysctl] %s=: longer than %d bytes; ignored",
			  assignment->key, SYSCTL_VALUE_MAX - 1);
		return 0;
	}
	for (size_t i = 0; i < config->n_sysctls; i++)
		if (strcmp(config->sysctls[i].key, assignment->key) == 0)
			sysctl = &config->sysctls[i];
	if (!sysctl)
		sysctl = config_append(&config->sysctls, &config->n_sysctls, sizeof(*sysctl),
				       CONFIG_SYSCTLS_MAX);
	if (!sysctl) {
		if (errno == ENOMEM)
			return -ENOMEM;
		conf_warn(assignment, "[Sysctl] more than %d settings; ignored",
			  CONFIG_SYSCTLS_MAX);
		return 0;
	}
	strcpy(sysctl->key, assignment->key);
	strcpy(sysctl->value, assignment->value);
	return 0;
}

static bool section_known(const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].section, section) == 0)
			return true;
	return false;
}

static const struct config_key *find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].key && strcmp(keys[i].section, section) == 0 &&
		    strcmp(keys[i].key, name) == 0)
			return &keys[i];
	return NULL;
}

/* The key, by its old name as well. */
static const struct config_key *find_assigned(const struct conf_assignment *assignment)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (strcmp(aliases[i].section, assignment->section) != 0 ||
		    strcmp(aliases[i].old_key, assignment->key) != 0)
			continue;
		conf_warn(assignment, "%s= is called %s= now", aliases[i].old_key, aliases[i].key);
		return find_key(assignment->section, aliases[i].key);
	}
	return find_key(assignment->section, assignment->key);
}

int config_parse_key(const struct config_key *key, struct config_load *load, const char *value)
{
	return key->parse(load, value, (char *)load->config + key->offset);
}

int config_assign(const struct conf_assignment *assignment, void *userdata)
{
	struct config_load *load = userdata;
	const struct config_key *key;
	int r;

	load->assignment = assignment;
	if (strcmp(assignment->section, "Sysctl") == 0)
		return parse_sysctl(load, assignment);

	key = find_assigned(assignment);
	if (key && *assignment->value == '\0') {
		reset_key(load, key);
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
