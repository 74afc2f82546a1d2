/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multicast memberships of this host: net/ipv4/igmp.c, net/ipv6/mcast.c. The kernel makes them
 * members of a socket, and lets a socket have few; these are spread over as many sockets as that
 * takes, and the kernel merges what the sockets want on one interface. The sockets have no port:
 * no data ever reaches them.
 *
 * The kernel goes through all groups of an interface for each that is joined or left, so that the
 * time for n of them grows with their square: 0.2 ms each at 10,000, 1 ms at 100,000, for instance.
 *
 * Interfaces are by index. One that vanishes takes its memberships along: joins_forget() then, and
 * joins_set() when it is back.
 */
#ifndef AMT_KERNEL_JOINS_H
#define AMT_KERNEL_JOINS_H

#include "base/filter.h"

#include <stddef.h>
#include <stdint.h>

struct joins;

/* family: AF_INET or AF_INET6. The limit of open files is raised as far as it goes; descriptors are
 * taken from FD_SETSIZE on, so that select() goes on to work for others. */
int joins_open(sa_family_t family, struct joins **ret);
void joins_close(struct joins *joins); /* leaves everything; NULL is fine */

/* A socket with memberships came to be or is to be closed; id: another number for each. Who keeps a
 * copy of the descriptor keeps the memberships, beyond the end of this process, too. */
typedef void (*joins_keeper)(int fd, uint32_t id, bool kept, void *userdata);
void joins_keep(struct joins *joins, joins_keeper keeper, void *userdata);

/*
 * From now on the filter is what is wanted of the group there; INCLUDE {} leaves it. What stays
 * wanted is never left in between. 0; JOINS_WIDER: joined, and more comes than was wanted, since
 * the kernel takes no list so long; or negative errno: as much as was possible is joined, and
 * setting it again tries the rest. error-text.h has words for both.
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

/* What is joined, piece by piece: a source of a group, or (AF_UNSPEC) all but some. Start with
 * *position 0; what is set meanwhile may be left out, or be told twice. False: no more. */
bool joins_next(const struct joins *joins, uint32_t *position, int *ret_ifindex,
		struct address *ret_group, struct address *ret_source);

/* Memberships, a source each, and the sockets that they are spread over. */
size_t joins_count(const struct joins *joins, size_t *ret_sockets);

#endif
