/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memberships of this host: /proc/net/igmp and mcfilter, igmp6 and mcfilter6 (net/ipv4/igmp.c,
 * net/ipv6/mcast.c). The kernel has no events for them.
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

/* One pass over all interfaces of the network namespace, both families. 0 or negative errno; a file
 * that cannot be read (no IPv6) counts as empty. The kernel walks the list from its start for each
 * 4 KB of text: with 100,000 groups a read takes 0.1 s and more. */
int groups_list(groups_handler each, void *userdata);

/* The same for the text of one of the files. False: each ended it. */
bool groups_read4(FILE *file, groups_handler each, void *userdata);
bool groups_read6(FILE *file, groups_handler each, void *userdata);

/* A source of any group is joined on an interface (INCLUDE). */
typedef void (*groups_source_handler)(int ifindex, const struct address *group,
				      const struct address *source, void *userdata);

/* One pass over all interfaces, except those that the kernel skips: the first ones, as long as
 * their newest group has no sources. Result and duration as of groups_list(). */
int groups_list_sources(sa_family_t family, groups_source_handler each, void *userdata);

/* The same for the text of one of the files. */
void groups_read_sources4(FILE *file, groups_source_handler each, void *userdata);
void groups_read_sources6(FILE *file, groups_source_handler each, void *userdata);

#endif
