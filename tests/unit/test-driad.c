/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forwarding's smaller parts: sources that DNS finds (Upstream=driad), which become channels of
 * this host; what is sent upstream, and from which address; what the kernel refused.
 */
#include "addresses.h"
#include "amtd/channels/demand.h"
#include "amtd/channels/want.h"
#include "amtd/core/keep.h"
#include "amtd/forward/driad-route.h"
#include "amtd/forward/driad.h"
#include "amtd/forward/interfaces.h"
#include "amtd/forward/mfc.h"
#include "amtd/forward/refused.h"
#include "amtd/forward/routing.h"
#include "amtd/forward/source-address.h"
#include "amtd/forward/upstream-side.h"
#include "kernel/inet.h"
#include "virtual-clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define S1 "198.51.100.1"
#define S2 "198.51.100.2"
#define G1 "232.1.1.1"

static struct world {
	struct manager manager;
	struct channels channels;
	struct forwarding forwarding;
	struct forward_device owner;
	struct forward forward, other;
	struct device device;
	struct config config;
	bool released;
	unsigned int sought, routes, added, removed;
	int incoming; /* of the last route */
	size_t outgoing;
	bool has_address;
	unsigned int address_reads, sent;
} world;

void demand_seek(struct channels *channels, struct channel *channel)
{
	world.sought++;
}

void want_changed(struct channels *channels, const struct channel *channel)
{
}

void want_disown(struct channels *channels, struct channel *channel, enum channel_owner owner)
{
	assert_int_equal(owner, CHANNEL_FORWARD);
	channel->owners &= ~(unsigned int)owner;
	if (channel->owners == 0)
		channel_table_remove(channels->table, channel);
}

bool keep_is_released(const struct keep *keep)
{
	return world.released;
}

void forward_set_route(struct forward *forward, const struct address *source,
		       const struct address *group, int incoming, const int *outgoing, size_t n)
{
	world.routes++;
	world.incoming = incoming;
	world.outgoing = n;
}

bool forward_add_interface(struct forward *forward, const char *name, int ifindex)
{
	world.added++;
	return true;
}

void routing_remove(struct routing *routing, int ifindex)
{
	world.removed++;
}

char *if_indextoname(unsigned int ifindex, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "if%u", ifindex);
	return name;
}

int inet_primary_address(struct netlink *netlink, int ifindex, struct address *ret)
{
	world.address_reads++;
	if (!world.has_address || ifindex != 5)
		return -ENODATA;
	*ret = address_of("192.0.2.5");
	return 0;
}

int inet_link_local(struct netlink *netlink, inet_handler each, void *userdata)
{
	const struct address other = address_of("fe80::4"), own = address_of("fe80::5");

	world.address_reads++;
	if (world.has_address)
		each(5, &own, userdata);
	each(4, &other, userdata);
	return 0;
}

int listener_send(struct listener *listener, const void *packet, size_t length)
{
	world.sent++;
	return 0;
}

static void begin(void)
{
	memset(&world, 0, sizeof(world));
	strcpy(world.config.name, "amt0");
	world.device.config = &world.config;
	world.channels.settings.max_channels = 100;
	assert_int_equal(channel_table_new(&world.channels.table), 0);
	world.forwarding.channels = &world.channels;
	world.owner.forwarding = &world.forwarding;
	world.forward = world.other = (struct forward){ .owner = &world.owner,
							.device = &world.device,
							.manager = &world.manager };
	assert_int_equal(driad_open(&world.forward), 0);
	assert_int_equal(driad_open(&world.other), 0);
}

static void end(void)
{
	driad_close(&world.forward);
	driad_close(&world.other);
	assert_null(world.forward.driad);
	channel_table_free(world.channels.table);
}

/* What hosts behind the device want of G1. */
static int want(struct forward *forward, enum filter_mode mode, size_t n, const char *a,
		const char *b)
{
	const struct address group = address_of(G1);
	struct address sources[2];
	const struct filter filter = { .mode = mode, .n = n, .sources = sources };

	if (a)
		sources[0] = address_of(a);
	if (b)
		sources[1] = address_of(b);
	return driad_join(forward, &group, &filter);
}

