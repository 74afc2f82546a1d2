/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/create-options.h"

#include "base/address.h"
#include "base/escape.h"
#include "base/parse.h"
#include "kernel/sysctl.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIPTION_MAX 255

/* ETH_MIN_MTU and the tunnel's overhead, amt_newlink(); the most depends on the lower device. */
#define MTU_MIN 108
#define MTU_MAX 65535

static const char no_memory[] = "out of memory";

struct request_item {
	const struct request_option *option;
	char *value;
};

struct request {
	char name[IFNAMSIZ];
	struct request_item *items;
	size_t n_items;
};

static const char *copy(const char *value, char **ret)
{
	*ret = strdup(value);
	return *ret ? NULL : no_memory;
}

static bool is_clean(const char *text)
{
	char buf[ESCAPED_MAX(DESCRIPTION_MAX)];
	size_t length = strlen(text);

	return length <= DESCRIPTION_MAX &&
	       !strcmp(escape_text(text, length, buf, sizeof(buf)), text);
}

static const char *name_error(const char *name)
{
	char buf[IFNAMSIZ];
	int r;

	r = parse_ifname(name, buf);
	if (r == -ENAMETOOLONG)
		return "too long for an interface";
	return r < 0 ? "no name that an interface can have" : NULL;
}

static const char *check_interface(const char *value, char **ret)
{
	const char *error = name_error(value);

	return error ?: copy(value, ret);
}

static const char *check_mode(const char *value, char **ret)
{
	if (strcmp(value, "gateway") && strcmp(value, "relay") && strcmp(value, "proxy"))
		return "no mode";
	return copy(value, ret);
}

static const char *check_address(const char *value, char **ret)
{
	char buf[ADDRESS_TEXT_MAX];
	struct address address;

	if (address_parse(value, &address) < 0)
		return "not an address";
	if (address.family != AF_INET)
		return "IPv6, over which the kernel's amt driver builds no tunnels";
	if (!address_is_host(&address))
		return "not the address of one host";
	return copy(address_format(&address, buf), ret);
}

static const char *check_rewrite(const char *value, char **ret)
{
	char advertised[PREFIX_TEXT_MAX], buf[PREFIX_TEXT_MAX];
	const char *equals = strrchr(value, '='), *error;
	struct prefix prefix;
	char *relay;

	if (!equals)
		return "no \"=\" in it";
	if ((size_t)(equals - value) >= sizeof(advertised))
		return "what is before \"=\" is no prefix";
	memcpy(advertised, value, equals - value);
	advertised[equals - value] = '\0';
	if (prefix_parse(advertised, &prefix) < 0)
		return "what is before \"=\" is no prefix, or has bits set beyond its length";

	error = check_address(equals + 1, &relay);
	if (error)
		return !strcmp(error, "not an address") ? "what is after \"=\" is no address"
							: error;

	if (asprintf(ret, "Advertised=%s\nRelay=%s\n", prefix_format(&prefix, buf), relay) < 0)
		error = no_memory;
	free(relay);
	return error;
}

static const char *check_number(const char *value, uint32_t min, uint32_t max, char **ret)
{
	uint32_t number;
	int r;

	r = parse_u32(value, min, max, &number);
	if (r < 0)
		return r == -ERANGE ? "out of range" : "not a number";
	return asprintf(ret, "%u", number) < 0 ? no_memory : NULL;
}

static const char *check_port(const char *value, char **ret)
{
	return check_number(value, 1, UINT16_MAX, ret);
}

static const char *check_tunnels(const char *value, char **ret)
{
	return check_number(value, 1, INT32_MAX, ret);
}

static const char *check_mtu(const char *value, char **ret)
{
	return check_number(value, MTU_MIN, MTU_MAX, ret);
}

/* A device file joins a line that ends in a backslash to the next, and cuts blanks. */
static const char *check_description(const char *value, char **ret)
{
	size_t n = strlen(value);

	if (n == 0)
		return "empty";
	if (n > DESCRIPTION_MAX)
		return "too long";
	if (!is_clean(value))
		return "holds control characters or is not UTF-8";
	if (value[n - 1] == '\\')
		return "ends in a backslash";
	return copy(value, ret);
}

