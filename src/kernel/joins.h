/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multicast memberships of this host: net/ipv4/igmp.c, net/ipv6/mcast.c. They belong to a socket,
 * and the kernel limits them per socket; these are spread over as many sockets as needed, and the
 * kernel merges the sockets' filters on an interface. The sockets have no port: no data ever
 * reaches them.
 *
 * For each join or leave the kernel walks all groups of the interface, so the time for n of them is
 * O(n^2): 0.2 ms each at 10,000, 1 ms at 100,000, for instance.
 *
 * Interfaces are by index. The memberships of a removed interface are gone: joins_forget() then,
 * and joins_set() when it is back.
 */
#ifndef AMT_KERNEL_JOINS_H
#define AMT_KERNEL_JOINS_H

#include "base/filter.h"

#include <stddef.h>
#include <stdint.h>

struct joins;

/* family: AF_INET or AF_INET6. Raises the limit of open files to its maximum; descriptors start at
 * FD_SETSIZE, so that select() keeps working for others. */
int joins_open(sa_family_t family, struct joins **ret);
void joins_close(struct joins *joins); /* leaves everything; NULL is fine */

/* A socket with memberships was opened or is about to be closed; id: unique. A copy of the
 * descriptor keeps the memberships, beyond the end of this process, too. */
typedef void (*joins_keeper)(int fd, uint32_t id, bool kept, void *userdata);
void joins_keep(struct joins *joins, joins_keeper keeper, void *userdata);

/*
 * Sets the filter of the group on the interface; INCLUDE {} leaves it. Sources in the old and the
 * new filter are never left in between. 0; JOINS_WIDER: joined, but without the exclude list, which
 * is too long for the kernel; or negative errno: joined as far as possible, setting it again tries
 * the rest. error-text.h has texts for both.
 */
#define JOINS_WIDER 1
int joins_set(struct joins *joins, int ifindex, const struct address *group,
	      const struct filter *filter);

/* Is the source of the group joined there by these, alone or with all others? */
bool joins_has(const struct joins *joins, int ifindex, const struct address *group,
	       const struct address *source);

/* The interface is gone. */
void joins_forget(struct joins *joins, int ifindex);

sa_family_t joins_family(const struct joins *joins);

/* Iterates over memberships: a source of a group, or (AF_UNSPEC) all but some. Start with *position
 * 0; concurrent changes may be missed, or returned twice. False: no more. */
bool joins_next(const struct joins *joins, uint32_t *position, int *ret_ifindex,
		struct address *ret_group, struct address *ret_source);

/* Memberships, a source each, and the sockets that they are spread over. */
size_t joins_count(const struct joins *joins, size_t *ret_sockets);

#endif
