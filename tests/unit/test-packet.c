/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../checksum.h"
#include "base/array.h"
#include "captures.h"
#include "hex.h"
#include "wire/packet.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

/* No capture has IP options. */
#define UDP	     20
#define UDP_CHECKSUM 26
#define PAYLOAD	     28

static bool ip_checksum_valid(const uint8_t *ip)
{
	return plain_fold(plain_sum(ip, (ip[0] & 0x0f) * 4u)) == 0xffff;
}

static bool udp_checksum_valid(const uint8_t *ip)
{
	const uint8_t *udp = ip + (ip[0] & 0x0f) * 4u;
	uint32_t length = (uint32_t)udp[4] << 8 | udp[5];

	return plain_fold(plain_sum(ip + 12, 8) + IPPROTO_UDP + length + plain_sum(udp, length)) ==
	       0xffff;
}

static void assert_whole(const uint8_t *ip, size_t total)
{
	size_t header = (ip[0] & 0x0f) * 4u;

	assert_int_equal((size_t)ip[2] << 8 | ip[3], total);
	assert_int_equal((size_t)ip[header + 4] << 8 | ip[header + 5], total - header);
	assert_true(ip_checksum_valid(ip));
}

static void set_ip_checksum(uint8_t *ip)
{
	uint16_t checksum;

	ip[10] = ip[11] = 0;
	checksum = (uint16_t)~plain_fold(plain_sum(ip, (ip[0] & 0x0f) * 4u));
	ip[10] = (uint8_t)(checksum >> 8);
	ip[11] = (uint8_t)checksum;
}

static uint8_t *capture_bytes(enum capture capture, size_t *ret_length)
{
	return hex_bytes(captures[capture], ret_length);
}

static void test_parse(void **state)
{
	struct packet packet;
	uint8_t *bytes;
	size_t n;
	int i;

	for (i = 0; i < _CAPTURE_MAX; i++) {
		bytes = capture_bytes(i, &n);
		assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
		assert_ptr_equal(packet.ip, bytes);
		assert_ptr_equal(packet.udp, bytes + UDP);
		assert_ptr_equal(packet.payload, bytes + PAYLOAD);
		assert_int_equal(packet.payload_length, n - PAYLOAD);
		assert_int_equal(packet.source_port, 2268);
		assert_int_equal(packet.destination_port, 2268);
		assert_true(ip_checksum_valid(bytes));
		assert_true(udp_checksum_valid(bytes));
		free(bytes);
	}

	bytes = capture_bytes(CAPTURE_ADVERTISEMENT, &n);
	bytes[20] = 0xef;
	bytes[21] = 0x32;
	assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
	assert_int_equal(packet.source.s_addr, inet_addr("10.0.0.2"));
	assert_int_equal(packet.destination.s_addr, inet_addr("10.0.0.1"));
	assert_int_equal(packet.source_port, 61234);
	assert_int_equal(packet.destination_port, 2268);
	free(bytes);
}

static void test_parse_options(void **state)
{
	size_t n;
	uint8_t *bytes = hex_bytes("46c0002c 00000000 40110000 0a000002 0a000001 94040000"
				   "08dc ef32 0014 0000 02000000 11223344 0a000002 ffffff",
				   &n);
	struct packet packet;

	assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
	assert_ptr_equal(packet.udp, bytes + 24);
	assert_ptr_equal(packet.payload, bytes + 32);
	assert_int_equal(packet.payload_length, 12); /* without the three bytes beyond the packet */
	assert_int_equal(packet.destination_port, 61234);
	free(bytes);
}

#define ADDRESSES "0a000002 0a000001"
#define PORTS	  "08dc08dc"

