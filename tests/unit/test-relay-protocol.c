/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a relay device and its gateways say to each other, as packets of RFC 7450, 5.1, that pass:
 * tunnels, and what is asked of forwarding for them.
 */
#include "addresses.h"
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "amtd/forward/wing.h"
#include "amtd/relay/persist.h"
#include "amtd/relay/protocol.h"
#include "device/device.h"
#include "hex.h"
#include "kernel/amtlink.h"
#include "virtual-clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GATEWAY "203.0.113.5"
#define RELAY	"192.0.2.1"
#define PORT	61234

/* MAC and nonce of a Query, and those of its answers. */
#define TICKET	  "a1a2a3a4a5a6 b1b2b3b4"
#define BAD_MAC	  "a1a2a3a4a5a7 b1b2b3b4"
#define BAD_NONCE "a1a2a3a4a5a6 b1b2b3b5"
#define IGMP_QUERY \
	"46c00024 00004000 01020413 00000000 e0000001 94040000 1101ec81 00000000 027d0000"
/* IGMPv3 Reports of 239.0.0.1: MODE_IS_EXCLUDE {}, and CHANGE_TO_INCLUDE {}, from 0.0.0.0. */
#define JOIN                                                    \
	"46c00028 00004000 010203fa 00000000 e0000016 94040000" \
	"2200ecfc 00000001 02000000 ef000001"
#define LEAVE                                                   \
	"46c00028 00004000 010203fa 00000000 e0000016 94040000" \
	"2200ebfc 00000001 03000000 ef000001"
/* RFC 7450, 5.1.7: the gateway as the Query's sender saw it. */
#define FIELDS "ef32 00000000 00000000 00000000 cb007105" /* 61234, ::203.0.113.5 */

static struct world {
	struct manager manager;
	struct device device;
	struct config config;
	struct relay_device relay;
	uint32_t max;
	bool link_missing;
	unsigned int told;
	struct address group;
	enum filter_mode mode;
	size_t n;
} world;

void forward_tunnels(struct device *device, const struct address *group,
		     const struct filter *filter)
{
	assert_ptr_equal(device, &world.device);
	world.told++;
	world.group = *group;
	world.mode = filter->mode;
	world.n = filter->n;
}

int amtlink_get(struct netlink *netlink, const char *name, struct amtlink *ret)
{
	*ret = (struct amtlink){ .max_tunnels = world.max };
	return world.link_missing ? -ENODEV : 0;
}

void pass_schedule(struct manager *manager)
{
	fail(); /* nothing here changes the ruleset */
}

void persist_tunnels(struct relay_device *relay)
{
}

void persist_end(struct relay_device *relay)
{
}

static void begin(uint32_t max)
{
	memset(&world, 0, sizeof(world));
	world.max = max;
	strcpy(world.config.name, "amtr");
	world.config.mode = CONFIG_RELAY;
	world.device.config = &world.config;
	world.device.ifindex = 7;
	world.relay = (struct relay_device){ .manager = &world.manager, .device = &world.device };
	protocol_follow(&world.relay);
	assert_non_null(world.relay.tunnels);
}

static void end(void)
{
	protocol_stop(&world.relay);
	assert_null(world.relay.tunnels);
	assert_int_equal(virtual_timers(), 0);
}

static void pass(enum firewall_queue queue, const char *from, const char *to, const char *hex)
{
	struct packet packet = { .source = address_of(from).in,
				 .destination = address_of(to).in,
				 .source_port = PORT,
				 .destination_port = PORT };
	uint8_t *bytes = hex_bytes(hex, &packet.payload_length);

	packet.payload = bytes;
	protocol_packet(&world.relay, queue, &packet);
	free(bytes);
	virtual_run_for(0); /* what was put off until all packets are read */
}

static void query(const char *gateway, const char *hex)
{
	pass(FIREWALL_QUEUE_RELAY_QUERY, RELAY, gateway, hex);
}

static void update(const char *gateway, const char *hex)
{
	pass(FIREWALL_QUEUE_UPDATE, gateway, RELAY, hex);
}

static struct tunnels_counters counters(void)
{
	struct tunnels_counters ret;

