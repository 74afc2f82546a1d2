/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "addresses.h"
#include "captures.h"
#include "device/inspect.h"
#include "hex.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PAYLOAD 28 /* no capture has IP options */

/* The captures' relay is 10.0.0.2; it advertises that address. */
static struct inspect_rules rules_of_captures(void)
{
	return (struct inspect_rules){
		.discovery = address_of("10.0.0.2"),
		.relay = address_of("10.0.0.2"),
		.relay_port = 2268,
	};
}

struct run {
	uint8_t *data;
	size_t length;
	struct inspect_counters advertisements, queries;
	struct inspect_result result;
};

/* Inspect what the hex says; free(run->data). */
static void inspect_hex(const struct inspect_rules *rules, enum firewall_queue queue,
			const char *hex, struct run *run)
{
	struct packet packet;

	*run = (struct run){ 0 };
	run->data = hex_bytes(hex, &run->length);
	assert_int_equal(packet_parse(run->data, run->length, &packet), PACKET_ERROR_NONE);
	inspect_packet(rules, queue, &packet, run->length, &run->advertisements, &run->queries,
		       &run->result);
}

static void test_advertisement(void **state)
{
	const struct inspect_rules rules = rules_of_captures();
	struct run run;

	inspect_hex(&rules, FIREWALL_QUEUE_ADVERTISEMENT, captures[CAPTURE_ADVERTISEMENT], &run);
	assert_int_equal(run.result.drop, INSPECT_PASS);
	assert_false(run.result.query);
	assert_false(run.result.changed);
	assert_address(&run.result.relay, "10.0.0.2");
	assert_int_equal(run.advertisements.seen, 1);
	assert_int_equal(run.advertisements.passed, 1);
	assert_int_equal(run.queries.seen, 0);
	free(run.data);
}

/* The checksum of the captured Advertisement, f872, by hand: 0a00 0002 became c000 0201, so the sum
 * grows by c000 - 0a00 + 0201 - 0002 = b7ff; ~f872 = 078d; 078d + b7ff = bf8c; ~bf8c = 4073. */
static void test_rewrite(void **state)
{
	static const struct {
		const char *advertised;
		uint8_t length;
		bool matches;
	} table[] = {
		{ "10.0.0.0", 8, true },  { "10.0.0.2", 32, true },	  { "10.0.0.0", 31, false },
		{ "11.0.0.0", 8, false }, { "255.255.255.255", 0, true },
	};
	struct inspect_rules rules = rules_of_captures();
	struct config_rewrite rewrite = { 0 };

	rules.rewrites = &rewrite;
	rules.n_rewrites = 1;
	rewrite.relay = (struct address){ AF_INET, { .in.s_addr = inet_addr("192.0.2.1") } };
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct run run;

		rewrite.advertised = (struct prefix){
			.address = { AF_INET, { .in.s_addr = inet_addr(table[i].advertised) } },
			.length = table[i].length,
		};
		if (table[i].length == 0)
			rewrite.advertised.address.family = AF_UNSPEC; /* any */
		inspect_hex(&rules, FIREWALL_QUEUE_ADVERTISEMENT, captures[CAPTURE_ADVERTISEMENT],
			    &run);
		assert_int_equal(run.result.drop, INSPECT_PASS);
		assert_int_equal(run.result.changed, table[i].matches);
		assert_int_equal(run.advertisements.rewritten, table[i].matches);
		assert_address(&run.result.relay, table[i].matches ? "192.0.2.1" : "10.0.0.2");
		if (table[i].matches) {
			assert_memory_equal(run.data + PAYLOAD + 8, "\xc0\x00\x02\x01", 4);
			assert_memory_equal(run.data + 26, "\x40\x73", 2);
		}
		free(run.data);
	}
}

static void test_first_rule_wins(void **state)
{
	struct config_rewrite rewrites[2] = {
		{ .relay = { AF_INET, { .in.s_addr = inet_addr("192.0.2.1") } } },
		{ .relay = { AF_INET, { .in.s_addr = inet_addr("192.0.2.2") } } },
	};
	struct inspect_rules rules = rules_of_captures();
	struct run run;

	rules.rewrites = rewrites;
	rules.n_rewrites = 2;
	inspect_hex(&rules, FIREWALL_QUEUE_ADVERTISEMENT, captures[CAPTURE_ADVERTISEMENT], &run);
	assert_address(&run.result.relay, "192.0.2.1");
	free(run.data);
}

