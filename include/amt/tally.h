/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many packets of each channel came in by an interface: nftables table 'inet amtd', with sets
 * whose elements have counters. It is there while channels are counted; for a packet of another
 * interface, such as the tunnel's own, it costs one lookup of the interface.
 *
 * Changes are collected, and made by tally_commit().
 */
#ifndef AMT_TALLY_H
#define AMT_TALLY_H

#include <amt/channel.h>
#include <stdbool.h>

struct tally;

int tally_new(struct tally **ret);
void tally_free(struct tally *tally); /* leaves the table; NULL is fine */

/* Count on this interface, which is there now, by a number of the caller's. */
void tally_device(struct tally *tally, unsigned int number, const char *name);
void tally_channel(struct tally *tally, unsigned int number, const struct channel_key *key,
		   bool wanted);

/* 0; or negative errno, and words to free() in *ret_words: nothing is counted any more, until the
 * next tally_device(). */
int tally_commit(struct tally *tally, char **ret_words);

/* Packets since the channel is counted. */
typedef void (*tally_handler)(unsigned int number, const struct channel_key *key, uint64_t packets,
			      void *userdata);
int tally_read(struct tally *tally, tally_handler each, void *userdata);

void tally_remove(struct tally *tally); /* the table, if it was made */

#endif
