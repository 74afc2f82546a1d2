/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/leave.h"
#include "hex.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SENT_MAX 1000

struct sent {
	size_t n, lengths[SENT_MAX];
	uint8_t *messages[SENT_MAX];
};

static int keep(const void *message, size_t length, void *userdata)
{
	struct sent *sent = userdata;

	assert_true(sent->n < SENT_MAX);
	sent->messages[sent->n] = memcpy(malloc(length), message, length);
	sent->lengths[sent->n++] = length;
	return 0;
}

static void forget(struct sent *sent)
{
	for (size_t i = 0; i < sent->n; i++)
		free(sent->messages[i]);
}

static struct address address(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static struct leave_ticket ticket(uint8_t mac, const char *nonce)
{
	struct leave_ticket ticket = { .known = true, .mac = { mac, 1, 2, 3, 4, 5 } };

	memcpy(&ticket.nonce, nonce, sizeof(ticket.nonce));
	return ticket;
}

static void expect_messages(const struct leave *leave, const char *const *expected, size_t n)
{
	struct sent sent = { 0 };

	assert_int_equal(leave_messages(leave, keep, &sent), 0);
	assert_int_equal(sent.n, n);
	for (size_t i = 0; i < n; i++) {
		size_t length;
		uint8_t *bytes = hex_bytes(expected[i], &length);

		assert_int_equal(sent.lengths[i], length);
		assert_memory_equal(sent.messages[i], bytes, length);
		free(bytes);
	}
	forget(&sent);
}

/* RFC 7450, 5.1.3, 5.1.5, 5.1.7; RFC 9776, 4.2; RFC 2236, 2; RFC 9777, 5.2; RFC 2710, 3; written by
 * hand, but for the checksums, which are from a program of other make. */
#define REQUEST "03000000 61626364"
#define UPDATE4 "0500 a00102030405 61626364"
#define UPDATE6 "0500 b00102030405 65666768"
#define REPORT4                                                 \
	"46c00030 00004000 0102d9bb c6336402 e0000016 94040000" \
	"2200fdf5 00000002 03000000 e8010101 03000000 ef010203"
#define REPORT6                                                 \
	"60000000 00240001 fe810000 00000000 00000000 00000000" \
	"ff020000 00000000 00000000 00000016 3a000502 00000100" \
	"8f00f0cc 00000001 03000000 ff3e0000 00000000 00000000 80000001"
#define LEAVE1                                                  \
	"46c00020 00004000 0102d9df c6336402 e0000002 94040000" \
	"1700fffc e8010101"
#define LEAVE2                                                  \
	"46c00020 00004000 0102d9df c6336402 e0000002 94040000" \
	"1700f7fa ef010203"
#define DONE                                                    \
	"60000000 00200001 fe800000 fe810000 00000000 00000000" \
	"ff020000 00000000 00000000 00000002 3a000502 00000100" \
	"84000065 00000000 ff3e0000 00000000 00000000 80000001"

struct fixture {
	struct leave_tickets tickets;
	struct address groups[3];
	struct leave leave;
};

static void prepare(struct fixture *f)
{
	*f = (struct fixture){
		.tickets = { .igmp = ticket(0xa0, "abcd"), .mld = ticket(0xb0, "efgh") },
		.groups = { address("232.1.1.1"), address("ff3e::8000:1"), address("239.1.2.3") },
		.leave = {
			.groups = f->groups,
			.n_groups = 3,
			.source.s_addr = inet_addr("198.51.100.2"),
			.mtu = 1460,
			.tickets = &f->tickets,
		},
	};
	f->leave.source6 = (struct in6_addr)LEAVE_HOST;
}

static void test_without_gateway_fields(void **state)
{
	static const char *const expected[] = {
		REQUEST,	UPDATE4 REPORT4, UPDATE6 REPORT6,
		UPDATE4 LEAVE1, UPDATE4 LEAVE2,	 UPDATE6 DONE,
	};
	struct fixture f;

	prepare(&f);
	expect_messages(&f.leave, expected, 6);
}

/* The Teardown is that of the later Query, and has the address in the form of that one. */
static void test_teardown(void **state)
{
	static const struct {
		bool mld_last, mapped;
		const char *gateway, *teardown;
	} table[] = {
		{ false, true, "198.51.100.2",
		  "0700 a00102030405 61626364 ee48 00000000 00000000 0000ffff c6336402" },
		{ true, false, "198.51.100.2",
		  "0700 b00102030405 65666768 ee48 00000000 00000000 00000000 c6336402" },
		{ true, false, "2001:db8::5",
		  "0700 b00102030405 65666768 ee48 20010db8 00000000 00000000 00000005" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *const expected[] = { UPDATE4 REPORT4, UPDATE6 REPORT6,
						 table[i].teardown };
		const struct message_gateway gateway = {
			.port = 61000,
			.address = address(table[i].gateway),
			.mapped = table[i].mapped,
		};
		struct fixture f;

		prepare(&f);
		f.tickets.mld_last = table[i].mld_last;
		f.tickets.igmp.g = f.tickets.mld.g = true;
		f.tickets.igmp.gateway = f.tickets.mld.gateway = gateway;
		expect_messages(&f.leave, expected, 3);
		f.leave.n_groups = 0; /* the tunnel ends all the same */
		expect_messages(&f.leave, &expected[2], 1);
	}
}

static void test_one_ticket(void **state)
{
	static const char *const expected[] = {
		"03000000 65666768",
		"0500 b00102030405 65666768" REPORT4,
		UPDATE6 REPORT6,
		"0500 b00102030405 65666768" LEAVE1,
		"0500 b00102030405 65666768" LEAVE2,
		UPDATE6 DONE,
	};
	struct fixture f;

	prepare(&f);
	f.tickets.igmp.known = false;
	expect_messages(&f.leave, expected, 6);
	f.tickets.mld.known = false;
	expect_messages(&f.leave, NULL, 0);
}

static void test_nothing_joined(void **state)
{
	struct fixture f;

	prepare(&f);
	f.leave.n_groups = 0;
	expect_messages(&f.leave, NULL, 0);
}

/* Each group in one record, whatever the MTU, and no packet beyond it. */
static void test_many(void **state)
{
	static const size_t mtus[] = { 0, 576, 577, 583, 584, 1460, 1500, 9000 };
	static struct address groups[2000];
	struct sent sent;
	struct fixture f;

	for (size_t i = 0; i < 2000; i++) {
		groups[i] = address(i % 2 ? "ff3e::8000:0" : "232.1.0.0");
		if (i % 2)
			memcpy(groups[i].in6.s6_addr + 14, &(uint16_t){ htons(i) }, 2);
		else
			groups[i].in.s_addr |= htonl(i);
	}
	prepare(&f);
	f.tickets.igmp.g = f.tickets.mld.g = true;
	f.tickets.igmp.gateway = f.tickets.mld.gateway =
		(struct message_gateway){ 61000, groups[0], false };
	f.leave.groups = groups;
	f.leave.n_groups = 2000;
	for (size_t m = 0; m < sizeof(mtus) / sizeof(mtus[0]); m++) {
		const size_t most = mtus[m] < 576 ? 576 : mtus[m] > 1500 ? 1500 : mtus[m];
		size_t seen = 0;

		sent = (struct sent){ 0 };
		f.leave.mtu = mtus[m];
		assert_int_equal(leave_messages(&f.leave, keep, &sent), 0);
		for (size_t i = 0; i < sent.n - 1; i++) {
			const uint8_t *inner = sent.messages[i] + 12;
			const bool mld = inner[0] >> 4 == 6;
			const uint8_t *report = inner + (mld ? 48 : 24);
			const size_t record = mld ? 20 : 8;
			size_t n = report[6] << 8 | report[7];

			assert_true(sent.lengths[i] - 12 <= most);
			assert_int_equal(report - inner + 8 + n * record, sent.lengths[i] - 12);
			/* it is full, but for the last of a family */
			if (seen + n != 1000 && seen + n != 2000)
				assert_true(sent.lengths[i] - 12 + record > most);
			for (size_t j = 0; j < n; j++, seen++) {
				size_t which = seen < 1000 ? 2 * seen : 2 * (seen - 1000) + 1;

				assert_memory_equal(report + 8 + j * record + 4, &groups[which].in6,
						    mld ? 16 : 4);
			}
		}
		assert_int_equal(seen, 2000);
		forget(&sent);
	}
}

static int refuse(const void *message, size_t length, void *userdata)
{
	return ++*(int *)userdata == 3 ? -42 : 0;
}

static void test_refused(void **state)
{
	struct fixture f;
	int calls = 0;

	prepare(&f);
	assert_int_equal(leave_messages(&f.leave, refuse, &calls), -42);
	assert_int_equal(calls, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_gateway_fields),
		cmocka_unit_test(test_teardown),
		cmocka_unit_test(test_one_ticket),
		cmocka_unit_test(test_nothing_joined),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