/* Advertisements by hand: IPv4 and UDP headers (checksum 0, none), then the message. */
#define HEADERS(total, udp) \
	"450000" total " 00000000 40110000 0a000002 0a000001 08dcf230 00" udp "0000 "

static void test_advertisement_errors(void **state)
{
	static const struct {
		const char *hex;
		enum inspect_drop drop, drop_with_rule; /* a rule: any=192.0.2.1 */
	} table[] = {
		{ HEADERS("28", "14") "12000000 01020304 c0000201", INSPECT_DROP_VERSION,
		  INSPECT_DROP_VERSION },
		{ HEADERS("28", "14") "02000001 01020304 c0000201", INSPECT_DROP_RESERVED,
		  INSPECT_DROP_RESERVED },
		{ HEADERS("28", "14") "09000000 01020304 c0000201", INSPECT_DROP_TYPE,
		  INSPECT_DROP_TYPE },
		{ HEADERS("24", "10") "02000000 01020304", INSPECT_DROP_LENGTH,
		  INSPECT_DROP_LENGTH },
		{ HEADERS("1c", "08"), INSPECT_DROP_LENGTH, INSPECT_DROP_LENGTH },
		{ HEADERS("2c", "18") "02000000 01020304 c0000201 00000000", INSPECT_DROP_LENGTH,
		  INSPECT_DROP_LENGTH },
		/* addresses that are no host's: a rule mends them */
		{ HEADERS("28", "14") "02000000 01020304 00000000", INSPECT_DROP_ADDRESS,
		  INSPECT_PASS },
		{ HEADERS("28", "14") "02000000 01020304 7f000001", INSPECT_DROP_ADDRESS,
		  INSPECT_PASS },
		{ HEADERS("28", "14") "02000000 01020304 e0000001", INSPECT_DROP_ADDRESS,
		  INSPECT_PASS },
		/* IPv6: the driver would read 32.1.13.184 */
		{ HEADERS("34", "20") "02000000 01020304 20010db8 00000000 00000000 00000001",
		  INSPECT_DROP_FAMILY, INSPECT_PASS },
	};
	struct config_rewrite rewrite = {
		.relay = { AF_INET, { .in.s_addr = inet_addr("192.0.2.1") } },
	};
	struct inspect_rules rules = rules_of_captures();

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct run run;

		rules.n_rewrites = 0;
		inspect_hex(&rules, FIREWALL_QUEUE_ADVERTISEMENT, table[i].hex, &run);
		assert_int_equal(run.result.drop, table[i].drop);
		assert_int_equal(run.advertisements.dropped[table[i].drop], 1);
		assert_int_equal(run.advertisements.passed, 0);
		free(run.data);

		rules.rewrites = &rewrite;
		rules.n_rewrites = 1;
		inspect_hex(&rules, FIREWALL_QUEUE_ADVERTISEMENT, table[i].hex, &run);
		assert_int_equal(run.result.drop, table[i].drop_with_rule);
		if (table[i].drop_with_rule == INSPECT_PASS)
			assert_int_equal(run.result.length, 40); /* 20 + 8 + 12 */
		free(run.data);
	}
}

static void test_source(void **state)
{
	static const struct {
		const char *discovery;
		uint16_t port;
		enum inspect_drop drop;
	} table[] = {
		{ "10.0.0.2", 2268, INSPECT_PASS },
		{ "10.0.0.3", 2268, INSPECT_DROP_SOURCE },
		{ "10.0.0.2", 2269, INSPECT_DROP_PORT },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct inspect_rules rules = {
			.discovery = address_of(table[i].discovery),
			.relay = address_of(table[i].discovery),
			.relay_port = table[i].port,
		};
		struct run run;

		inspect_hex(&rules, FIREWALL_QUEUE_ADVERTISEMENT, captures[CAPTURE_ADVERTISEMENT],
			    &run);
		assert_int_equal(run.result.drop, table[i].drop);
		free(run.data);
		inspect_hex(&rules, FIREWALL_QUEUE_QUERY, captures[CAPTURE_QUERY4], &run);
		assert_int_equal(run.result.drop, table[i].drop);
		assert_int_equal(run.queries.dropped[table[i].drop], i > 0);
		free(run.data);
	}
}

