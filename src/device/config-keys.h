/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a device file, amt(5): what each takes and where it goes.
 */
#ifndef AMT_DEVICE_CONFIG_KEYS_H
#define AMT_DEVICE_CONFIG_KEYS_H

#include "device/config.h"

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

/* Parsers that several sections share. */
int config_parse_words(struct load *load, const char *value,
		       int (*parse)(struct config *config, const char *word)); /* each by itself */
int config_parse_interface(struct load *load, const char *value, void *field);
int config_parse_seconds(struct load *load, const char *value, void *field);

/* Append an element of size bytes, zeroed, to an array of at most max; NULL and errno when it
 * cannot be. */
void *config_append(void *array, size_t *n, size_t size, size_t max);

/* [Forward] */
int config_parse_downstreams(struct load *load, const char *value, void *field);
void config_reset_downstreams(struct load *load, void *field);
int config_parse_upstream(struct load *load, const char *value, void *field);
void config_reset_upstreams(struct load *load, void *field);
int config_parse_table(struct load *load, const char *value, void *field);
int config_parse_igmp_version(struct load *load, const char *value, void *field);
int config_parse_mld_version(struct load *load, const char *value, void *field);
int config_parse_robustness(struct load *load, const char *value, void *field);
int config_parse_response(struct load *load, const char *value, void *field);
int config_parse_limit(struct load *load, const char *value, void *field);
int config_parse_max_sources(struct load *load, const char *value, void *field);
int config_parse_ttl(struct load *load, const char *value, void *field);
int config_parse_unicast(struct load *load, const char *value, void *field);
int config_add_downstream(struct config *config, const char *name); /* there already: fine */
int config_add_upstream(struct config *config, const char *name);   /* for any source */
void config_forward_defaults(struct config_forward *forward);

/* What holds where the file says nothing. */
void config_set_defaults(struct config *config);

/* One assignment, userdata being the load; for struct conf_handler. 0 or -ENOMEM: what is not
 * understood is warned about. */
int config_assign(const struct conf_assignment *assignment, void *userdata);

#endif
