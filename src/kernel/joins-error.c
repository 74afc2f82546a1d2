/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/joins.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *joins_error_text(const struct joins *joins, int result,
			     char buf[static JOINS_ERROR_MAX])
{
	const bool inet = joins_family(joins) == AF_INET;
	size_t sockets;

	(void)joins_count(joins, &sockets);
	switch (result) {
	case JOINS_WIDER:
		snprintf(
			buf, JOINS_ERROR_MAX,
			"the kernel takes no list of so many sources to exclude: all of them come; raise net.%s and net.core.optmem_max",
			inet ? "ipv4.igmp_max_msf" : "ipv6.mld_max_msf");
		break;
	case -ENOBUFS:
	case -ENOMEM:
		snprintf(
			buf, JOINS_ERROR_MAX,
			"the kernel refuses even a socket of its own for it: raise %s",
			inet ? "net.ipv4.igmp_max_memberships, net.ipv4.igmp_max_msf and net.core.optmem_max"
			     : "net.ipv6.mld_max_msf and net.core.optmem_max");
		break;
	case -EMFILE:
	case -ENFILE:
		snprintf(buf, JOINS_ERROR_MAX, "no more sockets (%zu are in use): raise %s%s",
			 sockets, result == -EMFILE ? "LimitNOFILE= of amtd" : "fs.file-max",
			 inet ? ", or net.ipv4.igmp_max_memberships" : "");
		break;
	case -ENODEV:
	case -EADDRNOTAVAIL:
		snprintf(buf, JOINS_ERROR_MAX, "the interface is gone, or has no %s",
			 inet ? "IPv4"
			      : "IPv6 (net.ipv6.conf.*.disable_ipv6, or an MTU below 1280)");
		break;
	default:
		snprintf(buf, JOINS_ERROR_MAX, "%s", strerror(-result));
	}
	return buf;
}
