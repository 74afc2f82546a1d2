/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * States and their reasons: of all that is missing at once, the first is named. Each row of the
 * tables in amtd/gateway/state.c and device/path.c has one here.
 */
#include "addresses.h"
#include "amtd/gateway/pins.h"
#include "amtd/gateway/state.h"
#include "base/array.h"
#include "base/clock.h"
#include "device/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- a gateway ------------------------------------------------------------------------------ */

struct row {
	const char *what;
	/* What there is. */
	bool blocked;
	const char *queue_error, *dns; /* dns NULL: no lookups; "": under way */
	struct gateway_refusals refusals;
	size_t n; /* candidates: 192.0.2.1 and so on */
	enum selection_phase phase;
	bool chosen, failed, leaving, probing, check_now;
	const char *note; /* of the chosen one */
	bool no_query, answers, pinned, pinned_other;
	const char *twin;
	/* What is shown: a part of the reason; NULL: it stays as it was */
	enum device_state state;
	const char *reason;
};

static const struct row rows[] = {
	{ "blocked", .blocked = true, .refusals = { .n = 1, .excluded = 1 },
	  .state = DEVICE_WAITING },
	{ "blocked, and a relay", .blocked = true, .n = 1, .phase = SELECTION_GOOD, .chosen = true,
	  .state = DEVICE_WAITING },
	{ "DNS under way", .dns = "", .refusals = { .n = 1, .excluded = 1 },
	  .state = DEVICE_DISCOVERING, .reason = "looking up relays in DNS" },
	{ "Allow=, one relay", .refusals = { .n = 1, .excluded = 1 }, .state = DEVICE_NO_RELAY,
	  .reason = "Allow= excludes 203.0.113.7, the only relay; widen it" },
	{ "Allow=, without a queue", .queue_error = "no nft_queue",
	  .refusals = { .n = 1, .excluded = 1 }, .state = DEVICE_NO_RELAY,
	  .reason = "Allow= excludes 203.0.113.7, the only relay; widen it" },
	{ "Allow=, several", .dns = "answered", .refusals = { .n = 3, .excluded = 3 },
	  .state = DEVICE_NO_RELAY, .reason = "Allow= excludes all 3 relays, such as 203.0.113.7" },
	{ "another reason than Allow=",
	  .refusals = { .n = 2, .excluded = 1, .why = CANDIDATE_SKIP_IPV6 },
	  .state = DEVICE_NO_RELAY, .reason = "of 2; 203.0.113.7: IPv6: the kernel's driver" },
	{ "another port", .dns = "answered", .refusals = { .port = 2270 }, .state = DEVICE_NO_RELAY,
	  .reason = "have port 2270, this gateway uses 2268; set RelayPort=2270" },
	{ "DNS has none", .dns = "no such name", .state = DEVICE_NO_RELAY,
	  .reason = "no relay known; DNS: no such name" },
	{ "no queue", .queue_error = "no nft_queue", .n = 1, .phase = SELECTION_TRYING,
	  .chosen = true, .failed = true, .state = DEVICE_DISCOVERING },
	{ "doubted", .n = 1, .phase = SELECTION_GOOD, .chosen = true, .probing = true,
	  .check_now = true, .state = DEVICE_SUSPECT,
	  .reason = "no answer or data; probing 192.0.2.1" },
	{ "good", .n = 1, .phase = SELECTION_GOOD, .chosen = true, .twin = "amt1", .pinned = true,
	  .state = DEVICE_CONNECTED, .reason = "Queries from 192.0.2.1" },
	{ "loaded", .n = 2, .phase = SELECTION_GOOD, .chosen = true, .leaving = true,
	  .state = DEVICE_CONNECTED, .reason = "loaded (L flag)" },
	{ "a twin", .n = 1, .phase = SELECTION_TRYING, .chosen = true, .twin = "amt1",
	  .pinned = true, .state = DEVICE_DISCOVERING,
	  .reason = "amt1 uses this relay from the same address" },
	{ "a twin, after all were tried", .n = 1, .phase = SELECTION_SEEKING, .chosen = true,
	  .twin = "amt1", .failed = true, .state = DEVICE_NO_RELAY,
	  .reason = "amt1 uses this relay from the same address" },
	{ "a handshake took the tunnel", .n = 1, .phase = SELECTION_TRYING, .chosen = true,
	  .pinned = true, .state = DEVICE_NO_RELAY,
	  .reason = "`amtctl probe --handshake` took the tunnel of 198.51.100.2" },
	{ "... of one of several", .n = 2, .phase = SELECTION_SEEKING, .chosen = true,
	  .failed = true, .pinned = true, .no_query = true, .answers = true,
	  .state = DEVICE_NO_RELAY, .reason = "none of 2 relays works; the last: relay 192.0.2.1" },
	{ "... and others may work", .n = 2, .phase = SELECTION_TRYING, .chosen = true,
	  .pinned = true, .state = DEVICE_DISCOVERING, .reason = "probing relay 192.0.2.1" },
	{ "... of another relay", .n = 1, .phase = SELECTION_TRYING, .chosen = true,
	  .pinned_other = true, .state = DEVICE_DISCOVERING,
	  .reason = "probing relay 192.0.2.1 through g0" },
	{ "it answers, and sends no Query", .n = 1, .phase = SELECTION_SEEKING, .chosen = true,
	  .failed = true, .note = "it sends no Query", .no_query = true, .answers = true,
	  .state = DEVICE_NO_RELAY,
	  .reason = "relay 192.0.2.1 answers, but sends no Query; a Linux relay does so" },
	{ "it sends no Query, and does not answer", .n = 1, .phase = SELECTION_SEEKING,
	  .chosen = true, .failed = true, .note = "it sends no Query", .no_query = true,
	  .state = DEVICE_NO_RELAY, .reason = "relay 192.0.2.1 does not work: it sends no Query" },
	{ "several failed", .n = 3, .phase = SELECTION_SEEKING, .chosen = true, .failed = true,
	  .note = "no answer", .answers = true, .state = DEVICE_NO_RELAY,
	  .reason = "none of 3 relays works; the last was 192.0.2.1: no answer" },
	{ "several failed, none was chosen", .n = 3, .phase = SELECTION_SEEKING, .failed = true,
	  .state = DEVICE_NO_RELAY, .reason = "none of 3 relays works: no answer" },
	{ "the first trial", .n = 1, .phase = SELECTION_TRYING, .chosen = true,
	  .state = DEVICE_DISCOVERING, .reason = "probing relay 192.0.2.1 through g0" },
	{ "another trial", .n = 2, .phase = SELECTION_TRYING, .chosen = true, .note = "no answer",
	  .state = DEVICE_FAILING_OVER, .reason = "trying 192.0.2.1" },
	{ "leaving", .n = 2, .phase = SELECTION_SEEKING, .chosen = true, .note = "no answer",
	  .state = DEVICE_FAILING_OVER, .reason = "leaving 192.0.2.1" },
	{ "probing", .n = 2, .phase = SELECTION_SEEKING, .state = DEVICE_DISCOVERING,
	  .reason = "probing 2 relays" },
};