static void test_query(void **state)
{
	static const struct {
		enum capture capture;
		enum firewall_queue queue;
		sa_family_t family;
		bool loaded;
	} table[] = {
		{ CAPTURE_QUERY4, FIREWALL_QUEUE_QUERY, AF_INET, false },
		{ CAPTURE_QUERY6, FIREWALL_QUEUE_QUERY, AF_INET6, false },
		{ CAPTURE_QUERY4, FIREWALL_QUEUE_QUERY_L, AF_INET, true },
	};
	const struct inspect_rules rules = rules_of_captures();

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct run run;

		inspect_hex(&rules, table[i].queue, captures[table[i].capture], &run);
		assert_int_equal(run.result.drop, INSPECT_PASS);
		assert_true(run.result.query);
		assert_int_equal(run.result.family, table[i].family);
		assert_int_equal(run.result.loaded, table[i].loaded);
		assert_int_equal(run.queries.ipv4, table[i].family == AF_INET);
		assert_int_equal(run.queries.ipv6, table[i].family == AF_INET6);
		assert_int_equal(run.queries.loaded, table[i].loaded);
		assert_false(run.result.changed);
		assert_int_equal(run.data[PAYLOAD + 1], 0); /* the driver must not see the flag */
		free(run.data);
	}
}

/* Max Resp Code 01 and 0001 become zero; by hand: the sums of the messages shrink by one, and their
 * checksums, ec81 and a4ea, grow by it. */
static void test_hasten(void **state)
{
	static const struct {
		enum capture capture;
		size_t code, checksum; /* of what is within the IP packet; the code's lower byte */
		const char *mended;
	} table[] = {
		{ CAPTURE_QUERY4, PAYLOAD + 12 + 24 + 1, PAYLOAD + 12 + 24 + 2, "\xec\x82" },
		{ CAPTURE_QUERY6, PAYLOAD + 12 + 48 + 5, PAYLOAD + 12 + 48 + 2, "\xa4\xeb" },
	};

	for (size_t i = 0; i < 2; i++) {
		for (unsigned int which = 0; which < 4; which++) {
			struct inspect_rules rules = rules_of_captures();
			size_t length;
			uint8_t *expected = hex_bytes(captures[table[i].capture], &length);
			bool hastened = which & (1u << i);
			struct run run;

			rules.hasten4 = which & 1;
			rules.hasten6 = which & 2;
			if (hastened) {
				assert_int_equal(expected[table[i].code], 1);
				expected[table[i].code] = 0;
				memcpy(expected + table[i].checksum, table[i].mended, 2);
				memset(expected + 26, 0, 2); /* no UDP checksum */
			}
			inspect_hex(&rules, FIREWALL_QUEUE_QUERY, captures[table[i].capture], &run);
			assert_int_equal(run.result.drop, INSPECT_PASS);
			assert_int_equal(run.result.changed, hastened);
			assert_int_equal(run.result.length, length);
			assert_memory_equal(run.data, expected, length);
			free(run.data);
			free(expected);
		}
	}
}

/* What hosts would take for another version's, or may not hear, stays as it is. */
static void test_hasten_others(void **state)
{
	/* IGMPv2; about a group; of which the checksum is wrong */
	static const char *const queries[] = {
		"450000 48 00000000 40110000 0a000002 0a000001 08dcf230 0034 0000"
		"0400a637 89b22e41 5b6b266b 46c00020 00004000 01020417 00000000 e0000001"
		"94040000 1164ee9b 00000000",
		"450000 4c 00000000 40110000 0a000002 0a000001 08dcf230 0038 0000"
		"0400a637 89b22e41 5b6b266b 46c00024 00004000 0102fb11 00000000 e8010101"
		"94040000 1101037f e8010101 027d0000",
		"450000 4c 00000000 40110000 0a000002 0a000001 08dcf230 0038 0000"
		"0400a637 89b22e41 5b6b266b 46c00024 00004000 01020413 00000000 e0000001"
		"94040000 1101ec80 00000000 027d0000",
	};
	struct inspect_rules rules = rules_of_captures();

	rules.hasten4 = rules.hasten6 = true;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		size_t length;
		uint8_t *expected = hex_bytes(queries[i], &length);
		struct run run;

		inspect_hex(&rules, FIREWALL_QUEUE_QUERY, queries[i], &run);
		assert_int_equal(run.result.drop, INSPECT_PASS);
		assert_false(run.result.changed);
		assert_memory_equal(run.data, expected, length);
		free(run.data);
		free(expected);
	}
}

