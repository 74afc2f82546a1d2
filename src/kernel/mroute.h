/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's multicast routing of one family in one table: net/ipv4/ipmr.c, net/ipv6/ip6mr.c.
 *
 * The table and its contents belong to one socket at a time: the kernel removes all interfaces and
 * routes when the socket closes, by mroute_close() or with the process.
 */
#ifndef AMT_KERNEL_MROUTE_H
#define AMT_KERNEL_MROUTE_H

#include "base/address.h"

#include <stddef.h>
#include <stdint.h>

/* "Virtual interfaces" that a table has room for: MAXVIFS, MAXMIFS. */
#define MROUTE_INTERFACES 32

enum mroute_upcall {
	/* A packet without a route. The kernel queues up to four of them for 10 s, forwards them
	 * when mroute_set() adds a route, and sends no further upcalls for this source and group
	 * meanwhile. */
	MROUTE_NO_ROUTE,
	/* A packet on another interface than its route's, dropped. At most every 3 s for each
	 * route. */
	MROUTE_WRONG_INTERFACE,
};

/* ifindex: the incoming interface; 0 when it was removed meanwhile. Must not close the mroute. */
typedef void (*mroute_handler)(enum mroute_upcall upcall, int ifindex, const struct address *source,
			       const struct address *group, void *userdata);

struct mroute_counters {
	uint64_t packets, bytes; /* total, including those below */
	/* Packets on the wrong interface, dropped; for IPv6 also on interfaces that were not added,
	 * which cause no upcall. */
	uint64_t wrong_interface;
};

struct mroute;

/* table 0: the default one of the family. Another one also needs rules that send the packets of
 * interfaces there: mrule.h. -EADDRINUSE: another program holds the table; -ENOPROTOOPT,
 * -EAFNOSUPPORT: the kernel has no multicast routing of this family; -EOPNOTSUPP: only the default
 * table; -EINVAL: no such table number; -EPERM or -EACCES: without CAP_NET_RAW or CAP_NET_ADMIN.
 *
 * While it is open, IGMP packets with a Router Alert to be forwarded (unicast, to another host) are
 * lost: the kernel leaves them to the holder. */
int mroute_open(sa_family_t family, uint32_t table, mroute_handler handler, void *userdata,
		struct mroute **ret);
void mroute_close(struct mroute *mroute); /* NULL is fine */

/* A copy of the descriptor keeps the table, beyond the end of this process, too. The next process
 * takes fd over, on failure as well, with the interface indexes of the virtual ones, which the
 * kernel does not tell. */
int mroute_adopt(sa_family_t family, int fd, const int interfaces[static MROUTE_INTERFACES],
		 mroute_handler handler, void *userdata, struct mroute **ret);

/* The interface indexes of the virtual ones, 0: none: before one is added, after one is removed. */
typedef void (*mroute_recorder)(const int interfaces[static MROUTE_INTERFACES], void *userdata);
void mroute_record(struct mroute *mroute, mroute_recorder recorder, void *userdata);
const int *mroute_interfaces(const struct mroute *mroute);

void mroute_flush(
	struct mroute *mroute); /* gives up the table, whoever has copies; close it next */

/* Non-blocking; readable when upcalls are pending. Handle at most max of them: the number handled,
 * or negative errno. Upcalls lost for lack of room are repeated with the next packet. */
int mroute_fd(const struct mroute *mroute);
int mroute_dispatch(struct mroute *mroute, unsigned int max);

/* Make an interface usable in routes. Adding it again is no error, and restores what the kernel
 * removed with the interface (deleted, or moved to another network namespace) when the same index
 * is back. -ENOSPC: the table has MROUTE_INTERFACES; -EADDRNOTAVAIL: no such interface, or (IPv4)
 * one without the family; -ERANGE (IPv6): an index beyond the 16 bits that struct mif6ctl has. */
int mroute_add_interface(struct mroute *mroute, int ifindex);

/* Removing a missing one is no error. An interface that is gone must be removed, too: it occupies a
 * VIF until then. The kernel's routes have VIF numbers, not interfaces: set or delete those with
 * this interface before its number, which is reused as late as possible, gets another one. */
int mroute_remove_interface(struct mroute *mroute, int ifindex);

/* Forward packets from source to group on incoming to the n interfaces of outgoing, none: drop
 * them; packets with a hop limit of 1 are not forwarded. Replaces the route for source and group.
 * incoming among the outgoing ones is ignored. -ENODEV: incoming was not added, or some of the
 * outgoing ones, and the others have the route; -EINVAL: not an address of one host, not a group,
 * or not of this family. One system call, the cost of which does not grow with the number of
 * routes. */
int mroute_set(struct mroute *mroute, const struct address *source, const struct address *group,
	       int incoming, const int *outgoing, size_t n);

/* Deleting a missing one is no error. */
int mroute_delete(struct mroute *mroute, const struct address *source, const struct address *group);

/* -ENOENT: no such route. */
int mroute_counters(const struct mroute *mroute, const struct address *source,
		    const struct address *group, struct mroute_counters *ret);

/* Packets received on an interface that had a route. -ENODEV: it was not added. */
int mroute_interface_packets(const struct mroute *mroute, int ifindex, uint64_t *ret);

#endif