static struct channel *find(const char *source)
{
	const struct channel_key key = { .group = address_of(G1), .source = address_of(source) };

	return channel_table_find(world.channels.table, &key, "");
}

static size_t count(void)
{
	return channel_table_count(world.channels.table);
}

static void test_wants(void **state)
{
	begin();
	assert_int_equal(want(&world.forward, FILTER_INCLUDE, 2, S1, S2), 0);
	assert_int_equal(count(), 2);
	assert_int_equal(world.sought, 2);
	assert_int_equal(find(S1)->owners, CHANNEL_FORWARD);
	assert_int_equal(want(&world.forward, FILTER_INCLUDE, 2, S1, S2), 0);
	assert_int_equal(world.sought, 2); /* nothing new */
	/* Of another device, too: wanted until neither does. */
	assert_int_equal(want(&world.other, FILTER_INCLUDE, 1, S1, NULL), 0);
	assert_int_equal(find(S1)->forwarded, 2);
	assert_int_equal(want(&world.forward, FILTER_INCLUDE, 1, S2, NULL), 0);
	assert_non_null(find(S1));
	assert_int_equal(want(&world.other, FILTER_INCLUDE, 0, NULL, NULL), 0);
	assert_null(find(S1));
	assert_int_equal(count(), 1);
	/* From any source: none can be found. */
	assert_int_equal(want(&world.forward, FILTER_EXCLUDE, 1, S1, NULL), 0);
	assert_int_equal(count(), 0);
	end();
}

/* MaxChannels= holds for them as well; what is wanted already is no more. */
static void test_limit(void **state)
{
	begin();
	world.channels.settings.max_channels = 1;
	assert_int_equal(want(&world.forward, FILTER_INCLUDE, 2, S1, S2), -EDQUOT);
	assert_non_null(find(S1));
	assert_int_equal(want(&world.other, FILTER_INCLUDE, 1, S1, NULL), 0);
	assert_int_equal(find(S1)->forwarded, 2);
	assert_int_equal(count(), 1);
	end();
}

/* What is wanted goes with the device, but not with amtd. */
static void test_close(void **state)
{
	begin();
	assert_int_equal(want(&world.forward, FILTER_INCLUDE, 1, S1, NULL), 0);
	driad_close(&world.forward);
	assert_int_equal(count(), 0);
	assert_int_equal(want(&world.other, FILTER_INCLUDE, 1, S2, NULL), 0);
	world.released = true;
	driad_close(&world.other);
	assert_non_null(find(S2));
	end();
}

/* A route gets the interface of the channel's gateway as soon as there is one, or another. */
static void test_routes(void **state)
{
	const struct address source = address_of(S1), group = address_of(G1);
	const int outgoing[] = { 3, 4 };

	begin();
	assert_int_equal(want(&world.forward, FILTER_INCLUDE, 1, S1, NULL), 0);
	driad_set_route(&world.forward, &source, &group, outgoing, 2);
	assert_int_equal(world.routes, 0);
	assert_int_equal(driad_incoming(&world.forward, &source, &group), 0);
	assert_int_equal(channel_table_set_via(world.channels.table, find(S1), "amt1"), 0);
	find(S1)->via->ifindex = 11;
	driad_refresh(&world.forward);
	assert_int_equal(world.routes, 1);
	assert_int_equal(world.incoming, 11);
	assert_int_equal(world.outgoing, 2);
	assert_int_equal(driad_incoming(&world.forward, &source, &group), 11);
	driad_refresh(&world.forward);
	assert_int_equal(world.routes, 1);

	find(S1)->via->ifindex = 12;
	driad_refresh(&world.forward);
	assert_int_equal(world.incoming, 12);
	assert_int_equal(world.added, 2);
	assert_int_equal(world.removed, 1); /* the first one has no routes any more */
	driad_unroute(&world.forward, &source, &group);
	driad_refresh(&world.forward);
	assert_int_equal(world.removed, 2);
	assert_int_equal(world.routes, 2);
	end();
}

