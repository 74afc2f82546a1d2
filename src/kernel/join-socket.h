/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Socket options for multicast memberships of either family, RFC 3678. Groups and sources are the
 * bytes of an address, in network order. Each call: negative errno on failure.
 */
#ifndef AMT_KERNEL_JOIN_SOCKET_H
#define AMT_KERNEL_JOIN_SOCKET_H

#include "base/address.h"

#include <stddef.h>
#include <stdint.h>

/* A socket that receives no data, its number FD_SETSIZE or above where possible. */
int join_socket_open(sa_family_t family);

/* source NULL: the group from any source. */
int join_socket_join(sa_family_t family, int fd, uint32_t ifindex, const uint8_t *group,
		     const uint8_t *source);
int join_socket_leave(sa_family_t family, int fd, uint32_t ifindex, const uint8_t *group,
		      const uint8_t *source);

/* Sets the exclude list of a group that was joined without a source. */
int join_socket_exclude(sa_family_t family, int fd, uint32_t ifindex, const uint8_t *group,
			const struct address *sources, size_t n);

#endif
