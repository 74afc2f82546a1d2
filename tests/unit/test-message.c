/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/array.h"
#include "captures.h"
#include "hex.h"
#include "wire/message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Offset of the UDP payload in a capture: none has IP options. */
#define PAYLOAD 28

/* The smallest packets that can be inside: a header and nothing more. */
#define INNER4 "45000014 00000000 01020000 00000000 e0000001"
/* clang-format off */
#define INNER6 "60000000 00003b01 fe800000 00000000 00000000 00000101" \
	       "ff020000 00000000 00000000 00000001"
/* clang-format on */

#define MAC   "a1a2a3a4a5a6"
#define NONCE "11223344"

/* An Advertisement's nonce is at offset 4, a Query's at 8. */
#define ADVERTISEMENT "02000000" NONCE
#define QUERY	      "0400" MAC NONCE
#define QUERY_G	      "0401" MAC NONCE
#define UPDATE	      "0500" MAC NONCE
#define DATA	      "0600"
#define TEARDOWN      "0700" MAC NONCE

/* 198.51.100.7 port 61234, in both ways, and 2001:db8::7 */
#define GATEWAY_COMPATIBLE "ef32 00000000 00000000 00000000 c6336407"
#define GATEWAY_MAPPED	   "ef32 00000000 00000000 0000ffff c6336407"
#define GATEWAY6	   "ef32 20010db8 00000000 00000000 00000007"

/* Content of a message, written by hand from its bytes: fields are where RFC 7450, 5.1 has them. */
struct content {
	const char *name;
	const char *bytes; /* NULL: of the capture */
	enum capture capture;
	enum message_type type;
	uint8_t nonce[4];
	uint8_t mac[AMT_MAC_LENGTH];
	bool p, l, g;
	sa_family_t family; /* of the relay, or the packet inside */
	uint8_t relay[16];
	size_t inner_offset, inner_length;
	sa_family_t gateway_family;
	bool mapped;
	uint16_t gateway_port;
	uint8_t gateway[16];
};

/* clang-format off */
#define TEST_MAC      { 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6 }
#define TEST_NONCE    { 0x11, 0x22, 0x33, 0x44 }
#define TEST_GATEWAY4 .gateway_port = 61234, .gateway_family = AF_INET, \
		      .gateway = { 198, 51, 100, 7 }
#define TEST_GATEWAY6 .gateway_port = 61234, .gateway_family = AF_INET6, \
		      .gateway = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 }
/* clang-format on */

