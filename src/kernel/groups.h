/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has joined what on this host: /proc/net/igmp and mcfilter, igmp6 and mcfilter6
 * (net/ipv4/igmp.c, net/ipv6/mcast.c), which no event tells of.
 */
#ifndef AMT_KERNEL_GROUPS_H
#define AMT_KERNEL_GROUPS_H

#include "base/address.h"

#include <stdbool.h>
#include <stdio.h>

/* Neither 224.0.0.0/24 nor of interface or link scope. */
bool groups_is_routed(const struct address *group);

/* An interface has joined a group that is routed. Called once for each such group, those of an
 * interface together, until it returns false.
 */
typedef bool (*groups_handler)(const char *device, const struct address *group, void *userdata);

/* One pass over all interfaces of the network namespace, both families. 0 or negative errno; what
 * cannot be read (no IPv6) counts as empty. The kernel goes through the list from its start for
 * each 4 KB of text: with 100,000 groups joined, to read all takes a tenth of a second and more. */
int groups_list(groups_handler each, void *userdata);

/* The same for the text of one of the files. False: each did not want more. */
bool groups_read4(FILE *file, groups_handler each, void *userdata);
bool groups_read6(FILE *file, groups_handler each, void *userdata);

/* Somebody has joined the source of a group on an interface (INCLUDE), whatever group. */
typedef void (*groups_source_handler)(int ifindex, const struct address *group,
				      const struct address *source, void *userdata);

/* One pass over all interfaces, but for those that the kernel leaves out: the first ones, as long
 * as what was joined there last has no sources. Returns and lasts as groups_list() does. */
int groups_list_sources(sa_family_t family, groups_source_handler each, void *userdata);

/* The same for the text of one of the files. */
void groups_read_sources4(FILE *file, groups_source_handler each, void *userdata);
void groups_read_sources6(FILE *file, groups_source_handler each, void *userdata);

#endif