/* The captured Query with gateway fields (RFC 7450, 5.1.4.9), byte 1 cleared as by the firewall. */
static void test_gateway_fields(void **state)
{
	static const char hex[] =
		"45c0005e 8e470000 4011d785 0a000002 0a000001 08dc08dc 004a0000"
		"0400a637 89b22e41 5b6b266b 46c00024 00004000 01020413 00000000 e0000001"
		"94040000 1101ec81 00000000 027d0000"
		"f230 00000000 00000000 00000000 c6336407";
	const struct inspect_rules rules = rules_of_captures();
	struct run run;

	inspect_hex(&rules, FIREWALL_QUEUE_QUERY_G, hex, &run);
	assert_int_equal(run.result.drop, INSPECT_PASS);
	assert_int_equal(run.result.seen_port, 62000);
	assert_int_equal(run.result.seen_as.family, AF_INET);
	assert_int_equal(run.result.seen_as.in.s_addr, inet_addr("198.51.100.7"));
	assert_int_equal(run.queries.gateway_address, 1);
	free(run.data);

	/* without the flag they are bytes too many */
	inspect_hex(&rules, FIREWALL_QUEUE_QUERY, hex, &run);
	assert_int_equal(run.result.drop, INSPECT_DROP_INNER);
	free(run.data);
}

/* The captures, in the order in which they were taken: which message answers which, and that its
 * nonce and its source have to be those that were asked. */
static void test_nonce(void **state)
{
	static const struct {
		enum capture asked;
		const char *relay; /* that it was asked of; NULL: it was not seen */
		uint8_t change;	   /* of the nonce asked with */
		enum capture answer;
		enum inspect_drop drop;
	} table[] = {
		{ CAPTURE_DISCOVERY, "10.0.0.2", 0, CAPTURE_ADVERTISEMENT, INSPECT_PASS },
		{ CAPTURE_DISCOVERY, "10.0.0.2", 1, CAPTURE_ADVERTISEMENT, INSPECT_DROP_NONCE },
		{ CAPTURE_DISCOVERY, "10.0.0.3", 0, CAPTURE_ADVERTISEMENT, INSPECT_DROP_NONCE },
		{ CAPTURE_REQUEST4, "10.0.0.2", 0, CAPTURE_ADVERTISEMENT, INSPECT_DROP_NONCE },
		{ CAPTURE_REQUEST4, "10.0.0.2", 0, CAPTURE_QUERY4, INSPECT_PASS },
		{ CAPTURE_REQUEST4, "10.0.0.2", 0x80, CAPTURE_QUERY4, INSPECT_DROP_NONCE },
		{ CAPTURE_REQUEST4, "10.0.0.3", 0, CAPTURE_QUERY4, INSPECT_DROP_NONCE },
		/* one nonce for both */
		{ CAPTURE_REQUEST4, "10.0.0.2", 0, CAPTURE_QUERY6, INSPECT_PASS },
		{ CAPTURE_REQUEST6, "10.0.0.2", 0, CAPTURE_QUERY6, INSPECT_PASS },
		{ CAPTURE_DISCOVERY, "10.0.0.2", 0, CAPTURE_QUERY4, INSPECT_DROP_NONCE },
		{ CAPTURE_DISCOVERY, NULL, 0, CAPTURE_QUERY4, INSPECT_PASS },
		{ CAPTURE_DISCOVERY, NULL, 0, CAPTURE_ADVERTISEMENT, INSPECT_PASS },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const bool query = table[i].answer != CAPTURE_ADVERTISEMENT;
		struct inspect_rules rules = rules_of_captures();
		const struct inspect_counters *counters;
		struct packet packet;
		size_t length;
		uint8_t *data = hex_bytes(captures[table[i].asked], &length);
		struct run run;

		assert_int_equal(packet_parse(data, length, &packet), PACKET_ERROR_NONE);
		if (table[i].relay) {
			packet.destination = address_of(table[i].relay).in;
			packet.payload[7] ^= table[i].change;
			assert_true(inspect_asked(&packet, &rules.asked));
		}
		free(data);
		inspect_hex(&rules, query ? FIREWALL_QUEUE_QUERY : FIREWALL_QUEUE_ADVERTISEMENT,
			    captures[table[i].answer], &run);
		counters = query ? &run.queries : &run.advertisements;
		assert_int_equal(run.result.drop, table[i].drop);
		assert_int_equal(run.result.answers,
				 table[i].relay && table[i].drop == INSPECT_PASS);
		assert_int_equal(counters->seen, 1);
		assert_int_equal(counters->passed, table[i].drop == INSPECT_PASS);
		assert_int_equal(counters->dropped[INSPECT_DROP_NONCE],
				 table[i].drop == INSPECT_DROP_NONCE);
		free(run.data);
	}
}