static const char *check_on_failure(const char *value, char **ret)
{
	if (strcmp(value, "accept") && strcmp(value, "drop"))
		return "unknown word";
	return copy(value, ret);
}

static const char *check_sysctl(const char *value, char **ret)
{
	const char *equals = strchr(value, '=');
	char *key;
	bool valid;

	if (!equals)
		return "no \"=\" in it";
	key = strndup(value, equals - value);
	if (!key)
		return no_memory;
	valid = sysctl_key_valid(key);
	free(key);
	if (!valid)
		return "the key is neither ipv4.NAME nor ipv6.NAME";
	if (!equals[1] || strlen(equals + 1) >= SYSCTL_VALUE_MAX || !is_clean(equals + 1) ||
	    strchr(equals, '\\'))
		return "the value is empty, too long or holds what no sysctl takes";
	return asprintf(ret, "%s\n", value) < 0 ? no_memory : NULL;
}

static const char *check_source(const char *value, char **ret)
{
	char buf[ADDRESS_TEXT_MAX];
	struct address address;

	if (address_parse(value, &address) < 0)
		return "not an address";
	if (!address_is_host(&address))
		return "not the address of one host";
	return copy(address_format(&address, buf), ret);
}

static const char *check_text(const char *value, char **ret)
{
	if (!*value || strpbrk(value, " \t") || !is_clean(value))
		return "empty, or holds blanks or control characters";
	return copy(value, ret);
}

static const char *check_boolean(const char *value, char **ret)
{
	return parse_boolean(value) < 0 ? "neither yes nor no" : copy(value, ret);
}

static const char *check_prefix(const char *value, char **ret)
{
	struct prefix prefix;

	if (prefix_parse(value, &prefix) < 0)
		return "not a prefix, or has bits set beyond its length";
	return copy(value, ret);
}

/* "DEV" or "DEV PREFIX...", as the device file has it. */
static const char *check_upstream(const char *value, char **ret)
{
	const char *words = NULL;
	char *text, *save = NULL, *word;

	text = strdup(value);
	if (!text)
		return no_memory;
	word = strtok_r(text, " \t", &save);
	words = word ? name_error(word) : "no interface";
	while (!words && (word = strtok_r(NULL, " \t", &save))) {
		struct prefix prefix;

		if (prefix_parse(word, &prefix) < 0)
			words = "what is behind the interface is no prefix, or has bits set beyond its length";
	}
	free(text);
	return words ?: copy(value, ret);
}

#define EXPECTED_ADDRESS   "an IPv4 address such as 192.0.2.1"
#define EXPECTED_INTERFACE "the name of an interface, at most 15 bytes, such as eth0"
#define EXPECTED_PORT	   "a number from 1 to 65535"

