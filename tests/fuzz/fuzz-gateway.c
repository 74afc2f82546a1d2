/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gateway's messages and time in, its choice of a relay out: relays that answer the driver and
 * the probes or do not, and strangers who forge Advertisements and Queries with one thing wrong, or
 * send the bytes of the input. What the driver would refuse is believed by nobody; the choice is
 * always one of the candidates, probes end, and time goes on.
 */
#include "base/clock.h"
#include "device/inspect.h"
#include "device/selection.h"
#include "input.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>

#define RELAYS	    4
#define RELAY(i)    (0xc0000201 + (i)) /* 192.0.2.1 */
#define HOST	    0xc6336401	       /* 198.51.100.1 */
#define LOCAL_PORT  40000
#define EVENTS	    300
#define PACKET_MAX  512
#define HEADERS	    (sizeof(struct iphdr) + sizeof(struct udphdr))
#define STEPS_MAX   (RELAYS * 4) /* probes wanted at one time */
#define QUERY_INNER 36		 /* an IGMPv3 General Query with a Router Alert */

struct world {
	struct selection selection;
	struct inspect_counters advertisements, queries;
	struct inspect_asked asked;
	uint64_t now;
	uint32_t nonce;
	unsigned int choices;
};

static uint32_t middle(void)
{
	return 1U << 31;
}

static const struct selection_options options = {
	.hold_min_usec = 180 * USEC_PER_SEC,
	.hold_max_usec = 600 * USEC_PER_SEC,
	.dead_usec = 5 * USEC_PER_SEC,
	.return_usec = 60 * USEC_PER_SEC,
	.random = middle,
};

static struct address relay(unsigned int i)
{
	return address_from_in((struct in_addr){ htonl(RELAY(i % RELAYS)) });
}

static void set_candidates(struct world *world, uint8_t mask)
{
	struct selection_candidate candidates[RELAYS] = { 0 };
	size_t n = 0;

	for (unsigned int i = 0; i < RELAYS; i++)
		if (mask & 1 << i)
			candidates[n++] = (struct selection_candidate){ .address = relay(i),
									.origin = "configured" };
	for (size_t i = 0; i < world->selection.n; i++)
		world->selection.candidates[i].probing = false;
	selection_set(&world->selection, candidates, n, world->now);
}

static struct address chosen(const struct world *world)
{
	const struct selection *selection = &world->selection;

	return selection->chosen < 0 ? (struct address){ 0 }
				     : selection->candidates[selection->chosen].address;
}

/* The driver sends a Discovery or a Request to the chosen one. */
static void ask(struct world *world, enum message_type type)
{
	if (world->selection.chosen < 0)
		return;
	world->asked = (struct inspect_asked){
		.type = type,
		.nonce = ++world->nonce,
		.relay = chosen(world),
	};
}

/* RFC 3376, 4.1, in RFC 7450, 5.1.4. */
static const uint8_t igmp_query[QUERY_INNER] = {
	0x46, 0xc0, 0,	  0x24, 0, 0, 0x40, 0,	  1,	2,    0x04, 0x13, 0, 0, 0,    0,    0xe0, 0,
	0,    1,    0x94, 4,	0, 0, 0x11, 0xec, 0x81, 0x28, 0,    0,	  0, 0, 0x02, 0x7d, 0,	  0,
};

struct forgery {
	uint8_t data[PACKET_MAX];
	size_t length;
	bool advertisement;
	bool genuine; /* as the relay that was asked answers, RFC 7450, 5.2.3.4, 5.2.3.5 */
};

static void put_headers(struct forgery *packet, struct address from, uint16_t port, size_t payload)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = from.in.s_addr,
		.daddr = htonl(HOST),
		.tot_len = htons((uint16_t)(HEADERS + payload)),
	};
	struct udphdr udp = {
		.source = htons(port),
		.dest = htons(LOCAL_PORT),
		.len = htons((uint16_t)(sizeof(udp) + payload)),
	};

	memcpy(packet->data, &ip, sizeof(ip));
	memcpy(packet->data + sizeof(ip), &udp, sizeof(udp));
	packet->length = HEADERS + payload;
}

static void make_answer(const struct world *world, struct input *input, struct forgery *packet)
{
	uint8_t wrong = input_take(input), flags = input_take(input), *at = packet->data + HEADERS;
	struct address from = world->asked.relay, advertised = relay(flags >> 4);
	uint32_t nonce = world->asked.nonce;
	uint16_t port = AMT_PORT;

	packet->advertisement = flags & 1;
	packet->genuine = wrong > 2 && world->asked.type == (packet->advertisement ? AMT_DISCOVERY
										   : AMT_REQUEST);
	if (wrong == 0)
		nonce += 1 + flags;
	if (wrong == 1)
		port++;
	if (wrong == 2)
		from.in.s_addr ^= htonl(1 + flags);
	memset(at, 0, PACKET_MAX - HEADERS);
	at[0] = packet->advertisement ? AMT_ADVERTISEMENT : AMT_QUERY;
	if (packet->advertisement) {
		memcpy(at + 4, &nonce, sizeof(nonce));
		memcpy(at + 8, &advertised.in, sizeof(advertised.in));
		put_headers(packet, from, port, 12);
		return;
	}
	at[1] = flags & 2; /* L */
	memcpy(at + 8, &nonce, sizeof(nonce));
	memcpy(at + 12, igmp_query, sizeof(igmp_query));
	put_headers(packet, from, port, 12 + sizeof(igmp_query));
}

