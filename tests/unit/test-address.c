/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/address.h"
#include "base/array.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct address address(const char *text)
{
	struct address a;

	if (address_parse(text, &a) < 0)
		fail_msg("address_parse(\"%s\") failed", text);
	return a;
}

static struct prefix prefix(const char *text)
{
	struct prefix p;

	if (prefix_parse(text, &p) < 0)
		fail_msg("prefix_parse(\"%s\") failed", text);
	return p;
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		sa_family_t family;
		uint8_t bytes[16];
	} cases[] = {
		{ "0.0.0.0", AF_INET, { 0 } },
		{ "192.52.193.1", AF_INET, { 192, 52, 193, 1 } },
		{ "255.255.255.255", AF_INET, { 255, 255, 255, 255 } },
		{ "::", AF_INET6, { 0 } },
		{ "2001:3::1", AF_INET6, { 0x20, 1, 0, 3, [15] = 1 } },
		{ "::ffff:10.0.0.1", AF_INET6, { [10] = 0xff, 0xff, 10, 0, 0, 1 } },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct address a = address(cases[i].text);

		assert_int_equal(a.family, cases[i].family);
		assert_memory_equal(&a.in6, cases[i].bytes, a.family == AF_INET ? 4 : 16);
	}
}

static void test_parse_refuses(void **state)
{
	static const char *const cases[] = {
		"",	     " ",	  "10.0.0",	   "10.0.0.256", "10.0.0.1 ",
		" 10.0.0.1", "010.0.0.1", "10.0.0.1/8",	   "0x0a000001", "10.0.0.1.",
		"relay",     "any",	  "none",	   ":::",	 "fe80::1%lo",
		"1:2:3:4:5", "::g",	  "2001:db8::/32", "[2001::1]",
	};
	struct address a = { .family = 77 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (address_parse(cases[i], &a) != -EINVAL)
			fail_msg("\"%s\" was taken", cases[i]);
		assert_int_equal(a.family, 77);
	}
}

static void test_format(void **state)
{
	static const struct {
		const char *text, *formatted;
	} cases[] = {
		{ "192.52.193.1", "192.52.193.1" },
		{ "2001:0003:0000::01", "2001:3::1" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "::ffff:255.255.255.255", "::ffff:255.255.255.255" },
	};
	const struct address none = { .family = AF_UNSPEC };
	char buf[ADDRESS_TEXT_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct address a = address(cases[i].text);

		assert_string_equal(address_format(&a, buf), cases[i].formatted);
	}
	assert_string_equal(address_format(&none, buf), "none");
}

static void test_prefix(void **state)
{
	static const struct {
		const char *text, *formatted;
		sa_family_t family;
		uint8_t length;
	} cases[] = {
		{ "any", "any", AF_UNSPEC, 0 },
		{ "0.0.0.0/0", "0.0.0.0/0", AF_INET, 0 },
		{ "10.0.0.0/8", "10.0.0.0/8", AF_INET, 8 },
		{ "192.168.4.0/22", "192.168.4.0/22", AF_INET, 22 },
		{ "10.9.0.1", "10.9.0.1", AF_INET, 32 },
		{ "10.9.0.1/32", "10.9.0.1", AF_INET, 32 },
		{ "10.9.0.254/31", "10.9.0.254/31", AF_INET, 31 },
		{ "::/0", "::/0", AF_INET6, 0 },
		{ "fc00::/7", "fc00::/7", AF_INET6, 7 },
		{ "2001:db8::1", "2001:db8::1", AF_INET6, 128 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127", AF_INET6, 127 },
	};
	char buf[PREFIX_TEXT_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix p = prefix(cases[i].text);

		assert_int_equal(p.address.family, cases[i].family);
		assert_int_equal(p.length, cases[i].length);
		assert_string_equal(prefix_format(&p, buf), cases[i].formatted);
	}
}

static void test_prefix_refuses(void **state)
{
	static const char *const cases[] = {
		"",
		"/",
		"/8",
		"any/0",
		"Any",
		"none",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/ 8",
		"10.0.0.0/8 ",
		"10.0.0.0/8/8",
		"10.0.0.1/31",
		"10.0.0.0/256",
		"10.1.0.0/8",
		"0.0.0.1/0",
		"10.0.0.0/255.0.0.0",
		"10/8",
		"2001:db8::/129",
		"2001:db8::1/64",
		"fd00::/7",
		"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255ffff/1",
	};
	struct prefix p = { .length = 77 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (prefix_parse(cases[i], &p) != -EINVAL)
			fail_msg("\"%s\" was taken", cases[i]);
		assert_int_equal(p.length, 77);
	}
}

static void test_contains(void **state)
{
	static const struct {
		const char *prefix, *address;
		bool contains;
	} cases[] = {
		{ "any", "10.0.0.1", true },
		{ "any", "2001:db8::1", true },
		{ "0.0.0.0/0", "10.0.0.1", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "10.0.0.1", false },
		{ "::/0", "ff02::1", true },
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "9.255.255.255", false },
		{ "192.168.4.0/22", "192.168.7.255", true },
		{ "192.168.4.0/22", "192.168.8.0", false },
		{ "10.9.0.2/31", "10.9.0.3", true },
		{ "10.9.0.2/31", "10.9.0.1", false },
		{ "10.9.0.1", "10.9.0.1", true },
		{ "10.9.0.1", "10.9.0.0", false },
		{ "fc00::/7", "fdff::1", true },
		{ "fc00::/7", "fe00::1", false },
		{ "2001:db8::1", "2001:db8::1", true },
		{ "2001:db8::1", "2001:db8::2", false },
	};
	const struct prefix any = { .address.family = AF_UNSPEC };
	const struct address none = { .family = AF_UNSPEC };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix p = prefix(cases[i].prefix);
		struct address a = address(cases[i].address);

		if (prefix_contains(&p, &a) != cases[i].contains)
			fail_msg("%s in %s", cases[i].address, cases[i].prefix);
	}
	assert_false(prefix_contains(&any, &none));
}

