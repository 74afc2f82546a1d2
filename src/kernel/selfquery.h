/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queries that this host receives itself, and answers like those of others: raw sockets, whose
 * multicast the kernel loops back (net/ipv4/ip_output.c, ip_mc_output(); net/ipv6/ip6_output.c,
 * ip6_finish_output2()), unlike that of packet sockets.
 */
#ifndef AMT_KERNEL_SELFQUERY_H
#define AMT_KERNEL_SELFQUERY_H

#include <stddef.h>
#include <sys/socket.h>

/* Send a complete IP packet to a group, out of the interface and looped back. 0 or negative errno;
 * -EINVAL: not of the family, or not to a group. */
int selfquery_send(sa_family_t family, int ifindex, const void *packet, size_t length);

#endif
