/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of values of [Match], [Relay], [Rewrite], [Sysctl] and [Membership] that no other
 * section has.
 */
#ifndef AMT_DEVICE_CONFIG_LISTS_H
#define AMT_DEVICE_CONFIG_LISTS_H

#include "device/config-parse.h"

extern const struct config_kind config_kind_match;
extern const struct config_kind config_kind_relays;
extern const struct config_kind config_kind_order;
extern const struct config_kind config_kind_allow;
extern const struct config_kind config_kind_servers;
extern const struct config_kind config_kind_rewrites; /* whole sections */
extern const struct config_kind config_kind_rewrite_advertised;
extern const struct config_kind config_kind_rewrite_relay;
extern const struct config_kind config_kind_sysctls; /* the whole section */
extern const struct config_kind config_kind_joins;

/* [Sysctl] has no fixed keys: one assignment. 0 or -ENOMEM; else warned about. */
int config_assign_sysctl(struct config_load *load, const struct conf_assignment *assignment);

#endif
