/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "addresses.h"
#include "hex.h"
#include "kernel/kick.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/*
 * Sums of 16-bit words, by hand.
 *
 * 198.51.100.2 port 61234 (ef32) to 192.0.2.1 port 2268 (08dc):
 *   IPv4: 45c0 + 0024 + 0000 + 0000 + 4011 + c633 + 6402 + c000 + 0201 = 2722b, 722d, ~8dd2
 *   ICMP: 0303 + the IPv4 header, which with its checksum sums up to ffff, + UDP
 *         ef32 + 08dc + 0010 + 0000 + Request 0300 + 0 + 0 + 0 = fb1e
 *         0303 + ffff + fb1e = 1fe20, fe21, ~01de
 *
 * 10.255.255.255 port 65535 to 255.255.255.254 port 65535:
 *   IPv4: 45c0 + 0024 + 4011 + 0aff + ffff + ffff + fffe = 390f0, 90f3, ~6f0c
 *   ICMP: 0303 + ffff + ffff + ffff + 0010 + 0300 = 30610, 0613, ~f9ec
 */
static void test_build(void **state)
{
	static const struct {
		const char *local;
		uint16_t port;
		const char *relay;
		uint16_t relay_port;
		const char *expected;
	} cases[] = {
		{ "198.51.100.2", 61234, "192.0.2.1", 2268,
		  "03 03 01de 00000000"
		  "45 c0 0024 0000 0000 40 11 8dd2 c6336402 c0000201"
		  "ef32 08dc 0010 0000"
		  "03000000 00000000" },
		{ "10.255.255.255", 65535, "255.255.255.254", 65535,
		  "03 03 f9ec 00000000"
		  "45 c0 0024 0000 0000 40 11 6f0c 0affffff fffffffe"
		  "ffff ffff 0010 0000"
		  "03000000 00000000" },
	};
	uint8_t buf[KICK_LENGTH + 1], *expected;
	size_t i, length;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kick_target target = {
			.local = address_of(cases[i].local),
			.port = cases[i].port,
			.relay = address_of(cases[i].relay),
			.relay_port = cases[i].relay_port,
		};

		expected = hex_bytes(cases[i].expected, &length);
		assert_int_equal(length, KICK_LENGTH);
		buf[KICK_LENGTH] = 0xa5;
		kick_build(&target, buf);
		assert_memory_equal(buf, expected, length);
		assert_int_equal(buf[KICK_LENGTH], 0xa5);
		free(expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
