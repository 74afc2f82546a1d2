/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/forwarder-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int forwarder_grow(void *array, size_t *room, size_t n, size_t size)
{
	size_t wanted = *room > 0 ? *room : 8;
	void *old, *new;

	if (n <= *room)
		return 0;
	while (wanted < n)
		wanted *= 2;
	memcpy(&old, array, sizeof(old));
	new = reallocarray(old, wanted, size);
	if (!new)
		return -ENOMEM;
	memcpy(array, &new, sizeof(new));
	*room = wanted;
	return 0;
}

void forwarder_pack(const struct forwarder *forwarder, const struct address *address, uint8_t *ret)
{
	if (address->family == AF_INET)
		memcpy(ret, &address->in, sizeof(address->in));
	else
		memcpy(ret, &address->in6, sizeof(address->in6));
}

struct address forwarder_unpack(const struct forwarder *forwarder, const uint8_t *bytes)
{
	struct address address = { .family = forwarder->options.family };

	if (address.family == AF_INET)
		memcpy(&address.in, bytes, sizeof(address.in));
	else
		memcpy(&address.in6, bytes, sizeof(address.in6));
	return address;
}
