/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of values of AllowGroups=, DenyGroups=, SSMPrefix= and MapSource= of [Forward].
 */
#ifndef AMT_DEVICE_CONFIG_GROUPS_H
#define AMT_DEVICE_CONFIG_GROUPS_H

#include "device/config-parse.h"

extern const struct config_kind config_kind_group_rules; /* struct config_group_rules */
extern const struct config_kind config_kind_ssm;	 /* struct config_prefixes */
extern const struct config_kind config_kind_maps;	 /* struct config_maps */

#endif
