/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advertisements and Queries, as bytes of RFC 7450, 5.1.2 and 5.1.4, to one gateway: what passes,
 * what is counted, and what is learnt; and on which bit it sends P.
 */
#include "addresses.h"
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "amtd/gateway/failover.h"
#include "amtd/gateway/messages.h"
#include "amtd/gateway/mld-flag.h"
#include "amtd/gateway/redirect.h"
#include "base/array.h"
#include "hex.h"
#include "virtual-clock.h"

#include <stdlib.h>
#include <string.h>

#define HEADERS	  28	   /* IPv4 without options, and UDP */
#define MAX_CODE4 (24 + 1) /* of the packet within: IPv4 with Router Alert, then Max Resp Code */
#define HOST	  "198.51.100.2"
#define PORT	  61000

/* RFC 7450, 5.1.2.2: the nonce; here and below: no flags. */
#define ADVERTISEMENT "02000000 01020304"
#define DISCOVERY     "01000000 01020304"
/* Flags are told by the queue; MAC, nonce. */
#define QUERY	"0400 a1a2a3a4a5a6 b1b2b3b4"
#define REQUEST "03000000 b1b2b3b4"
/* From 192.0.2.1 to 224.0.0.1: a General Query, Max Resp Code 100, QRV 2, QQIC 125. */
#define IGMP "46c00024 00000000 01028211 c0000201 e0000001 94040000 1164ec1e 00000000 027d0000"
/* Of MLDv2, as the driver's relay sends it: Maximum Response Code 1. */
#define MLD                                                                       \
	"60000000 00240001 fe800000 00000000 b8f0cfff fee850e2 ff020000 00000000" \
	"00000000 00000001 3a000502 00000000 8200a4ea 00010000 00000000 00000000" \
	"00000000 00000000 027d0000"
/* RFC 7450, 5.1.4.9: port 40000 and ::198.51.100.7 */
#define FIELDS "9c40 00000000 00000000 00000000 c6336407"

static struct world {
	struct gateway gateway;
	struct device device;
	struct config config;
	struct manager manager;
	unsigned int queries, loaded, passes;
	uint8_t *data; /* of the last packet */
	struct queue_packet queued;
} world;

void failover_query(struct gateway *gateway, bool loaded)
{
	assert_ptr_equal(gateway, &world.gateway);
	world.queries++;
	world.loaded += loaded;
}

void pass_schedule(struct manager *manager)
{
	world.passes++;
}

/* A gateway whose driver was told of 192.0.2.1, and has heard nothing yet. */
static void begin(void)
{
	memset(&world, 0, sizeof(world));
	strcpy(world.config.name, "amt0");
	world.config.relay_port = 2268;
	world.config.dead_sec = 5;
	world.device.config = &world.config;
	world.device.record.discovery = world.device.record.chosen = address_of("192.0.2.1");
	world.gateway.device = &world.device;
	world.gateway.manager = &world.manager;
	assert_int_equal(mld_flag_open(&world.gateway), 0);
}

static void end(void)
{
	free(world.data);
	mld_flag_close(&world.gateway);
	assert_int_equal(virtual_timers(), 0);
}

struct path {
	const char *from;
	uint16_t from_port;
	const char *to;
	uint16_t to_port;
};

/* A UDP packet of this payload is queued. */
static enum queue_verdict queue_packet(const struct path *path, enum firewall_queue queue,
				       const char *payload)
{
	const struct address from = address_of(path->from), to = address_of(path->to);
	struct packet packet;
	uint8_t *bytes, *p;
	size_t length;

	bytes = hex_bytes(payload, &length);
	free(world.data);
	world.data = p = calloc(1, HEADERS + length);
	p[0] = 0x45;
	p[3] = (uint8_t)(HEADERS + length);
	p[8] = 64;
	p[9] = IPPROTO_UDP;
	memcpy(p + 12, &from.in, 4);
	memcpy(p + 16, &to.in, 4);
	p[20] = path->from_port >> 8;
	p[21] = path->from_port & 0xff;
	p[22] = path->to_port >> 8;
	p[23] = path->to_port & 0xff;
	p[25] = (uint8_t)(8 + length);
	memcpy(p + HEADERS, bytes, length);
	free(bytes);
	world.queued = (struct queue_packet){ .data = p, .length = HEADERS + length };
	assert_int_equal(packet_parse(p, HEADERS + length, &packet), PACKET_ERROR_NONE);
	return messages_packet(&world.gateway, queue, &world.queued, &packet);
}

