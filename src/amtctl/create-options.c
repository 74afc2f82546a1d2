/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/create-options.h"

#include "base/array.h"
#include "base/escape.h"
#include "base/parse.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 255 /* bytes */

static const char out_of_memory[] = "out of memory";

struct request_item {
	const struct config_key *option;
	char *value;
};

struct request {
	char name[IFNAMSIZ];
	struct request_item *items;
	size_t n_items;
};

static void ignore_warning(const struct conf_place *place, const char *text, void *userdata)
{
}

/* Why a line of a device file cannot hold it: a line that ends in a backslash is continued, blanks
 * at both ends are removed. */
static const char *text_error(const char *text)
{
	char buf[ESCAPED_MAX(VALUE_MAX)];
	size_t length = strlen(text);

	if (length == 0 || text[strspn(text, " \t")] == '\0')
		return "empty";
	if (length > VALUE_MAX)
		return "too long";
	if (strcmp(escape_text(text, length, buf, sizeof(buf)), text) != 0)
		return "control characters, or not UTF-8";
	if (text[length - 1] == '\\')
		return "ends in a backslash";
	if (strchr(" \t", text[0]) || strchr(" \t", text[length - 1]))
		return "blanks at its ends";
	return NULL;
}

/* NULL, or why the value is not one of the key's. */
static const char *check_key(const struct config_key *key, const char *value)
{
	const struct conf_assignment assignment = {
		.section = key->section,
		.section_number = 1,
		.key = key->key,
		.value = value,
	};
	struct config_load load = {
		.config = calloc(1, sizeof(*load.config)),
		.assignment = &assignment,
	};
	const char *why = text_error(value);
	int r = 0;

	if (!load.config)
		return out_of_memory;
	if (!why) {
		r = config_parse_key(key, &load, value);
		why = r == -ENOMEM ? out_of_memory : r < 0 ? config_error_text(r) : NULL;
	}
	config_free(load.config);
	return why;
}

/* PREFIX=ADDR: a [Rewrite] section. */
static const char *check_rewrite(const char *value, char **ret)
{
	const char *equals = strrchr(value, '='), *why = text_error(value);
	char *advertised;

	if (why)
		return why;
	if (!equals)
		return "no \"=\" in it";
	advertised = strndup(value, (size_t)(equals - value));
	if (!advertised)
		return out_of_memory;
	if (check_key(config_find_key("Rewrite", "Advertised"), advertised))
		why = "invalid prefix before \"=\", or bits set beyond its length";
	if (!why)
		why = check_key(config_find_key("Rewrite", "Relay"), equals + 1);
	if (!why && asprintf(ret, "Advertised=%s\nRelay=%s\n", advertised, equals + 1) < 0)
		why = out_of_memory;
	free(advertised);
	return why;
}

/* KEY=VALUE: a line of [Sysctl]. */
static const char *check_sysctl(const char *value, char **ret)
{
	const struct conf_handler ignore = { .warning = ignore_warning };
	const char *why = text_error(value);
	struct config *config = NULL;
	char *text;
	int r;

	if (why)
		return why;
	if (!strchr(value, '='))
		return "no \"=\" in it";
	if (asprintf(&text, "[AMT]\nLink=lo\nMode=relay\n[Sysctl]\n%s\n", value) < 0)
		return out_of_memory;
	r = config_load_text("amt0.amt", text, strlen(text), &ignore, &config);
	free(text);
	if (r < 0)
		return out_of_memory;
	if (config->n_sysctls == 0)
		why = "invalid key, neither ipv4.NAME nor ipv6.NAME, or value too long";
	else if (config->sysctls[0].value[0] == '\0' || strchr(value, '\\'))
		why = "invalid value, empty or with a backslash";
	config_free(config);
	return why ?: asprintf(ret, "%s\n", value) < 0 ? out_of_memory : NULL;
}

/* NULL, and what the device file gets in *ret; or why the value is not valid. */
static const char *check_option(const struct config_key *option, const char *value, char **ret)
{
	const char *why;

	if (!option->key)
		return strcmp(option->section, "Sysctl") == 0 ? check_sysctl(value, ret)
							      : check_rewrite(value, ret);
	why = check_key(option, value);
	if (why)
		return why;
	*ret = strdup(value);
	return *ret ? NULL : out_of_memory;
}

const struct config_key *request_option(size_t i)
{
	const struct config_key *key;

	for (size_t j = 0; (key = config_key(j)); j++)
		if (key->option && i-- == 0)
			return key;
	return NULL;
}

