/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <amt/config.h>

#include <amt/match.h>
#include <amt/message.h>
#include <amt/parse.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* State of one load. */
struct load {
	struct config *config;
	const struct conf_handler *warn;
	const struct conf_assignment *assignment; /* while one is parsed */
	bool match;
};

/* A key's parser: value is not empty. 0 or negative errno; what it expected is in the table. */
typedef int (*key_parser)(struct load *load, const char *value, void *field);
/* An empty assignment: back to the default, or to an empty list. */
typedef void (*key_reset)(struct load *load, void *field);

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

static int parse_interface(struct load *load, const char *value, void *field)
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

static void reset_keep(struct load *load, void *field)
{
	*(bool *)field = true;
}

static void reset_dnssec(struct load *load, void *field)
{
	*(enum dnssec_mode *)field = DNSSEC_MODE_ALLOW_DOWNGRADE;
}

/* RFC 8777, 2.5.4.3: a relay that failed is left alone for 3 to 10 minutes. */
static void reset_hold_down(struct load *load, void *field)
{
	*(uint32_t *)field = 600;
}

static void reset_dead(struct load *load, void *field)
{
	*(uint32_t *)field = 5;
}

static void reset_return(struct load *load, void *field)
{
	*(uint32_t *)field = 60;
}

static int parse_on_failure(struct load *load, const char *value, void *field)
{
	if (strcmp(value, "accept") != 0 && strcmp(value, "drop") != 0)
		return -EINVAL;
	*(bool *)field = strcmp(value, "drop") == 0;
	return 0;
}

/* Append an element of size bytes, zeroed, to an array of at most max; NULL without memory. */
static void *append(void *field, size_t *n, size_t size, size_t max)
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

static int parse_seconds(struct load *load, const char *value, void *field)
{
	return parse_u32(value, 0, 7 * 24 * 3600, field);
}

static int parse_dead(struct load *load, const char *value, void *field)
{
	/* the driver asks every 2 s: less than two of its questions would be haste */
	return parse_u32(value, 5, 3600, field);
}

/* A blank-separated list: each word by itself. */
static int parse_words(struct load *load, const char *value,
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
	slot = append(&config->allow, &config->n_allow, sizeof(*slot), CONFIG_ALLOW_MAX);
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
	slot = append(&config->relays, &config->n_relays, sizeof(*slot), CONFIG_RELAYS_MAX);
	if (!slot)
		return -errno;
	*slot = address;
	return 0;
}

static int parse_relays(struct load *load, const char *value, void *field)
{
	return parse_words(load, value, relay_one);
}

static int parse_allow(struct load *load, const char *value, void *field)
{
	return parse_words(load, value, allow_one);
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
	slot = append(&config->servers, &config->n_servers, sizeof(*slot), CONFIG_SERVERS_MAX);
	if (!slot) {
		free(copy);
		return -errno;
	}
	*slot = copy;
	return 0;
}