static const struct {
	const char *name;
	const char *bytes;
	enum packet_error error;
} errors[] = {
	{ "nothing", "", PACKET_ERROR_SHORT },
	{ "19 bytes", "45000013 00000000 40110000 0a000002 0a0000", PACKET_ERROR_SHORT },
	{ "IPv6",
	  "60000000 00081140 00000000 00000000 00000000 00000001 00000000 00000000 00000000"
	  "00000001" PORTS "00080000",
	  PACKET_ERROR_IP },
	{ "header length 16", "4400001c 00000000 40110000" ADDRESSES PORTS "00080000",
	  PACKET_ERROR_IP },
	{ "total length beyond the end", "4500001d 00000000 40110000" ADDRESSES PORTS "00080000",
	  PACKET_ERROR_SHORT },
	{ "total length below header length",
	  "46000017 00000000 40110000" ADDRESSES "00000000" PORTS "00080000", PACKET_ERROR_SHORT },
	{ "more fragments", "4500001c 00002000 40110000" ADDRESSES PORTS "00080000",
	  PACKET_ERROR_FRAGMENT },
	{ "last fragment", "4500001c 00000001 40110000" ADDRESSES PORTS "00080000",
	  PACKET_ERROR_FRAGMENT },
	{ "TCP", "4500001c 00000000 40060000" ADDRESSES PORTS "00080000", PACKET_ERROR_UDP },
	{ "7 bytes of UDP", "4500001b 00000000 40110000" ADDRESSES PORTS "000800",
	  PACKET_ERROR_SHORT },
	{ "header length up to the end", "47000018 00000000 40110000" ADDRESSES "00000000",
	  PACKET_ERROR_SHORT },
	{ "UDP length 7", "4500001c 00000000 40110000" ADDRESSES PORTS "00070000",
	  PACKET_ERROR_UDP },
	{ "UDP length beyond the packet",
	  "4500001c 00000000 40110000" ADDRESSES PORTS "00090000 00", PACKET_ERROR_UDP },
};

static void test_errors(void **state)
{
	struct packet packet, untouched;
	uint8_t *bytes;
	size_t i, n;

	memset(&packet, 0xa5, sizeof(packet));
	memset(&untouched, 0xa5, sizeof(untouched));
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		print_message("    %s\n", errors[i].name);
		bytes = hex_bytes(errors[i].bytes, &n);
		assert_int_equal(packet_parse(bytes, n, &packet), errors[i].error);
		assert_memory_equal(&packet, &untouched, sizeof(packet));
		free(bytes);
	}
}

/* "don't fragment" and the reserved bit are no fragments; an empty payload is one. */
static void test_bounds(void **state)
{
	size_t n;
	uint8_t *bytes = hex_bytes("4500001c 0000c000 40110000" ADDRESSES PORTS "00080000", &n);
	struct packet packet;

	assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
	assert_int_equal(packet.payload_length, 0);
	free(bytes);
}

static void test_set_relay(void **state)
{
	struct in_addr relay = { .s_addr = inet_addr("198.51.100.7") };
	struct packet packet;
	uint8_t *bytes, *before;
	size_t n;

	bytes = capture_bytes(CAPTURE_ADVERTISEMENT, &n);
	before = capture_bytes(CAPTURE_ADVERTISEMENT, &n);
	assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
	assert_int_equal(packet_set_relay(&packet, relay), n);

	/* nothing else changes: IP header, ports and length, message up to the address */
	assert_memory_equal(bytes, before, UDP_CHECKSUM);
	assert_memory_equal(bytes + PAYLOAD, before + PAYLOAD, 8);
	assert_memory_equal(bytes + PAYLOAD + 8, &relay, 4);
	assert_true(udp_checksum_valid(bytes));
	free(before);
	free(bytes);
}

/* Every address there can be in 16 of its bits: all carries and both zeros of RFC 1624 come by. */
static void test_set_relay_sweep(void **state)
{
	struct in_addr relay;
	struct packet packet;
	uint32_t i;
	size_t n;
	uint8_t *bytes = capture_bytes(CAPTURE_ADVERTISEMENT, &n);

	assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
	for (i = 0; i <= 0xffff; i++) {
		relay.s_addr = htonl(0xcb000000 | i << 8 | 0x42);
		assert_int_equal(packet_set_relay(&packet, relay), n);
		if (!udp_checksum_valid(bytes) || !(bytes[UDP_CHECKSUM] | bytes[UDP_CHECKSUM + 1]))
			fail_msg("relay %08x: UDP checksum %02x%02x", 0xcb000000 | i << 8 | 0x42,
				 bytes[UDP_CHECKSUM], bytes[UDP_CHECKSUM + 1]);
	}
	free(bytes);
}

