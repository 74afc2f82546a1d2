/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a relay that is left is told, byte for byte: RFC 7450, 5.1.3 (Request), 5.1.5 (Membership
 * Update) and 5.1.7 (Teardown).
 */
#include "addresses.h"
#include "amtd/core/hooks.h"
#include "amtd/core/manager.h"
#include "amtd/gateway/teardown.h"
#include "hex.h"
#include "kernel/datagram.h"
#include "kernel/groups.h"
#include "kernel/inet.h"
#include "kernel/link.h"
#include "virtual-clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SENT_MAX 16
#define DEVICES	 2

/* RFC 7450, 5.1.7: MAC and nonce as the Query had them; port 40000, ::198.51.100.7. */
#define TEARDOWN "0700 a1a2a3a4a5a6 b1b2b3b4 9c40 00000000 00000000 00000000 c6336407"

static const struct wing wing = { .name = "gateway",
				  .device_private_size = sizeof(struct gateway) };
static const struct wing *const wings[] = { &wing };

struct sent {
	struct datagram_path path;
	uint8_t bytes[1600];
	size_t length;
};

static struct world {
	struct manager manager;
	struct gateways gateways;
	struct device devices_all[DEVICES], *devices[DEVICES];
	struct config configs[DEVICES];
	const char *groups[4]; /* joined on amt0 */
	unsigned int reads;
	int open_error, open;
	bool link_missing;
	struct sent sent[SENT_MAX];
	size_t n_sent;
} world;

int link_get(struct netlink *netlink, const char *name, struct link *ret)
{
	if (world.link_missing)
		return -ENODEV;
	*ret = (struct link){ .ifindex = 7, .mtu = 1400 };
	return 0;
}

int groups_list(groups_handler each, void *userdata)
{
	world.reads++;
	for (size_t i = 0; i < 4 && world.groups[i]; i++) {
		const struct address group = address_of(world.groups[i]);
		const struct address other = address_of("239.9.9.9");

		(void)each("amt0", &group, userdata);
		(void)each("eth0", &other, userdata);
	}
	return 0;
}

int inet_link_local(struct netlink *netlink, inet_handler each, void *userdata)
{
	return 0;
}

int datagram_open(struct datagram **ret)
{
	if (world.open_error < 0)
		return world.open_error;
	world.open++;
	*ret = (struct datagram *)&world;
	return 0;
}

void datagram_close(struct datagram *datagram)
{
	world.open -= datagram ? 1 : 0;
}

int datagram_send(struct datagram *datagram, const struct datagram_path *path, const void *payload,
		  size_t length)
{
	struct sent *sent = &world.sent[world.n_sent++];

	assert_true(world.n_sent <= SENT_MAX);
	assert_true(length <= sizeof(sent->bytes));
	sent->path = *path;
	sent->length = length;
	memcpy(sent->bytes, payload, length);
	return 0;
}

static struct gateway *gateway_at(size_t i)
{
	return wing_data(world.devices[i], &wing);
}

/* A Query has come; g: with gateway fields. */
static struct leave_ticket ticket_of(bool g)
{
	struct leave_ticket ticket = {
		.known = true,
		.g = g,
		.mac = { 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6 },
		.gateway = { .port = 40000, .address = address_of("198.51.100.7") },
	};

	memcpy(&ticket.nonce, "\xb1\xb2\xb3\xb4", 4);
	return ticket;
}

static void add_device(size_t i)
{
	struct device *device = &world.devices_all[i];

	snprintf(world.configs[i].name, IFNAMSIZ, "amt%zu", i);
	world.configs[i].relay_port = 2268;
	device->config = &world.configs[i];
	device->ifindex = device->record.ifindex = 7 + (int)i;
	device->record.created = true;
	device->record.port = 61007;
	device->port = 61008; /* the next one */
	device->local = address_of("198.51.100.2");
	device->relay = address_of("192.0.2.1");
	world.devices[i] = device;
	assert_int_equal(hooks_device_added(&world.manager, device), 0);
	*gateway_at(i) = (struct gateway){ .gateways = &world.gateways,
					   .manager = &world.manager,
					   .device = device };
}

static void begin(void)
{
	static void *states[1];

	memset(&world, 0, sizeof(world));
	world.manager = (struct manager){
		.devices = world.devices, .wings = wings, .n_wings = 1, .wing_states = states
	};
	world.gateways = (struct gateways){ .manager = &world.manager, .wing = &wing };
	for (size_t i = 0; i < DEVICES; i++)
		add_device(i);
	world.manager.n_devices = DEVICES;
	assert_int_equal(teardown_open(&world.gateways), 0);
}

