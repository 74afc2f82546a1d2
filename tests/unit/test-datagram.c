/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hex.h"
#include "kernel/datagram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct datagram_path path = {
	.local = { AF_INET, { .in.s_addr = 0x026433c6 } }, /* 198.51.100.2 */
	.port = 61000,
	.remote = { AF_INET, { .in.s_addr = 0x010200c0 } }, /* 192.0.2.1 */
	.remote_port = 2268,
};

/* The checksum is from a program of other make. */
static void test_build(void **state)
{
	static const char payload[] = "0700 a63789b22e41 5b6b266b ee48"
				      "00000000 00000000 0000ffff c6336402";
	static const char expected[] = "45c0003a 00000000 40110000 c6336402 c0000201"
				       "ee4808dc 00261cc5"
				       "0700 a63789b22e41 5b6b266b ee48"
				       "00000000 00000000 0000ffff c6336402";
	size_t length, expected_length;
	uint8_t *bytes = hex_bytes(payload, &length), buf[100];
	uint8_t *want = hex_bytes(expected, &expected_length);

	assert_int_equal(datagram_build(&path, bytes, length, buf, sizeof(buf)), expected_length);
	assert_memory_equal(buf, want, expected_length);
	assert_int_equal(datagram_build(&path, bytes, length, buf, expected_length),
			 expected_length);
	assert_int_equal(datagram_build(&path, bytes, length, buf, expected_length - 1), -ENOBUFS);
	assert_int_equal(datagram_build(&path, bytes, 65508, buf, SIZE_MAX), -ENOBUFS);
	free(want);
	free(bytes);
}

/* c633 + 6402 + c000 + 0201 + 0011 + 000a + ee48 + 08dc + 000a = 2e37f -> e381; with that one's
 * complement, 1c7e, as payload the sum is ffff and the checksum zero, which is sent as ffff. */
static void test_zero_checksum(void **state)
{
	static const uint8_t payload[] = { 0x1c, 0x7e };
	uint8_t buf[30];

	assert_int_equal(datagram_build(&path, payload, sizeof(payload), buf, sizeof(buf)), 30);
	assert_int_equal(buf[26] << 8 | buf[27], 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_zero_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
