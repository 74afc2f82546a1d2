/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of [Forward]: their parsers.
 */
#ifndef AMT_DEVICE_CONFIG_FORWARD_KEYS_H
#define AMT_DEVICE_CONFIG_FORWARD_KEYS_H

#include "device/config-parse.h"

int config_parse_downstreams(struct config_load *load, const char *value, void *field);
void config_reset_downstreams(struct config_load *load, void *field);
int config_parse_upstream(struct config_load *load, const char *value, void *field);
void config_reset_upstreams(struct config_load *load, void *field);
int config_parse_table(struct config_load *load, const char *value, void *field);
int config_parse_igmp_version(struct config_load *load, const char *value, void *field);
int config_parse_mld_version(struct config_load *load, const char *value, void *field);
int config_parse_robustness(struct config_load *load, const char *value, void *field);
int config_parse_response(struct config_load *load, const char *value, void *field);
int config_parse_limit(struct config_load *load, const char *value, void *field);
int config_parse_max_sources(struct config_load *load, const char *value, void *field);
int config_parse_ttl(struct config_load *load, const char *value, void *field);
int config_parse_unicast(struct config_load *load, const char *value, void *field);
int config_add_downstream(struct config *config, const char *name); /* there already: fine */
int config_add_upstream(struct config *config, const char *name);   /* for any source */
void config_forward_defaults(struct config_forward *forward);

#endif