	tunnels_counters(world.relay.tunnels, &ret);
	return ret;
}

static size_t count(void)
{
	return tunnels_count(world.relay.tunnels);
}

static void assert_told(unsigned int n, enum filter_mode mode)
{
	assert_int_equal(world.told, n);
	assert_address(&world.group, "239.0.0.1");
	assert_int_equal(world.mode, mode);
	assert_int_equal(world.n, 0);
}

static void test_tunnel(void **state)
{
	struct tunnels_tunnel tunnel;
	size_t at = 0;

	begin(10);
	query(GATEWAY, "0400" TICKET IGMP_QUERY);
	assert_int_equal(count(), 1);
	assert_true(tunnels_next_tunnel(world.relay.tunnels, &at, &tunnel));
	assert_address(&tunnel.gateway, GATEWAY);
	assert_int_equal(tunnel.port, PORT);
	assert_int_equal(tunnel.since, virtual_now);
	assert_int_equal(world.told, 0);

	update(GATEWAY, "0500" TICKET JOIN);
	assert_told(1, FILTER_EXCLUDE);
	update(GATEWAY, "0500" TICKET JOIN); /* nothing new */
	assert_int_equal(world.told, 1);
	update(GATEWAY, "0500" TICKET LEAVE);
	assert_told(2, FILTER_INCLUDE);
	assert_int_equal(counters().queries, 1);
	assert_int_equal(counters().updates, 3);
	assert_int_equal(count(), 1);
	end();
}

/* An Update counts from the address of the Query, with its nonce and its MAC. */
static void test_refused(void **state)
{
	begin(10);
	update(GATEWAY, "0500" TICKET JOIN);
	assert_int_equal(counters().ignored[TUNNELS_IGNORED_GATEWAY], 1);
	query(GATEWAY, "0400" TICKET IGMP_QUERY);
	update("203.0.113.6", "0500" TICKET JOIN);
	assert_int_equal(counters().ignored[TUNNELS_IGNORED_GATEWAY], 2);
	update(GATEWAY, "0500" BAD_MAC JOIN);
	update(GATEWAY, "0500" BAD_NONCE JOIN);
	assert_int_equal(counters().ignored[TUNNELS_IGNORED_MAC], 1);
	assert_int_equal(counters().ignored[TUNNELS_IGNORED_NONCE], 1);
	update(GATEWAY, "0500" TICKET IGMP_QUERY);
	assert_int_equal(counters().ignored[TUNNELS_IGNORED_TYPE], 1);
	assert_int_equal(world.relay.malformed, 0);

	update(GATEWAY, "0500" TICKET);
	update(GATEWAY, "05");
	query(GATEWAY, "1400" TICKET IGMP_QUERY);
	assert_int_equal(world.relay.malformed, 3);
	/* The queue tells what a message may be. */
	update(GATEWAY, "0400" TICKET IGMP_QUERY);
	query("203.0.113.7", "0500" TICKET JOIN);
	pass(FIREWALL_QUEUE_TEARDOWN, GATEWAY, RELAY, "0400" TICKET IGMP_QUERY);
	assert_int_equal(counters().ignored[TUNNELS_IGNORED_MAC], 1);
	assert_int_equal(counters().ignored[TUNNELS_IGNORED_NONCE], 1);
	assert_int_equal(counters().ignored[TUNNELS_IGNORED_TEARDOWN], 0);
	assert_int_equal(counters().queries, 1);
	assert_int_equal(counters().updates, 0);
	assert_int_equal(count(), 1);
	assert_int_equal(world.told, 0);
	end();
}

/* A new Query makes the answers to the one before worthless. */
static void test_last_query_counts(void **state)
{
	begin(10);
	query(GATEWAY, "0400" TICKET IGMP_QUERY);
	query(GATEWAY, "0400" BAD_NONCE IGMP_QUERY);
	update(GATEWAY, "0500" TICKET JOIN);
	assert_int_equal(counters().ignored[TUNNELS_IGNORED_NONCE], 1);
	update(GATEWAY, "0500" BAD_NONCE JOIN);
	assert_told(1, FILTER_EXCLUDE);
	assert_int_equal(count(), 1);
	end();
}

