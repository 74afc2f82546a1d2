/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's multicast routing of one family in one table: net/ipv4/ipmr.c, net/ipv6/ip6mr.c.
 *
 * The table belongs to one socket at a time, and so does what is in it: the kernel takes away all
 * interfaces and routes when the socket closes, whether by mroute_close() or with the process.
 */
#ifndef AMT_KERNEL_MROUTE_H
#define AMT_KERNEL_MROUTE_H

#include "base/address.h"

#include <stddef.h>
#include <stdint.h>

/* "Virtual interfaces" that a table has room for: MAXVIFS, MAXMIFS. */
#define MROUTE_INTERFACES 32

enum mroute_upcall {
	/* A packet came for which there is no route. The kernel keeps up to four of them for 10 s,
	 * sends them on when mroute_set() gives a route, and tells of no more of this source and
	 * group meanwhile. */
	MROUTE_NO_ROUTE,
	/* A packet came in through another interface than its route says, and was dropped. Told at
	 * most every 3 s for each route. */
	MROUTE_WRONG_INTERFACE,
};

/* ifindex: where the packet came in; 0 when that interface was removed meanwhile. Not to be closed
 * from within. */
typedef void (*mroute_handler)(enum mroute_upcall upcall, int ifindex, const struct address *source,
			       const struct address *group, void *userdata);

struct mroute_counters {
	uint64_t packets, bytes; /* of all that came, those below as well */
	/* Packets that came in elsewhere, and were dropped; for IPv6 also through interfaces that
	 * were not added, of which no upcall tells. */
	uint64_t wrong_interface;
};

struct mroute;

/* table 0: the default one of the family. Another one also needs rules that send the packets of
 * interfaces there: mrule.h. -EADDRINUSE: another program holds the table; -ENOPROTOOPT,
 * -EAFNOSUPPORT: the kernel has no multicast routing of this family; -EOPNOTSUPP: only the default
 * table; -EINVAL: no such table number; -EPERM or -EACCES: without CAP_NET_RAW or CAP_NET_ADMIN.
 *
 * While it is open, IGMP packets with a Router Alert that this host would only pass on (unicast,
 * to another host) go nowhere: the kernel takes the holder for who passes them on. */
int mroute_open(sa_family_t family, uint32_t table, mroute_handler handler, void *userdata,
		struct mroute **ret);
void mroute_close(struct mroute *mroute); /* NULL is fine */

/* Non-blocking; readable when upcalls wait. Handle at most max of them: the number handled, or
 * negative errno. Upcalls that the kernel had no room for come again with the next packet. */
int mroute_fd(const struct mroute *mroute);
int mroute_dispatch(struct mroute *mroute, unsigned int max);

/* Let routes use an interface. There already is fine, and mends what the kernel took away with the
 * interface (gone, or in another network namespace) when the same index is back. -ENOSPC: the table
 * has MROUTE_INTERFACES; -EADDRNOTAVAIL: no such interface, or (IPv4) one without the
 * family; -ERANGE (IPv6): an index beyond the 16 bits that struct mif6ctl has. */
int mroute_add_interface(struct mroute *mroute, int ifindex);

/* Removing what is not there is fine. An interface that vanished must be removed, too: its place is
 * taken until then. The kernel's routes name places, not interfaces: set or delete those that use
 * the interface before its place, taken again as late as can be, becomes another one's. */
int mroute_remove_interface(struct mroute *mroute, int ifindex);

/* The packets from source to group that come in through incoming go out through the n interfaces of
 * outgoing, none for dropping them; packets with a hop limit of 1 go no further. Replaces the route
 * for source and group. incoming among the outgoing ones is left out. -ENODEV: incoming was not
 * added, or some of the outgoing ones, and the others have the route; -EINVAL: not an address of
 * one host, not a group, or not of this family. One system call, the cost of which does not grow
 * with the number of routes. */
int mroute_set(struct mroute *mroute, const struct address *source, const struct address *group,
	       int incoming, const int *outgoing, size_t n);

/* Deleting what is not there is fine. */
int mroute_delete(struct mroute *mroute, const struct address *source, const struct address *group);

/* -ENOENT: no such route. */
int mroute_counters(const struct mroute *mroute, const struct address *source,
		    const struct address *group, struct mroute_counters *ret);

/* Packets that came in through an interface and found a route. -ENODEV: it was not added. */
int mroute_interface_packets(const struct mroute *mroute, int ifindex, uint64_t *ret);

#endif
