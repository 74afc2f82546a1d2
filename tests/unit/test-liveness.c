/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a gateway's counters tell, in a virtual clock: a stream that ceases, and a channel that
 * brings nothing (RFC 8777, "Absence of Traffic").
 */
#include "addresses.h"
#include "amtd/core/devices.h"
#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/gateway/failover.h"
#include "amtd/gateway/liveness.h"
#include "kernel/groups.h"
#include "kernel/link.h"
#include "virtual-clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STEP (10 * USEC_PER_MSEC)

static const struct wing wing = { .name = "gateway",
				  .device_private_size = sizeof(struct gateway) };
static const struct wing *const wings[] = { &wing };

static struct world {
	struct manager manager;
	struct gateways gateways;
	struct device device, *devices[1];
	struct config config;
	struct gateway *gateway;
	struct link link;
	bool missing, joined;
	unsigned int reads, doubts, dataless;
	uint64_t doubted, last_dataless;
} world;

int link_get(struct netlink *netlink, const char *name, struct link *ret)
{
	assert_string_equal(name, "amt0");
	if (world.missing)
		return -ENODEV;
	*ret = world.link;
	return 0;
}

int groups_list(groups_handler each, void *userdata)
{
	const struct address group = address_of("232.1.1.1");

	world.reads++;
	if (each("eth0", &group, userdata) && world.joined)
		(void)each("amt0", &group, userdata);
	return 0;
}

struct device *devices_find(const struct manager *manager, const char *name)
{
	return strcmp(name, "amt0") == 0 ? &world.device : NULL;
}

void failover_doubt(struct gateway *gateway)
{
	assert_ptr_equal(gateway, world.gateway);
	world.doubts++;
	world.doubted = virtual_now;
}

void failover_dataless(struct gateway *gateway)
{
	assert_ptr_equal(gateway, world.gateway);
	world.dataless++;
	world.last_dataless = virtual_now;
}

static void begin(void)
{
	static void *states[1];

	memset(&world, 0, sizeof(world));
	strcpy(world.config.name, "amt0");
	world.link.ifindex = 7;
	world.device.config = &world.config;
	world.devices[0] = &world.device;
	world.manager = (struct manager){
		.devices = world.devices, .wings = wings, .n_wings = 1, .wing_states = states
	};
	assert_int_equal(hooks_device_added(&world.manager, &world.device), 0);
	world.manager.n_devices = 1;
	world.gateways = (struct gateways){ .manager = &world.manager, .wing = &wing };
	world.gateway = wing_data(&world.device, &wing);
	*world.gateway = (struct gateway){ .gateways = &world.gateways,
					   .manager = &world.manager,
					   .device = &world.device };
	world.gateway->selection.phase = SELECTION_GOOD;
	assert_int_equal(liveness_open(&world.gateways), 0);
}

static void end(void)
{
	liveness_close(&world.gateways);
	joined_clear(&world.gateway->joined);
	hooks_device_removed(&world.manager, &world.device);
	assert_int_equal(virtual_timers(), 0);
}

/* So many packets a second come meanwhile, at most one in STEP. */
static void stream(unsigned int rate, uint64_t usec)
{
	uint64_t due = 0;

	for (uint64_t t = 0; t < usec; t += STEP) {
		due += rate * STEP;
		if (due >= USEC_PER_SEC) {
			due -= USEC_PER_SEC;
			world.link.rx_packets++;
		}
		virtual_run_for(STEP);
	}
}

/* How long after it ceased the stream is missed; 0: it is not, for that long. */
static uint64_t time_until_doubt(uint64_t limit)
{
	const unsigned int before = world.doubts;
	const uint64_t start = virtual_now;

	stream(0, limit);
	return world.doubts > before ? world.doubted - start : 0;
}

/* Two packets missing, but two polls of 50 ms at least. */
static void test_stream_ceases(void **state)
{
	begin();
	stream(100, 5 * USEC_PER_SEC);
	assert_int_equal(world.doubts, 0);
	assert_in_range(time_until_doubt(10 * USEC_PER_SEC), 50 * USEC_PER_MSEC,
			150 * USEC_PER_MSEC);
	assert_int_equal(world.doubts, 1); /* once, not at each poll */
	end();
}

static void test_few_packets_are_no_stream(void **state)
{
	begin();
	stream(10, 10 * USEC_PER_SEC);
	assert_int_equal(time_until_doubt(60 * USEC_PER_SEC), 0);
	end();
}

/* A stream that pauses by itself is given twice the time after each, and that is forgotten. */
static void test_pauses(void **state)
{
	uint64_t first, fourth;

	begin();
	stream(50, 3 * USEC_PER_SEC);
	first = time_until_doubt(2 * USEC_PER_SEC);
	for (int i = 0; i < 2; i++) {
		stream(50, 3 * USEC_PER_SEC);
		assert_int_not_equal(time_until_doubt(2 * USEC_PER_SEC), 0);
	}
	stream(50, 3 * USEC_PER_SEC);
	fourth = time_until_doubt(2 * USEC_PER_SEC);
	assert_in_range(first, 50 * USEC_PER_MSEC, 150 * USEC_PER_MSEC);
	assert_in_range(fourth, 750 * USEC_PER_MSEC, 850 * USEC_PER_MSEC);
	stream(0, 61 * USEC_PER_SEC);
	stream(50, 3 * USEC_PER_SEC);
	assert_in_range(time_until_doubt(2 * USEC_PER_SEC), 50 * USEC_PER_MSEC,
			150 * USEC_PER_MSEC);
	end();
}

