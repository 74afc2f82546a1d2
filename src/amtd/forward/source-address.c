/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/forward/source-address.h"

#include "kernel/inet.h"
#include "kernel/linklocal.h"

#include <string.h>

struct own {
	const char *name;
	struct address address;
};

static void take_own(const char *device, const struct address *address, void *userdata)
{
	struct own *own = userdata;

	if (strcmp(device, own->name) == 0 && own->address.family == AF_UNSPEC)
		own->address = *address;
}

struct address source_address(struct manager *manager, enum family family, int ifindex,
			      const char *name)
{
	struct own own = { .name = name };
	struct in_addr in;

	if (family == FAMILY_IPV6)
		(void)linklocal_list(take_own, &own);
	else if (inet_primary_address(manager->netlink, ifindex, &in) == 0)
		own.address = address_from_in(in);
	return own.address;
}
