/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft-name.h"

#include <assert.h>
#include <net/if.h>
#include <string.h>

/* Bytes beyond ASCII are left out, too: libnftables aborts when it lists them as JSON. */
bool nft_name_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= IFNAMSIZ)
		return false;
	for (; *name; name++)
		if (*name <= ' ' || *name > '~' || strchr("\"*\\", *name))
			return false;
	return true;
}

void nft_put_name(FILE *f, const char *name)
{
	assert(nft_name_valid(name));
	fprintf(f, "\"%s\"", name);
}

/* nft looks for an interface of that name first, and one may be called "7". None has a name of 16
 * bytes; as a bare number the zeros would make it octal. */
void nft_put_index(FILE *f, unsigned int ifindex)
{
	fprintf(f, "\"%0*u\"", IFNAMSIZ + 4, ifindex);
}
