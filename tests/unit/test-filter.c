/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "base/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Sources that filters of these tests are made of; filters as text name them by letters. */
#define SOURCES 5

static struct address source(size_t i)
{
	static const char *const texts[SOURCES] = { "10.0.0.9", "10.0.0.200", "10.0.1.0",
						    "192.0.2.1", "203.0.113.7" };
	struct address a;

	assert_int_equal(address_parse(texts[i], &a), 0);
	return a;
}

/* "I ac": INCLUDE {a, c}; "E": EXCLUDE {} */
static struct filter filter(const char *text)
{
	struct filter f = { .mode = text[0] == 'E' ? FILTER_EXCLUDE : FILTER_INCLUDE };

	for (text++; *text != '\0'; text++) {
		struct address a;

		if (*text == ' ')
			continue;
		a = source((size_t)(*text - 'a'));
		assert_int_equal(filter_add(&f, &a), 0);
	}
	return f;
}

static void show(const struct filter *f, char buf[static SOURCES + 3])
{
	size_t i, j, n = 0;

	buf[n++] = f->mode == FILTER_EXCLUDE ? 'E' : 'I';
	for (i = 0; i < f->n; i++)
		for (j = 0; j < SOURCES; j++) {
			struct address a = source(j);

			if (address_equal(&a, &f->sources[i])) {
				if (n == 1)
					buf[n++] = ' ';
				buf[n++] = (char)('a' + j);
			}
		}
	buf[n] = '\0';
}

static void assert_sorted(const struct filter *f)
{
	for (size_t i = 1; i < f->n; i++)
		assert_true(address_compare(&f->sources[i - 1], &f->sources[i]) < 0);
}

/* RFC 9776, section 3.2: its examples and its rules. */
static void test_merge(void **state)
{
	static const struct {
		const char *a, *b, *merged;
	} cases[] = {
		{ "I", "I", "I" },
		{ "I a", "I", "I a" },
		{ "I abc", "I bcd", "I abcd" },
		{ "I ac", "I bd", "I abcd" },
		{ "E", "I", "E" },
		{ "E", "I ab", "E" },
		{ "E abcd", "E bcde", "E bcd" },
		{ "E a", "E b", "E" },
		{ "E a", "E", "E" },
		{ "E bcd", "I de", "E bc" },
		{ "E ab", "I ab", "E" },
		{ "I a", "E abc", "E bc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct filter a = filter(cases[i].a), b = filter(cases[i].b);
		struct filter a2 = filter(cases[i].a);
		char buf[SOURCES + 3];

		assert_int_equal(filter_merge(&a, &b), 0);
		show(&a, buf);
		assert_string_equal(buf, cases[i].merged);
		assert_int_equal(filter_merge(&b, &a2), 0);
		show(&b, buf);
		assert_string_equal(buf, cases[i].merged);
		filter_clear(&a);
		filter_clear(&b);
		filter_clear(&a2);
	}
}

static struct filter from_bits(unsigned int bits)
{
	struct filter f = { .mode = bits & 1 ? FILTER_EXCLUDE : FILTER_INCLUDE };

	for (size_t i = SOURCES; i-- > 0;) {
		struct address a = source(i);

		if (bits & (2U << i))
			assert_int_equal(filter_add(&f, &a), 0);
	}
	return f;
}

/* A filter wants a source by its mode; merged, what either wants, and nothing else: all filters of
 * all sources with all others. */
static void test_merge_all(void **state)
{
	for (unsigned int left = 0; left < 2U << SOURCES; left++)
		for (unsigned int right = 0; right < 2U << SOURCES; right++) {
			struct filter a = from_bits(left), b = from_bits(right);
			struct address other;

			assert_int_equal(filter_merge(&a, &b), 0);
			assert_sorted(&a);
			assert_int_equal(a.mode, (left | right) & 1);
			for (size_t i = 0; i < SOURCES; i++) {
				struct address s = source(i);
				bool l = ((left >> (i + 1)) & 1) != (left & 1);
				bool r = ((right >> (i + 1)) & 1) != (right & 1);

				assert_int_equal(filter_wants(&a, &s), l || r);
			}
			assert_int_equal(address_parse("198.51.100.1", &other), 0);
			assert_int_equal(filter_wants(&a, &other), (left | right) & 1);
			filter_clear(&a);
			filter_clear(&b);
		}
}

static void test_add_remove(void **state)
{
	struct filter f = { 0 }, copy = { 0 }, other = filter("E a");
	struct address a;
	char buf[SOURCES + 3];

	assert_true(filter_empty(&f));
	assert_false(filter_empty(&other));
	for (size_t i = 0; i < 1000; i++) { /* 7919 is prime to 1000: each once, in no order */
		a = address_from_in((struct in_addr){ htonl(0x0a000000 + i * 7919 % 1000) });
		assert_int_equal(filter_add(&f, &a), 0);
		assert_int_equal(filter_add(&f, &a), 0);
	}
	assert_int_equal(f.n, 1000);
	assert_sorted(&f);
	assert_int_equal(filter_copy(&copy, &f), 0);
	assert_true(filter_equal(&copy, &f));
	for (size_t i = 0; i < 1000; i += 2) {
		a = address_from_in((struct in_addr){ htonl(0x0a000000 + i) });
		filter_remove(&f, &a);
		filter_remove(&f, &a);
		assert_false(filter_wants(&f, &a));
		assert_true(filter_wants(&copy, &a));
	}
	assert_int_equal(f.n, 500);
	assert_sorted(&f);
	assert_false(filter_equal(&copy, &f));
	assert_int_equal(filter_copy(&f, &other), 0);
	assert_int_equal(filter_copy(&f, &f), 0);
	show(&f, buf);
	assert_string_equal(buf, "E a");
	filter_clear(&f);
	assert_true(filter_empty(&f));
	filter_clear(&f);
	filter_clear(&copy);
	filter_clear(&other);
}

static void test_equal(void **state)
{
	static const char *const cases[] = { "I", "E", "I a", "E a", "I b", "I ab" };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (size_t j = 0; j < ARRAY_SIZE(cases); j++) {
			struct filter a = filter(cases[i]), b = filter(cases[j]);

			assert_int_equal(filter_equal(&a, &b), i == j);
			filter_clear(&a);
			filter_clear(&b);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_merge_all),
		cmocka_unit_test(test_add_remove),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
