/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/source-address.h"

#include "kernel/inet.h"

struct own {
	int ifindex;
	struct address address;
};

static void take_own(int ifindex, const struct address *address, void *userdata)
{
	struct own *own = userdata;

	if (ifindex == own->ifindex)
		own->address = *address;
}

struct address source_address(struct manager *manager, enum family family, int ifindex)
{
	struct own own = { .ifindex = ifindex };

	if (family == FAMILY_IPV6)
		(void)inet_link_local(manager->netlink, take_own, &own);
	else
		(void)inet_primary_address(manager->netlink, ifindex, &own.address);
	return own.address;
}