/* A message with another nonce goes on to the driver, which might have asked with it: as it would
 * have to be if it had. */
static void test_nonce_rewritten(void **state)
{
	struct inspect_rules rules = rules_of_captures();
	struct config_rewrite rewrite = { .relay = address_of("192.0.2.1") };
	struct run run;

	rules.asked = (struct inspect_asked){ AMT_DISCOVERY, 1, address_of("10.0.0.2") };
	rules.rewrites = &rewrite;
	rules.n_rewrites = 1;
	inspect_hex(&rules, FIREWALL_QUEUE_ADVERTISEMENT, captures[CAPTURE_ADVERTISEMENT], &run);
	assert_int_equal(run.result.drop, INSPECT_DROP_NONCE);
	assert_true(run.result.changed);
	assert_memory_equal(run.data + PAYLOAD + 8, "\xc0\x00\x02\x01", 4);
	assert_int_equal(run.advertisements.rewritten, 0);
	free(run.data);
	/* The nonce is the last that is looked at. */
	rules.n_rewrites = 0;
	rules.allow = &(struct prefix){ address_of("192.0.2.0"), 24 };
	rules.n_allow = 1;
	inspect_hex(&rules, FIREWALL_QUEUE_ADVERTISEMENT, captures[CAPTURE_ADVERTISEMENT], &run);
	assert_int_equal(run.result.drop, INSPECT_DROP_ALLOW);
	free(run.data);
}

/* Which messages of a gateway want an answer. */
static void test_asked(void **state)
{
	static const enum capture others[] = { CAPTURE_UPDATE4, CAPTURE_UPDATE6, CAPTURE_DATA4,
					       CAPTURE_ADVERTISEMENT };
	struct inspect_asked asked = { 0 };
	struct packet packet;
	uint8_t *data;
	size_t length;

	data = hex_bytes(captures[CAPTURE_REQUEST6], &length);
	assert_int_equal(packet_parse(data, length, &packet), PACKET_ERROR_NONE);
	assert_true(inspect_asked(&packet, &asked));
	assert_int_equal(asked.type, AMT_REQUEST);
	assert_memory_equal(&asked.nonce, "\x5b\x6b\x26\x6b", 4);
	assert_address(&asked.relay, "10.0.0.2");
	packet.payload_length--;
	assert_false(inspect_asked(&packet, &asked));
	packet.payload_length = 0;
	assert_false(inspect_asked(&packet, &asked));
	free(data);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		data = hex_bytes(captures[others[i]], &length);
		assert_int_equal(packet_parse(data, length, &packet), PACKET_ERROR_NONE);
		assert_false(inspect_asked(&packet, &asked));
		free(data);
	}
	assert_int_equal(asked.type, AMT_REQUEST); /* as it was */
}

static void test_wrong_type(void **state)
{
	const struct inspect_rules rules = rules_of_captures();
	struct run run;

	inspect_hex(&rules, FIREWALL_QUEUE_QUERY, captures[CAPTURE_ADVERTISEMENT], &run);
	assert_int_equal(run.result.drop, INSPECT_DROP_TYPE);
	free(run.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_advertisement),	cmocka_unit_test(test_rewrite),
		cmocka_unit_test(test_first_rule_wins), cmocka_unit_test(test_advertisement_errors),
		cmocka_unit_test(test_source),		cmocka_unit_test(test_query),
		cmocka_unit_test(test_hasten),		cmocka_unit_test(test_hasten_others),
		cmocka_unit_test(test_gateway_fields),	cmocka_unit_test(test_wrong_type),
		cmocka_unit_test(test_nonce),		cmocka_unit_test(test_nonce_rewritten),
		cmocka_unit_test(test_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