static void test_source_address(void **state)
{
	struct address address;

	begin();
	address = source_address(&world.manager, FAMILY_IPV4, 5);
	assert_int_equal(address.family, AF_UNSPEC);
	address = source_address(&world.manager, FAMILY_IPV6, 5);
	assert_int_equal(address.family, AF_UNSPEC); /* fe80::4 is another interface's */
	world.has_address = true;
	address = source_address(&world.manager, FAMILY_IPV4, 5);
	assert_address(&address, "192.0.2.5");
	address = source_address(&world.manager, FAMILY_IPV6, 5);
	assert_address(&address, "fe80::5");
	end();
}

/* A host without an address speaks IGMP from 0.0.0.0 (RFC 9776, 4.2.15), but not MLD; the address
 * is looked for once a second at most. At most 1000 messages a second leave. */
static void test_upstream_side(void **state)
{
	struct listeners listeners = { .manager = &world.manager };
	struct upstream upstream = { .listeners = &listeners, .ifindex = 5, .mtu = 1500 };
	struct listener_side side = { .upstream = &upstream, .family = FAMILY_IPV6 };
	struct group_batch batch;

	begin();
	assert_false(listener_side_batch(&side, 2, &batch)); /* nothing to send with */
	side.listener = (struct listener *)&world;
	assert_false(listener_side_batch(&side, 2, &batch));
	world.has_address = true;
	virtual_run_for(999 * USEC_PER_MSEC);
	assert_false(listener_side_batch(&side, 2, &batch));
	assert_int_equal(world.address_reads, 1);
	virtual_run_for(2 * USEC_PER_MSEC);
	assert_true(listener_side_batch(&side, 2, &batch));
	assert_address(&batch.source, "fe80::5");
	assert_int_equal(batch.family, AF_INET6);

	world.has_address = false;
	side = (struct listener_side){ .upstream = &upstream, .listener = side.listener };
	assert_true(listener_side_batch(&side, 3, &batch));
	assert_int_equal(batch.source.family, AF_UNSPEC);
	for (int i = 0; i < 1500; i++)
		assert_int_equal(batch.send("", 0, batch.userdata), 0);
	assert_int_equal(world.sent, 1000);
	assert_int_equal(side.counters.reports_sent, 1000);
	assert_int_equal(side.counters.held_back, 500);
	virtual_run_for(USEC_PER_SEC);
	assert_int_equal(batch.send("", 0, batch.userdata), 0);
	assert_int_equal(world.sent, 1001);
	end();
}

/* Counted each time, logged once a minute for each family. */
static void test_refused(void **state)
{
	uint64_t until;

	begin();
	forward_refused(&world.forward, FAMILY_IPV4, "no %d", 1);
	until = world.forward.log_at[FAMILY_IPV4];
	assert_int_equal(until, virtual_now + 60 * USEC_PER_SEC);
	virtual_run_for(59 * USEC_PER_SEC);
	forward_refused(&world.forward, FAMILY_IPV4, "no %d", 2);
	assert_int_equal(world.forward.log_at[FAMILY_IPV4], until);
	assert_string_equal(world.forward.failure[FAMILY_IPV4], "no 2");
	assert_int_equal(world.forward.failed[FAMILY_IPV4], 2);
	assert_int_equal(world.forward.failed[FAMILY_IPV6], 0);
	virtual_run_for(USEC_PER_SEC);
	forward_refused(&world.forward, FAMILY_IPV4, "no %d", 3);
	assert_int_equal(world.forward.log_at[FAMILY_IPV4], virtual_now + 60 * USEC_PER_SEC);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wants),	       cmocka_unit_test(test_limit),
		cmocka_unit_test(test_close),	       cmocka_unit_test(test_routes),
		cmocka_unit_test(test_source_address), cmocka_unit_test(test_upstream_side),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