/* In the order of the device file. */
static const struct request_option options[] = {
	{ "description", "TEXT", "what the device is for", "AMT", "Description",
	  "one line of at most 255 bytes", .check = check_description },
	{ "mode", "MODE", "gateway (default), relay or proxy", "AMT", "Mode",
	  "gateway, relay or proxy", .check = check_mode },
	{ "link", "DEV", "interface towards the relay, or of the relay", "AMT", "Link",
	  EXPECTED_INTERFACE, .check = check_interface },
	{ "local", "ADDR", "own address on it (default: found, and followed)", "AMT", "Local",
	  EXPECTED_ADDRESS, .check = check_address },
	{ "port", "N", "own UDP port (default: a private one; of a relay 2268)", "AMT", "Port",
	  EXPECTED_PORT, .check = check_port },
	{ "relay-port", "N", "the relay's UDP port (default: 2268)", "AMT", "RelayPort",
	  EXPECTED_PORT, .gateway_only = true, .check = check_port },
	{ "max-tunnels", "N", "tunnels that a relay admits (default: 128)", "AMT", "MaxTunnels",
	  "a number from 1 to 2147483647", .check = check_tunnels },
	{ "mtu", "BYTES", "largest packet (default: that of DEV, less 40)", "AMT", "MTUBytes",
	  "a number from 108 to 65535", .check = check_mtu },
	{ "relay", "ADDR", "relay of a gateway; repeats, in order", "Relay", "Address",
	  EXPECTED_ADDRESS, .repeats = true, .gateway_only = true, .check = check_address },
	{ "source", "ADDR", "find relays of this source in DNS (RFC 8777)", "Relay", "Driad",
	  "an address such as 203.0.113.2", .gateway_only = true, .check = check_source },
	{ "dnssd", "DOMAIN", "find relays that this domain announces (_amt._udp)", "Relay", "DNSSD",
	  "a domain such as example.net", .gateway_only = true, .check = check_text },
	{ "anycast", "BOOL", "ask the anycast address of relays: yes or no", "Relay", "Anycast",
	  "yes or no", .gateway_only = true, .check = check_boolean },
	{ "allow", "PREFIX", "relays within these only; repeats", "Relay", "Allow",
	  "a prefix such as 192.0.2.0/24", .repeats = true, .gateway_only = true,
	  .check = check_prefix },
	{ "rewrite", "PREFIX=ADDR", "advertised relays to replace (or any=ADDR); repeats",
	  "Rewrite", NULL, "PREFIX=ADDR, such as 10.0.0.0/8=192.0.2.1 or any=192.0.2.1",
	  .repeats = true, .gateway_only = true, .check = check_rewrite },
	{ "on-failure", "WORD", "Advertisements while amtd is down: accept or drop", "Rewrite",
	  "OnFailure", "accept or drop", .gateway_only = true, .check = check_on_failure },
	{ "sysctl", "KEY=VALUE", "per device, e.g. ipv4.rp_filter=2; repeats", "Sysctl", NULL,
	  "KEY=VALUE, such as ipv4.rp_filter=2", .repeats = true, .check = check_sysctl },
	{ "downstream", "DEV", "forward to the hosts there what they want; repeats", "Forward",
	  "Downstream", EXPECTED_INTERFACE, .repeats = true, .check = check_interface },
	{ "upstream", "'DEV [PREFIX]'", "take sources (of PREFIX) from there; repeats", "Forward",
	  "Upstream", "the name of an interface, and prefixes of sources behind it",
	  .repeats = true, .check = check_upstream },
	{ "alternative", "DEV", "a second upstream, see amtctl upstream", "Forward", "Alternative",
	  EXPECTED_INTERFACE, .check = check_interface },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

const struct request_option *request_option(size_t i)
{
	return i < N_OPTIONS ? &options[i] : NULL;
}

struct request *request_new(void)
{
	return calloc(1, sizeof(struct request));
}

void request_free(struct request *request)
{
	size_t i;

	if (!request)
		return;

	for (i = 0; i < request->n_items; i++)
		free(request->items[i].value);
	free(request->items);
	free(request);
}

static int error(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int error(char *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, REQUEST_WHY_MAX, format, arguments);
	va_end(arguments);

	return -EINVAL;
}

static const char *request_value(const struct request *request, const char *name)
{
	size_t i;

	for (i = 0; i < request->n_items; i++)
		if (!strcmp(request->items[i].option->name, name))
			return request->items[i].value;
	return NULL;
}

int request_set_name(struct request *request, const char *name, char why[static REQUEST_WHY_MAX])
{
	const char *words = name_error(name);

	if (words)
		return error(why,
			     "create %.64s: %s; expected a name of at most 15 bytes, such as amt0",
			     name, words);
	strcpy(request->name, name);
	return 0;
}

int request_set(struct request *request, const struct request_option *option, const char *value,
		char why[static REQUEST_WHY_MAX])
{
	struct request_item *items;
	const char *words;
	char *checked;

	if (!option->repeats && request_value(request, option->name))
		return error(why, "--%s: given twice; expected once", option->name);

	items = reallocarray(request->items, request->n_items + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	request->items = items;

	words = option->check(value, &checked);
	if (words == no_memory)
		return -ENOMEM;
	if (words)
		return error(why, "--%s %.64s: %s; expected %s", option->name, value, words,
			     option->expected);

	items[request->n_items++] = (struct request_item){ .option = option, .value = checked };
	return 0;
}

bool request_is_empty(const struct request *request)
{
	return request->n_items == 0;
}

bool request_is_relay(const struct request *request)
{
	const char *mode = request_value(request, "mode");

	return mode && !strcmp(mode, "relay");
}

const char *request_name(const struct request *request)
{
	return request->name;
}

static bool finds_relay(const struct request *request)
{
	return request_value(request, "relay") || request_value(request, "source") ||
	       request_value(request, "dnssd") || request_value(request, "anycast");
}

static bool is_proxy(const struct request *request)
{
	const char *mode = request_value(request, "mode");

	return mode && !strcmp(mode, "proxy");
}

static int check_proxy(const struct request *request, char why[static REQUEST_WHY_MAX])
{
	static const char *const sections[] = { "Relay", "Rewrite", "Sysctl" };

	for (size_t i = 0; i < request->n_items; i++)
		for (size_t j = 0; j < sizeof(sections) / sizeof(sections[0]); j++)
			if (!strcmp(request->items[i].option->section, sections[j]))
				return error(
					why,
					"--%s: means nothing with --mode proxy, which has no tunnel; leave one out",
					request->items[i].option->name);
	/* Without a downstream interface amtd only tells what it hears: amt-forward(7). */
	if (!request_value(request, "upstream"))
		return error(
			why,
			"create: --mode proxy needs --upstream; expected where sources are, such as --upstream eth0");
	return 0;
}

int request_check(const struct request *request, char why[static REQUEST_WHY_MAX])
{
	size_t i;

	for (i = 0; request_is_relay(request) && i < request->n_items; i++)
		if (request->items[i].option->gateway_only)
			return error(why, "--%s: means nothing with --mode relay; leave one out",
				     request->items[i].option->name);

	if (is_proxy(request))
		return check_proxy(request, why);
	if (!request_value(request, "link"))
		return error(why, "create: --link is missing; expected %s", EXPECTED_INTERFACE);
	if (!request_is_relay(request) && !finds_relay(request))
		return error(why,
			     "create: --relay is missing; expected %s, or --source to find one",
			     EXPECTED_ADDRESS);
	if (request_value(request, "on-failure") && !request_value(request, "rewrite"))
		return error(why, "--on-failure: means nothing without a rule; add --rewrite");
	return 0;
}

static void write_section(FILE *file, const struct request *request, const char *section)
{
	bool open = !strcmp(section, "AMT");
	size_t i, j;

	for (i = 0; i < N_OPTIONS; i++) {
		if (strcmp(options[i].section, section))
			continue;
		for (j = 0; j < request->n_items; j++) {
			if (request->items[j].option != &options[i])
				continue;
			/* Each rewrite is a [Rewrite] section of its own. */
			if (!open || (!strcmp(section, "Rewrite") && !options[i].key))
				fprintf(file, "\n[%s]\n", section);
			open = true;
			if (options[i].key)
				fprintf(file, "%s=%s\n", options[i].key, request->items[j].value);
			else
				fputs(request->items[j].value, file);
		}
	}
}

char *request_text(const struct request *request)
{
	char *text = NULL;
	size_t length;
	FILE *file;
	bool bad;

	file = open_memstream(&text, &length);
	if (!file)
		return NULL;

	fprintf(file, "[AMT]\nName=%s\n", request->name);
	write_section(file, request, "AMT");
	write_section(file, request, "Relay");
	write_section(file, request, "Rewrite");
	write_section(file, request, "Sysctl");
	write_section(file, request, "Forward");

	bad = ferror(file);
	if (fclose(file) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}