static enum queue_verdict receive_from(const char *source, uint16_t port, enum firewall_queue queue,
				       const char *payload)
{
	const struct path path = { source, port, HOST, PORT };

	return queue_packet(&path, queue, payload);
}

static enum queue_verdict receive(enum firewall_queue queue, const char *payload)
{
	return receive_from("192.0.2.1", 2268, queue, payload);
}

/* The driver's message leaves for that relay. */
static void ask(const char *relay, const char *payload)
{
	const struct path path = { HOST, PORT, relay, 2268 };

	assert_int_equal(queue_packet(&path, FIREWALL_QUEUE_ASKED, payload), QUEUE_ACCEPT);
	assert_false(world.queued.changed);
}

/* The driver asks 192.0.2.1 for the message, and it comes. */
static enum queue_verdict answer(enum firewall_queue queue, const char *payload)
{
	ask("192.0.2.1", queue < FIREWALL_QUEUE_ADVERTISEMENT ? REQUEST : DISCOVERY);
	return receive(queue, payload);
}

static const struct inspect_counters *advertisements(void)
{
	return &world.gateway.advertisements;
}

static const struct inspect_counters *queries(void)
{
	return &world.gateway.queries;
}

static void test_advertisement(void **state)
{
	begin();
	assert_int_equal(answer(FIREWALL_QUEUE_ADVERTISEMENT, ADVERTISEMENT "c0000209"),
			 QUEUE_ACCEPT);
	assert_int_equal(advertisements()->seen, 1);
	assert_int_equal(advertisements()->passed, 1);
	assert_int_equal(advertisements()->rewritten, 0);
	assert_false(world.queued.changed);
	/* Queries come from there, and the driver sends its Requests there. */
	assert_address(&world.device.record.remote, "192.0.2.9");
	assert_address(&world.device.relay, "192.0.2.9");
	assert_int_equal(queries()->seen, 0);
	end();
}

/* [Rewrite]: what the driver gets to see, in place; the nonce is as it was. */
static void test_rewritten(void **state)
{
	struct config_rewrite rewrite = { .relay = address_of("192.0.2.77") };

	begin();
	assert_int_equal(prefix_parse("10.0.0.0/8", &rewrite.advertised), 0);
	world.config.rewrites = &rewrite;
	world.config.n_rewrites = 1;
	assert_int_equal(answer(FIREWALL_QUEUE_ADVERTISEMENT, ADVERTISEMENT "0a010203"),
			 QUEUE_ACCEPT);
	assert_true(world.queued.changed);
	assert_int_equal(world.queued.length, HEADERS + 12);
	assert_memory_equal(world.data + HEADERS,
			    ((const uint8_t[]){ 2, 0, 0, 0, 1, 2, 3, 4, 192, 0, 2, 77 }), 12);
	assert_address(&world.device.record.remote, "192.0.2.77");
	assert_int_equal(advertisements()->rewritten, 1);

	/* 24 bytes of an IPv6 relay become 12; of another prefix it stays, and is refused. */
	assert_int_equal(prefix_parse("2001:db8::/32", &rewrite.advertised), 0);
	assert_int_equal(answer(FIREWALL_QUEUE_ADVERTISEMENT,
				ADVERTISEMENT "20010db8 00000000 00000000 00000001"),
			 QUEUE_ACCEPT);
	assert_int_equal(world.queued.length, HEADERS + 12);
	assert_int_equal(answer(FIREWALL_QUEUE_ADVERTISEMENT,
				ADVERTISEMENT "20010db9 00000000 00000000 00000001"),
			 QUEUE_DROP);
	assert_int_equal(advertisements()->dropped[INSPECT_DROP_FAMILY], 1);
	end();
}

