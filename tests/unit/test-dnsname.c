/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "hex.h"
#include "wire/dnsname.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_text(void **state)
{
	static const struct {
		const char *text, *wire, *again;
		size_t length;
	} names[] = {
		{ ".", "", ".", 1 },
		{ "a", "\1a", "a.", 3 },
		{ "a.", "\1a", "a.", 3 },
		{ "Www.Example.", "\3Www\7Example", "Www.Example.", 13 },
		{ "a\\.b.c.", "\3a.b\1c", "a\\.b.c.", 7 },
		{ "\\000.", "\1\0", "\\000.", 3 },
		{ "\\255\\x.", "\2\377x", "\\255x.", 4 },
		{ "a b.", "\3a b", "a\\032b.", 5 },
		{ "\\$\\@\\\"\\;.", "\4$@\";", "\\$\\@\\\"\\;.", 6 },
	};
	char text[DNSNAME_TEXT_MAX];
	struct dnsname name;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		print_message("%s\n", names[i].text);
		assert_int_equal(dnsname_parse(names[i].text, &name), 0);
		assert_int_equal(name.length, names[i].length);
		assert_memory_equal(name.bytes, names[i].wire, names[i].length);
		assert_string_equal(dnsname_format(&name, text), names[i].again);
	}
}

static void test_text_limits(void **state)
{
	static const char *const refused[] = {
		"",
		"..",
		".a",
		"a..",
		"a..b",
		"\\",
		"a\\",
		"\\25",
		"\\256",
		"a" A63,
		A63 "." A63 "." A63 "." A61 "a.",
		A63 "." A63 "." A63 "." A63,
		A63 "." A63 "." A63 "." A61 ".a",
	};
	struct dnsname name = { 0 };
	size_t i;

	assert_int_equal(dnsname_parse(A63 "." A63 "." A63 "." A61, &name), 0);
	assert_int_equal(name.length, DNSNAME_MAX);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		print_message("%s\n", refused[i]);
		name.length = 77;
		assert_int_equal(dnsname_parse(refused[i], &name), -EINVAL);
		assert_int_equal(name.length, 77);
	}
}

/* The longest text: each byte of the labels needs four. */
static void test_format_longest(void **state)
{
	static const uint8_t labels[] = { 63, 63, 63, 61 };
	char text[DNSNAME_TEXT_MAX];
	struct dnsname name = { .length = DNSNAME_MAX };
	size_t i, at = 0;

	for (i = 0; i < ARRAY_SIZE(labels); i++) {
		name.bytes[at] = labels[i];
		at += 1 + labels[i];
	}
	assert_int_equal(strlen(dnsname_format(&name, text)), 250 * 4 + 4);
}

static void test_none(void **state)
{
	char text[DNSNAME_TEXT_MAX];
	struct dnsname none = { 0 };

	assert_string_equal(dnsname_format(&none, text), "");
}

static void test_equal(void **state)
{
	struct dnsname a, b, c, d;

	assert_int_equal(dnsname_parse("Relay.example", &a), 0);
	assert_int_equal(dnsname_parse("rELAY.EXAMPLE.", &b), 0);
	assert_int_equal(dnsname_parse("relay.examplf", &c), 0);
	assert_int_equal(dnsname_parse("relay.example.org", &d), 0);
	assert_true(dnsname_equal(&a, &b));
	assert_false(dnsname_equal(&a, &c));
	assert_false(dnsname_equal(&a, &d));
}

static void test_reverse(void **state)
{
	static const struct {
		const char *address, *name;
	} names[] = {
		{ "198.51.100.12", "12.100.51.198.in-addr.arpa." },
		{ "0.0.0.0", "0.0.0.0.in-addr.arpa." },
		{ "255.255.255.255", "255.255.255.255.in-addr.arpa." },
		/* RFC 3596, 2.5 */
		{ "4321:0:1:2:3:4:567:89ab",
		  "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa." },
	};
	struct address address, none = { .family = AF_UNSPEC };
	char text[DNSNAME_TEXT_MAX];
	struct dnsname name;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		address.family = strchr(names[i].address, ':') ? AF_INET6 : AF_INET;
		assert_int_equal(inet_pton(address.family, names[i].address, &address.in6), 1);
		assert_int_equal(dnsname_reverse(&address, &name), 0);
		assert_string_equal(dnsname_format(&name, text), names[i].name);
	}
	assert_int_equal(dnsname_reverse(&none, &name), -EINVAL);
}

/* A header, the question a.b TXT, and in the answer: a.b CNAME c.b, c.b CNAME d.a.b, d.a.b TXT. */
#define HEADER	 "0000 8180 0001 0003 0000 0000"
#define QUESTION "0161 0162 00 0010 0001"
#define CNAME_C	 "c00c 0005 0001 0000012c 0004 0163c00e"
#define CNAME_D	 "0163 c00e 0005 0001 0000012c 0004 0164c00c"
#define TXT	 "c00c 0010 0001 0000012c 0002 0178"

