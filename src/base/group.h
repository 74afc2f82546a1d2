/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kinds of multicast groups. Pure.
 */
#ifndef AMT_BASE_GROUP_H
#define AMT_BASE_GROUP_H

#include "base/address.h"

#include <stdbool.h>

bool group_valid(const struct address *group); /* multicast */

/* False for groups that never leave their link, 224.0.0.0/24 and scopes 0 to 2 of ff00::/8,
 * and for addresses that are no group. */
bool group_routable(const struct address *group);

/* Of a scope that no other network shares: 239.255.0.0/16, the IPv4 Local Scope of RFC 2365, and
 * realm-local IPv6, RFC 7346. */
bool group_local(const struct address *group);

/* 232.0.0.0/8 and ff3x::/32, RFC 4607 */
bool group_source_specific(const struct address *group);

#endif
