/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of a device file, amt(5): parsers shared by several sections.
 */
#ifndef AMT_DEVICE_CONFIG_PARSE_H
#define AMT_DEVICE_CONFIG_PARSE_H

#include "device/config.h"

/* State of one load. */
struct config_load {
	struct config *config;
	const struct conf_handler *warn;
	const struct conf_assignment *assignment; /* while one is parsed */
	bool match;
};

/* Parsers: value is not empty. 0 or negative errno, config_error_text(); the field is untouched
 * then.
 */
int config_parse_interface(struct config_load *load, const char *value, void *field);
int config_parse_seconds(struct config_load *load, const char *value, void *field);

/* A blank-separated list: each word by itself. */
int config_parse_words(struct config_load *load, const char *value,
		       int (*parse)(struct config *config, const char *word));

/* Append an element of size bytes, zeroed, to an array of at most max; NULL and errno when it
 * cannot be. */
void *config_append(void *array, size_t *n, size_t size, size_t max);

#endif
