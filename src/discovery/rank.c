/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "discovery/rank.h"

#include "base/cleanup.h"

#include <ifaddrs.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_socket(int ifindex)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (ifindex > 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &ifindex, sizeof(ifindex)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* connect() sends nothing, but the kernel looks up a route. */
static bool find_source(int ifindex, const struct address *destination, struct address *ret)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_port = htons(9),
				    .sin_addr = destination->in };
	_cleanup_close_ int fd = open_socket(ifindex);
	socklen_t length = sizeof(name);

	if (fd < 0 || connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&name, &length) < 0)
		return false;
	*ret = address_from_in(name.sin_addr);
	return true;
}

/* The bits of the network of an own address; 0 when it is not found. */
static uint8_t network_length(const struct ifaddrs *addresses, const struct address *source)
{
	const struct sockaddr_in *address, *mask;

	for (; addresses; addresses = addresses->ifa_next) {
		address = (const struct sockaddr_in *)addresses->ifa_addr;
		mask = (const struct sockaddr_in *)addresses->ifa_netmask;
		if (address && mask && address->sin_family == AF_INET &&
		    address->sin_addr.s_addr == source->in.s_addr)
			return (uint8_t)__builtin_popcount(mask->sin_addr.s_addr);
	}
	return 0;
}

int rank_candidates(struct candidate *candidates, size_t n, int ifindex)
{
	struct ifaddrs *addresses = NULL;
	struct address source;
	_cleanup_close_ int fd = open_socket(ifindex); /* do lookups work at all? */
	size_t i;

	if (fd < 0)
		return fd;
	if (getifaddrs(&addresses) < 0)
		addresses = NULL;

	for (i = 0; i < n; i++) {
		/* So few bytes are never cut short; before the pool is ready zero will do. */
		if (getrandom(&candidates[i].random, sizeof(candidates[i].random), GRND_NONBLOCK) <
		    0)
			candidates[i].random = 0;
		if (candidates[i].skip != CANDIDATE_SKIP_NONE)
			continue;
		candidates[i].rank = CANDIDATE_RANK_UNREACHABLE;
		if (find_source(ifindex, &candidates[i].address, &source))
			candidates[i].rank = candidate_rank(&candidates[i].address, &source,
							    network_length(addresses, &source));
	}
	freeifaddrs(addresses);
	return 0;
}
