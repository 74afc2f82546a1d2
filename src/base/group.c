/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/group.h"

#include <arpa/inet.h>

#define SCOPE_MASK 0x0f /* of the second byte, RFC 4291, 2.7 */

enum {
	SCOPE_RESERVED = 0x0,
	SCOPE_INTERFACE = 0x1,
	SCOPE_LINK = 0x2,
	SCOPE_REALM = 0x3,
};

bool group_valid(const struct address *group)
{
	if (group->family == AF_INET)
		return IN_MULTICAST(ntohl(group->in.s_addr));
	return group->family == AF_INET6 && IN6_IS_ADDR_MULTICAST(&group->in6);
}

bool group_routable(const struct address *group)
{
	if (!group_valid(group))
		return false;
	if (group->family == AF_INET)
		return (ntohl(group->in.s_addr) & 0xffffff00) != INADDR_UNSPEC_GROUP;
	switch (group->in6.s6_addr[1] & SCOPE_MASK) {
	case SCOPE_RESERVED:
	case SCOPE_INTERFACE:
	case SCOPE_LINK:
		return false;
	default:
		return true;
	}
}

bool group_local(const struct address *group)
{
	if (group->family == AF_INET)
		return ntohl(group->in.s_addr) >> 16 == 0xefff;
	return (group->in6.s6_addr[1] & SCOPE_MASK) == SCOPE_REALM;
}

bool group_source_specific(const struct address *group)
{
	const uint8_t *b = group->in6.s6_addr;

	if (group->family == AF_INET)
		return ntohl(group->in.s_addr) >> 24 == 232;
	return group->family == AF_INET6 && b[0] == 0xff && b[1] >> 4 == 0x3 && b[2] == 0 &&
	       b[3] == 0;
}
