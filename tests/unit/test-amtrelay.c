/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "hex.h"
#include "wire/amtrelay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* "amtrelays.example.com." in wire format */
#define NAME "09616d7472656c617973 076578616d706c65 03636f6d 00"
#define L63                                                                 \
	"3f 61616161616161616161616161616161616161616161616161616161616161" \
	"6161616161616161616161616161616161616161616161616161616161616161"
/* 255 bytes: 64 + 64 + 64 + 62 + 1 */
#define L61                                                                 \
	"3d 61616161616161616161616161616161616161616161616161616161616161" \
	"616161616161616161616161616161616161616161616161616161616161"

/* RDATA, its presentation form, and the fields that RFC 8777, 4.2 says are in it. */
static const struct record {
	const char *bytes;
	const char *text;
	uint8_t precedence;
	bool d;
	enum amtrelay_type type;
	const char *relay;
} records[] = {
	/* 4.3.2 as erratum 6218 has it: ::15, and the root label */
	{ "0a01 cb00710f", "10 0 1 203.0.113.15", 10, false, AMTRELAY_IPV4, "203.0.113.15" },
	{ "0a02 20010db8 00000000 00000000 00000015", "10 0 2 2001:db8::15", 10, false,
	  AMTRELAY_IPV6, "2001:db8::15" },
	{ "8083" NAME, "128 1 3 amtrelays.example.com.", 128, true, AMTRELAY_NAME,
	  "amtrelays.example.com." },
	/* 4.3.2 as printed: ::f */
	{ "0a02 20010db8 00000000 00000000 0000000f", "10 0 2 2001:db8::f", 10, false,
	  AMTRELAY_IPV6, "2001:db8::f" },
	/* Appendix A: D is not set there */
	{ "8003" NAME, "128 0 3 amtrelays.example.com.", 128, false, AMTRELAY_NAME,
	  "amtrelays.example.com." },
	/* 4.3.1: if the type is 0, the relay is "." */
	{ "0000", "0 0 0 .", 0, false, AMTRELAY_NONE, "" },
	{ "ff80", "255 1 0 .", 255, true, AMTRELAY_NONE, "" },
	{ "0003 00", "0 0 3 .", 0, false, AMTRELAY_NAME, "." },
	{ "0081 ffffffff", "0 1 1 255.255.255.255", 0, true, AMTRELAY_IPV4, "255.255.255.255" },
	{ "0003 03612e62 00", "0 0 3 a\\.b.", 0, false, AMTRELAY_NAME, "a\\.b." },
	{ "0003 02285c 0107 00", "0 0 3 \\(\\\\.\\007.", 0, false, AMTRELAY_NAME,
	  "\\(\\\\.\\007." },
	{ "0003" L63 L63 L63 L61 "00", NULL, 0, false, AMTRELAY_NAME, NULL },
};

static void check_fields(const struct amtrelay *seen, const struct record *wanted)
{
	char name[DNSNAME_TEXT_MAX];
	uint8_t bytes[16];
	int family = wanted->type == AMTRELAY_IPV4 ? AF_INET : AF_INET6;

	assert_int_equal(seen->precedence, wanted->precedence);
	assert_int_equal(seen->discovery_optional, wanted->d);
	assert_int_equal(seen->type, wanted->type);
	if (!wanted->relay)
		return;
	if (wanted->type == AMTRELAY_NAME) {
		assert_string_equal(dnsname_format(&seen->name, name), wanted->relay);
	} else if (wanted->type != AMTRELAY_NONE) {
		assert_int_equal(seen->address.family, family);
		assert_int_equal(inet_pton(family, wanted->relay, bytes), 1);
		assert_memory_equal(&seen->address.in6, bytes, family == AF_INET ? 4 : 16);
	}
}

static void test_parse(void **state)
{
	struct amtrelay record;
	size_t i, length;
	uint8_t *bytes;

	for (i = 0; i < ARRAY_SIZE(records); i++) {
		bytes = hex_bytes(records[i].bytes, &length);
		print_message("%s\n", records[i].bytes);
		assert_int_equal(amtrelay_parse(bytes, length, &record), AMTRELAY_ERROR_NONE);
		check_fields(&record, &records[i]);
		free(bytes);
	}
}

static void test_build(void **state)
{
	uint8_t built[AMTRELAY_RDATA_MAX];
	struct amtrelay record;
	size_t i, length;
	uint8_t *bytes;

	for (i = 0; i < ARRAY_SIZE(records); i++) {
		bytes = hex_bytes(records[i].bytes, &length);
		assert_int_equal(amtrelay_parse(bytes, length, &record), AMTRELAY_ERROR_NONE);
		assert_int_equal(amtrelay_build(&record, built, length), length);
		assert_memory_equal(built, bytes, length);
		assert_int_equal(amtrelay_build(&record, built, length - 1), -ENOBUFS);
		free(bytes);
	}
}

