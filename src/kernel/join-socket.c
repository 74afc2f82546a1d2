/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/join-socket.h"

#include "base/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int level_of(sa_family_t family)
{
	return family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

static void fill_address(sa_family_t family, const void *bytes, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->ss_family = family;
	if (family == AF_INET)
		memcpy(&((struct sockaddr_in *)ret)->sin_addr, bytes, sizeof(struct in_addr));
	else
		memcpy(&((struct sockaddr_in6 *)ret)->sin6_addr, bytes, sizeof(struct in6_addr));
}

/* Without a port it receives nothing; without ALL it would not even with one. */
int join_socket_open(sa_family_t family)
{
	const int off = 0;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, level_of(family),
			 family == AF_INET ? IP_MULTICAST_ALL : IPV6_MULTICAST_ALL, &off,
			 sizeof(off));
	return descriptor_move_up(fd);
}

static int change_group(sa_family_t family, int fd, int option, uint32_t ifindex,
			const uint8_t *group)
{
	struct group_req request = { .gr_interface = ifindex };

	fill_address(family, group, &request.gr_group);
	return setsockopt(fd, level_of(family), option, &request, sizeof(request)) < 0 ? -errno : 0;
}

static int change_source(sa_family_t family, int fd, int option, uint32_t ifindex,
			 const uint8_t *group, const uint8_t *source)
{
	struct group_source_req request = { .gsr_interface = ifindex };

	fill_address(family, group, &request.gsr_group);
	fill_address(family, source, &request.gsr_source);
	return setsockopt(fd, level_of(family), option, &request, sizeof(request)) < 0 ? -errno : 0;
}

int join_socket_join(sa_family_t family, int fd, uint32_t ifindex, const uint8_t *group,
		     const uint8_t *source)
{
	if (!source)
		return change_group(family, fd, MCAST_JOIN_GROUP, ifindex, group);
	return change_source(family, fd, MCAST_JOIN_SOURCE_GROUP, ifindex, group, source);
}

int join_socket_leave(sa_family_t family, int fd, uint32_t ifindex, const uint8_t *group,
		      const uint8_t *source)
{
	if (!source)
		return change_group(family, fd, MCAST_LEAVE_GROUP, ifindex, group);
	return change_source(family, fd, MCAST_LEAVE_SOURCE_GROUP, ifindex, group, source);
}

int join_socket_exclude(sa_family_t family, int fd, uint32_t ifindex, const uint8_t *group,
			const struct address *sources, size_t n)
{
	struct group_filter *filter;
	int r;

	/* Includes the struct's own source: gcc -O3 warns of accesses beyond it otherwise. */
	filter = calloc(1, sizeof(*filter) + GROUP_FILTER_SIZE(n));
	if (!filter)
		return -ENOMEM;
	filter->gf_interface = ifindex;
	filter->gf_fmode = MCAST_EXCLUDE;
	filter->gf_numsrc = n;
	fill_address(family, group, &filter->gf_group);
	for (size_t i = 0; i < n; i++)
		fill_address(family,
			     family == AF_INET ? (const void *)&sources[i].in
					       : (const void *)&sources[i].in6,
			     &filter->gf_slist[i]);
	r = setsockopt(fd, level_of(family), MCAST_MSFILTER, filter, GROUP_FILTER_SIZE(n)) < 0
		    ? -errno
		    : 0;
	free(filter);
	return r;
}