/* A relay whose address makes the inverted sum 0: that must go out as 0xffff (RFC 768). */
static void test_checksum_never_none(void **state)
{
	struct in_addr relay;
	struct packet packet;
	size_t n;
	uint8_t *bytes = capture_bytes(CAPTURE_ADVERTISEMENT, &n), *last = (uint8_t *)&relay + 2;
	uint16_t missing;

	/* 198.51.0.0, and the rest is what its last two bytes lack to a sum of 0xffff */
	relay.s_addr = inet_addr("198.51.0.0");
	memset(bytes + UDP_CHECKSUM, 0, 2);
	memcpy(bytes + PAYLOAD + 8, &relay, sizeof(relay));
	missing = (uint16_t)~plain_fold(plain_sum(bytes + 12, 8) + IPPROTO_UDP + 20 +
					plain_sum(bytes + UDP, 20));
	last[0] = (uint8_t)(missing >> 8);
	last[1] = (uint8_t)missing;
	free(bytes);

	bytes = capture_bytes(CAPTURE_ADVERTISEMENT, &n);
	assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
	packet_set_relay(&packet, relay);
	assert_int_equal(bytes[UDP_CHECKSUM] << 8 | bytes[UDP_CHECKSUM + 1], 0xffff);
	assert_true(udp_checksum_valid(bytes));
	free(bytes);
}

/* An Advertisement of 2001:db8::1, with the checksum that belongs to it. */
static uint8_t *advertisement6(size_t *ret_length)
{
	uint8_t *bytes = hex_bytes("45c00034 12340000 40110000" ADDRESSES PORTS "0020 0000"
				   "02000000 11223344 20010db8 00000000 00000000 00000001",
				   ret_length);
	uint16_t sum;

	set_ip_checksum(bytes);
	sum = (uint16_t)~plain_fold(plain_sum(bytes + 12, 8) + IPPROTO_UDP + 32 +
				    plain_sum(bytes + UDP, 32));
	bytes[UDP_CHECKSUM] = (uint8_t)(sum >> 8);
	bytes[UDP_CHECKSUM + 1] = (uint8_t)sum;
	return bytes;
}

static void test_set_relay_shortens(void **state)
{
	struct in_addr relay = { .s_addr = inet_addr("198.51.100.7") };
	struct packet packet;
	size_t n;
	uint8_t *bytes = advertisement6(&n), *expected;

	assert_true(ip_checksum_valid(bytes));
	assert_true(udp_checksum_valid(bytes));
	assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
	assert_int_equal(packet_set_relay(&packet, relay), n - 12);
	assert_int_equal(packet.payload_length, 12);
	assert_whole(bytes, n - 12);
	assert_true(udp_checksum_valid(bytes));
	expected = hex_bytes("02000000 11223344 c6336407", &n);
	assert_memory_equal(bytes + PAYLOAD, expected, n);
	free(expected);
	free(bytes);
}

static void test_no_checksum(void **state)
{
	struct in_addr relay = { .s_addr = inet_addr("198.51.100.7") };
	struct packet packet;
	size_t n;
	uint8_t *bytes = advertisement6(&n);

	bytes[UDP_CHECKSUM] = bytes[UDP_CHECKSUM + 1] = 0;
	assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
	packet_set_relay(&packet, relay);
	assert_int_equal(bytes[UDP_CHECKSUM] | bytes[UDP_CHECKSUM + 1], 0);
	assert_whole(bytes, n - 12);
	free(bytes);
}

/* A wrong checksum stays wrong: what was damaged on its way must not be blessed. */
static void test_wrong_checksum(void **state)
{
	struct in_addr relay = { .s_addr = inet_addr("198.51.100.7") };
	struct packet packet;
	size_t n;
	uint8_t *bytes = advertisement6(&n);

	bytes[PAYLOAD + 5] ^= 0x10;
	assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
	packet_set_relay(&packet, relay);
	assert_false(udp_checksum_valid(bytes));
	free(bytes);
}

/* To every length, odd ones too, of payloads of odd and of even length. */
static void test_trim(void **state)
{
	struct packet packet;
	uint8_t *bytes;
	size_t n, length, payload;
	int i;

	for (i = 0; i < _CAPTURE_MAX; i++) {
		for (length = 0;; length++) {
			bytes = capture_bytes(i, &n);
			assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
			payload = packet.payload_length;
			assert_int_equal(packet_trim(&packet, length), PAYLOAD + length);
			assert_int_equal(packet.payload_length, length);
			assert_whole(bytes, PAYLOAD + length);
			assert_true(udp_checksum_valid(bytes));
			free(bytes);
			if (length == payload)
				break;
		}
	}
}

/* Bytes between the end of UDP and the end of IP are in no UDP checksum; they go. */
static void test_trim_trailer(void **state)
{
	struct packet packet;
	size_t n;
	uint8_t *bytes = hex_bytes("4500002b 00000000 40110000" ADDRESSES PORTS "0014 0000"
				   "02000000 11223344 0a000002 ffffff",
				   &n);

	set_ip_checksum(bytes);
	assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
	assert_int_equal(packet_trim(&packet, 12), 40);
	assert_whole(bytes, 40);
	free(bytes);
}

