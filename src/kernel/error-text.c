/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/error-text.h"

#include "base/array.h"
#include "kernel/joins.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

struct explanation {
	int errors[3];
	const char *inet, *inet6; /* inet6 NULL: the same */
};

static const struct explanation joins_errors[] = {
	{ { JOINS_WIDER },
	  "the exclude list is too long for the kernel: all its sources are received; raise net.ipv4.igmp_max_msf and net.core.optmem_max",
	  "the exclude list is too long for the kernel: all its sources are received; raise net.ipv6.mld_max_msf and net.core.optmem_max" },
	{ { -ENOBUFS, -ENOMEM },
	  "the kernel refuses it even on a new socket: raise net.ipv4.igmp_max_memberships, net.ipv4.igmp_max_msf and net.core.optmem_max",
	  "the kernel refuses it even on a new socket: raise net.ipv6.mld_max_msf and net.core.optmem_max" },
	{ { -EMFILE },
	  "no more sockets: raise LimitNOFILE= of amtd, or net.ipv4.igmp_max_memberships",
	  "no more sockets: raise LimitNOFILE= of amtd" },
	{ { -ENFILE },
	  "no more sockets: raise fs.file-max, or net.ipv4.igmp_max_memberships",
	  "no more sockets: raise fs.file-max" },
	{ { -ENODEV, -EADDRNOTAVAIL },
	  "the interface is gone, or has no IPv4",
	  "the interface is gone, or has no IPv6 (net.ipv6.conf.*.disable_ipv6, or an MTU below 1280)" },
};

static const struct explanation mroute_errors[] = {
	{ { -EADDRINUSE },
	  "another program routes IPv4 multicast in this table (smcroute, pimd, igmpproxy?); stop it, or set Table=",
	  "another program routes IPv6 multicast in this table (smcroute, pim6sd, mcproxy?); stop it, or set Table=" },
	{ { -ENOPROTOOPT, -EAFNOSUPPORT, -EPROTONOSUPPORT },
	  "this kernel has no IPv4 multicast routing; it needs CONFIG_IP_MROUTE",
	  "this kernel has no IPv6 multicast routing; it needs CONFIG_IPV6_MROUTE, and IPv6 not disabled" },
	{ { -EOPNOTSUPP },
	  "this kernel has one multicast routing table only; leave out Table=, or use one with CONFIG_IP_MROUTE_MULTIPLE_TABLES",
	  "this kernel has one multicast routing table only; leave out Table=, or use one with CONFIG_IPV6_MROUTE_MULTIPLE_TABLES" },
	{ { -EINVAL },
	  "the kernel has no table of this number; set Table= to one under 100000000" },
	{ { -EPERM, -EACCES }, "multicast routing needs CAP_NET_RAW and CAP_NET_ADMIN" },
	{ { -ENOSPC },
	  "the kernel routes multicast between at most 32 interfaces of a table; set another Table=" },
};

static const char *find_text(const struct explanation *explanations, size_t n, int error,
			     sa_family_t family)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(explanations->errors); k++)
			if (explanations[i].errors[k] == error && error != 0)
				return family == AF_INET6 && explanations[i].inet6
					       ? explanations[i].inet6
					       : explanations[i].inet;
	return strerror(-error);
}

const char *joins_error_text(int error, sa_family_t family)
{
	return find_text(joins_errors, ARRAY_SIZE(joins_errors), error, family);
}

const char *mroute_error_text(int error, sa_family_t family)
{
	return find_text(mroute_errors, ARRAY_SIZE(mroute_errors), error, family);
}
