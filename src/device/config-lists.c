/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/config-lists.h"

#include "base/array.h"
#include "base/match.h"
#include "base/parse.h"
#include "kernel/sysctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

		if (strcmp(load->key->key, table[i].key) != 0)
			continue;
		r = table[i].match(value);
		if (r < 0)
			return r;
		if (r == 0)
			load->match = false;
	}
	return 0;
}

const struct config_kind config_kind_match = { parse_match };

/*
 * [Relay].
 */

static int add_relay(struct config *config, const char *word)
{
	struct address address, *slot;
	int r;

	r = config_parse_host(NULL, word, &address);
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
	return config_parse_words(load, value, add_relay);
}

static void clear_relays(struct config *config, void *field)
{
	free(config->relays);
	config->relays = NULL;
	config->n_relays = 0;
}

static bool relays_equal(const struct config *a, const struct config *b, size_t offset, size_t size)
{
	if (a->n_relays != b->n_relays)
		return false;
	for (size_t i = 0; i < a->n_relays; i++)
		if (!address_equal(&a->relays[i], &b->relays[i]))
			return false;
	return true;
}

const struct config_kind config_kind_relays = { parse_relays, clear_relays, relays_equal };

static int parse_order(struct config_load *load, const char *value, void *field)
{
	return candidate_order_parse(value, field);
}

static bool order_equal(const struct config *a, const struct config *b, size_t offset, size_t size)
{
	const struct candidate_order *x = &a->order, *y = &b->order;

	return x->n == y->n && memcmp(x->origins, y->origins, x->n * sizeof(x->origins[0])) == 0;
}

const struct config_kind config_kind_order = { parse_order, .equal = order_equal };

static int add_allowed(struct config *config, const char *word)
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

static int parse_allow(struct config_load *load, const char *value, void *field)
{
	return config_parse_words(load, value, add_allowed);
}

static void clear_allow(struct config *config, void *field)
{
	free(config->allow);
	config->allow = NULL;
	config->n_allow = 0;
}

static bool allow_equal(const struct config *a, const struct config *b, size_t offset, size_t size)
{
	if (a->n_allow != b->n_allow)
		return false;
	for (size_t i = 0; i < a->n_allow; i++)
		if (a->allow[i].length != b->allow[i].length ||
		    !address_equal(&a->allow[i].address, &b->allow[i].address))
			return false;
	return true;
}

const struct config_kind config_kind_allow = { parse_allow, clear_allow, allow_equal };

/* ADDRESS or ADDRESS@PORT, as libunbound takes it. */
static int add_server(struct config *config, const char *word)
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
	return config_parse_words(load, value, add_server);
}

static void clear_servers(struct config *config, void *field)
{
	while (config->n_servers > 0)
		free(config->servers[--config->n_servers]);
	free(config->servers);
	config->servers = NULL;
}

static bool servers_equal(const struct config *a, const struct config *b, size_t offset,
			  size_t size)
{
	if (a->n_servers != b->n_servers)
		return false;
	for (size_t i = 0; i < a->n_servers; i++)
		if (strcmp(a->servers[i], b->servers[i]) != 0)
			return false;
	return true;
}

const struct config_kind config_kind_servers = { parse_servers, clear_servers, servers_equal };

/*
 * [Rewrite].
 */

/* The [Rewrite] section that the assignment stands in. */
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

	r = config_parse_host(load, value, &address);
	if (r < 0)
		return r;
	rewrite = current_rewrite(load);
	if (!rewrite)
		return -errno;
	rewrite->relay = address;
	return 0;
}

static void clear_rewrites(struct config *config, void *field)
{
	free(config->rewrites);
	config->rewrites = NULL;
	config->n_rewrites = 0;
}

static bool rewrites_equal(const struct config *a, const struct config *b, size_t offset,
			   size_t size)
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

const struct config_kind config_kind_rewrites = { NULL, clear_rewrites, rewrites_equal };
const struct config_kind config_kind_rewrite_advertised = { parse_advertised };
const struct config_kind config_kind_rewrite_relay = { parse_rewrite_relay };

/*
 * [Sysctl].
 */

/* Whatever the kernel has for an interface. The last one wins; an empty value restores amtd's
 * default, too. */
int config_assign_sysctl(struct config_load *load, const struct conf_assignment *assignment)
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

static void clear_sysctls(struct config *config, void *field)
{
	free(config->sysctls);
	config->sysctls = NULL;
	config->n_sysctls = 0;
}

static bool sysctls_equal(const struct config *a, const struct config *b, size_t offset,
			  size_t size)
{
	if (a->n_sysctls != b->n_sysctls)
		return false;
	for (size_t i = 0; i < a->n_sysctls; i++)
		if (strcmp(a->sysctls[i].key, b->sysctls[i].key) != 0 ||
		    strcmp(a->sysctls[i].value, b->sysctls[i].value) != 0)
			return false;
	return true;
}

const struct config_kind config_kind_sysctls = { NULL, clear_sysctls, sysctls_equal };

/*
 * [Membership].
 */

static int add_join(struct config *config, const char *word)
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
	return config_parse_words(load, value, add_join);
}

static void clear_joins(struct config *config, void *field)
{
	free(config->joins);
	config->joins = NULL;
	config->n_joins = 0;
}

static bool joins_equal(const struct config *a, const struct config *b, size_t offset, size_t size)
{
	if (a->n_joins != b->n_joins)
		return false;
	for (size_t i = 0; i < a->n_joins; i++)
		if (channel_compare(&a->joins[i], &b->joins[i]) != 0)
			return false;
	return true;
}

const struct config_kind config_kind_joins = { parse_joins, clear_joins, joins_equal };