/* Enough of DNS for state.c, which asks only whether there are lookups. */
static char lookups;

static void fill_selection(struct selection *selection, const struct row *row)
{
	selection->n = row->n;
	selection->phase = row->phase;
	selection->chosen = row->chosen ? 0 : -1;
	selection->failed = row->failed;
	selection->leaving = row->leaving;
	selection->check_now = row->check_now;
	for (size_t i = 0; i < row->n; i++)
		selection->candidates[i].address =
			address_from_in((struct in_addr){ htonl(0xc0000201 + (uint32_t)i) });
	selection->candidates[0].probing = row->probing;
	selection->candidates[0].no_query = row->no_query;
	selection->candidates[0].good_since = row->answers ? 1 : 0;
	strcpy(selection->candidates[0].note, row->note ?: "");
}

static void test_row(const struct row *row)
{
	struct config config = { .mode = CONFIG_GATEWAY, .relay_port = 2268 };
	struct device device = { .config = &config,
				 .reason = "as it was",
				 .state = DEVICE_DISCOVERING,
				 .queue_error = row->queue_error,
				 .relay = address_of("192.0.2.1"),
				 .local = address_of("198.51.100.2") };
	struct gateways gateways = { 0 };
	struct gateway gateway = { .gateways = &gateways,
				   .device = &device,
				   .refusals = row->refusals };
	const struct address relay = address_of(row->pinned ? "192.0.2.1" : "192.0.2.9");

	strcpy(config.name, "amt0");
	strcpy(config.link, "g0");
	if (row->blocked)
		device.state = DEVICE_WAITING;
	gateway.refusals.address = address_of("203.0.113.7");
	if (row->dns) {
		gateway.discovery = (struct discovery *)&lookups;
		strcpy(gateway.dns_outcome, row->dns);
	}
	strcpy(gateway.twin, row->twin ?: "");
	fill_selection(&gateway.selection, row);
	if (row->pinned || row->pinned_other)
		pins_add(&gateways, &device.local, &relay, clock_monotonic());

	state_show(&gateway);
	if (device.state != row->state || !strstr(device.reason, row->reason ?: "as it was"))
		fail_msg("%s: %s: %s", row->what, device_state_string(device.state), device.reason);
	assert_in_range(strlen(device.reason), 1, sizeof(device.reason) - 2);
}

static void test_gateway(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		test_row(&rows[i]);
}

