/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/group-batch.h"

#include "wire/group-wire.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* A Report without records, with its IP header and Router Alert: RFC 9776, 4.2; RFC 9777, 5.2. */
#define REPORT4_LENGTH 32
#define REPORT6_LENGTH 56

/* For records, in a packet. */
static size_t batch_room(const struct group_batch *batch)
{
	size_t max = batch->max;

	if (max < GROUP_BATCH_BYTES_MIN)
		max = GROUP_BATCH_BYTES_MIN;
	if (max > GROUP_BATCH_BYTES_MAX)
		max = GROUP_BATCH_BYTES_MAX;
	return max - (batch->family == AF_INET ? REPORT4_LENGTH : REPORT6_LENGTH);
}

static int batch_flush(struct group_batch *batch)
{
	uint8_t packet[GROUP_BATCH_BYTES_MAX];
	ssize_t length;

	if (batch->n == 0)
		return 0;
	length = group_report_build(batch->family, batch->version, batch->records, batch->n,
				    &batch->source, batch->destination, packet, sizeof(packet));
	batch->n = 0;
	batch->length = batch->sources_used = 0;
	return length < 0 ? (int)length : batch->send(packet, (size_t)length, batch->userdata);
}

/* All of it fits. */
static void batch_take(struct group_batch *batch, const struct group_record *record,
		       const uint8_t *sources, uint16_t n)
{
	struct group_record *to = &batch->records[batch->n++];
	size_t bytes = n * address_length(batch->family);

	*to = *record;
	to->sources.n = n;
	to->sources.data = batch->sources + batch->sources_used;
	if (bytes > 0)
		memcpy(batch->sources + batch->sources_used, sources, bytes);
	batch->sources_used += bytes;
	batch->length += GROUP_RECORD_HEAD + address_length(batch->family) + bytes;
}

static bool is_exclude(const struct group_record *record)
{
	return record->type == GROUP_MODE_IS_EXCLUDE || record->type == GROUP_CHANGE_TO_EXCLUDE;
}

static int add_record(struct group_batch *batch, const struct group_record *record)
{
	const size_t size = address_length(batch->family), head = GROUP_RECORD_HEAD + size;
	const uint8_t *sources = record->sources.data;
	uint16_t left = record->sources.n;
	size_t most;
	int r;

	if (batch->length + head + left * size > batch_room(batch)) {
		r = batch_flush(batch);
		if (r != 0)
			return r;
	}
	most = (batch_room(batch) - head) / size;
	while (left > most) {
		batch_take(batch, record, sources, (uint16_t)most);
		r = batch_flush(batch);
		if (r != 0 || is_exclude(record))
			return r;
		sources += most * size;
		left -= most;
	}
	batch_take(batch, record, sources, left);
	return 0;
}

/* 0: such a version cannot express it. */
static enum group_record_type older_type(const struct group_record *record)
{
	switch (record->type) {
	case GROUP_BLOCK_OLD_SOURCES:
		return 0;
	case GROUP_CHANGE_TO_INCLUDE:
		return record->sources.n == 0 ? GROUP_CHANGE_TO_INCLUDE : GROUP_MODE_IS_EXCLUDE;
	case GROUP_MODE_IS_INCLUDE:
	case GROUP_ALLOW_NEW_SOURCES:
		return record->sources.n == 0 ? 0 : GROUP_MODE_IS_EXCLUDE;
	default:
		return GROUP_MODE_IS_EXCLUDE;
	}
}

/* The last record is held back until the next one, to be merged with it. */
static int add_older(struct group_batch *batch, const struct group_record *record)
{
	const struct group_record *last = &batch->records[0];
	struct group_record only = { .type = older_type(record), .group = record->group };
	int r;

	if (only.type == 0 || (batch->version == 1 && batch->family == AF_INET &&
			       only.type == GROUP_CHANGE_TO_INCLUDE))
		return 0;
	if (batch->n > 0 && last->type == only.type && address_equal(&last->group, &only.group))
		return 0;
	r = batch_flush(batch);
	if (r == 0)
		batch_take(batch, &only, NULL, 0);
	return r;
}

int group_batch_add(struct group_batch *batch, const struct group_record *record)
{
	if (record->group.family != batch->family)
		return -EINVAL;
	if (batch->version < (batch->family == AF_INET ? 3 : 2))
		return add_older(batch, record);
	return add_record(batch, record);
}

int group_batch_end(struct group_batch *batch)
{
	return batch_flush(batch);
}