const struct config_key *request_find_option(const char *name)
{
	const struct config_key *key;

	for (size_t i = 0; (key = request_option(i)); i++)
		if (strcmp(key->option, name) == 0)
			return key;
	return NULL;
}

const struct config_alias *request_alias(size_t i)
{
	return config_alias(i);
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

static int set_error(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int set_error(char *why, const char *format, ...)
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
		if (strcmp(request->items[i].option->option, name) == 0)
			return request->items[i].value;
	return NULL;
}

int request_set_name(struct request *request, const char *name, char why[static REQUEST_WHY_MAX])
{
	char valid[IFNAMSIZ];
	int r = parse_ifname(name, valid);

	if (r < 0)
		return set_error(
			why, "create %.64s: %s; expected a name of at most 15 bytes, such as amt0",
			name, r == -ENAMETOOLONG ? "too long" : "invalid interface name");
	strcpy(request->name, name);
	return 0;
}

int request_set(struct request *request, const struct config_key *option, const char *value,
		char why[static REQUEST_WHY_MAX])
{
	struct request_item *items;
	const char *error_text;
	char *checked;

	if (!option->repeats && request_value(request, option->option))
		return set_error(why, "--%s: given twice; expected once", option->option);

	items = reallocarray(request->items, request->n_items + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	request->items = items;

	error_text = check_option(option, value, &checked);
	if (error_text == out_of_memory)
		return -ENOMEM;
	if (error_text)
		return set_error(why, "--%s %.64s: %s; expected %s", option->option, value,
				 error_text, option->expected);

	items[request->n_items++] = (struct request_item){ .option = option, .value = checked };
	return 0;
}

bool request_is_empty(const struct request *request)
{
	return request->n_items == 0;
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

/* As the configuration has it. */
static enum config_mode mode_of(const struct request *request)
{
	const char *mode = request_value(request, "mode");

	for (int i = 0; mode && i < _CONFIG_MODE_MAX; i++)
		if (strcmp(mode, config_mode_string(i)) == 0)
			return i;
	return CONFIG_GATEWAY;
}

int request_check(const struct request *request, char why[static REQUEST_WHY_MAX])
{
	const enum config_mode mode = mode_of(request);

	for (size_t i = 0; i < request->n_items; i++)
		if (!(request->items[i].option->modes & 1u << mode))
			return set_error(why, "--%s: not valid with --mode %s",
					 request->items[i].option->option,
					 config_mode_string(mode));
	/* Without a downstream interface amtd only listens: amt-forward(7). */
	if (mode == CONFIG_PROXY)
		return request_value(request, "upstream")
			       ? 0
			       : set_error(
					 why,
					 "create: --mode proxy needs --upstream, the interface of the sources, such as --upstream eth0");
	if (!request_value(request, "link"))
		return set_error(why, "create: --link is missing; expected %s",
				 config_find_key("AMT", "Link")->expected);
	if (mode == CONFIG_GATEWAY && !finds_relay(request))
		return set_error(
			why, "create: --relay is missing; expected %s, or --source to look one up",
			config_find_key("Relay", "Address")->expected);
	if (request_value(request, "on-failure") && !request_value(request, "rewrite"))
		return set_error(why, "--on-failure: not valid without --rewrite");
	return 0;
}

static void write_option(FILE *file, const struct request *request, const struct config_key *option,
			 const char **section)
{
	for (size_t i = 0; i < request->n_items; i++) {
		if (request->items[i].option != option)
			continue;
		/* Each rewrite is a [Rewrite] section of its own. */
		if (strcmp(*section, option->section) != 0 ||
		    (!option->key && strcmp(option->section, "Rewrite") == 0))
			fprintf(file, "\n[%s]\n", option->section);
		*section = option->section;
		if (option->key)
			fprintf(file, "%s=%s\n", option->key, request->items[i].value);
		else
			fputs(request->items[i].value, file);
	}
}

char *request_text(const struct request *request)
{
	const struct config_key *option;
	const char *section = "AMT";
	char *text = NULL;
	size_t length;
	FILE *file;
	bool bad;

	file = open_memstream(&text, &length);
	if (!file)
		return NULL;

	fprintf(file, "[AMT]\nName=%s\n", request->name);
	for (size_t i = 0; (option = request_option(i)); i++)
		write_option(file, request, option, &section);

	bad = ferror(file);
	if (fclose(file) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}