static void test_build_refused(void **state)
{
	static const struct amtrelay refused[] = {
		{ .type = 4 },
		{ .type = AMTRELAY_IPV4, .address.family = AF_INET6 },
		{ .type = AMTRELAY_IPV6, .address.family = AF_INET },
		{ .type = AMTRELAY_IPV4 },
		{ .type = AMTRELAY_NONE, .address.family = AF_INET },
		{ .type = AMTRELAY_NAME },
		{ .type = AMTRELAY_NAME, .name = { 2, { 1, 'a' } } },
		{ .type = AMTRELAY_NAME, .name = { 2, { 0, 0 } } },
	};
	char text[AMTRELAY_TEXT_MAX], generic[AMTRELAY_GENERIC_MAX];
	uint8_t built[AMTRELAY_RDATA_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		assert_int_equal(amtrelay_build(&refused[i], built, sizeof(built)), -EINVAL);
		assert_null(amtrelay_format(&refused[i], text));
		assert_null(amtrelay_format_generic(&refused[i], generic));
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *bytes;
		enum amtrelay_error error;
	} errors[] = {
		{ "", AMTRELAY_ERROR_SHORT },
		{ "0a", AMTRELAY_ERROR_SHORT },
		{ "0000 00", AMTRELAY_ERROR_LENGTH },
		{ "0001", AMTRELAY_ERROR_LENGTH },
		{ "0001 cb0071", AMTRELAY_ERROR_LENGTH },
		{ "0001 cb00710f00", AMTRELAY_ERROR_LENGTH },
		{ "0002 20010db8 00000000 00000000 000000", AMTRELAY_ERROR_LENGTH },
		{ "0002 20010db8 00000000 00000000 00000015 00", AMTRELAY_ERROR_LENGTH },
		{ "0004", AMTRELAY_ERROR_TYPE },
		{ "0004 cb00710f", AMTRELAY_ERROR_TYPE },
		{ "00ff cb00710f", AMTRELAY_ERROR_TYPE },
		/* 4.3.2 as printed: without the root label */
		{ "8083 09616d7472656c617973076578616d706c6503636f6d", AMTRELAY_ERROR_NAME },
		{ "0003", AMTRELAY_ERROR_NAME },
		{ "0003 0161", AMTRELAY_ERROR_NAME },
		{ "0003 0261", AMTRELAY_ERROR_NAME },
		{ "0003 016100 00", AMTRELAY_ERROR_NAME },
		{ "0003 0161 c000", AMTRELAY_ERROR_NAME },
		{ "0003 c000", AMTRELAY_ERROR_NAME },
		{ "0003 4000", AMTRELAY_ERROR_NAME },
		{ "0003" L63 L63 L63 "3e" L61 "00", AMTRELAY_ERROR_NAME },
		{ "0003" L63 L63 L63 L63 "00", AMTRELAY_ERROR_NAME },
	};
	struct amtrelay record, untouched;
	size_t i, length;
	uint8_t *bytes;

	memset(&untouched, 0xa5, sizeof(untouched));
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		bytes = hex_bytes(errors[i].bytes, &length);
		print_message("%s\n", errors[i].bytes);
		memset(&record, 0xa5, sizeof(record));
		assert_int_equal(amtrelay_parse(bytes, length, &record), errors[i].error);
		assert_memory_equal(&record, &untouched, sizeof(record));
		free(bytes);
	}
}

static void test_error_strings(void **state)
{
	int i;

	for (i = 0; i < _AMTRELAY_ERROR_MAX; i++)
		assert_string_not_equal(amtrelay_error_string(i), "unknown");
	assert_string_equal(amtrelay_error_string(_AMTRELAY_ERROR_MAX), "unknown");
}

static void test_format(void **state)
{
	char text[AMTRELAY_TEXT_MAX];
	struct amtrelay record;
	size_t i, length;
	uint8_t *bytes;

	for (i = 0; i < ARRAY_SIZE(records); i++) {
		if (!records[i].text)
			continue;
		bytes = hex_bytes(records[i].bytes, &length);
		assert_int_equal(amtrelay_parse(bytes, length, &record), AMTRELAY_ERROR_NONE);
		assert_string_equal(amtrelay_format(&record, text), records[i].text);
		memset(&record, 0, sizeof(record));
		assert_int_equal(amtrelay_parse_text(records[i].text, &record), 0);
		check_fields(&record, &records[i]);
		free(bytes);
	}
}

