/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet counters of each channel on an interface: nftables table 'inet amtd', with sets whose
 * elements have counters. It exists while channels are counted; a packet of another interface, such
 * as the tunnel's own, costs one lookup of the interface.
 *
 * Changes are collected until channel_counters_commit().
 */
#ifndef AMT_KERNEL_CHANNEL_COUNTERS_H
#define AMT_KERNEL_CHANNEL_COUNTERS_H

#include "base/channel.h"

#include <stdbool.h>

struct channel_counters;

int channel_counters_new(struct channel_counters **ret);
void channel_counters_free(struct channel_counters *counters); /* leaves the table; NULL is fine */

/* Count on this interface, which is there now, by a number of the caller's. On one whose name is
 * not UTF-8 nothing is counted; devices have none such. */
void channel_counters_device(struct channel_counters *counters, unsigned int number,
			     const char *name);
void channel_counters_channel(struct channel_counters *counters, unsigned int number,
			      const struct channel_key *key, bool wanted);

/* 0; or negative errno, and *ret_error to free(): nothing is counted until the next
 * channel_counters_device(). */
int channel_counters_commit(struct channel_counters *counters, char **ret_error);

/* Packets since the channel is counted. */
typedef void (*channel_counters_handler)(unsigned int number, const struct channel_key *key,
					 uint64_t packets, void *userdata);
int channel_counters_read(struct channel_counters *counters, channel_counters_handler each,
			  void *userdata);

void channel_counters_remove(struct channel_counters *counters); /* the table, if it was made */

#endif
