/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/config-keys.h"

#include "base/match.h"
#include "base/parse.h"
#include "wire/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse_mode(struct load *load, const char *value, void *field)
{
	enum config_mode *mode = field;

	for (int i = 0; i < _CONFIG_MODE_MAX; i++)
		if (strcmp(value, config_mode_string(i)) == 0) {
			*mode = i;
			return 0;
		}
	return -EINVAL;
}

int config_parse_interface(struct load *load, const char *value, void *field)
{
	return parse_ifname(value, field);
}

static int parse_text(struct load *load, const char *value, void *field)
{
	char **text = field, *copy;

	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static void reset_text(struct load *load, void *field)
{
	char **text = field;

	free(*text);
	*text = NULL;
}

static int parse_host(struct load *load, const char *value, void *field)
{
	struct address address;
	int r;

	r = address_parse(value, &address);
	if (r < 0)
		return r;
	if (address.family != AF_INET || !address_is_host(&address))
		return -EINVAL;
	*(struct address *)field = address;
	return 0;
}

static int parse_port(struct load *load, const char *value, void *field)
{
	return parse_u16(value, 1, UINT16_MAX, field);
}

static int parse_tunnels(struct load *load, const char *value, void *field)
{
	return parse_u32(value, 1, INT32_MAX, field);
}

static int parse_mtu(struct load *load, const char *value, void *field)
{
	/* ETH_MIN_MTU and the tunnel's overhead, amt_newlink(); IPv6 wants 1280 */
	return parse_u32(value, 108, 65535, field);
}

static int parse_bool(struct load *load, const char *value, void *field)
{
	int r;

	r = parse_boolean(value);
	if (r < 0)
		return r;
	*(bool *)field = r;
	return 0;
}

static int parse_on_failure(struct load *load, const char *value, void *field)
{
	if (strcmp(value, "accept") != 0 && strcmp(value, "drop") != 0)
		return -EINVAL;
	*(bool *)field = strcmp(value, "drop") == 0;
	return 0;
}

void *config_append(void *field, size_t *n, size_t size, size_t max)
{
	void **array = field;
	char *grown;

	if (*n >= max) {
		errno = E2BIG;
		return NULL;
	}
	grown = reallocarray(*array, *n + 1, size);
	if (!grown)
		return NULL;
	*array = grown;
	memset(grown + *n * size, 0, size);
	return grown + (*n)++ * size;
}

static int parse_source(struct load *load, const char *value, void *field)
{
	struct address address;
	int r;

	r = address_parse(value, &address);
	if (r < 0)
		return r;
	if (!address_is_host(&address))
		return -EINVAL;
	*(struct address *)field = address;
	return 0;
}

static int parse_order(struct load *load, const char *value, void *field)
{
	return candidate_order_parse(value, field);
}

static int parse_dnssec(struct load *load, const char *value, void *field)
{
	enum dnssec_mode mode = dnssec_mode_from_string(value);

	if (mode < 0)
		return mode;
	*(enum dnssec_mode *)field = mode;
	return 0;
}

int config_parse_seconds(struct load *load, const char *value, void *field)
{
	return parse_u32(value, 0, 7 * 24 * 3600, field);
}

static int parse_dead(struct load *load, const char *value, void *field)
{
	/* the driver asks every 2 s: less than two of its questions would be haste */
	return parse_u32(value, 5, 3600, field);
}

/* A blank-separated list: each word by itself. */
int config_parse_words(struct load *load, const char *value,
		       int (*parse)(struct config *config, const char *word))
{
	char *copy, *save = NULL;
	int r = 0;

	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	for (char *word = strtok_r(copy, " \t", &save); word && r == 0;
	     word = strtok_r(NULL, " \t", &save))
		r = parse(load->config, word);
	free(copy);
	return r;
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

static int parse_relays(struct load *load, const char *value, void *field)
{
	return config_parse_words(load, value, relay_one);
}

static int parse_allow(struct load *load, const char *value, void *field)
{
	return config_parse_words(load, value, allow_one);
}

static void reset_allow(struct load *load, void *field)
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

static int parse_servers(struct load *load, const char *value, void *field)
{
	return config_parse_words(load, value, server_one);
}

static void reset_servers(struct load *load, void *field)
{
	struct config *config = load->config;

	while (config->n_servers > 0)
		free(config->servers[--config->n_servers]);
}

static void reset_relays(struct load *load, void *field)
{
	load->config->n_relays = 0;
}

/* The [Rewrite] section that the assignment stands in. */
static struct config_rewrite *current_rewrite(struct load *load)
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

static int parse_advertised(struct load *load, const char *value, void *field)
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

static int parse_rewrite_relay(struct load *load, const char *value, void *field)
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

static int parse_match(struct load *load, const char *value, void *field)
{
	static const struct {
		const char *key;
		int (*match)(const char *value);
	} table[] = {
		{ "Host", match_host },
		{ "KernelVersion", match_kernel_version },
		{ "Virtualization", match_virtualization },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
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

static int parse_joins(struct load *load, const char *value, void *field)
{
	return config_parse_words(load, value, join_one);
}

static void reset_joins(struct load *load, void *field)
{
	load->config->n_joins = 0;
}

#define FIELD(member) offsetof(struct config, member), sizeof(((struct config *)NULL)->member)

static const struct key {
	const char *section, *key;
	key_parser parse;
	size_t offset, size; /* the field, which gets its default back when reset is NULL */
	key_reset reset;
	const char *expected;
} keys[] = {
	{ "Match", "Host", parse_match, 0, 0, NULL, "a host name, glob or machine id" },
	{ "Match", "KernelVersion", parse_match, 0, 0, NULL,
	  "a comparison such as >=6.1, or a glob" },
	{ "Match", "Virtualization", parse_match, 0, 0, NULL,
	  "a boolean, 'vm', 'container' or a name that systemd-detect-virt prints" },
	{ "AMT", "Name", config_parse_interface, FIELD(name), NULL,
	  "an interface name of 1 to 15 bytes" },
	{ "AMT", "Description", parse_text, FIELD(description), reset_text, "text" },
	{ "AMT", "Mode", parse_mode, FIELD(mode), NULL, "'gateway', 'relay' or 'proxy'" },
	{ "AMT", "Link", config_parse_interface, FIELD(link), NULL,
	  "an interface name of 1 to 15 bytes" },
	{ "AMT", "Local", parse_host, FIELD(local), NULL, "an IPv4 address of this host" },
	{ "AMT", "Port", parse_port, FIELD(port), NULL, "a port from 1 to 65535" },
	{ "AMT", "RelayPort", parse_port, FIELD(relay_port), NULL, "a port from 1 to 65535" },
	{ "AMT", "MaxTunnels", parse_tunnels, FIELD(max_tunnels), NULL, "a number of 1 or more" },
	{ "AMT", "MTUBytes", parse_mtu, FIELD(mtu), NULL, "bytes, from 108 to 65535" },
	{ "AMT", "KeepConfiguration", parse_bool, FIELD(keep), NULL, "yes or no" },
	{ "AMT", "OnDemand", parse_bool, FIELD(on_demand), NULL, "yes or no" },
	{ "Relay", "Address", parse_relays, 0, 0, reset_relays,
	  "the unicast IPv4 addresses of at most 64 relays" },
	{ "Relay", "Driad", parse_source, FIELD(source), NULL, "the address of a source" },
	{ "Relay", "DNSSD", parse_text, FIELD(service), reset_text, "a domain" },
	{ "Relay", "Anycast", parse_bool, FIELD(anycast), NULL, "yes or no" },
	{ "Relay", "Order", parse_order, FIELD(order), NULL,
	  "words of: configured dns-sd anycast driad" },
	{ "Relay", "Allow", parse_allow, 0, 0, reset_allow, "at most 64 prefixes" },
	{ "Relay", "DNS", parse_servers, 0, 0, reset_servers,
	  "at most 8 servers, ADDRESS or ADDRESS@PORT" },
	{ "Relay", "DNSSEC", parse_dnssec, FIELD(dnssec), NULL,
	  "'no', 'allow-downgrade' or 'yes'" },
	{ "Relay", "TrustAnchor", parse_text, FIELD(trust_anchor), reset_text, "a file" },
	{ "Relay", "HoldDownSec", config_parse_seconds, FIELD(hold_down_sec), NULL, "seconds" },
	{ "Relay", "DeadSec", parse_dead, FIELD(dead_sec), NULL, "5 seconds or more" },
	{ "Relay", "ReturnSec", config_parse_seconds, FIELD(return_sec), NULL,
	  "seconds, 0 for never" },
	{ "Rewrite", "Advertised", parse_advertised, 0, 0, NULL,
	  "a prefix such as 10.0.0.0/8, an address, or 'any'; at most 64 sections" },
	{ "Rewrite", "Relay", parse_rewrite_relay, 0, 0, NULL, "a unicast IPv4 address" },
	{ "Rewrite", "OnFailure", parse_on_failure, FIELD(strict), NULL, "'accept' or 'drop'" },
	{ "Membership", "Join", parse_joins, 0, 0, reset_joins,
	  "channels: SOURCE,GROUP, or GROUP for any source" },
	{ "Forward", "Downstream", config_parse_downstreams, 0, 0, config_reset_downstreams,
	  "the names of at most 31 interfaces" },
	{ "Forward", "Upstream", config_parse_upstream, 0, 0, config_reset_upstreams,
	  "an interface, and the prefixes of the sources behind it" },
	{ "Forward", "Alternative", config_parse_interface, FIELD(forward.alternative), NULL,
	  "an interface name of 1 to 15 bytes" },
	{ "Forward", "SilentSec", config_parse_seconds, FIELD(forward.silent_sec), NULL,
	  "seconds, 0 for never" },
	{ "Forward", "Table", config_parse_table, FIELD(forward.table), NULL,
	  "a number from 1 to 99999999" },
	{ "Forward", "Querier", parse_bool, FIELD(forward.querier), NULL, "yes or no" },
	{ "Forward", "IGMPVersion", config_parse_igmp_version, FIELD(forward.igmp_version), NULL,
	  "1, 2 or 3" },
	{ "Forward", "MLDVersion", config_parse_mld_version, FIELD(forward.mld_version), NULL,
	  "1 or 2" },
	{ "Forward", "Robustness", config_parse_robustness, FIELD(forward.robustness), NULL,
	  "a number from 2 to 7" },
	{ "Forward", "QueryIntervalSec", config_parse_response, FIELD(forward.query_interval_sec),
	  NULL, "seconds from 1 to 3174" },
	{ "Forward", "QueryResponseSec", config_parse_response, FIELD(forward.query_response_sec),
	  NULL, "seconds from 1 to 3174" },
	{ "Forward", "LastMemberSec", config_parse_response, FIELD(forward.last_member_sec), NULL,
	  "seconds from 1 to 3174" },
	{ "Forward", "FastLeave", parse_bool, FIELD(forward.fast_leave), NULL, "yes or no" },
	{ "Forward", "MaxGroups", config_parse_limit, FIELD(forward.max_groups), NULL,
	  "a number of 1 or more" },
	{ "Forward", "MaxSources", config_parse_max_sources, FIELD(forward.max_sources), NULL,
	  "a number from 1 to 65535" },
	{ "Forward", "MaxGroupsPerHost", config_parse_limit, FIELD(forward.max_groups_per_host),
	  NULL, "a number of 1 or more" },
	{ "Forward", "TTL", config_parse_ttl, FIELD(forward.ttl), NULL, "a number from 2 to 255" },
	{ "Forward", "UnicastReports", config_parse_unicast, FIELD(forward.unicast_reports), NULL,
	  "'no', 'yes' or 'only'" },
	{ "Forward", "ForwardQueries", parse_bool, FIELD(forward.forward_queries), NULL,
	  "yes or no" },
	{ "Forward", "ForwardReports", parse_bool, FIELD(forward.forward_reports), NULL,
	  "yes or no" },
	{ "Forward", "GratuitousReportSec", config_parse_seconds,
	  FIELD(forward.gratuitous_report_sec), NULL, "seconds, 0 for never" },
	{ "Forward", "SelfQuerySec", config_parse_seconds, FIELD(forward.self_query_sec), NULL,
	  "seconds, 0 for never" },
};

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
static void reset(struct load *load, const struct key *key)
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
static int parse_sysctl(struct load *load, const struct conf_assignment *assignment)
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
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].section, section) == 0)
			return true;
	return false;
}

int config_assign(const struct conf_assignment *assignment, void *userdata)
{
	struct load *load = userdata;
	int r;

	load->assignment = assignment;
	if (strcmp(assignment->section, "Sysctl") == 0)
		return parse_sysctl(load, assignment);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct key *key = &keys[i];

		if (strcmp(key->section, assignment->section) != 0 ||
		    strcmp(key->key, assignment->key) != 0)
			continue;
		if (*assignment->value == '\0') {
			reset(load, key);
			return 0;
		}
		r = key->parse(load, assignment->value, (char *)load->config + key->offset);
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
