/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of values that [Forward] alone has.
 */
#ifndef AMT_DEVICE_CONFIG_FORWARD_KEYS_H
#define AMT_DEVICE_CONFIG_FORWARD_KEYS_H

#include "device/config-parse.h"

extern const struct config_kind config_kind_downstreams;
extern const struct config_kind config_kind_upstreams;

int config_add_downstream(struct config *config, const char *name); /* there already: fine */
int config_add_upstream(struct config *config, const char *name);   /* for any source */
void config_forward_clear(struct config *config);		    /* both */

#endif