/* While the tunnel leads elsewhere the driver is made to believe in its own relay. */
static void test_redirected(void **state)
{
	begin();
	world.device.record.redirect = address_of("192.0.2.2");
	world.device.relay = address_of("192.0.2.2");
	world.device.record.remote = address_of("192.0.2.5");
	assert_int_equal(receive_from("192.0.2.1", 2268, FIREWALL_QUEUE_ADVERTISEMENT,
				      ADVERTISEMENT "c0000208"),
			 QUEUE_DROP);
	ask("192.0.2.2", DISCOVERY);
	assert_int_equal(receive_from("192.0.2.2", 2268, FIREWALL_QUEUE_ADVERTISEMENT,
				      ADVERTISEMENT "c0000208"),
			 QUEUE_ACCEPT);
	assert_memory_equal(world.data + HEADERS + 8, ((const uint8_t[]){ 192, 0, 2, 5 }), 4);
	assert_address(&world.device.record.remote, "192.0.2.5");
	assert_address(&world.device.relay, "192.0.2.2");
	end();
}

/* Each reason is counted by itself, and nothing is learnt. */
static const struct {
	const char *what;
	const char *source;
	uint16_t port;
	enum firewall_queue queue;
	const char *payload;
	enum inspect_drop reason;
} refused[] = {
	{ "from another address", "192.0.2.3", 2268, FIREWALL_QUEUE_ADVERTISEMENT,
	  ADVERTISEMENT "c0000209", INSPECT_DROP_SOURCE },
	{ "from another port", "192.0.2.1", 2269, FIREWALL_QUEUE_ADVERTISEMENT,
	  ADVERTISEMENT "c0000209", INSPECT_DROP_PORT },
	{ "11 bytes", "192.0.2.1", 2268, FIREWALL_QUEUE_ADVERTISEMENT, ADVERTISEMENT "c00002",
	  INSPECT_DROP_LENGTH },
	{ "13 bytes", "192.0.2.1", 2268, FIREWALL_QUEUE_ADVERTISEMENT, ADVERTISEMENT "c000020900",
	  INSPECT_DROP_LENGTH },
	{ "version 1", "192.0.2.1", 2268, FIREWALL_QUEUE_ADVERTISEMENT,
	  "12000000 01020304 c0000209", INSPECT_DROP_VERSION },
	{ "reserved bits", "192.0.2.1", 2268, FIREWALL_QUEUE_ADVERTISEMENT,
	  "02000100 01020304 c0000209", INSPECT_DROP_RESERVED },
	{ "a group as the relay", "192.0.2.1", 2268, FIREWALL_QUEUE_ADVERTISEMENT,
	  ADVERTISEMENT "e0000001", INSPECT_DROP_ADDRESS },
	{ "an IPv6 relay", "192.0.2.1", 2268, FIREWALL_QUEUE_ADVERTISEMENT,
	  ADVERTISEMENT "20010db8 00000000 00000000 00000001", INSPECT_DROP_FAMILY },
	{ "outside of Allow=", "192.0.2.1", 2268, FIREWALL_QUEUE_ADVERTISEMENT,
	  ADVERTISEMENT "cb007101", INSPECT_DROP_ALLOW },
	{ "OnFailure=drop is no other matter", "192.0.2.3", 2268,
	  FIREWALL_QUEUE_ADVERTISEMENT_STRICT, ADVERTISEMENT "c0000209", INSPECT_DROP_SOURCE },
	{ "a Query from another address", "192.0.2.3", 2268, FIREWALL_QUEUE_QUERY, QUERY IGMP,
	  INSPECT_DROP_SOURCE },
	{ "a Query from another port", "192.0.2.1", 1, FIREWALL_QUEUE_QUERY, QUERY IGMP,
	  INSPECT_DROP_PORT },
	{ "a Query of 11 bytes", "192.0.2.1", 2268, FIREWALL_QUEUE_QUERY,
	  "0400 a1a2a3a4a5a6 b1b2b3", INSPECT_DROP_LENGTH },
	{ "a Query without a packet", "192.0.2.1", 2268, FIREWALL_QUEUE_QUERY, QUERY,
	  INSPECT_DROP_INNER },
	{ "a packet cut short", "192.0.2.1", 2268, FIREWALL_QUEUE_QUERY,
	  QUERY "46c00024 00000000 01028211 c0000201 e0000001", INSPECT_DROP_INNER },
	{ "an Update in the place of a Query", "192.0.2.1", 2268, FIREWALL_QUEUE_QUERY,
	  "0500 a1a2a3a4a5a6 b1b2b3b4" IGMP, INSPECT_DROP_TYPE },
	{ "a Query of version 2", "192.0.2.1", 2268, FIREWALL_QUEUE_QUERY,
	  "2400 a1a2a3a4a5a6 b1b2b3b4" IGMP, INSPECT_DROP_VERSION },
};