static void test_write(void **state)
{
	static const uint8_t zeros[116];
	struct packet packet;
	uint8_t *bytes;
	size_t n, offset, length;

	bytes = capture_bytes(CAPTURE_UPDATE6, &n);
	assert_int_equal(packet_parse(bytes, n, &packet), PACKET_ERROR_NONE);
	for (offset = 0; offset <= packet.payload_length; offset += 2) {
		length = packet.payload_length - offset;
		length = (length < 6 ? length : 6) & ~(size_t)1;
		packet_write(&packet, offset, zeros, length);
		assert_memory_equal(bytes + PAYLOAD + offset, zeros, length);
		assert_true(udp_checksum_valid(bytes));
	}
	free(bytes);
}

/* RFC 1071, 3: 00 01 f2 03 f4 f5 f6 f7 sum up to ddf2. */
static void test_checksum(void **state)
{
	static const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	static uint8_t ones[65535];
	uint16_t sum;
	size_t n;

	sum = checksum_fold(checksum_add(0, example, sizeof(example)));
	assert_int_equal(ntohs(sum), 0xddf2);
	for (n = 0; n <= sizeof(example); n++) {
		sum = checksum_fold(checksum_add(0, example, n));
		assert_int_equal(ntohs(sum), plain_fold(plain_sum(example, n)));
		if (n % 2)
			continue;
		sum = checksum_fold(checksum_add(checksum_add(0, example, n), example + n,
						 sizeof(example) - n));
		assert_int_equal(ntohs(sum), 0xddf2);
	}

	memset(ones, 0xff, sizeof(ones));
	sum = checksum_fold(checksum_add(0xffffffff, ones, sizeof(ones)));
	assert_int_equal(ntohs(sum), 0xff00);
}

/* An ICMP error, RFC 792: 8 bytes, and then the IPv4 header and 8 bytes of what it is about. */
static void test_parse_error(void **state)
{
	uint8_t icmp[20 + 8 + 20 + 8] = {
		[0] = 0x45,
		[9] = 1,
		[20] = 3,
		[21] = 13,
		[28] = 0x45,
		[37] = 17,
		/* 192.0.2.1 port 62999 to 198.51.100.2 port 2268 */
		[40] = 192,
		0,
		2,
		1,
		198,
		51,
		100,
		2,
		0xf6,
		0x17,
		0x08,
		0xdc,
	};
	uint8_t options[20 + 4 + 8 + 24 + 8] = {
		[0] = 0x46, [9] = 1, [24] = 11, [32] = 0x46, [41] = 17, [56] = 0xf6, [57] = 0x17,
	};
	struct packet_error_quote quote = { 0 };
	uint8_t *exact;

	assert_true(packet_parse_error(icmp, sizeof(icmp), &quote));
	assert_int_equal(quote.type, 3);
	assert_int_equal(quote.code, 13);
	assert_int_equal(ntohl(quote.source.s_addr), 0xc0000201);
	assert_int_equal(ntohl(quote.destination.s_addr), 0xc6336402);
	assert_int_equal(quote.source_port, 62999);
	assert_int_equal(quote.destination_port, 2268);
	for (size_t n = 0; n <= sizeof(icmp); n++) {
		exact = malloc(n + 1);
		memcpy(exact, icmp, n);
		assert_int_equal(packet_parse_error(exact, n, &quote), n >= 52);
		free(exact);
	}

	assert_true(packet_parse_error(options, sizeof(options), &quote));
	assert_int_equal(quote.type, 11);
	assert_int_equal(quote.source_port, 62999);
	assert_int_equal(quote.destination_port, 0);

	/* no ICMP, not about UDP, header lengths that cannot be */
	for (size_t i = 0; i < 4; i++) {
		static const struct {
			size_t at;
			uint8_t byte;
		} wrong[] = { { 9, 17 }, { 37, 6 }, { 0, 0x41 }, { 28, 0x44 } };
		uint8_t before = icmp[wrong[i].at];

		icmp[wrong[i].at] = wrong[i].byte;
		assert_false(packet_parse_error(icmp, sizeof(icmp), &quote));
		icmp[wrong[i].at] = before;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_options),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_set_relay),
		cmocka_unit_test(test_set_relay_sweep),
		cmocka_unit_test(test_checksum_never_none),
		cmocka_unit_test(test_set_relay_shortens),
		cmocka_unit_test(test_no_checksum),
		cmocka_unit_test(test_wrong_checksum),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_trim_trailer),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_parse_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
