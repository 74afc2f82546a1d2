/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "membership/channel-table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 5000

static struct channel_key key(const char *text)
{
	struct channel_key k;
	const char *why;

	assert_int_equal(channel_parse(text, &k, &why), 0);
	return k;
}

static void test_text(void **state)
{
	static const struct {
		const char *text, *formatted, *why; /* why: a part of it; NULL: it is fine */
	} table[] = {
		{ "203.0.113.2,232.1.1.1", "203.0.113.2,232.1.1.1", NULL },
		{ "239.1.1.1", "239.1.1.1", NULL },
		{ "2001:DB8::2,ff3e::8000:1", "2001:db8::2,ff3e::8000:1", NULL },
		{ "ff0e::1", "ff0e::1", NULL },
		{ "", NULL, "no address" },
		{ ",", NULL, "no address" },
		{ "203.0.113.2,", NULL, "group is no address" },
		{ ",232.1.1.1", NULL, "source is no address" },
		{ "203.0.113.2 ,232.1.1.1", NULL, "source is no address" },
		{ "203.0.113.2,232.1.1.1,1", NULL, "group is no address" },
		{ "203.0.113.2,203.0.113.3", NULL, "no multicast" },
		{ "224.0.0.5", NULL, "never leaves its link" },
		{ "ff02::5", NULL, "never leaves its link" },
		{ "232.1.1.1", NULL, "source-specific" },
		{ "ff3e::8000:1", NULL, "source-specific" },
		{ "2001:db8::2,232.1.1.1", NULL, "different families" },
		{ "224.1.1.1,232.1.1.1", NULL, "not the address of a host" },
		{ "0.0.0.0,232.1.1.1", NULL, "not the address of a host" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct channel_key untouched = { .group.family = 77 }, k = untouched;
		char text[CHANNEL_TEXT_MAX];
		const char *why = NULL;
		int r = channel_parse(table[i].text, &k, &why);

		if (!table[i].why) {
			assert_int_equal(r, 0);
			assert_string_equal(channel_format(&k, text), table[i].formatted);
			continue;
		}
		assert_int_equal(r, -EINVAL);
		assert_int_equal(k.group.family, 77);
		if (!strstr(why, table[i].why))
			fail_msg("%s: %s", table[i].text, why);
	}
}

static void test_filter(void **state)
{
	const struct channel_key one = key("203.0.113.2,239.1.1.1"),
				 two = key("203.0.113.3,239.1.1.1"), any = key("239.1.1.1");
	struct channel *a, *b, *c;
	struct channel_table *table;
	struct filter filter;

	assert_int_equal(channel_table_new(&table), 0);
	a = channel_table_add(table, &one, "", 1);
	b = channel_table_add(table, &two, "amt0", 2);
	c = channel_table_add(table, &any, "amt1", 3);
	assert_ptr_equal(channel_table_add(table, &two, "amt0", 9), b);
	assert_int_equal(b->since, 2);
	assert_int_equal(channel_table_set_via(table, a, "amt0"), 0);
	assert_int_equal(channel_table_set_via(table, b, "amt0"), 0);
	assert_int_equal(channel_table_set_via(table, c, "amt1"), 0);

	assert_int_equal(channel_table_filter(table, a->via, &one.group, &filter), 0);
	assert_int_equal(filter.mode, FILTER_INCLUDE);
	assert_int_equal(filter.n, 2);
	filter_clear(&filter);
	assert_int_equal(channel_table_filter(table, c->via, &one.group, &filter), 0);
	assert_int_equal(filter.mode, FILTER_EXCLUDE);
	assert_int_equal(filter.n, 0);

	/* any source on the same device is more than both */
	assert_int_equal(channel_table_set_via(table, c, "amt0"), 0);
	assert_int_equal(a->via->n, 3);
	assert_int_equal(channel_table_filter(table, a->via, &one.group, &filter), 0);
	assert_int_equal(filter.mode, FILTER_EXCLUDE);
	channel_table_remove(table, c);
	channel_table_remove(table, a);
	assert_int_equal(b->via->n, 1);
	assert_int_equal(channel_table_filter(table, b->via, &one.group, &filter), 0);
	assert_int_equal(filter.n, 1);
	assert_true(address_equal(&filter.sources[0], &two.source));
	filter_clear(&filter);
	channel_table_free(table);
}

static void test_group(void **state)
{
	static const char *const texts[] = { "203.0.113.2,239.1.1.1", "203.0.113.3,239.1.1.1",
					     "203.0.113.2,239.1.1.2", "239.1.1.1" };
	const struct address group = key(texts[0]).group, none = key("239.1.1.9").group;
	struct channel_table *table;
	size_t n = 0;

	assert_int_equal(channel_table_new(&table), 0);
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < 2; j++) {
			const struct channel_key k = key(texts[i]);

			assert_non_null(channel_table_add(table, &k, j ? "amt0" : "", 0));
		}
	for (unsigned int i = 0; i < 1000; i++) { /* others, in the same buckets, too */
		struct channel_key k = key("203.0.113.2,239.2.0.0");

		k.group.in.s_addr ^= htonl(i);
		assert_non_null(channel_table_add(table, &k, "", 0));
	}
	for (const struct channel *c = channel_table_of_group(table, &group, NULL); c;
	     c = channel_table_of_group(table, &group, c)) {
		assert_true(address_equal(&c->key.group, &group));
		n++;
	}
	assert_int_equal(n, 6);
	assert_null(channel_table_of_group(table, &none, NULL));
	channel_table_free(table);
}

static void test_many(void **state)
{
	struct channel_table *table;
	struct channel **sorted;
	size_t n = 0;

	assert_int_equal(channel_table_new(&table), 0);
	for (unsigned int i = 0; i < MANY; i++) {
		char text[CHANNEL_TEXT_MAX];
		struct channel_key k;

		snprintf(text, sizeof(text), "203.0.113.2,232.1.%u.%u", i * 7919 % MANY / 250,
			 i * 7919 % MANY % 250);
		k = key(text);
		assert_non_null(channel_table_add(table, &k, "amt0", i));
	}
	assert_int_equal(channel_table_count(table), MANY);
	for (struct channel *c = channel_table_next(table, NULL); c;
	     c = channel_table_next(table, c)) {
		assert_ptr_equal(channel_table_find(table, &c->key, "amt0"), c);
		n++;
	}
	assert_int_equal(n, MANY);
	sorted = channel_table_sorted(table);
	for (size_t i = 1; i < MANY; i++)
		assert_true(channel_compare(&sorted[i - 1]->key, &sorted[i]->key) < 0);
	assert_null(sorted[MANY]);
	free(sorted);
	while (channel_table_count(table) > 0)
		channel_table_remove(table, channel_table_next(table, NULL));
	channel_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