static void test_equal(void **state)
{
	const struct address none = { .family = AF_UNSPEC }, none_too = { 0, { { 5 } } };
	struct address a = address("10.0.0.1"), b = address("10.0.0.2"), c = address("::1");
	struct address zero = address("0.0.0.0"), zero6 = address("::"), c2 = address("0:0::1");

	assert_true(address_equal(&a, &a));
	assert_false(address_equal(&a, &b));
	assert_false(address_equal(&a, &c));
	assert_true(address_equal(&c, &c2));
	assert_false(address_equal(&zero, &zero6));
	assert_false(address_equal(&zero, &none));
	assert_true(address_equal(&none, &none_too));

	/* Bytes behind an IPv4 address do not count. */
	memset((char *)&b.in6 + 4, 0xee, 12);
	a = address_from_in(b.in);
	assert_true(address_equal(&a, &b));
}

static void test_compare(void **state)
{
	/* in ascending order */
	static const char *const cases[] = {
		"0.0.0.0",	   "1.0.0.255", "2.0.0.0", "127.255.255.255", "128.0.0.0",
		"255.255.255.255", "::",	"::1",	   "::100",	      "::1:0:0",
		"2001:db8::",	   "8000::",	"ff3e::1",
	};
	const struct address none = { .family = AF_UNSPEC }, none_too = { AF_UNSPEC, .in = { 1 } };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct address a = address(cases[i]);

		for (j = 0; j < ARRAY_SIZE(cases); j++) {
			struct address b = address(cases[j]);
			int order = address_compare(&a, &b);

			if ((order > 0) - (order < 0) != (i > j) - (i < j))
				fail_msg("%s, %s: %d", cases[i], cases[j], order);
		}
		assert_true(address_compare(&none, &a) < 0);
		assert_true(address_compare(&a, &none) > 0);
	}
	assert_int_equal(address_compare(&none, &none_too), 0);
}

static void test_is_host(void **state)
{
	static const struct {
		const char *text;
		bool host;
	} cases[] = {
		{ "192.52.193.1", true },
		{ "10.0.0.0", true },
		{ "1.0.0.0", true },
		{ "223.255.255.255", true },
		{ "240.0.0.1", true },
		{ "0.0.0.0", false },
		{ "0.255.255.255", false },
		{ "127.0.0.1", false },
		{ "127.255.0.9", false },
		{ "126.255.255.255", true },
		{ "128.0.0.0", true },
		{ "224.0.0.0", false },
		{ "239.255.255.255", false },
		{ "255.255.255.255", false },
		{ "255.255.255.254", true },
		{ "::", false },
		{ "::1", false },
		{ "::2", true },
		{ "2001:db8::1", true },
		{ "fe80::1", true },
		{ "ff02::1", false },
		{ "feff::1", true },
	};
	const struct address none = { .family = AF_UNSPEC };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct address a = address(cases[i].text);

		if (address_is_host(&a) != cases[i].host)
			fail_msg("%s: %d", cases[i].text, !cases[i].host);
	}
	assert_false(address_is_host(&none));
}

static void test_from_in(void **state)
{
	struct in_addr in = { .s_addr = htonl(0xc034c101) };
	struct address a = address_from_in(in);
	char buf[ADDRESS_TEXT_MAX];

	assert_string_equal(address_format(&a, buf), "192.52.193.1");
}

/* On the wire and back; bytes that are not of the family are zero, and left alone. */
static void test_load_and_store(void **state)
{
	static const uint8_t wire4[] = { 192, 0, 2, 1 };
	static const uint8_t wire6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 };
	struct address none = { 0 }, a = address_load(AF_INET, wire4);
	char buf[ADDRESS_TEXT_MAX];
	uint8_t bytes[17];

	assert_string_equal(address_format(&a, buf), "192.0.2.1");
	assert_memory_equal(a.in6.s6_addr + 4, (uint8_t[12]){ 0 }, 12);
	memset(bytes, 0xa5, sizeof(bytes));
	assert_int_equal(address_store(&a, bytes), 4);
	assert_memory_equal(bytes, wire4, 4);
	assert_int_equal(bytes[4], 0xa5);

	a = address_load(AF_INET6, wire6);
	assert_string_equal(address_format(&a, buf), "2001:db8::9");
	assert_int_equal(address_store(&a, bytes), 16);
	assert_memory_equal(bytes, wire6, 16);
	assert_int_equal(bytes[16], 0xa5);

	assert_int_equal(address_store(&none, bytes), 0);
	assert_memory_equal(bytes, wire6, 16);
	assert_int_equal(address_length(AF_UNSPEC), 0);
}

static void test_unspecified(void **state)
{
	const struct address none = { 0 };
	struct address a = address("0.0.0.0");

	assert_true(address_is_unspecified(&none));
	assert_true(address_is_unspecified(&a));
	a = address("::");
	assert_true(address_is_unspecified(&a));
	a = address("0.0.0.1");
	assert_false(address_is_unspecified(&a));
	a = address("1::");
	assert_false(address_is_unspecified(&a));
	a = address("::1");
	assert_false(address_is_unspecified(&a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	       cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_format),	       cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_prefix_refuses), cmocka_unit_test(test_contains),
		cmocka_unit_test(test_equal),	       cmocka_unit_test(test_is_host),
		cmocka_unit_test(test_from_in),	       cmocka_unit_test(test_compare),
		cmocka_unit_test(test_load_and_store), cmocka_unit_test(test_unspecified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