static const struct content contents[] = {
	{ "captured Discovery",
	  NULL,
	  CAPTURE_DISCOVERY,
	  AMT_DISCOVERY,
	  { 0xda, 0x7b, 0xfb, 0x1a } },
	{ "captured Advertisement",
	  NULL,
	  CAPTURE_ADVERTISEMENT,
	  AMT_ADVERTISEMENT,
	  { 0xda, 0x7b, 0xfb, 0x1a },
	  .family = AF_INET,
	  .relay = { 10, 0, 0, 2 } },
	{ "captured Request, IGMP",
	  NULL,
	  CAPTURE_REQUEST4,
	  AMT_REQUEST,
	  { 0x5b, 0x6b, 0x26, 0x6b } },
	{ "captured Query, IGMP",
	  NULL,
	  CAPTURE_QUERY4,
	  AMT_QUERY,
	  { 0x5b, 0x6b, 0x26, 0x6b },
	  { 0xa6, 0x37, 0x89, 0xb2, 0x2e, 0x41 },
	  .family = AF_INET,
	  .inner_offset = 12,
	  .inner_length = 36 },
	{ "captured Query, MLD",
	  NULL,
	  CAPTURE_QUERY6,
	  AMT_QUERY,
	  { 0x5b, 0x6b, 0x26, 0x6b },
	  { 0xa6, 0x37, 0x89, 0xb2, 0x2e, 0x41 },
	  .family = AF_INET6,
	  .inner_offset = 12,
	  .inner_length = 76 },
	{ "captured Update, IGMP",
	  NULL,
	  CAPTURE_UPDATE4,
	  AMT_UPDATE,
	  { 0x5f, 0xe2, 0x8f, 0xea },
	  { 0x12, 0x46, 0x8b, 0x8f, 0x97, 0xa6 },
	  .family = AF_INET,
	  .inner_offset = 12,
	  .inner_length = 40 },
	{ "captured Update, MLD",
	  NULL,
	  CAPTURE_UPDATE6,
	  AMT_UPDATE,
	  { 0x5f, 0xe2, 0x8f, 0xea },
	  { 0x12, 0x46, 0x8b, 0x8f, 0x97, 0xa6 },
	  .family = AF_INET6,
	  .inner_offset = 12,
	  .inner_length = 116 },
	{ "captured Data, IPv4", NULL, CAPTURE_DATA4, AMT_DATA, .family = AF_INET,
	  .inner_offset = 2, .inner_length = 39 },
	{ "captured Data, IPv6", NULL, CAPTURE_DATA6, AMT_DATA, .family = AF_INET6,
	  .inner_offset = 2, .inner_length = 59 },

	{ "Advertisement of an IPv6 relay", ADVERTISEMENT "20010db8 00000000 00000000 00000001", 0,
	  AMT_ADVERTISEMENT, TEST_NONCE, .family = AF_INET6,
	  .relay = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
	{ "Request with P", "03010000" NONCE, 0, AMT_REQUEST, TEST_NONCE, .p = true },
	{ "Query with L", "0402" MAC NONCE INNER4, 0, AMT_QUERY, TEST_NONCE, TEST_MAC, .l = true,
	  .family = AF_INET, .inner_offset = 12, .inner_length = 20 },
	{ "Query with G, IPv4 gateway", QUERY_G INNER4 GATEWAY_COMPATIBLE, 0, AMT_QUERY, TEST_NONCE,
	  TEST_MAC, .g = true, .family = AF_INET, .inner_offset = 12, .inner_length = 20,
	  TEST_GATEWAY4 },
	{ "Query with G, mapped gateway", QUERY_G INNER6 GATEWAY_MAPPED, 0, AMT_QUERY, TEST_NONCE,
	  TEST_MAC, .g = true, .family = AF_INET6, .inner_offset = 12, .inner_length = 40,
	  .mapped = true, TEST_GATEWAY4 },
	{ "Query with L and G, IPv6 gateway", "0403" MAC NONCE INNER6 GATEWAY6, 0, AMT_QUERY,
	  TEST_NONCE, TEST_MAC, .l = true, .g = true, .family = AF_INET6, .inner_offset = 12,
	  .inner_length = 40, TEST_GATEWAY6 },
	{ "Teardown, IPv4 gateway", TEARDOWN GATEWAY_COMPATIBLE, 0, AMT_TEARDOWN, TEST_NONCE,
	  TEST_MAC, TEST_GATEWAY4 },
	{ "Teardown, mapped gateway", TEARDOWN GATEWAY_MAPPED, 0, AMT_TEARDOWN, TEST_NONCE,
	  TEST_MAC, .mapped = true, TEST_GATEWAY4 },
	{ "Teardown, IPv6 gateway", TEARDOWN GATEWAY6, 0, AMT_TEARDOWN, TEST_NONCE, TEST_MAC,
	  TEST_GATEWAY6 },
	{ "Teardown, gateway ::", TEARDOWN "ef32 00000000 00000000 00000000 00000000", 0,
	  AMT_TEARDOWN, TEST_NONCE, TEST_MAC, .gateway_port = 61234, .gateway_family = AF_INET6 },
	{ "Teardown, gateway ::1", TEARDOWN "ef32 00000000 00000000 00000000 00000001", 0,
	  AMT_TEARDOWN, TEST_NONCE, TEST_MAC, .gateway_port = 61234, .gateway_family = AF_INET6,
	  .gateway = { [15] = 1 } },
};

static uint8_t *content_bytes(const struct content *content, size_t *ret_length)
{
	const char *text = content->bytes ?: captures[content->capture];
	uint8_t *bytes = hex_bytes(text, ret_length), *payload;

	if (content->bytes)
		return bytes;
	*ret_length -= PAYLOAD;
	payload = malloc(*ret_length);
	assert_non_null(payload);
	memcpy(payload, bytes + PAYLOAD, *ret_length);
	free(bytes);
	return payload;
}

static void assert_address(const struct address *address, sa_family_t family, const uint8_t *bytes)
{
	assert_int_equal(address->family, family);
	assert_memory_equal(&address->in6, bytes, family == AF_INET ? 4 : 16);
}

static void assert_gateway(const struct message_gateway *gateway, const struct content *content)
{
	assert_int_equal(gateway->port, content->gateway_port);
	assert_int_equal(gateway->mapped, content->mapped);
	assert_address(&gateway->address, content->gateway_family, content->gateway);
}

static void assert_inner(const struct message_inner *inner, const uint8_t *bytes,
			 const struct content *content)
{
	assert_ptr_equal(inner->data, bytes + content->inner_offset);
	assert_int_equal(inner->length, content->inner_length);
	assert_int_equal(inner->family, content->family);
}

static void assert_content(const struct message *m, const uint8_t *bytes,
			   const struct content *content)
{
	assert_int_equal(m->type, content->type);
	switch (m->type) {
	case AMT_DISCOVERY:
		assert_memory_equal(&m->discovery.nonce, content->nonce, 4);
		break;
	case AMT_ADVERTISEMENT:
		assert_memory_equal(&m->advertisement.nonce, content->nonce, 4);
		assert_address(&m->advertisement.relay, content->family, content->relay);
		break;
	case AMT_REQUEST:
		assert_memory_equal(&m->request.nonce, content->nonce, 4);
		assert_int_equal(m->request.p, content->p);
		break;
	case AMT_QUERY:
		assert_memory_equal(&m->query.nonce, content->nonce, 4);
		assert_memory_equal(m->query.mac, content->mac, AMT_MAC_LENGTH);
		assert_int_equal(m->query.l, content->l);
		assert_int_equal(m->query.g, content->g);
		assert_inner(&m->query.inner, bytes, content);
		if (content->g)
			assert_gateway(&m->query.gateway, content);
		break;
	case AMT_UPDATE:
		assert_memory_equal(&m->update.nonce, content->nonce, 4);
		assert_memory_equal(m->update.mac, content->mac, AMT_MAC_LENGTH);
		assert_inner(&m->update.inner, bytes, content);
		break;
	case AMT_DATA:
		assert_inner(&m->data.inner, bytes, content);
		break;
	case AMT_TEARDOWN:
		assert_memory_equal(&m->teardown.nonce, content->nonce, 4);
		assert_memory_equal(m->teardown.mac, content->mac, AMT_MAC_LENGTH);
		assert_gateway(&m->teardown.gateway, content);
		break;
	}
}

static void test_parse(void **state)
{
	struct message message;
	uint8_t *bytes;
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(contents); i++) {
		print_message("    %s\n", contents[i].name);
		bytes = content_bytes(&contents[i], &n);
		assert_string_equal(message_error_string(message_parse(bytes, n, &message)),
				    message_error_string(MESSAGE_ERROR_NONE));
		assert_content(&message, bytes, &contents[i]);
		free(bytes);
	}
}