static int parse_servers(struct load *load, const char *value, void *field)
{
	return parse_words(load, value, server_one);
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
	rewrite = append(&config->rewrites, &config->n_rewrites, sizeof(*rewrite),
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

#define FIELD(member) offsetof(struct config, member), sizeof(((struct config *)NULL)->member)

static const struct key {
	const char *section, *key;
	key_parser parse;
	size_t offset, size; /* the field, which an empty assignment zeroes when reset is NULL */
	key_reset reset;
	const char *expected;
} keys[] = {
	{ "Match", "Host", parse_match, 0, 0, NULL, "a host name, glob or machine id" },
	{ "Match", "KernelVersion", parse_match, 0, 0, NULL,
	  "a comparison such as >=6.1, or a glob" },
	{ "Match", "Virtualization", parse_match, 0, 0, NULL,
	  "a boolean, 'vm', 'container' or a name that systemd-detect-virt prints" },
	{ "AMT", "Name", parse_interface, FIELD(name), NULL, "an interface name of 1 to 15 bytes" },
	{ "AMT", "Description", parse_text, FIELD(description), reset_text, "text" },
	{ "AMT", "Mode", parse_mode, FIELD(mode), NULL, "'gateway' or 'relay'" },
	{ "AMT", "Link", parse_interface, FIELD(link), NULL, "an interface name of 1 to 15 bytes" },
	{ "AMT", "Local", parse_host, FIELD(local), NULL, "an IPv4 address of this host" },
	{ "AMT", "Port", parse_port, FIELD(port), NULL, "a port from 1 to 65535" },
	{ "AMT", "RelayPort", parse_port, FIELD(relay_port), NULL, "a port from 1 to 65535" },
	{ "AMT", "MaxTunnels", parse_tunnels, FIELD(max_tunnels), NULL, "a number of 1 or more" },
	{ "AMT", "MTUBytes", parse_mtu, FIELD(mtu), NULL, "bytes, from 108 to 65535" },
	{ "AMT", "KeepConfiguration", parse_bool, FIELD(keep), reset_keep, "yes or no" },
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
	{ "Relay", "DNSSEC", parse_dnssec, FIELD(dnssec), reset_dnssec,
	  "'no', 'allow-downgrade' or 'yes'" },
	{ "Relay", "TrustAnchor", parse_text, FIELD(trust_anchor), reset_text, "a file" },
	{ "Relay", "HoldDownSec", parse_seconds, FIELD(hold_down_sec), reset_hold_down, "seconds" },
	{ "Relay", "DeadSec", parse_dead, FIELD(dead_sec), reset_dead, "5 seconds or more" },
	{ "Relay", "ReturnSec", parse_seconds, FIELD(return_sec), reset_return,
	  "seconds, 0 for never" },
	{ "Rewrite", "Advertised", parse_advertised, 0, 0, NULL,
	  "a prefix such as 10.0.0.0/8, an address, or 'any'; at most 64 sections" },
	{ "Rewrite", "Relay", parse_rewrite_relay, 0, 0, NULL, "a unicast IPv4 address" },
	{ "Rewrite", "OnFailure", parse_on_failure, FIELD(strict), NULL, "'accept' or 'drop'" },
};

static void __attribute__((format(printf, 3, 4)))
warn(const struct load *load, const struct conf_place *place, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	load->warn->warning(place, text, load->warn->userdata);
}

static void set_defaults(struct config *config)
{
	if (config->relay_port == 0)
		config->relay_port = AMT_PORT;
}

static void reset(struct load *load, const struct key *key)
{
	void *field = (char *)load->config + key->offset;

	if (key->reset)
		key->reset(load, field);
	else
		memset(field, 0, key->size);
}

/* [Sysctl] has no fixed keys: whatever the kernel has for an interface. The last one wins; an
 * empty value takes amtd's default back, too. */
static int parse_sysctl(struct load *load, const struct conf_assignment *assignment)
{
	struct config *config = load->config;
	struct config_sysctl *sysctl = NULL;

	if (!sysctl_key_valid(assignment->key)) {
		conf_warn(assignment,
			  "[Sysctl] %.40s=: expected ipv4.NAME or ipv6.NAME, as below "
			  "/proc/sys/net/ipv4/conf/DEVICE; ignored",
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
		sysctl = append(&config->sysctls, &config->n_sysctls, sizeof(*sysctl),
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

static int on_assignment(const struct conf_assignment *assignment, void *userdata)
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

static void on_warning(const struct conf_place *place, const char *text, void *userdata)
{
	const struct load *load = userdata;

	load->warn->warning(place, text, load->warn->userdata);
}

/* Drop what is incomplete, refuse what cannot work: the second phase. */
static int verify(struct load *load, const char *file)
{
	const struct conf_place place = { .file = file };
	struct config *config = load->config;
	size_t kept = 0;

	if (config->link[0] == '\0') {
		warn(load, &place,
		     "no Link= in [AMT], the interface that carries the tunnel; skipped");
		return -EINVAL;
	}
	if (strcmp(config->link, config->name) == 0) {
		warn(load, &place, "Link=%s is the device itself; skipped", config->link);
		return -EINVAL;
	}
	if (config->mode == CONFIG_GATEWAY && config->n_relays == 0 && !config_discovers(config)) {
		warn(load, &place,
		     "no Address= in [Relay], the relay of a gateway, nor Driad=, DNSSD= or "
		     "Anycast= "
		     "to find one; skipped");
		return -EINVAL;
	}
	if (config->mode == CONFIG_RELAY && (config->n_relays > 0 || config_discovers(config)))
		warn(load, &place, "[Relay] means nothing with Mode=relay; ignored");

	for (size_t i = 0; i < config->n_rewrites; i++) {
		if (config->rewrites[i].relay.family == AF_UNSPEC) {
			warn(load, &place, "a [Rewrite] section without Relay=; ignored");
			continue;
		}
		config->rewrites[kept++] = config->rewrites[i];
	}
	config->n_rewrites = kept;
	set_defaults(config);
	return 0;
}

static int name_from_file(struct config *config, const char *file)
{
	const char *base = strrchr(file, '/');
	char name[NAME_MAX + 1];
	char *suffix;

	snprintf(name, sizeof(name), "%s", base ? base + 1 : file);
	suffix = strrchr(name, '.');
	if (suffix)
		*suffix = '\0';
	return parse_ifname(name, config->name);
}

static int load_begin(struct load *load, const struct conf_handler *handler)
{
	*load = (struct load){ .warn = handler, .match = true };
	load->config = calloc(1, sizeof(*load->config));
	if (!load->config)
		return -ENOMEM;
	load->config->keep = true;
	reset_dnssec(load, &load->config->dnssec);
	reset_hold_down(load, &load->config->hold_down_sec);
	reset_dead(load, &load->config->dead_sec);
	reset_return(load, &load->config->return_sec);
	return 0;
}

/* r is what reading came to. Hands out the config, or frees it. */
static int load_end(struct load *load, const char *file, int r, struct config **ret)
{
	const struct conf_place place = { .file = file };

	if (r == 0 && !load->match)
		r = -ESRCH;
	if (r == 0 && load->config->name[0] == '\0' && name_from_file(load->config, file) < 0) {
		warn(load, &place, "no Name= in [AMT], and the file's name is none; skipped");
		r = -EINVAL;
	}
	if (r == 0)
		r = verify(load, file);
	if (r < 0) {
		config_free(load->config);
		return r;
	}
	*ret = load->config;
	return 0;
}

static int copy_pieces(struct config *config, char *const *pieces, size_t n)
{
	config->pieces = calloc(n, sizeof(*config->pieces));
	if (!config->pieces)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		config->pieces[i] = strdup(pieces[i]);
		if (!config->pieces[i])
			return -ENOMEM;
		config->n_pieces++;
	}
	return 0;
}

int config_load(const struct conf_unit *unit, const struct conf_handler *handler,
		struct config **ret)
{
	struct load load;
	int r;

	r = load_begin(&load, handler);
	if (r < 0)
		return r;
	r = conf_parse_unit(unit, &(struct conf_handler){ on_assignment, on_warning, &load });
	if (r == 0)
		r = copy_pieces(load.config, unit->pieces, unit->n_pieces);
	return load_end(&load, unit->pieces[0], r, ret);
}

int config_load_text(const char *file, const char *text, size_t length,
		     const struct conf_handler *handler, struct config **ret)
{
	char *piece = (char *)file;
	unsigned int section = 0;
	struct load load;
	int r;

	r = load_begin(&load, handler);
	if (r < 0)
		return r;
	r = conf_parse_text(file, text, length, &section,
			    &(struct conf_handler){ on_assignment, on_warning, &load });
	if (r == 0)
		r = copy_pieces(load.config, &piece, 1);
	return load_end(&load, file, r, ret);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_pieces; i++)
		free(config->pieces[i]);
	free(config->pieces);
	free(config->description);
	for (size_t i = 0; i < config->n_servers; i++)
		free(config->servers[i]);
	free(config->servers);
	free(config->service);
	free(config->trust_anchor);
	free(config->allow);
	free(config->relays);
	free(config->rewrites);
	free(config->sysctls);
	free(config);
}

static bool rewrites_equal(const struct config *a, const struct config *b)
{
	if (a->n_rewrites != b->n_rewrites)
		return false;
	for (size_t i = 0; i < a->n_rewrites; i++) {
		const struct config_rewrite *x = &a->rewrites[i], *y = &b->rewrites[i];

		if (x->advertised.length != y->advertised.length ||
		    !address_equal(&x->advertised.address, &y->advertised.address) ||
		    !address_equal(&x->relay, &y->relay))
			return false;
	}
	return true;
}

static bool sysctls_equal(const struct config *a, const struct config *b)
{
	if (a->n_sysctls != b->n_sysctls)
		return false;
	for (size_t i = 0; i < a->n_sysctls; i++)
		if (strcmp(a->sysctls[i].key, b->sysctls[i].key) != 0 ||
		    strcmp(a->sysctls[i].value, b->sysctls[i].value) != 0)
			return false;
	return true;
}

static bool relays_equal(const struct config *a, const struct config *b)
{
	if (a->n_relays != b->n_relays)
		return false;
	for (size_t i = 0; i < a->n_relays; i++)
		if (!address_equal(&a->relays[i], &b->relays[i]))
			return false;
	return true;
}

static bool prefixes_equal(const struct config *a, const struct config *b)
{
	if (a->n_allow != b->n_allow)
		return false;
	for (size_t i = 0; i < a->n_allow; i++)
		if (a->allow[i].length != b->allow[i].length ||
		    !address_equal(&a->allow[i].address, &b->allow[i].address))
			return false;
	return true;
}

static bool servers_equal(const struct config *a, const struct config *b)
{
	if (a->n_servers != b->n_servers)
		return false;
	for (size_t i = 0; i < a->n_servers; i++)
		if (strcmp(a->servers[i], b->servers[i]) != 0)
			return false;
	return true;
}

static bool orders_equal(const struct candidate_order *a, const struct candidate_order *b)
{
	return a->n == b->n && memcmp(a->origins, b->origins, a->n * sizeof(a->origins[0])) == 0;
}

/* [Relay]: where relays come from, and when they are left. */
static bool discovery_equal(const struct config *a, const struct config *b)
{
	return relays_equal(a, b) && address_equal(&a->source, &b->source) &&
	       strcmp(a->service ?: "", b->service ?: "") == 0 && a->anycast == b->anycast &&
	       orders_equal(&a->order, &b->order) && prefixes_equal(a, b) && servers_equal(a, b) &&
	       a->dnssec == b->dnssec &&
	       strcmp(a->trust_anchor ?: "", b->trust_anchor ?: "") == 0 &&
	       a->hold_down_sec == b->hold_down_sec && a->dead_sec == b->dead_sec &&
	       a->return_sec == b->return_sec;
}

bool config_discovers(const struct config *config)
{
	return config->source.family != AF_UNSPEC || config->service || config->anycast;
}

bool config_equal(const struct config *a, const struct config *b)
{
	const char *description_a = a->description ?: "", *description_b = b->description ?: "";

	return strcmp(a->name, b->name) == 0 && strcmp(description_a, description_b) == 0 &&
	       a->mode == b->mode && strcmp(a->link, b->link) == 0 &&
	       address_equal(&a->local, &b->local) && a->port == b->port &&
	       a->relay_port == b->relay_port && a->max_tunnels == b->max_tunnels &&
	       a->mtu == b->mtu && a->keep == b->keep && a->strict == b->strict &&
	       discovery_equal(a, b) && rewrites_equal(a, b) && sysctls_equal(a, b);
}

const char *config_mode_string(enum config_mode mode)
{
	static const char *const names[] = {
		[CONFIG_GATEWAY] = "gateway",
		[CONFIG_RELAY] = "relay",
	};

	return mode >= 0 && mode < _CONFIG_MODE_MAX ? names[mode] : "invalid";
}
