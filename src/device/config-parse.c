/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/config-parse.h"

#include "base/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* A blank-separated list: each word by itself. */
int config_parse_words(struct config_load *load, const char *value,
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

int config_parse_interface(struct config_load *load, const char *value, void *field)
{
	return parse_ifname(value, field);
}

int config_parse_seconds(struct config_load *load, const char *value, void *field)
{
	return parse_u32(value, 0, 7 * 24 * 3600, field);
}

const char *config_mode_string(enum config_mode mode)
{
	static const char *const names[] = {
		[CONFIG_GATEWAY] = "gateway",
		[CONFIG_RELAY] = "relay",
		[CONFIG_PROXY] = "proxy",
	};

	return mode >= 0 && mode < _CONFIG_MODE_MAX ? names[mode] : "invalid";
}