/* A parsed message is built again byte for byte, and does not fit into one byte less. */
static void test_build(void **state)
{
	struct message message;
	uint8_t *bytes, *built;
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(contents); i++) {
		print_message("    %s\n", contents[i].name);
		bytes = content_bytes(&contents[i], &n);
		built = malloc(n);
		assert_non_null(built);
		assert_int_equal(message_parse(bytes, n, &message), MESSAGE_ERROR_NONE);
		assert_int_equal(message_build(&message, built, n), n);
		assert_memory_equal(built, bytes, n);
		assert_int_equal(message_build(&message, built, n - 1), -ENOBUFS);
		assert_int_equal(message_build(&message, NULL, 0), -ENOBUFS);
		free(built);
		free(bytes);
	}
}

static const struct {
	const char *name;
	const char *bytes;
	enum message_error error;
} errors[] = {
	{ "nothing", "", MESSAGE_ERROR_SHORT },
	{ "type 0", "00000000" NONCE, MESSAGE_ERROR_TYPE },
	{ "type 8", "08000000" NONCE, MESSAGE_ERROR_TYPE },
	{ "type 15", "0f", MESSAGE_ERROR_TYPE },

	{ "Discovery: version 1", "11000000" NONCE, MESSAGE_ERROR_VERSION },
	{ "Discovery: type alone", "01", MESSAGE_ERROR_SHORT },
	{ "Discovery: 7 bytes", "01000000 112233", MESSAGE_ERROR_SHORT },
	{ "Discovery: 9 bytes", "01000000" NONCE "00", MESSAGE_ERROR_LONG },

	{ "Advertisement: version 15", "f2000000" NONCE "0a000002", MESSAGE_ERROR_VERSION },
	{ "Advertisement: 7 bytes", "02000000 112233", MESSAGE_ERROR_SHORT },
	{ "Advertisement: no address", ADVERTISEMENT, MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: 3 bytes of address", ADVERTISEMENT "0a0000", MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: 5 bytes of address", ADVERTISEMENT "0a00000200", MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: 15 bytes of address", ADVERTISEMENT "20010db8 00000000 00000000 000000",
	  MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: 17 bytes of address",
	  ADVERTISEMENT "20010db8 00000000 00000000 00000001 00", MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: 0.0.0.0", ADVERTISEMENT "00000000", MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: 127.0.0.1", ADVERTISEMENT "7f000001", MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: 127.255.255.255", ADVERTISEMENT "7fffffff", MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: 224.0.0.1", ADVERTISEMENT "e0000001", MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: 239.255.255.255", ADVERTISEMENT "efffffff", MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: 255.255.255.255", ADVERTISEMENT "ffffffff", MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: ::", ADVERTISEMENT "00000000 00000000 00000000 00000000",
	  MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: ::1", ADVERTISEMENT "00000000 00000000 00000000 00000001",
	  MESSAGE_ERROR_ADDRESS },
	{ "Advertisement: ff02::1", ADVERTISEMENT "ff020000 00000000 00000000 00000001",
	  MESSAGE_ERROR_ADDRESS },

	{ "Request: version 1", "13000000" NONCE, MESSAGE_ERROR_VERSION },
	{ "Request: 7 bytes", "03010000 112233", MESSAGE_ERROR_SHORT },
	{ "Request: 9 bytes", "03010000" NONCE "00", MESSAGE_ERROR_LONG },

	{ "Query: version 1", "1400" MAC NONCE INNER4, MESSAGE_ERROR_VERSION },
	{ "Query: 11 bytes", "0400" MAC "112233", MESSAGE_ERROR_SHORT },
	{ "Query: nothing inside", QUERY, MESSAGE_ERROR_INNER },
	{ "Query: version 5 inside", QUERY "55000014 00000000 01020000 00000000 e0000001",
	  MESSAGE_ERROR_INNER },
	{ "Query: 19 bytes of IPv4", QUERY "45000013 00000000 01020000 00000000 e00000",
	  MESSAGE_ERROR_INNER },
	{ "Query: IPv4 header length 16", QUERY "44000014 00000000 01020000 00000000 e0000001",
	  MESSAGE_ERROR_INNER },
	{ "Query: IPv4 header beyond the end", QUERY "46000014 00000000 01020000 00000000 e0000001",
	  MESSAGE_ERROR_INNER },
	{ "Query: IPv4 total length one less", QUERY "45000013 00000000 01020000 00000000 e0000001",
	  MESSAGE_ERROR_INNER },
	{ "Query: IPv4 total length one more", QUERY "45000015 00000000 01020000 00000000 e0000001",
	  MESSAGE_ERROR_INNER },
	{ "Query: 39 bytes of IPv6",
	  QUERY "60000000 00003b01 fe800000 00000000 00000000 00000101 ff020000 00000000 00000000"
		"000000",
	  MESSAGE_ERROR_INNER },
	{ "Query: IPv6 payload that is not there",
	  QUERY "60000000 00013b01 fe800000 00000000 00000000 00000101 ff020000 00000000 00000000"
		"00000001",
	  MESSAGE_ERROR_INNER },
	{ "Query: byte after IPv6", QUERY INNER6 "00", MESSAGE_ERROR_INNER },
	{ "Query: gateway fields without G", QUERY INNER4 GATEWAY_COMPATIBLE, MESSAGE_ERROR_INNER },
	{ "Query: G without gateway fields", QUERY_G INNER4, MESSAGE_ERROR_INNER },
	{ "Query: G, nothing after the nonce", QUERY_G, MESSAGE_ERROR_SHORT },
	{ "Query: G, 17 bytes after the nonce", QUERY_G "45000011 00000000 01020000 00000000 00",
	  MESSAGE_ERROR_SHORT },
	{ "Query: G, gateway fields alone", QUERY_G GATEWAY_COMPATIBLE, MESSAGE_ERROR_INNER },
	{ "Query: G, gateway fields and a byte", QUERY_G INNER4 GATEWAY_COMPATIBLE "00",
	  MESSAGE_ERROR_INNER },

	{ "Update: version 2", "2500" MAC NONCE INNER4, MESSAGE_ERROR_VERSION },
	{ "Update: 11 bytes", "0500" MAC "112233", MESSAGE_ERROR_SHORT },
	{ "Update: nothing inside", UPDATE, MESSAGE_ERROR_INNER },
	{ "Update: version 0 inside", UPDATE "05000014 00000000 01020000 00000000 e0000001",
	  MESSAGE_ERROR_INNER },
	{ "Update: byte after IPv4", UPDATE INNER4 "00", MESSAGE_ERROR_INNER },
	{ "Update: byte after IPv6", UPDATE INNER6 "00", MESSAGE_ERROR_INNER },

	{ "Data: version 1", "1600" INNER4, MESSAGE_ERROR_VERSION },
	{ "Data: 1 byte", "06", MESSAGE_ERROR_SHORT },
	{ "Data: nothing inside", DATA, MESSAGE_ERROR_INNER },
	{ "Data: version 15 inside", DATA "f5000014 00000000 01020000 00000000 e0000001",
	  MESSAGE_ERROR_INNER },
	{ "Data: byte after IPv4", DATA INNER4 "00", MESSAGE_ERROR_INNER },
	{ "Data: byte after IPv6", DATA INNER6 "00", MESSAGE_ERROR_INNER },

	{ "Teardown: version 1", "1700" MAC NONCE GATEWAY_COMPATIBLE, MESSAGE_ERROR_VERSION },
	{ "Teardown: no gateway fields", TEARDOWN, MESSAGE_ERROR_SHORT },
	{ "Teardown: 29 bytes", TEARDOWN "ef32 00000000 00000000 00000000 c63364",
	  MESSAGE_ERROR_SHORT },
	{ "Teardown: 31 bytes", TEARDOWN GATEWAY_COMPATIBLE "00", MESSAGE_ERROR_LONG },
};

