/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kind of group an address is. Pure.
 */
#ifndef AMT_BASE_GROUP_H
#define AMT_BASE_GROUP_H

#include "base/address.h"

#include <stdbool.h>

bool group_valid(const struct address *group); /* multicast */

/* False for what never leaves its link: 224.0.0.0/24, and scopes 0 to 2 of ff00::/8; and
 * for what is no group. */
bool group_routable(const struct address *group);

/* 232.0.0.0/8 and ff3x::/32, RFC 4607 */
bool group_source_specific(const struct address *group);

#endif
