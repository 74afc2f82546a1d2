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

	if (family == FAMILY_IPV6)
		(void)linklocal_list(take_own, &own);
	else
		(void)inet_primary_address(manager->netlink, ifindex, &own.address);
	return own.address;
}
