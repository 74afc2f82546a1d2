/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/linklocal.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <string.h>

#define LINE_MAX_LENGTH 256
#define UNUSABLE	(IFA_F_TENTATIVE | IFA_F_DADFAILED)

/* "fe800000000000000000000000000001 07 40 20 80     amt0": address, interface, prefix length, scope
 * and flags in hexadecimal. */
void linklocal_read(FILE *file, linklocal_handler each, void *userdata)
{
	char line[LINE_MAX_LENGTH], text[33], device[IFNAMSIZ];
	unsigned int flags;

	while (fgets(line, sizeof(line), file)) {
		struct address address;

		if (sscanf(line, "%32s %*x %*x %*x %x %15s", text, &flags, device) != 3 ||
		    flags & UNUSABLE || address_parse_hex6(text, &address) < 0 ||
		    !IN6_IS_ADDR_LINKLOCAL(&address.in6))
			continue;
		each(device, &address, userdata);
	}
}

int linklocal_list(linklocal_handler each, void *userdata)
{
	FILE *file = fopen("/proc/net/if_inet6", "re");

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	linklocal_read(file, each, userdata);
	fclose(file);
	return 0;
}