static void end(void)
{
	teardown_close(&world.gateways);
	for (size_t i = 0; i < DEVICES; i++) {
		joined_clear(&gateway_at(i)->joined);
		hooks_device_removed(&world.manager, world.devices[i]);
	}
	assert_int_equal(world.open, 0);
	assert_int_equal(virtual_timers(), 0);
}

static void assert_sent(size_t i, const char *hex)
{
	uint8_t *expected;
	size_t length;

	assert_true(i < world.n_sent);
	expected = hex_bytes(hex, &length);
	assert_int_equal(world.sent[i].length, length);
	assert_memory_equal(world.sent[i].bytes, expected, length);
	free(expected);
}

/* An Update of the ticket, and how the packet within ends: with the IGMP message. */
static void assert_update(size_t i, size_t length, const char *end_of_it)
{
	const struct sent *sent = &world.sent[i];
	uint8_t *expected;
	size_t n;

	assert_true(i < world.n_sent);
	assert_int_equal(sent->length, length);
	assert_memory_equal(sent->bytes, "\x05\x00\xa1\xa2\xa3\xa4\xa5\xa6\xb1\xb2\xb3\xb4", 12);
	expected = hex_bytes(end_of_it, &n);
	assert_memory_equal(sent->bytes + length - n, expected, n);
	free(expected);
}

/* It leaves from the interface's own address and port, to the relay's. */
static void assert_path(size_t i, const char *relay)
{
	assert_address(&world.sent[i].path.local, "198.51.100.2");
	assert_int_equal(world.sent[i].path.port, 61007);
	assert_address(&world.sent[i].path.remote, relay);
	assert_int_equal(world.sent[i].path.remote_port, 2268);
}

static void test_teardown(void **state)
{
	begin();
	gateway_at(0)->tickets.igmp = ticket_of(true);
	teardown_leave(gateway_at(0));
	teardown_end(&world.gateways);
	assert_int_equal(world.n_sent, 1);
	assert_sent(0, TEARDOWN);
	assert_path(0, "192.0.2.1");

	/* The relay that carries ::ffff:a.b.c.d gets that back, for its MAC covers it. */
	gateway_at(0)->tickets.igmp.gateway.mapped = true;
	teardown_leave(gateway_at(0));
	teardown_end(&world.gateways);
	assert_sent(1, "0700 a1a2a3a4a5a6 b1b2b3b4 9c40 00000000 00000000 0000ffff c6336407");
	end();
}

/* Groups are left first: an IGMPv3 Report, CHANGE_TO_INCLUDE {} (RFC 9776, 4.2.12). */
static void test_groups_are_left(void **state)
{
	begin();
	world.groups[0] = "232.1.1.1";
	world.groups[1] = "239.1.2.3";
	gateway_at(0)->tickets.igmp = ticket_of(true);
	teardown_leave(gateway_at(0));
	assert_int_equal(world.n_sent, 2);
	assert_update(0, 12 + 24 + 8 + 16, "0000 0002 03000000 e8010101 03000000 ef010203");
	assert_sent(1, TEARDOWN);
	teardown_end(&world.gateways);
	end();
}

/* What was joined within the last 260 s is left, too, each group once, whether the host has told
 * the relay or not. */
static void test_lately_joined(void **state)
{
	const struct address lately = address_of("239.1.2.3"), before = address_of("239.1.2.4"),
			     still = address_of("232.1.1.1");
	struct gateway *gateway;

	begin();
	gateway = gateway_at(0);
	world.groups[0] = "232.1.1.1";
	joined_note(&gateway->joined, &before, virtual_now);
	virtual_run_for(USEC_PER_SEC);
	joined_note(&gateway->joined, &still, virtual_now);
	joined_note(&gateway->joined, &lately, virtual_now);
	virtual_run_for(259 * USEC_PER_SEC);
	gateway->tickets.igmp = ticket_of(true);
	teardown_leave(gateway);
	assert_int_equal(world.n_sent, 2);
	assert_update(0, 12 + 24 + 8 + 16, "0000 0002 03000000 e8010101 03000000 ef010203");
	assert_sent(1, TEARDOWN);
	teardown_end(&world.gateways);
	end();
}