/* RFC 7450, 5.1.7: from whatever address it comes, its fields name the tunnel. */
static void test_teardown(void **state)
{
	begin(10);
	query(GATEWAY, "0400" TICKET IGMP_QUERY);
	update(GATEWAY, "0500" TICKET JOIN);
	pass(FIREWALL_QUEUE_TEARDOWN, "203.0.113.9", RELAY, "0700" BAD_MAC FIELDS);
	pass(FIREWALL_QUEUE_TEARDOWN, "203.0.113.9", RELAY, "0700" BAD_NONCE FIELDS);
	assert_int_equal(counters().ignored[TUNNELS_IGNORED_TEARDOWN], 2);
	assert_int_equal(count(), 1);
	pass(FIREWALL_QUEUE_TEARDOWN, "203.0.113.9", RELAY, "0700" TICKET FIELDS);
	assert_int_equal(counters().teardowns, 1);
	assert_int_equal(count(), 0);
	assert_told(2, FILTER_INCLUDE);
	end();
}

/* Without an Update a tunnel is forgotten 260 s after it began; with one 780 s after the last, and
 * what it wants 260 s after it was said. */
static void test_forgotten(void **state)
{
	begin(10);
	query(GATEWAY, "0400" TICKET IGMP_QUERY);
	virtual_run_for(259 * USEC_PER_SEC);
	assert_int_equal(count(), 1);
	virtual_run_for(2 * USEC_PER_SEC);
	assert_int_equal(count(), 0);
	assert_int_equal(counters().expired, 1);

	query(GATEWAY, "0400" TICKET IGMP_QUERY);
	update(GATEWAY, "0500" TICKET JOIN);
	virtual_run_for(259 * USEC_PER_SEC);
	assert_told(1, FILTER_EXCLUDE);
	virtual_run_for(2 * USEC_PER_SEC);
	assert_told(2, FILTER_INCLUDE);
	assert_int_equal(count(), 1);
	virtual_run_for(518 * USEC_PER_SEC);
	assert_int_equal(count(), 1);
	virtual_run_for(2 * USEC_PER_SEC);
	assert_int_equal(count(), 0);
	end();
}

/* MaxTunnels=, as the driver has it; without: 128. */
static void test_max(void **state)
{
	char address[32];

	begin(2);
	for (int i = 1; i <= 3; i++) {
		snprintf(address, sizeof(address), "203.0.113.%d", i);
		query(address, "0400" TICKET IGMP_QUERY);
	}
	assert_int_equal(count(), 2);
	assert_int_equal(counters().evicted, 1);
	end();
	begin(0);
	assert_int_equal(world.relay.max, 128);
	end();
}

/* The driver's tunnels go with its interface. */
static void test_follows_interface(void **state)
{
	begin(10);
	query(GATEWAY, "0400" TICKET IGMP_QUERY);
	update(GATEWAY, "0500" TICKET JOIN);
	protocol_follow(&world.relay); /* the same one */
	assert_int_equal(count(), 1);
	world.device.ifindex = 8;
	protocol_follow(&world.relay);
	assert_int_equal(count(), 0);
	assert_told(2, FILTER_INCLUDE);
	world.device.ifindex = 0;
	protocol_follow(&world.relay);
	query(GATEWAY, "0400" TICKET IGMP_QUERY);
	assert_int_equal(count(), 0); /* of no interface: a straggler */
	world.config.mode = CONFIG_GATEWAY;
	protocol_follow(&world.relay);
	assert_null(world.relay.tunnels);
	query(GATEWAY, "0400" TICKET IGMP_QUERY);
	end();
}

/* Forwarding begins anew: all is told again. */
static void test_report_all(void **state)
{
	begin(10);
	query(GATEWAY, "0400" TICKET IGMP_QUERY);
	update(GATEWAY, "0500" TICKET JOIN);
	protocol_report_all(&world.relay);
	assert_told(2, FILTER_EXCLUDE);
	end();
	protocol_report_all(&world.relay); /* no relay any more */
	assert_int_equal(world.told, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_last_query_counts),
		cmocka_unit_test(test_teardown),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_max),
		cmocka_unit_test(test_follows_interface),
		cmocka_unit_test(test_report_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