/* The longest addresses and numbers are not cut. */
static void test_lengths(void **state)
{
	struct row row = { "long",
			   .n = SELECTION_CANDIDATES_MAX,
			   .phase = SELECTION_SEEKING,
			   .chosen = true,
			   .failed = true,
			   .no_query = true,
			   .answers = true,
			   .note = "it sends no Query",
			   .state = DEVICE_NO_RELAY,
			   .reason = "NAT included" };

	test_row(&row);
	row.pinned = true;
	row.reason = "at the latest";
	test_row(&row);
}

/* ---- pins ----------------------------------------------------------------------------------- */

/* drivers/net/amt.c: a tunnel without an Update ends after the Group Membership Interval, RFC 9776,
 * 8.4, with the default values: 2 * 125 s + 10 s. */
static void test_pins(void **state)
{
	struct gateways gateways = { 0 };
	const struct address a = address_of("198.51.100.2"), b = address_of("198.51.100.3");
	const struct address relay = address_of("192.0.2.1");
	const uint64_t now = 1000 * USEC_PER_SEC;
	struct address other;
	char text[32];

	pins_add(&gateways, &a, &relay, now);
	assert_int_equal(pins_until(&gateways, &a, &relay, now), now + 260 * USEC_PER_SEC);
	assert_int_equal(pins_until(&gateways, &b, &relay, now), 0);
	assert_int_equal(pins_until(&gateways, &relay, &a, now), 0);
	/* Another Request does not keep the tunnel. */
	pins_add(&gateways, &a, &relay, now + 100 * USEC_PER_SEC);
	assert_int_equal(pins_until(&gateways, &a, &relay, now + 259 * USEC_PER_SEC),
			 now + 260 * USEC_PER_SEC);
	assert_int_equal(pins_until(&gateways, &a, &relay, now + 260 * USEC_PER_SEC), 0);
	/* Many: the oldest goes. */
	for (unsigned int i = 0; i < PINS_MAX; i++) {
		snprintf(text, sizeof(text), "192.0.2.%u", 10 + i);
		other = address_of(text);
		pins_add(&gateways, &a, &other, now + 1 + i);
	}
	assert_int_equal(pins_until(&gateways, &a, &relay, now + 20), 0);
	assert_int_not_equal(pins_until(&gateways, &a, &other, now + 20), 0);
}

/* ---- the way to a relay --------------------------------------------------------------------- */

static void test_path(void **state)
{
	const struct address relay = address_of("192.0.2.1"), local = address_of("198.51.100.2");
	const struct address none = { 0 };
	const struct {
		struct path path;
		const char *reason;
	} ways[] = {
		{ { .error = -ENETUNREACH, .relay = relay, .route_error = -ENETUNREACH },
		  "interface g0 (Link=) is down; `ip link set g0 up`" },
		{ { .up = true, .local = local, .relay = relay, .route_error = -ENETUNREACH },
		  "no address 198.51.100.2 (Local=) yet" },
		{ { .up = true, .relay = relay, .route_error = -ENETUNREACH },
		  "interface g0 (Link=) has no IPv4 address yet" },
		{ { .up = true, .relay = none, .error = -EADDRNOTAVAIL },
		  "interface g0 (Link=) has no IPv4 address yet" },
		{ { .up = true,
		    .has_address = true,
		    .relay = relay,
		    .relay_is_here = true,
		    .route_error = -ENETUNREACH },
		  "192.0.2.1 is an address of this host" },
		{ { .up = true, .has_address = true, .relay = relay, .route_error = -EACCES },
		  "forbids packets to 192.0.2.1 (Permission denied)" },
		{ { .up = true, .has_address = true, .relay = relay, .route_error = -EINVAL },
		  "forbids packets to 192.0.2.1" },
		{ { .up = true, .has_address = true, .relay = relay, .route_error = -ENETUNREACH },
		  "no route to 192.0.2.1 yet; add one through g0" },
		{ { .up = true,
		    .has_address = true,
		    .relay = relay,
		    .via = "g1",
		    .error = -EHOSTUNREACH },
		  "the route to 192.0.2.1 leads through g1, not g0; change Link=" },
		{ { .up = true,
		    .has_address = true,
		    .relay = relay,
		    .via = "g0",
		    .local = local,
		    .has_local = true,
		    .error = -EINVAL },
		  "no route from 198.51.100.2 (Local=) to 192.0.2.1 through g0: Invalid argument" },
		{ { .up = true,
		    .has_address = true,
		    .relay = relay,
		    .via = "g0",
		    .error = -ENETUNREACH },
		  "no route to 192.0.2.1 through g0: Network is unreachable" },
		{ { .up = true, .has_address = true, .error = -EIO }, "Input/output error" },
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct path path = ways[i].path;

		path.link = "g0";
		path_explain(&path, text, sizeof(text));
		if (!strstr(text, ways[i].reason))
			fail_msg("'%s': %s", ways[i].reason, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gateway),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
