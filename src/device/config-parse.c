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

void config_set_number(void *field, size_t size, uint32_t value)
{
	const bool boolean = value;
	const uint16_t half = (uint16_t)value;

	if (size == sizeof(boolean))
		memcpy(field, &boolean, size);
	else if (size == sizeof(half))
		memcpy(field, &half, size);
	else
		memcpy(field, &value, sizeof(value));
}

static bool plain_equal(const struct config *a, const struct config *b, size_t offset, size_t size)
{
	return memcmp((const char *)a + offset, (const char *)b + offset, size) == 0;
}

static int parse_number(struct config_load *load, const char *value, void *field)
{
	uint32_t number;
	int r;

	r = parse_u32(value, load->key->min, load->key->max, &number);
	if (r == 0)
		config_set_number(field, load->key->size, number);
	return r;
}

const struct config_kind config_kind_number = { parse_number, .equal = plain_equal };

static int parse_bool(struct config_load *load, const char *value, void *field)
{
	int r = parse_boolean(value);

	if (r < 0)
		return r;
	config_set_number(field, load->key->size, r);
	return 0;
}

const struct config_kind config_kind_boolean = { parse_bool, .equal = plain_equal };

static int parse_word(struct config_load *load, const char *value, void *field)
{
	const char *word = load->key->words;
	const size_t length = strlen(value);

	for (uint32_t i = 0; *word; i++) {
		size_t n = strcspn(word, " ");

		if (n == length && strncmp(word, value, n) == 0) {
			config_set_number(field, load->key->size, i);
			return 0;
		}
		word += n;
		word += strspn(word, " ");
	}
	return -EINVAL;
}

const struct config_kind config_kind_word = { parse_word, .equal = plain_equal };

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

static void clear_text(struct config *config, void *field)
{
	char **text = field;

	free(*text);
	*text = NULL;
}

static bool text_equal(const struct config *a, const struct config *b, size_t offset, size_t size)
{
	const char *const *x = (const void *)((const char *)a + offset);
	const char *const *y = (const void *)((const char *)b + offset);

	return strcmp(*x ?: "", *y ?: "") == 0;
}

const struct config_kind config_kind_text = { parse_text, clear_text, text_equal };

static int parse_interface(struct config_load *load, const char *value, void *field)
{
	return parse_ifname(value, field);
}

static bool interface_equal(const struct config *a, const struct config *b, size_t offset,
			    size_t size)
{
	return strcmp((const char *)a + offset, (const char *)b + offset) == 0;
}

const struct config_kind config_kind_interface = { parse_interface, .equal = interface_equal };

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

int config_parse_host(struct config_load *load, const char *value, void *field)
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

static bool field_address_equal(const struct config *a, const struct config *b, size_t offset,
				size_t size)
{
	return address_equal((const void *)((const char *)a + offset),
			     (const void *)((const char *)b + offset));
}

const struct config_kind config_kind_source = { parse_source, .equal = field_address_equal };
const struct config_kind config_kind_host = { config_parse_host, .equal = field_address_equal };

const char *config_mode_string(enum config_mode mode)
{
	static const char *const names[] = {
		[CONFIG_GATEWAY] = "gateway",
		[CONFIG_RELAY] = "relay",
		[CONFIG_PROXY] = "proxy",
	};

	return mode >= 0 && mode < _CONFIG_MODE_MAX ? names[mode] : "invalid";
}