static void assert_error(const uint8_t *bytes, size_t n, enum message_error error)
{
	struct message message, untouched;

	memset(&message, 0xa5, sizeof(message));
	memset(&untouched, 0xa5, sizeof(untouched));
	assert_string_equal(message_error_string(message_parse(bytes, n, &message)),
			    message_error_string(error));
	assert_memory_equal(&message, &untouched, sizeof(message));
}

static void test_errors(void **state)
{
	uint8_t *bytes;
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		print_message("    %s\n", errors[i].name);
		bytes = hex_bytes(errors[i].bytes, &n);
		assert_error(bytes, n, errors[i].error);
		free(bytes);
	}
}

/* RFC 7450, 5.1: "Reserved" of each type, as a mask over the first four bytes. */
static const struct {
	const char *bytes;
	uint32_t reserved;
} reserved_bits[] = {
	{ "01000000" NONCE, 0x00ffffff },  { ADVERTISEMENT "0a000002", 0x00ffffff },
	{ "03000000" NONCE, 0x00feffff },  { QUERY INNER4, 0x00fc0000 },
	{ UPDATE INNER4, 0x00ff0000 },	   { DATA INNER4, 0x00ff0000 },
	{ TEARDOWN GATEWAY6, 0x00ff0000 },
};

static void test_reserved(void **state)
{
	unsigned int bit;
	uint8_t *bytes;
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(reserved_bits); i++) {
		bytes = hex_bytes(reserved_bits[i].bytes, &n);
		for (bit = 0; bit < 24; bit++) {
			if (!(reserved_bits[i].reserved & 1u << bit))
				continue;
			print_message("    type %u, bit %u\n", bytes[0], bit);
			bytes[3 - bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_error(bytes, n, MESSAGE_ERROR_RESERVED);
			bytes[3 - bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		free(bytes);
	}
}

/* The driver asks for MLD with 0x80 where RFC 7450 has a reserved bit, and P is 0x01. */
static void test_driver_p(void **state)
{
	size_t n;
	uint8_t *bytes = hex_bytes(captures[CAPTURE_REQUEST6], &n);
	struct message message;

	assert_int_equal(bytes[PAYLOAD + 1], 0x80);
	assert_error(bytes + PAYLOAD, n - PAYLOAD, MESSAGE_ERROR_RESERVED);
	bytes[PAYLOAD + 1] = 0x01;
	assert_int_equal(message_parse(bytes + PAYLOAD, n - PAYLOAD, &message), MESSAGE_ERROR_NONE);
	assert_true(message.request.p);
	free(bytes);
}

/* No message is another one that was cut short, but for an Advertisement's IPv6 address. */
static void test_truncated(void **state)
{
	uint8_t *bytes, *cut;
	struct message message;
	size_t i, n, shorter;

	for (i = 0; i < ARRAY_SIZE(contents); i++) {
		bytes = content_bytes(&contents[i], &n);
		for (shorter = 0; shorter < n; shorter++) {
			if (contents[i].type == AMT_ADVERTISEMENT && shorter == 12)
				continue;
			cut = malloc(shorter);
			if (shorter)
				memcpy(cut, bytes, shorter);
			if (message_parse(cut, shorter, &message) == MESSAGE_ERROR_NONE)
				fail_msg("%s, %zu of %zu bytes: accepted", contents[i].name,
					 shorter, n);
			free(cut);
		}
		free(bytes);
	}
}

static const uint8_t inner4[20] = { 0x45, 0, 0, 20 };

static const struct {
	const char *name;
	struct message message;
} unbuildable[] = {
	{ "type 0", { .type = 0 } },
	{ "type 8", { .type = 8 } },
	{ "Advertisement without a relay", { .type = AMT_ADVERTISEMENT } },
	{ "Advertisement of 0.0.0.0",
	  { .type = AMT_ADVERTISEMENT, .advertisement.relay.family = AF_INET } },
	{ "Advertisement of ::",
	  { .type = AMT_ADVERTISEMENT, .advertisement.relay.family = AF_INET6 } },
	{ "Query with nothing inside", { .type = AMT_QUERY } },
	{ "Query with G, gateway of no family",
	  { .type = AMT_QUERY,
	    .query = { .g = true,
		       .inner = { .data = inner4, .length = 20, .family = AF_INET } } } },
	{ "Update with nothing inside", { .type = AMT_UPDATE } },
	{ "Update with an IPv4 packet said to be IPv6",
	  { .type = AMT_UPDATE,
	    .update.inner = { .data = inner4, .length = 20, .family = AF_INET6 } } },
	{ "Data with nothing inside", { .type = AMT_DATA, .data.inner.family = AF_INET } },
	{ "Data with a part of a packet",
	  { .type = AMT_DATA, .data.inner = { .data = inner4, .length = 19, .family = AF_INET } } },
	{ "Teardown, gateway of no family", { .type = AMT_TEARDOWN } },
};

static void test_unbuildable(void **state)
{
	uint8_t buf[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unbuildable); i++) {
		print_message("    %s\n", unbuildable[i].name);
		assert_int_equal(message_build(&unbuildable[i].message, buf, sizeof(buf)), -EINVAL);
	}
}

static void test_strings(void **state)
{
	int i, j;

	assert_string_equal(message_type_string(AMT_ADVERTISEMENT), "Relay Advertisement");
	assert_string_equal(message_type_string(AMT_TEARDOWN), "Teardown");
	assert_string_equal(message_type_string(0), "unknown");
	assert_string_equal(message_type_string(8), "unknown");
	assert_string_equal(message_error_string(_MESSAGE_ERROR_MAX), "unknown");
	for (i = 0; i < _MESSAGE_ERROR_MAX; i++)
		for (j = 0; j < i; j++)
			assert_string_not_equal(message_error_string(i), message_error_string(j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	    cmocka_unit_test(test_build),
		cmocka_unit_test(test_errors),	    cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_driver_p),    cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_unbuildable), cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