/* A relay that gives no gateway fields gets no Teardown: a Request of the same nonce, the Report,
 * and an IGMPv2 Leave to 224.0.0.2 of each group. */
static void test_without_fields(void **state)
{
	begin();
	world.groups[0] = "239.1.2.3";
	gateway_at(0)->tickets.igmp = ticket_of(false);
	teardown_leave(gateway_at(0));
	assert_int_equal(world.n_sent, 3);
	assert_sent(0, "03000000 b1b2b3b4");
	assert_update(1, 12 + 24 + 8 + 8, "0000 0001 03000000 ef010203");
	assert_update(2, 12 + 24 + 8, "e0000002 94040000 1700f7fa ef010203");
	for (size_t i = 0; i < 3; i++)
		assert_path(i, "192.0.2.1");
	teardown_end(&world.gateways);
	end();
}

/* Nothing is said without a ticket, of an adopted device, of another interface, of a relay device,
 * or when there is no way to say it. */
static void test_nothing_is_said(void **state)
{
	struct device *device;
	struct gateway *gateway;

	begin();
	device = world.devices[0];
	gateway = gateway_at(0);
	teardown_leave(gateway);
	assert_int_equal(world.reads, 0);

	gateway->tickets.igmp = ticket_of(true);
	device->record.created = false;
	teardown_leave(gateway);
	device->record.created = true;
	device->record.ifindex = 9;
	teardown_leave(gateway);
	device->record.ifindex = device->ifindex;
	world.configs[0].mode = CONFIG_RELAY;
	teardown_leave(gateway);
	world.configs[0].mode = CONFIG_GATEWAY;
	world.link_missing = true;
	teardown_leave(gateway);
	world.link_missing = false;
	world.open_error = -EPERM;
	teardown_leave(gateway);
	teardown_end(&world.gateways);
	assert_int_equal(world.n_sent, 0);

	world.open_error = 0;
	teardown_leave(gateway);
	assert_int_equal(world.n_sent, 1);
	teardown_end(&world.gateways);
	end();
}

/* A relay that was left lately and not told yet hears of it, too. */
static void test_leave_with_left(void **state)
{
	begin();
	gateway_at(0)->tickets.igmp = ticket_of(true);
	gateway_at(0)->left = address_of("192.0.2.3");
	gateway_at(0)->left_tickets.mld = ticket_of(true);
	gateway_at(0)->left_tickets.mld.nonce = 0;
	teardown_leave(gateway_at(0));
	assert_int_equal(world.n_sent, 2);
	assert_path(0, "192.0.2.1");
	assert_path(1, "192.0.2.3");
	assert_sent(1, "0700 a1a2a3a4a5a6 00000000 9c40 00000000 00000000 00000000 c6336407");
	teardown_end(&world.gateways);
	end();
}

/* Two gateways leave their relays in the same moment: what is joined is read once, and the
 * relays in use are not told anything. */
static void test_batch(void **state)
{
	begin();
	for (size_t i = 0; i < DEVICES; i++) {
		gateway_at(i)->tickets.igmp = ticket_of(true);
		gateway_at(i)->left = address_of("192.0.2.3");
		gateway_at(i)->left_tickets.igmp = ticket_of(true);
		teardown_previous(gateway_at(i));
	}
	virtual_run_for(99 * USEC_PER_MSEC);
	assert_int_equal(world.n_sent, 0);
	virtual_run_for(2 * USEC_PER_MSEC);
	assert_int_equal(world.n_sent, 2);
	assert_int_equal(world.reads, 1);
	for (size_t i = 0; i < DEVICES; i++) {
		assert_sent(i, TEARDOWN);
		assert_path(i, "192.0.2.3");
		assert_false(address_is_set(&gateway_at(i)->left));
	}
	assert_int_equal(world.open, 0);
	virtual_run_for(USEC_PER_SEC);
	assert_int_equal(world.n_sent, 2);
	teardown_previous(gateway_at(0)); /* nobody is left */
	virtual_run_for(USEC_PER_SEC);
	assert_int_equal(world.n_sent, 2);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_teardown),	cmocka_unit_test(test_groups_are_left),
		cmocka_unit_test(test_without_fields),	cmocka_unit_test(test_nothing_is_said),
		cmocka_unit_test(test_leave_with_left), cmocka_unit_test(test_batch),
		cmocka_unit_test(test_lately_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