static void make_bytes(struct input *input, struct forgery *packet)
{
	size_t n = input_take(input);

	packet->genuine = false;
	packet->advertisement = n & 1;
	n = n < input->left ? n : input->left;
	memcpy(packet->data, input->data, n);
	packet->length = n;
	input->data += n;
	input->left -= n;
}

/* RFC 7450, 5.2.3.4 and 5.2.3.5: from the relay that was asked, with the nonce it was asked with.
 */
static bool answers(const struct world *world, const struct packet *packet)
{
	const struct inspect_asked *asked = &world->asked;
	struct message message;

	if (asked->type == 0 || packet->source.s_addr != asked->relay.in.s_addr ||
	    packet->source_port != AMT_PORT ||
	    message_parse(packet->payload, packet->payload_length, &message) != MESSAGE_ERROR_NONE)
		return false;
	return asked->type == AMT_DISCOVERY
		       ? message.type == AMT_ADVERTISEMENT &&
				 message.advertisement.nonce == asked->nonce
		       : message.type == AMT_QUERY && message.query.nonce == asked->nonce;
}

/* What gateway/messages.c does with a result that is to be believed. */
static void believe(struct world *world, const struct inspect_result *result)
{
	if (result->query)
		selection_query(&world->selection, result->loaded, world->now);
}

static void receive(struct world *world, struct forgery *packet)
{
	const struct inspect_rules rules = {
		.asked = world->asked,
		.discovery = chosen(world),
		.relay = chosen(world),
		.relay_port = AMT_PORT,
	};
	const enum firewall_queue queue =
		packet->advertisement ? FIREWALL_QUEUE_ADVERTISEMENT : FIREWALL_QUEUE_QUERY;
	struct inspect_result result = { 0 };
	struct packet parsed;
	bool answer;

	if (packet_parse(packet->data, packet->length, &parsed) != PACKET_ERROR_NONE)
		return;
	answer = answers(world, &parsed); /* before it is edited */
	inspect_packet(&rules, queue, &parsed, packet->length, &world->advertisements,
		       &world->queries, &result);
	REQUIRE(result.drop < _INSPECT_DROP_MAX && inspect_drop_string(result.drop));
	REQUIRE(!result.changed || result.length <= packet->length);
	REQUIRE(!result.answers || (result.drop == INSPECT_PASS && answer));
	/* Unless it was asked before the choice changed. */
	REQUIRE(result.answers || !packet->genuine ||
		!address_equal(&world->asked.relay, &rules.relay));
	if (result.answers)
		believe(world, &result);
}

static void probe_ends(struct world *world, struct input *input)
{
	uint8_t byte = input_take(input);
	size_t i = byte % RELAYS;

	if (i >= world->selection.n || !world->selection.candidates[i].probing)
		return;
	if (byte & 0x80) {
		struct address advertised = world->selection.candidates[i].address;

		selection_answered(&world->selection, i, &advertised, 20000, world->now);
	} else {
		selection_unanswered(&world->selection, i, "no answer", world->now);
	}
}

static void step(struct world *world, struct input *input)
{
	struct forgery packet;

	switch (input_take(input) % 12) {
	case 0:
		ask(world, AMT_DISCOVERY);
		break;
	case 1:
	case 2:
		ask(world, AMT_REQUEST);
		break;
	case 3:
	case 4:
	case 5:
		make_answer(world, input, &packet);
		receive(world, &packet);
		break;
	case 6:
		make_bytes(input, &packet);
		receive(world, &packet);
		break;
	case 7:
		probe_ends(world, input);
		break;
	case 8:
		selection_unreachable(&world->selection, "port unreachable", world->now);
		break;
	case 9:
		selection_doubt(&world->selection);
		break;
	case 10:
		if (input_take(input) & 1)
			selection_dataless(&world->selection, world->now);
		else
			set_candidates(world, input_take(input));
		break;
	default:
		world->now += input_take(input) * (USEC_PER_SEC / 4);
	}
}

/* As failover.c carries it out. */
static void run(struct world *world)
{
	struct selection *selection = &world->selection;
	struct selection_probe probe;
	unsigned int n = 0;

	selection_tick(selection, world->now);
	while (selection_next(selection, world->now, &probe)) {
		REQUIRE(probe.index < selection->n && probe.tries > 0);
		REQUIRE(selection->candidates[probe.index].probing);
		REQUIRE(probe.timeout_usec > 0 && ++n <= STEPS_MAX);
	}
	REQUIRE(selection->chosen >= -1 && selection->chosen < (int)selection->n);
	REQUIRE(selection->phase == SELECTION_SEEKING || selection->chosen >= 0);
	REQUIRE(selection->choices >= world->choices);
	if (selection->choices != world->choices) {
		world->choices = selection->choices;
		selection_moved(selection, world->now);
	}
	REQUIRE(selection_deadline(selection, world->now) > world->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = { .now = 1000 * USEC_PER_SEC };
	struct input input = { data, size };

	selection_init(&world.selection, &options);
	set_candidates(&world, input_take(&input) | 1);
	run(&world);
	for (int i = 0; i < EVENTS && input.left > 0; i++) {
		step(&world, &input);
		run(&world);
	}
	return 0;
}