static void test_refused(void **state)
{
	struct prefix allow;

	assert_int_equal(prefix_parse("192.0.2.0/24", &allow), 0);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		const bool query = refused[i].queue < FIREWALL_QUEUE_ADVERTISEMENT;
		const struct inspect_counters *counters;

		begin();
		world.device.relay = address_of("192.0.2.1");
		world.config.allow = &allow;
		world.config.n_allow = 1;
		print_message("%s\n", refused[i].what);
		ask("192.0.2.1", query ? REQUEST : DISCOVERY);
		assert_int_equal(receive_from(refused[i].source, refused[i].port, refused[i].queue,
					      refused[i].payload),
				 QUEUE_DROP);
		counters = query ? queries() : advertisements();
		assert_int_equal(counters->seen, 1);
		assert_int_equal(counters->passed, 0);
		for (int j = 0; j < _INSPECT_DROP_MAX; j++)
			assert_int_equal(counters->dropped[j], j == (int)refused[i].reason);
		assert_int_equal((query ? advertisements() : queries())->seen, 0);
		assert_address(&world.device.relay, "192.0.2.1");
		assert_false(address_is_set(&world.device.record.remote));
		assert_false(world.gateway.tickets.igmp.known);
		assert_int_equal(world.queries, 0);
		end();
	}
}

/* Nothing is known of the gateway, nor is anything done, after these. */
static void assert_nothing_learnt(void)
{
	assert_false(address_is_set(&world.device.record.remote));
	assert_false(world.gateway.tickets.igmp.known);
	assert_false(world.gateway.tickets.mld.known);
	assert_false(world.gateway.tickets.mld_last);
	assert_false(world.gateway.mld.confirmed);
	assert_int_equal(world.gateway.mld.queries_since, 0);
	assert_int_equal(world.gateway.query_history[0].n, 0);
	assert_int_equal(world.gateway.query_history[1].n, 0);
	assert_int_equal(world.gateway.last_query, 0);
	assert_int_equal(world.gateway.seen_port, 0);
	assert_int_equal(world.queries, 0);
	assert_address(&world.device.relay, "192.0.2.1");
	virtual_run_for(USEC_PER_SEC);
	assert_false(world.device.record.mld_linux);
	assert_int_equal(world.passes, 0);
}

/* What the driver would refuse for its nonce goes on to it, and changes nothing here; before
 * anything was seen to leave, all does. */
