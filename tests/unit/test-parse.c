/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "base/escape.h"
#include "base/parse.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_boolean(void **state)
{
	static const struct {
		const char *text;
		int expected;
	} cases[] = {
		{ "1", 1 },	    { "yes", 1 },	   { "y", 1 },	      { "true", 1 },
		{ "t", 1 },	    { "on", 1 },	   { "YES", 1 },      { "True", 1 },
		{ "0", 0 },	    { "no", 0 },	   { "n", 0 },	      { "false", 0 },
		{ "f", 0 },	    { "off", 0 },	   { "OFF", 0 },      { "", -EINVAL },
		{ "2", -EINVAL },   { "01", -EINVAL },	   { "ye", -EINVAL }, { "yes ", -EINVAL },
		{ " no", -EINVAL }, { "enable", -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (parse_boolean(cases[i].text) != cases[i].expected)
			fail_msg("\"%s\": %d", cases[i].text, parse_boolean(cases[i].text));
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint32_t min, max;
		int expected;
		uint32_t value;
	} cases[] = {
		{ "0", 0, UINT32_MAX, 0, 0 },
		{ "2268", 1, 65535, 0, 2268 },
		{ "1", 1, 65535, 0, 1 },
		{ "65535", 1, 65535, 0, 65535 },
		{ "0010", 0, 100, 0, 10 },
		{ "4294967295", 0, UINT32_MAX, 0, UINT32_MAX },
		{ "0", 1, 65535, -ERANGE, 0 },
		{ "65536", 1, 65535, -ERANGE, 0 },
		{ "4294967296", 0, UINT32_MAX, -ERANGE, 0 },
		{ "18446744073709551617", 0, UINT32_MAX, -ERANGE, 0 },
		{ "99999999999999999999999999999999", 0, UINT32_MAX, -ERANGE, 0 },
		{ "", 0, 100, -EINVAL, 0 },
		{ "-1", 0, 100, -EINVAL, 0 },
		{ "+1", 0, 100, -EINVAL, 0 },
		{ " 1", 0, 100, -EINVAL, 0 },
		{ "1 ", 0, 100, -EINVAL, 0 },
		{ "0x10", 0, 100, -EINVAL, 0 },
		{ "1.0", 0, 100, -EINVAL, 0 },
		{ "1e1", 0, 100, -EINVAL, 0 },
		{ "999999999999999999999999x", 0, 100, -EINVAL, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t value = 77;
		uint16_t small = 77;
		int r = parse_u32(cases[i].text, cases[i].min, cases[i].max, &value);

		if (r != cases[i].expected || value != (r < 0 ? 77 : cases[i].value))
			fail_msg("\"%s\": %d, %u", cases[i].text, r, value);

		if (cases[i].max > UINT16_MAX)
			continue;
		r = parse_u16(cases[i].text, (uint16_t)cases[i].min, (uint16_t)cases[i].max,
			      &small);
		if (r != cases[i].expected || small != (r < 0 ? 77 : cases[i].value))
			fail_msg("u16 \"%s\": %d, %u", cases[i].text, r, small);
	}
}

static void test_seconds(void **state)
{
	static const struct {
		const char *text;
		int expected;
		uint64_t usec;
	} cases[] = {
		{ "0", -ERANGE },	   { "0.000999", -ERANGE },
		{ "0.001", 0, 1000 },	   { ".5", 0, 500000 },
		{ "1.", 0, 1000000 },	   { "1.000001", 0, 1000001 },
		{ "3600", 0, 3600000000 }, { "3600.000001", -ERANGE },
		{ "999999", -ERANGE },	   { "1000000", -EINVAL }, /* digits beyond all use */
		{ "1.0000001", -EINVAL },  { "", -EINVAL },
		{ ".", -EINVAL },	   { "-1", -EINVAL },
		{ " 1", -EINVAL },	   { "1s", -EINVAL },
		{ "1,5", -EINVAL },	   { "1.5.5", -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t usec = 77;
		int r = parse_span(cases[i].text, 1000, 3600000000, &usec);

		if (r != cases[i].expected)
			fail_msg("\"%s\": %d", cases[i].text, r);
		assert_int_equal(usec, r < 0 ? 77 : cases[i].usec);
	}
}

static void test_ifname(void **state)
{
	static const struct {
		const char *text;
		int expected;
	} cases[] = {
		{ "amt0", 0 },
		{ "a", 0 },
		{ "...", 0 },
		{ "-eth", 0 },
		{ "eth0.100", 0 },
		{ "all0", 0 },
		{ "123456789012345", 0 },
		{ "1234567890123456", -ENAMETOOLONG },
		{ "", -EINVAL },
		{ ".", -EINVAL },
		{ "..", -EINVAL },
		{ "all", -EINVAL },
		{ "default", -EINVAL },
		{ "a/b", -EINVAL },
		{ "a:b", -EINVAL },
		{ "amt%d", -EINVAL },
		{ "a b", -EINVAL },
		{ "a\tb", -EINVAL },
		{ "a\x1b[2J", -EINVAL },
		{ "a\x7f", -EINVAL },
		{ "\xc3\xa4mt", -EINVAL },
		{ "a\\b", 0 },
		{ "a\"b*", 0 },
		{ "a\\", -EINVAL }, /* would join two lines of a device file */
		{ "\\", -EINVAL },
		{ "a name that is far too long", -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[IFNAMSIZ] = "untouched";
		int r = parse_ifname(cases[i].text, name);

		if (r != cases[i].expected)
			fail_msg("\"%s\": %d", cases[i].text, r);
		assert_string_equal(name, r < 0 ? "untouched" : cases[i].text);
	}
}

static void test_escape(void **state)
{
	static const struct {
		const char *text;
		size_t length, size;
		const char *expected;
	} cases[] = {
		{ "", 0, 4, "" },
		{ "plain \"text\"", 12, 64, "plain \"text\"" },
		{ "a\nb\r\t\0c", 7, 64, "a\\x0ab\\x0d\\x09\\x00c" },
		{ "\x1b[31m", 5, 64, "\\x1b[31m" },
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x93\xba", 15, 64,
		  "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x93\xba" },
		{ "\xc0\x80", 2, 64, "\\xc0\\x80" },		       /* overlong */
		{ "\xed\xa0\x80", 3, 64, "\\xed\\xa0\\x80" },	       /* a surrogate */
		{ "\xf4\x90\x80\x80", 4, 64, "\\xf4\\x90\\x80\\x80" }, /* beyond U+10FFFF */
		{ "\xf8\x88\x80\x80\x80", 5, 64, "\\xf8\\x88\\x80\\x80\\x80" },
		{ "\xe2\x82", 2, 64, "\\xe2\\x82" }, /* cut off */
		{ "\xc2\x9b", 2, 64, "\\xc2\\x9b" }, /* the C1 control CSI */
		{ "a\xe2\x80\xae"
		  "b",
		  5, 64, "a\\xe2\\x80\\xaeb" }, /* right to left */
		{ "abcd", 4, 5, "abcd" },
		{ "abcde", 5, 5, "a..." },
		{ "abcdefgh", 8, 4, "..." },
		{ "\x01\x01\x01", 3, 12, "\\x01\\x01..." },
		{ "abcdef\xc3\xbc", 8, 8, "abcd..." },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char buf[64];

		assert_string_equal(escape_text(cases[i].text, cases[i].length, buf, cases[i].size),
				    cases[i].expected);
	}
}

static void test_escape_ascii(void **state)
{
	char buf[64];

	assert_string_equal(escape_ascii("a\033~\x7f \xc3\xbc", 7, buf, sizeof(buf)),
			    "a\\x1b~\\x7f \\xc3\\xbc");
	assert_true(escape_is_utf8(""));
	assert_true(escape_is_utf8("\033 \xc3\xbc\xc2\x9b"));
	assert_false(escape_is_utf8("a\xc3"));
	assert_false(escape_is_utf8("\xff"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boolean), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_seconds), cmocka_unit_test(test_ifname),
		cmocka_unit_test(test_escape),	cmocka_unit_test(test_escape_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
