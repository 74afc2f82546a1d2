/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/selfquery.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* The packet's destination; 0, or -EINVAL. */
static int find_group(sa_family_t family, int ifindex, const void *packet, size_t length,
		      struct sockaddr_storage *ret, socklen_t *ret_size)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	ret->ss_family = family;
	if (family == AF_INET) {
		if (length < sizeof(struct iphdr))
			return -EINVAL;
		memcpy(&in->sin_addr, (const uint8_t *)packet + offsetof(struct iphdr, daddr),
		       sizeof(in->sin_addr));
		*ret_size = sizeof(*in);
		return IN_MULTICAST(ntohl(in->sin_addr.s_addr)) ? 0 : -EINVAL;
	}
	if (length < sizeof(struct ip6_hdr))
		return -EINVAL;
	memcpy(&in6->sin6_addr, (const uint8_t *)packet + offsetof(struct ip6_hdr, ip6_dst),
	       sizeof(in6->sin6_addr));
	in6->sin6_scope_id = (uint32_t)ifindex;
	*ret_size = sizeof(*in6);
	return IN6_IS_ADDR_MULTICAST(&in6->sin6_addr) ? 0 : -EINVAL;
}

/* Both loop back by default. */
static int bind_interface(int fd, sa_family_t family, int ifindex)
{
	const struct ip_mreqn out = { .imr_ifindex = ifindex };

	if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &ifindex, sizeof(ifindex)) < 0)
		return -errno;
	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)) < 0 ? -errno
											  : 0;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &ifindex, sizeof(ifindex)) < 0
		       ? -errno
		       : 0;
}

int selfquery_send(sa_family_t family, int ifindex, const void *packet, size_t length)
{
	struct sockaddr_storage group;
	socklen_t size;
	int fd, r;

	if (family != AF_INET && family != AF_INET6)
		return -EINVAL;
	r = find_group(family, ifindex, packet, length, &group, &size);
	if (r < 0)
		return r;
	fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (fd < 0)
		return -errno;
	r = bind_interface(fd, family, ifindex);
	if (r == 0 && sendto(fd, packet, length, 0, (struct sockaddr *)&group, size) < 0)
		r = -errno;
	close(fd);
	return r;
}