/* Forms that zone files may have; the second member is the short form. */
static void test_parse_text(void **state)
{
	static const char *const texts[][2] = {
		/* 4.3.2, as erratum 6218 has it */
		{ "\\# (\n       6  ; length\n       0a ; precedence=10\n"
		  "       01 ; D=0, relay type=1, an IPv4 address\n"
		  "       cb00710f ) ; 203.0.113.15",
		  "10 0 1 203.0.113.15" },
		{ "\\# (\n       18 ; length\n       0a ; precedence=10\n"
		  "       02 ; D=0, relay type=2, an IPv6 address\n"
		  "       20010db8000000000000000000000015 ) ; 2001:db8::15",
		  "10 0 2 2001:db8::15" },
		{ "\\# (\n       25 ; length\n       80 ; precedence=128\n"
		  "       83 ; D=1, relay type=3, a wire-encoded domain name\n"
		  "       09616d7472656c617973076578616d706c6503636f6d00 ) ; domain name",
		  "128 1 3 amtrelays.example.com." },
		/* 4.3.2, as printed */
		{ "\\# (\n       18 ; length\n       0a ; precedence=10\n"
		  "       02 ; D=0, relay type=2, an IPv6 address\n"
		  "       20010db800000000000000000000000f ) ; 2001:db8::15",
		  "10 0 2 2001:db8::f" },
		{ "10 0 2 2001:DB8::15", "10 0 2 2001:db8::15" },
		{ "\\# 6 0A01CB00710F", "10 0 1 203.0.113.15" },
		{ "\\# 2 0000", "0 0 0 ." },
		{ "\\# 02 00 00", "0 0 0 ." },
		{ "  010\t0 ( 1\n203.0.113.15\n)", "10 0 1 203.0.113.15" },
		{ "0 0 3 \\097\\(.B. ; a(", "0 0 3 a\\(.B." },
	};
	char text[AMTRELAY_TEXT_MAX];
	struct amtrelay record;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		print_message("%s\n", texts[i][0]);
		assert_int_equal(amtrelay_parse_text(texts[i][0], &record), 0);
		assert_string_equal(amtrelay_format(&record, text), texts[i][1]);
	}
}

static void test_parse_text_refused(void **state)
{
	static const char *const refused[] = {
		"",
		"10",
		"10 0 1",
		"10 0 1 203.0.113",
		"10 0 1 203.0.113.15 x",
		"10 0 1 203.0.113.15\nx",
		"10 0 1 2001:db8::15",
		"10 0 2 203.0.113.15",
		"10 0 2 amtrelays.example.com.",
		"10 0 3 amtrelays.example.com",
		"10 0 3 amtrelays.example.com\\.",
		"10 0 3 amtrelays..example.com.",
		"10 0 3 .com.",
		"10 0 3 \\256.",
		"10 0 3 \\1.",
		"256 0 1 203.0.113.15",
		"-1 0 1 203.0.113.15",
		"10 2 1 203.0.113.15",
		"10 0 4 203.0.113.15",
		"10 0 0",
		"10 0 0 203.0.113.15",
		"( 10 0 1 203.0.113.15",
		"10 0 1 203.0.113.15 )",
		"(( 10 0 1 203.0.113.15 ))",
		"10 0\n1 203.0.113.15",
		"18446744073709551617 0 1 203.0.113.15",
		"\\# 6 0a01cb00710",
		"\\# 6 0a01cb0071",
		"\\# 6 0a01cb00710f00",
		"\\# 6 0a0 1cb00710f",
		"\\# 6 0a01cb0071zz",
		"\\# 0",
		"\\#",
		/* 4.3.2 as printed: 24 bytes, without the root label */
		"\\# (\n       24 ; length\n       80 ; precedence=128\n"
		"       83 ; D=1, relay type=3, a wire-encoded domain name\n"
		"       09616d7472656c617973076578616d706c6503636f6d ) ; domain name",
	};
	struct amtrelay record, untouched;
	size_t i;

	memset(&untouched, 0xa5, sizeof(untouched));
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		print_message("%s\n", refused[i]);
		memset(&record, 0xa5, sizeof(record));
		assert_int_equal(amtrelay_parse_text(refused[i], &record), -EINVAL);
		assert_memory_equal(&record, &untouched, sizeof(record));
	}
}

static void test_format_generic(void **state)
{
	static const char *const texts[][2] = {
		{ "10 0 1 203.0.113.15", "\\# 6 0a01cb00710f" },
		{ "10 0 2 2001:db8::15", "\\# 18 0a0220010db8000000000000000000000015" },
		{ "128 1 3 amtrelays.example.com.",
		  "\\# 25 808309616d7472656c617973076578616d706c6503636f6d00" },
		{ "0 0 0 .", "\\# 2 0000" },
	};
	char text[AMTRELAY_GENERIC_MAX];
	struct amtrelay record;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(amtrelay_parse_text(texts[i][0], &record), 0);
		assert_string_equal(amtrelay_format_generic(&record, text), texts[i][1]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	       cmocka_unit_test(test_build),
		cmocka_unit_test(test_build_refused),  cmocka_unit_test(test_errors),
		cmocka_unit_test(test_error_strings),  cmocka_unit_test(test_format),
		cmocka_unit_test(test_parse_text),     cmocka_unit_test(test_parse_text_refused),
		cmocka_unit_test(test_format_generic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
