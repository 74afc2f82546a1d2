/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/settings.h"

#include "base/array.h"
#include "base/parse.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "amtd.conf"
#define SECTION	  "Channels"

#define LINGER_SEC   30
#define MAX_CHANNELS 100000

struct settings_load {
	struct settings *settings;
	const struct conf_handler *warn;
	FILE *gateway;
	unsigned int section; /* that was written there last; 0: none */
};

static int parse_interface(const char *value, void *field)
{
	return parse_ifname(value, field);
}

static int parse_seconds(const char *value, void *field)
{
	return parse_u32(value, 0, 7 * 24 * 3600, field);
}

static int parse_limit(const char *value, void *field)
{
	return parse_u32(value, 1, 1000000, field);
}

static int parse_bool(const char *value, void *field)
{
	int r = parse_boolean(value);

	if (r < 0)
		return r;
	*(bool *)field = r;
	return 0;
}

#define FIELD(member) offsetof(struct settings, member), sizeof(((struct settings *)NULL)->member)

static const struct {
	const char *key;
	int (*parse)(const char *value, void *field);
	size_t offset, size;
	const char *expected;
} keys[] = {
	{ "Link", parse_interface, FIELD(link), "an interface name of 1 to 15 bytes" },
	{ "LingerSec", parse_seconds, FIELD(linger_sec), "seconds" },
	{ "MaxChannels", parse_limit, FIELD(max_channels), "a number from 1 to 1000000" },
	{ "HostJoins", parse_bool, FIELD(host_joins), "yes or no" },
	{ "InstallRoutes", parse_bool, FIELD(install_routes), "yes or no" },
};

static void set_defaults(struct settings *settings)
{
	*settings = (struct settings){ .linger_sec = LINGER_SEC, .max_channels = MAX_CHANNELS };
}

/* The old spelling is removed in the next release. */
static const char *current_name(const struct conf_assignment *assignment)
{
	static const struct {
		const char *old_key, *key;
	} aliases[] = { { "Limit", "MaxChannels" }, { "Route", "InstallRoutes" } };

	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (strcmp(aliases[i].old_key, assignment->key) != 0)
			continue;
		conf_warn(assignment, "%s= is called %s= now", aliases[i].old_key, aliases[i].key);
		return aliases[i].key;
	}
	return assignment->key;
}

static void assign(struct settings *settings, const struct conf_assignment *assignment)
{
	const char *name = current_name(assignment);
	struct settings defaults;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		void *field = (char *)settings + keys[i].offset;

		if (strcmp(keys[i].key, name) != 0)
			continue;
		if (*assignment->value == '\0') {
			set_defaults(&defaults);
			memcpy(field, (char *)&defaults + keys[i].offset, keys[i].size);
		} else if (keys[i].parse(assignment->value, field) < 0) {
			conf_warn(assignment, "%s=%.60s: expected %s; ignored", keys[i].key,
				  assignment->value, keys[i].expected);
		}
		return;
	}
	conf_warn(assignment, "unknown key '%.40s' in section [%s]; ignored", assignment->key,
		  SECTION);
}

static int on_assignment(const struct conf_assignment *assignment, void *userdata)
{
	struct settings_load *load = userdata;

	if (strcmp(assignment->section, SECTION) == 0) {
		assign(load->settings, assignment);
		return 0;
	}
	if (load->section != assignment->section_number)
		fprintf(load->gateway, "[%s]\n", assignment->section);
	load->section = assignment->section_number;
	fprintf(load->gateway, "%s=%s\n", assignment->key, assignment->value);
	return 0;
}

static void on_warning(const struct conf_place *place, const char *text, void *userdata)
{
	const struct settings_load *load = userdata;

	load->warn->warning(place, text, load->warn->userdata);
}

int settings_load(const struct conf_handler *warn, struct settings *ret)
{
	struct settings settings;
	struct settings_load load = { .settings = &settings, .warn = warn };
	const struct conf_handler handler = { on_assignment, on_warning, &load };
	struct conf_unit *units = NULL;
	size_t n = 0, length;

	set_defaults(&settings);
	load.gateway = open_memstream(&settings.gateway, &length);
	if (!load.gateway)
		return -ENOMEM;
	if (conf_find(conf_directories(), ".conf", warn, &units, &n) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (strcmp(units[i].name, FILE_NAME) == 0 && !units[i].masked)
			(void)conf_parse_unit(&units[i], &handler);
	conf_units_free(units, n);
	if (fclose(load.gateway) != 0) {
		free(settings.gateway);
		return -ENOMEM;
	}
	*ret = settings;
	return 0;
}

void settings_clear(struct settings *settings)
{
	free(settings->gateway);
	settings->gateway = NULL;
}
