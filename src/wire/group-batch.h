/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Splits any number of records into Reports that fit the interface's MTU. A record that does not
 * fit into one is split, or, where its type does not allow that, truncated: RFC 9776, 4.2.16; RFC
 * 9777, 5.2.15. Pure.
 */
#ifndef AMT_WIRE_GROUP_BATCH_H
#define AMT_WIRE_GROUP_BATCH_H

#include "wire/group-build.h"

#define GROUP_BATCH_BYTES_MAX 1500 /* of a packet */
#define GROUP_BATCH_BYTES_MIN 576  /* the minimum; a lower max is raised to it */
#define GROUP_BATCH_RECORDS   184  /* as many as fit into a packet, without sources */

/* Returns 0; another value ends the batch. */
typedef int (*group_batch_send)(const void *packet, size_t length, void *userdata);

/* In versions before IGMPv3 and MLDv2 each record becomes a message: a Leave for CHANGE_TO_INCLUDE
 * {}, nothing for BLOCK_OLD_SOURCES and MODE_IS_INCLUDE {}, a Report of the group for all others.
 * Consecutive duplicates are sent once. */
struct group_batch {
	sa_family_t family;
	uint8_t version;
	struct address source;
	const struct address *destination; /* NULL: as the RFC has it */
	size_t max;			   /* bytes of a packet */
	group_batch_send send;
	void *userdata;

	/* its own; zero at first */
	uint16_t n;
	size_t length;	     /* of the records, on the wire */
	size_t sources_used; /* bytes */
	struct group_record records[GROUP_BATCH_RECORDS];
	uint8_t sources[GROUP_BATCH_BYTES_MAX];
};

/* Both: 0, what send returned, or -EINVAL for another family. The record's sources are only used
 * during the call. */
int group_batch_add(struct group_batch *batch, const struct group_record *record);
int group_batch_end(struct group_batch *batch);

#endif