static void test_canonical(void **state)
{
	static const struct {
		const char *message, *name;
		int r;
	} messages[] = {
		{ HEADER QUESTION CNAME_C CNAME_D TXT, "d.a.b.", 0 },
		{ "0000 8180 0001 0001 0000 0000" QUESTION CNAME_C, "c.b.", 0 },
		{ "0000 8180 0001 0001 0000 0000" QUESTION TXT, NULL, -ENOENT },
		{ "0000 8180 0000 0000 0000 0000", NULL, -ENOENT },
		{ "", NULL, -EINVAL },
		{ "0000 8180 0001 0001 0000 00", NULL, -EINVAL },
		{ HEADER, NULL, -EINVAL },
		{ HEADER QUESTION CNAME_C CNAME_D, NULL, -EINVAL },
		{ HEADER "0161 0162 00 0010 00", NULL, -EINVAL },
		/* A pointer to itself, forwards, and one that is cut short */
		{ HEADER "c00c 0010 0001", NULL, -EINVAL },
		{ HEADER "c00e 0010 0001", NULL, -EINVAL },
		{ HEADER "0161 c00c 0010 0001", NULL, -EINVAL },
		{ HEADER "c0", NULL, -EINVAL },
		/* The data of a CNAME beyond the end */
		{ "0000 8180 0001 0001 0000 0000" QUESTION "c00c 0005 0001 0000012c 0005 0163c00e",
		  NULL, -EINVAL },
		{ "0000 8180 0001 0001 0000 0000" QUESTION "c00c 0005 0001 0000012c 0002 0163",
		  NULL, -EINVAL },
	};
	char text[DNSNAME_TEXT_MAX];
	struct dnsname name;
	uint8_t *bytes;
	size_t i, length;

	for (i = 0; i < ARRAY_SIZE(messages); i++) {
		print_message("%s\n", messages[i].message);
		bytes = hex_bytes(messages[i].message, &length);
		assert_int_equal(dnsname_canonical(bytes, length, &name), messages[i].r);
		if (messages[i].name)
			assert_string_equal(dnsname_format(&name, text), messages[i].name);
		free(bytes);
	}
}

static void test_within(void **state)
{
	static const struct {
		const char *name, *zone;
		bool within;
	} cases[] = {
		{ "2.113.0.203.in-addr.arpa", "113.0.203.IN-ADDR.arpa", true },
		{ "113.0.203.in-addr.arpa", "113.0.203.in-addr.arpa", true },
		{ "2.113.0.203.in-addr.arpa", ".", true },
		{ ".", ".", true },
		{ "113.0.203.in-addr.arpa", "2.113.0.203.in-addr.arpa", false },
		{ "2.213.0.203.in-addr.arpa", "13.0.203.in-addr.arpa", false },
		{ "relay.badexample", "example", false },
		{ "example", "relay.example", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dnsname name, zone;

		assert_int_equal(dnsname_parse(cases[i].name, &name), 0);
		assert_int_equal(dnsname_parse(cases[i].zone, &zone), 0);
		if (dnsname_is_within(&name, &zone) != cases[i].within)
			fail_msg("%s in %s", cases[i].name, cases[i].zone);
	}
}

/* RFC 4034, 3.1: covers TXT, algorithm 13, 2 labels, TTL, expiration, inception, key tag; signer;
 * signature. */
#define RRSIG(signer, length)                                                                   \
	"c00c 002e 0001 0000012c " length " 0010 0d 02 0000012c 6af00000 6ae00000 3039 " signer \
	" 00112233"

static void test_signers(void **state)
{
	static const struct {
		const char *message;
		size_t n;
		const char *signer; /* the first */
	} messages[] = {
		{ "0000 8180 0001 0002 0000 0000" QUESTION TXT RRSIG("016200", "0019"), 1, "b." },
		{ "0000 8180 0001 0002 0000 0000" QUESTION RRSIG("00", "0017")
			  RRSIG("016200", "0019"),
		  2, "." },
		{ "0000 8180 0001 0001 0000 0000" QUESTION TXT, 0, NULL },
		/* A signer that is cut short, compressed, or not there. */
		{ "0000 8180 0001 0001 0000 0000" QUESTION RRSIG("3f6200", "0019"), 0, NULL },
		{ "0000 8180 0001 0001 0000 0000" QUESTION RRSIG("c00c00", "0019"), 0, NULL },
		{ "0000 8180 0001 0001 0000 0000" QUESTION
		  "c00c 002e 0001 0000012c 0004 0010 0d 02",
		  0, NULL },
		{ "0000 8180 0001 0001 0000 0000" QUESTION RRSIG("016200", "0119"), 0, NULL },
		{ "0000", 0, NULL },
	};
	struct dnsname signers[2];
	char text[DNSNAME_TEXT_MAX];
	uint8_t *bytes;
	size_t length;

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		bytes = hex_bytes(messages[i].message, &length);
		assert_int_equal(dnsname_signers(bytes, length, signers, 2), messages[i].n);
		if (messages[i].signer)
			assert_string_equal(dnsname_format(&signers[0], text), messages[i].signer);
		assert_true(dnsname_signers(bytes, length, signers, 1) <= 1);
		free(bytes);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	       cmocka_unit_test(test_text_limits),
		cmocka_unit_test(test_format_longest), cmocka_unit_test(test_none),
		cmocka_unit_test(test_equal),	       cmocka_unit_test(test_reverse),
		cmocka_unit_test(test_canonical),      cmocka_unit_test(test_within),
		cmocka_unit_test(test_signers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