/* A relay that is doubted, or none: its counters are of no interest. */
static void test_only_while_good(void **state)
{
	begin();
	stream(100, 3 * USEC_PER_SEC);
	world.gateway->selection.phase = SELECTION_GOOD + 1;
	assert_int_equal(time_until_doubt(10 * USEC_PER_SEC), 0);
	assert_false(world.gateway->liveness.stream);
	end();
}

/* Another interface begins to count at what it has. */
static void test_another_interface(void **state)
{
	begin();
	world.link.rx_packets = 1000000;
	virtual_run_for(3 * USEC_PER_SEC);
	assert_false(world.gateway->liveness.stream);
	world.link = (struct link){ .ifindex = 8, .rx_packets = 5000 };
	virtual_run_for(3 * USEC_PER_SEC);
	assert_false(world.gateway->liveness.stream);
	world.missing = true;
	virtual_run_for(3 * USEC_PER_SEC);
	assert_int_equal(world.doubts + world.dataless, 0);
	end();
}

/* Runs until a channel without data is told of, by a poll each second. */
static uint64_t time_until_dataless(void)
{
	const unsigned int before = world.dataless;
	const uint64_t start = virtual_now;

	while (world.dataless == before && virtual_now - start < 600 * USEC_PER_SEC)
		virtual_run_for(USEC_PER_SEC);
	assert_int_equal(world.dataless, before + 1);
	return world.last_dataless - start;
}

/* RFC 8777: a random time in [4 s, min(4 s * 2^n, 120 s)]; found by a poll a second, from the next
 * one on. */
static void test_dataless(void **state)
{
	uint64_t longest = 0;

	begin();
	virtual_run_for(600 * USEC_PER_SEC);
	assert_int_equal(world.dataless, 0); /* nobody has joined anything */
	world.joined = true;
	for (int i = 0; i < 30; i++) {
		assert_in_range(time_until_dataless(), 5 * USEC_PER_SEC, 10 * USEC_PER_SEC);
		world.link.rx_packets++; /* data */
		virtual_run_for(USEC_PER_SEC);
	}
	assert_in_range(time_until_dataless(), 5 * USEC_PER_SEC, 10 * USEC_PER_SEC);
	assert_in_range(time_until_dataless(), 5 * USEC_PER_SEC, 18 * USEC_PER_SEC);
	for (int i = 0; i < 40; i++) {
		uint64_t t = time_until_dataless();

		assert_in_range(t, 5 * USEC_PER_SEC, 122 * USEC_PER_SEC);
		longest = t > longest ? t : longest;
	}
	assert_true(longest > 34 * USEC_PER_SEC); /* all below: one in 2^60 */
	end();
}

/* The driver hands what is in Queries to the device: no data. A packet more is. */
static void test_queries_are_no_data(void **state)
{
	begin();
	world.joined = true;
	for (int i = 0; i < 11; i++) {
		world.link.rx_packets++;
		world.gateway->queries.passed++;
		virtual_run_for(USEC_PER_SEC);
	}
	assert_int_equal(world.dataless, 1);
	for (int i = 0; i < 300; i++) {
		world.link.rx_packets += 2;
		world.gateway->queries.passed++;
		virtual_run_for(USEC_PER_SEC);
	}
	assert_int_equal(world.dataless, 1);
	/* It begins with the shortest wait again. */
	world.gateway->liveness.dataless_until = 0;
	assert_in_range(time_until_dataless(), 4 * USEC_PER_SEC, 10 * USEC_PER_SEC);
	end();
}

/* Of other modes nobody asks what is joined. */
static void test_no_gateway(void **state)
{
	begin();
	virtual_run_for(2 * USEC_PER_SEC);
	assert_int_equal(world.reads, 2);
	world.config.mode = CONFIG_RELAY;
	world.joined = true;
	world.gateway->selection.phase = SELECTION_GOOD + 1;
	virtual_run_for(60 * USEC_PER_SEC);
	assert_int_equal(world.reads, 2);
	assert_false(world.device.joined);
	end();
}

/* What is joined is kept for as long as a relay may have it after it was left. */
static void test_joined_lately(void **state)
{
	const struct joined *joined;

	begin();
	joined = &world.gateway->joined;
	world.joined = true;
	virtual_run_for(2 * USEC_PER_SEC);
	assert_int_equal(joined->n, 1);
	assert_address(&joined->groups[0].group, "232.1.1.1");
	world.joined = false;
	virtual_run_for(258 * USEC_PER_SEC);
	assert_int_equal(joined->n, 1);
	assert_false(world.device.joined);
	virtual_run_for(4 * USEC_PER_SEC);
	assert_int_equal(joined->n, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream_ceases),
		cmocka_unit_test(test_few_packets_are_no_stream),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_only_while_good),
		cmocka_unit_test(test_another_interface),
		cmocka_unit_test(test_dataless),
		cmocka_unit_test(test_queries_are_no_data),
		cmocka_unit_test(test_no_gateway),
		cmocka_unit_test(test_joined_lately),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
