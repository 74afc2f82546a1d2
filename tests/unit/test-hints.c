/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Causes of a stream that does not arrive, from the kernel's counters: RFC 4293 has their meaning.
 */
#include "addresses.h"
#include "amtd/api/hints.h"
#include "base/array.h"
#include "kernel/fragments.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void test_causes(void **state)
{
	static const struct {
		struct hint_facts facts;
		const char *cause, *text; /* of the only one; NULL: none */
	} rows[] = {
		{ { CONFIG_RELAY, "amtr", 1460, .upstream_packets = 9, .sent = 2, .queries = 2,
		    .too_big4 = 7 },
		  "too-big-ipv4",
		  "dropped 7 IPv4 packets since amtd started that do not fit where they leave, and have Don't Fragment set; amtr carries a UDP payload of 1432 bytes" },
		{ { CONFIG_PROXY, "lan", .upstream_packets = 9, .too_big4 = 7 },
		  "too-big-ipv4",
		  "raise the MTU of downstream interfaces" },
		/* Something else of this host did not fit. */
		{ { CONFIG_RELAY, "amtr", 1460, .too_big4 = 7 }, NULL, NULL },
		{ { CONFIG_RELAY, "amtr", 1460, .upstream_packets = 9, .sent = 2, .queries = 2,
		    .too_big6 = 8 },
		  "too-big-ipv6",
		  "8 IPv6 packets were too big for amtr, which carries a UDP payload of 1412" },
		/* RFC 8201: one packet that is lost tells the source. */
		{ { CONFIG_RELAY, "amtr", 1460, .upstream_packets = 9, .sent = 5000, .queries = 2,
		    .too_big6 = 3 },
		  NULL,
		  NULL },
		{ { CONFIG_RELAY, "amtr", 1460, .upstream_packets = 9, .sent = 2, .queries = 2 },
		  "ttl",
		  "packets arrive upstream but none is sent; if their TTL is 1" },
		{ { CONFIG_RELAY, "amtr", 1460, .upstream_packets = 9, .sent = 11, .queries = 2 },
		  NULL,
		  NULL },
		{ { CONFIG_PROXY, "lan", .upstream_packets = 9 }, NULL, NULL },
		{ { CONFIG_GATEWAY, "amt0", 1460, .incomplete = 4 },
		  "incomplete",
		  "received 4 packets since amtd started of which fragments were missing" },
		{ { CONFIG_RELAY, "amtr", 1460, .incomplete = 4 }, NULL, NULL },
	};
	struct hint hints[HINTS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const size_t n = hints_find(&rows[i].facts, hints);

		if (n != (rows[i].cause ? 1 : 0))
			fail_msg("row %zu: %zu hints", i, n);
		if (n == 0)
			continue;
		assert_string_equal(hints[0].cause, rows[i].cause);
		if (!strstr(hints[0].text, rows[i].text))
			fail_msg("row %zu: %s", i, hints[0].text);
		assert_in_range(strlen(hints[0].text), 1, HINT_TEXT_MAX - 2);
	}
}

/* RFC 791: 20 bytes; RFC 8200: 40; RFC 768: 8 */
static void test_payload(void **state)
{
	assert_int_equal(hints_payload(1460, AF_INET), 1460 - 20 - 8);
	assert_int_equal(hints_payload(1460, AF_INET6), 1460 - 40 - 8);
	assert_int_equal(hints_payload(28, AF_INET), 0);
	assert_int_equal(hints_payload(0, AF_INET6), 0);
}

/* Names of Linux 6.12, and an order that no Linux has. */
static void test_counters(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t fails, reasm_fails;
	} rows[] = {
		{ "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams "
		  "InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes "
		  "ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates "
		  "OutTransmits\nIp: 1 64 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20\n",
		  0, 18, 16 },
		{ "Icmp: InMsgs\nIcmp: 7\nIp: ReasmFails FragFails\nIp: 18446744073709551615 2\n",
		  0, 2, UINT64_MAX },
		{ "Ip: FragFailsToo FragFails\nIp: 1\n", 0, 0, 0 },
		{ "Ip: FragFails\n", -EBADMSG, 0, 0 },
		{ "Udp: FragFails\nUdp: 3\n", -EBADMSG, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fragments fragments = { 0 };
		FILE *file = fmemopen((char *)rows[i].text, strlen(rows[i].text), "r");

		assert_int_equal(fragments_parse(file, &fragments), rows[i].result);
		assert_int_equal(fragments.fails, rows[i].fails);
		assert_int_equal(fragments.reasm_fails, rows[i].reasm_fails);
		fclose(file);
	}
	assert_int_equal(fragments_fails6("no such interface"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_counters),
	};

	return cmocka_run_group_tests_name("hints", tests, NULL, NULL);
}