static void test_nonce(void **state)
{
	static const struct {
		const char *asked; /* NULL: nothing */
		enum firewall_queue queue;
		const char *payload;
	} cases[] = {
		{ "01000000 01020305", FIREWALL_QUEUE_ADVERTISEMENT, ADVERTISEMENT "c0000209" },
		{ "03000000 01020304", FIREWALL_QUEUE_ADVERTISEMENT, ADVERTISEMENT "c0000209" },
		{ DISCOVERY, FIREWALL_QUEUE_ADVERTISEMENT_STRICT, "02000000 00000000 c0000209" },
		{ NULL, FIREWALL_QUEUE_ADVERTISEMENT, ADVERTISEMENT "c0000209" },
		{ "03000000 b1b2b3b5", FIREWALL_QUEUE_QUERY, QUERY IGMP },
		{ "03000000 b1b2b3b5", FIREWALL_QUEUE_QUERY_L, QUERY IGMP },
		{ "03000000 b1b2b3b5", FIREWALL_QUEUE_QUERY_LG, QUERY IGMP FIELDS },
		{ "03800000 b1b2b3b5", FIREWALL_QUEUE_QUERY, QUERY MLD },
		{ "01000000 b1b2b3b4", FIREWALL_QUEUE_QUERY_L, QUERY IGMP },
		{ NULL, FIREWALL_QUEUE_QUERY_LG, QUERY IGMP FIELDS },
		{ NULL, FIREWALL_QUEUE_QUERY, QUERY MLD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct inspect_counters *counters =
			cases[i].queue < FIREWALL_QUEUE_ADVERTISEMENT ? queries()
								      : advertisements();

		begin();
		world.device.relay = address_of("192.0.2.1");
		if (cases[i].asked)
			ask("192.0.2.1", cases[i].asked);
		for (int times = 0; times < 5; times++)
			assert_int_equal(receive(cases[i].queue, cases[i].payload), QUEUE_ACCEPT);
		assert_int_equal(counters->seen, 5);
		assert_int_equal(counters->passed, cases[i].asked ? 0 : 5);
		assert_int_equal(counters->dropped[INSPECT_DROP_NONCE], cases[i].asked ? 5 : 0);
		assert_nothing_learnt();
		end();
	}
}

/* The driver repeats a Request with its nonce, which begins a new one after each Query. */
static void test_last_asked_counts(void **state)
{
	begin();
	world.device.relay = address_of("192.0.2.1");
	ask("192.0.2.1", REQUEST);
	ask("192.0.2.1", "03800000 b1b2b3b4");
	ask("192.0.2.1", REQUEST);
	assert_int_equal(receive(FIREWALL_QUEUE_QUERY, QUERY IGMP), QUEUE_ACCEPT);
	assert_int_equal(receive(FIREWALL_QUEUE_QUERY, QUERY MLD), QUEUE_ACCEPT);
	assert_int_equal(world.queries, 2);
	ask("192.0.2.1", "03000000 c1c2c3c4");
	assert_int_equal(receive(FIREWALL_QUEUE_QUERY, QUERY IGMP), QUEUE_ACCEPT);
	assert_int_equal(world.queries, 2);
	assert_int_equal(queries()->dropped[INSPECT_DROP_NONCE], 1);
	assert_int_equal(world.gateway.requests, 4);
	assert_int_equal(world.passes, 0);
	/* What wants no answer changes nothing. */
	ask("192.0.2.1", "05000000 00000000");
	assert_int_equal(receive(FIREWALL_QUEUE_QUERY, "0400 a1a2a3a4a5a6 c1c2c3c4" IGMP),
			 QUEUE_ACCEPT);
	assert_int_equal(world.queries, 3);
	end();
}

/* A Request to another relay than the one that is known: what the driver believes is to be read. */
static void test_asks_elsewhere(void **state)
{
	begin();
	world.device.relay = address_of("192.0.2.1");
	ask("192.0.2.2", DISCOVERY);
	assert_int_equal(world.passes, 0);
	ask("192.0.2.2", REQUEST);
	assert_int_equal(world.passes, 1);
	assert_true(world.device.dirty);
	assert_address(&world.device.relay, "192.0.2.1");
	/* The one that is known was not asked. */
	assert_int_equal(receive(FIREWALL_QUEUE_QUERY, QUERY IGMP), QUEUE_ACCEPT);
	assert_int_equal(world.queries, 0);
	assert_int_equal(queries()->dropped[INSPECT_DROP_NONCE], 1);
	end();
}

static void test_malformed(void **state)
{
	begin();
	messages_malformed(&world.gateway, FIREWALL_QUEUE_QUERY_LG);
	messages_malformed(&world.gateway, FIREWALL_QUEUE_ADVERTISEMENT_STRICT);
	messages_malformed(&world.gateway, FIREWALL_QUEUE_ADVERTISEMENT);
	assert_int_equal(queries()->seen, 1);
	assert_int_equal(queries()->dropped[INSPECT_DROP_PACKET], 1);
	assert_int_equal(advertisements()->seen, 2);
	assert_int_equal(advertisements()->dropped[INSPECT_DROP_PACKET], 2);
	end();
}

/* What a Teardown will have to repeat, RFC 7450, 5.1.7; and L, 5.1.4.4. */
static void test_query(void **state)
{
	const struct leave_ticket *ticket = &world.gateway.tickets.igmp;

	begin();
	assert_int_equal(answer(FIREWALL_QUEUE_QUERY, QUERY IGMP), QUEUE_ACCEPT);
	assert_address(&world.device.relay, "192.0.2.1");
	assert_true(ticket->known);
	assert_false(ticket->g);
	assert_memory_equal(ticket->mac, "\xa1\xa2\xa3\xa4\xa5\xa6", 6);
	assert_memory_equal(&ticket->nonce, "\xb1\xb2\xb3\xb4", 4);
	assert_false(world.gateway.tickets.mld.known);
	assert_false(world.gateway.tickets.mld_last);
	assert_int_equal(world.gateway.last_query, virtual_now);
	assert_int_equal(world.gateway.seen_port, 0);
	assert_int_equal(world.queries, 1);
	assert_int_equal(world.loaded, 0);

	assert_int_equal(answer(FIREWALL_QUEUE_QUERY_LG, QUERY IGMP FIELDS), QUEUE_ACCEPT);
	assert_int_equal(world.queries, 2);
	assert_int_equal(world.loaded, 1);
	assert_int_equal(queries()->loaded, 1);
	assert_int_equal(queries()->gateway_address, 1);
	assert_address(&world.gateway.seen_as, "198.51.100.7");
	assert_int_equal(world.gateway.seen_port, 40000);
	assert_true(ticket->g);
	assert_address(&ticket->gateway.address, "198.51.100.7");
	assert_int_equal(ticket->gateway.port, 40000);
	assert_int_equal(world.data[HEADERS + 1], 0); /* the driver knows no flags */

	/* Without its fields a Query with G is none. */
	assert_int_equal(answer(FIREWALL_QUEUE_QUERY_G, QUERY IGMP), QUEUE_DROP);
	assert_int_equal(queries()->dropped[INSPECT_DROP_INNER], 1);

	assert_int_equal(answer(FIREWALL_QUEUE_QUERY_L, QUERY MLD), QUEUE_ACCEPT);
	assert_true(world.gateway.tickets.mld_last);
	assert_true(world.gateway.tickets.mld.known);
	assert_true(world.gateway.mld.confirmed);
	assert_int_equal(queries()->ipv4, 2);
	assert_int_equal(queries()->ipv6, 1);
	assert_int_equal(world.loaded, 2);
	end();
}

/* Max Resp Code of an IGMP Query, as the driver gets it. */
static uint8_t max_code(const char *payload)
{
	assert_int_equal(answer(FIREWALL_QUEUE_QUERY, payload), QUEUE_ACCEPT);
	return world.data[HEADERS + 12 + MAX_CODE4];
}

/* The first two Queries of a relay are to be answered at once, and so are those after DeadSec=. */
static void test_hastened(void **state)
{
	begin();
	assert_int_equal(max_code(QUERY IGMP), 0);
	assert_true(world.queued.changed);
	virtual_run_for(2 * USEC_PER_SEC);
	assert_int_equal(max_code(QUERY IGMP), 0);
	virtual_run_for(2 * USEC_PER_SEC);
	assert_int_equal(max_code(QUERY IGMP), 100);
	assert_false(world.queued.changed);
	virtual_run_for(5 * USEC_PER_SEC);
	assert_int_equal(max_code(QUERY IGMP), 100);
	virtual_run_for(5 * USEC_PER_SEC + 1);
	assert_int_equal(max_code(QUERY IGMP), 0);
	virtual_run_for(USEC_PER_SEC);
	assert_int_equal(max_code(QUERY IGMP), 0);
	assert_int_equal(max_code(QUERY IGMP), 100);
	/* The driver has a new tunnel: its relay knows nothing. */
	assert_int_equal(answer(FIREWALL_QUEUE_ADVERTISEMENT, ADVERTISEMENT "c0000201"),
			 QUEUE_ACCEPT);
	assert_int_equal(max_code(QUERY IGMP), 0);
	end();
}

/* Another relay: what was learnt of the one before is worth nothing. */
static void test_another_relay(void **state)
{
	const struct address other = address_of("192.0.2.2");

	begin();
	assert_int_equal(answer(FIREWALL_QUEUE_QUERY, QUERY IGMP), QUEUE_ACCEPT);
	assert_int_equal(answer(FIREWALL_QUEUE_QUERY, QUERY MLD), QUEUE_ACCEPT);
	world.device.record.mld_linux = true;
	world.device.record.mld_relay = address_of("192.0.2.1");
	redirect_set_relay(&world.gateway, &world.device.relay); /* none other */
	assert_true(world.gateway.tickets.igmp.known);
	redirect_set_relay(&world.gateway, &other);
	assert_address(&world.device.relay, "192.0.2.2");
	assert_false(world.gateway.tickets.igmp.known);
	assert_false(world.gateway.tickets.mld.known);
	assert_false(world.gateway.mld.confirmed);
	assert_false(world.device.record.mld_linux);
	assert_int_equal(world.gateway.query_history[0].n, 0);
	assert_int_equal(answer(FIREWALL_QUEUE_QUERY, QUERY IGMP), QUEUE_DROP);
	end();
}

/* The relay that is left while it is in order is to be told; one that failed is not. */
static void test_choice(void **state)
{
	struct selection *selection = &world.gateway.selection;

	begin();
	world.device.ifindex = world.device.record.ifindex = 7;
	world.device.record.remote = address_of("192.0.2.1");
	selection->n = 2;
	selection->candidates[0].address = address_of("192.0.2.1");
	selection->candidates[1].address = address_of("192.0.2.2");
	selection->candidates[1].relay = address_of("192.0.2.22"); /* what it advertises */
	selection->chosen = 1;
	assert_int_equal(answer(FIREWALL_QUEUE_QUERY_G, QUERY IGMP FIELDS), QUEUE_ACCEPT);
	redirect_to_choice(&world.gateway);
	assert_address(&world.device.record.chosen, "192.0.2.2");
	assert_address(&world.device.record.redirect, "192.0.2.22");
	assert_address(&world.device.relay, "192.0.2.22");
	assert_address(&world.gateway.left, "192.0.2.1");
	assert_true(world.gateway.left_tickets.igmp.known);
	assert_false(world.gateway.tickets.igmp.known);
	assert_true(world.gateway.kick);
	assert_true(world.device.dirty);

	/* Back again, since that one is dead: no redirect, and nobody to be told. */
	world.gateway.tickets.igmp.known = true;
	strcpy(selection->candidates[1].note, "no answer");
	selection->chosen = 0;
	redirect_to_choice(&world.gateway);
	assert_false(address_is_set(&world.device.record.redirect));
	assert_address(&world.device.previous, "192.0.2.22");
	assert_address(&world.device.relay, "192.0.2.1");
	assert_false(address_is_set(&world.gateway.left)); /* it is in use again */
	end();
}

/* Half a second after an IGMP Query without the MLD one: the other bit, and four times at most. */
static void test_mld_flag(void **state)
{
	begin();
	world.device.relay = address_of("192.0.2.1");
	for (unsigned int i = 0; i < 10; i++) {
		const bool before = world.device.record.mld_linux;
		const bool tried = i < 4;

		assert_int_equal(answer(FIREWALL_QUEUE_QUERY, QUERY IGMP), QUEUE_ACCEPT);
		virtual_run_for(499 * USEC_PER_MSEC);
		assert_int_equal(world.passes, tried ? i : 4);
		virtual_run_for(1501 * USEC_PER_MSEC);
		assert_int_equal(world.passes, tried ? i + 1 : 4);
		assert_int_equal(world.device.record.mld_linux, tried ? !before : before);
	}
	/* It is the RFC's in the end. */
	assert_false(world.device.record.mld_linux);
	end();
}

static void test_mld_flag_understood(void **state)
{
	begin();
	world.device.relay = address_of("192.0.2.1");
	for (int i = 0; i < 10; i++) {
		assert_int_equal(answer(FIREWALL_QUEUE_QUERY, QUERY IGMP), QUEUE_ACCEPT);
		virtual_run_for(100 * USEC_PER_MSEC);
		assert_int_equal(answer(FIREWALL_QUEUE_QUERY, QUERY MLD), QUEUE_ACCEPT);
		virtual_run_for(2 * USEC_PER_SEC);
	}
	assert_int_equal(world.passes, 0);
	assert_false(world.device.record.mld_linux);
	/* Two may be missed; with the third the bit is in doubt. */
	for (int i = 0; i < 3; i++) {
		assert_true(world.gateway.mld.confirmed);
		assert_int_equal(answer(FIREWALL_QUEUE_QUERY, QUERY IGMP), QUEUE_ACCEPT);
	}
	assert_false(world.gateway.mld.confirmed);
	virtual_run_for(USEC_PER_SEC);
	assert_true(world.device.record.mld_linux);
	assert_true(world.gateway.kick);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_advertisement),  cmocka_unit_test(test_rewritten),
		cmocka_unit_test(test_redirected),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nonce),	       cmocka_unit_test(test_last_asked_counts),
		cmocka_unit_test(test_asks_elsewhere), cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_query),	       cmocka_unit_test(test_hastened),
		cmocka_unit_test(test_another_relay),  cmocka_unit_test(test_choice),
		cmocka_unit_test(test_mld_flag),       cmocka_unit_test(test_mld_flag_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
