/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has joined what on this host: /proc/net/igmp and /proc/net/igmp6 (net/ipv4/igmp.c,
 * net/ipv6/mcast.c), which no event tells of.
 */
#ifndef AMT_GROUPS_H
#define AMT_GROUPS_H

#include <amt/address.h>
#include <stdbool.h>
#include <stdio.h>

/* An interface has joined a group that is routed: neither 224.0.0.0/24 nor of interface or link
 * scope. Called once for each such group, those of an interface together, until it returns false.
 */
typedef bool (*groups_handler)(const char *device, const struct address *group, void *userdata);

/* One pass over all interfaces of the network namespace, both families. 0 or negative errno; what
 * cannot be read (no IPv6) counts as empty. The kernel goes through the list from its start for
 * each 4 KB of text: with 100,000 groups joined, to read all takes a tenth of a second and more. */
int groups_list(groups_handler each, void *userdata);

/* The same for the text of one of the files. False: each did not want more. */
bool groups_read4(FILE *file, groups_handler each, void *userdata);
bool groups_read6(FILE *file, groups_handler each, void *userdata);

#endif
