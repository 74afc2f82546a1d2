/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the record of channels: each one that is read is valid, and what is written after
 * that is read back as the same.
 */
#include "amtd/channels/persist.h"
#include "host.h"
#include "input.h"

#include <string.h>

#define PATH "/run/amt/channels"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	host_make_root();
	return 0;
}

static const char *name_of(const struct channel_device *device)
{
	return device ? device->name : "";
}

static void check(const struct channel *channel)
{
	char text[CHANNEL_TEXT_MAX];
	struct channel_key key;
	const char *why;

	REQUIRE(channel->owners > 0 && channel->owners < 1u << CHANNEL_OWNERS);
	REQUIRE(channel_parse(channel_format(&channel->key, text), &key, &why) == 0);
	REQUIRE(channel_compare(&key, &channel->key) == 0);
}

static void require_same(const struct channel *a, const struct channel *b)
{
	REQUIRE(channel_compare(&a->key, &b->key) == 0);
	REQUIRE(a->owners == b->owners && a->since == b->since);
	REQUIRE(strcmp(name_of(a->on), name_of(b->on)) == 0);
	REQUIRE(strcmp(name_of(a->via), name_of(b->via)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct channels channels = { 0 }, again = { 0 };
	struct channel **before, **after;
	size_t n;

	REQUIRE(channel_table_new(&channels.table) == 0 && channel_table_new(&again.table) == 0);
	host_write(PATH, data, size);
	persist_load(&channels);
	persist_write(&channels);
	persist_load(&again);

	n = channel_table_count(channels.table);
	REQUIRE(channel_table_count(again.table) == n);
	before = channel_table_sorted(channels.table);
	after = channel_table_sorted(again.table);
	REQUIRE(before && after);
	for (size_t i = 0; i < n; i++) {
		check(before[i]);
		require_same(before[i], after[i]);
	}
	free(before);
	free(after);
	channel_table_free(channels.table);
	channel_table_free(again.table);
	return 0;
}
