/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two relays on loopback that answer probes with anything: the bytes of the input, Advertisements
 * with the nonce of a Discovery or nearly that, from the address that was asked or the other, or a
 * closed port, which is an ICMP error. Only an Advertisement with a nonce that the relay itself was
 * sent answers a probe of it, and each probe ends once.
 */
#include "base/array.h"
#include "discovery/probe.h"
#include "host.h"
#include "input.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RELAYS	   2
#define PROBES_MAX 8
#define EVENTS	   200
#define ANSWER_MAX 64
#define PORT	   2268

struct relay {
	int fd; /* negative: closed */
	struct address address;
	struct sockaddr_in asker;
	uint32_t nonce; /* of the last Discovery, as it is in the message */
	bool asked;
	bool answered; /* with a valid Advertisement that has this nonce */
};

struct world {
	struct prober *prober;
	struct relay relays[RELAYS];
	struct probe *probes[PROBES_MAX];
	usec_t now;
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	host_enter();
	return 0;
}

static void open_relay(struct relay *relay, unsigned int i)
{
	struct sockaddr_in name = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i),
	};

	if (relay->fd >= 0)
		return;
	relay->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	REQUIRE(relay->fd >= 0);
	REQUIRE(bind(relay->fd, (struct sockaddr *)&name, sizeof(name)) == 0);
	relay->address = address_from_in(name.sin_addr);
}

static void close_relay(struct relay *relay)
{
	if (relay->fd >= 0)
		close(relay->fd);
	relay->fd = -1;
}

static void on_done(struct probe *probe, const struct probe_result *result, void *userdata)
{
	struct world *world = userdata;
	char text[PROBE_TEXT_MAX];
	bool found = false;

	for (size_t i = 0; i < PROBES_MAX; i++)
		if (world->probes[i] == probe) {
			world->probes[i] = NULL;
			found = true;
		}
	REQUIRE(found);
	REQUIRE(result->outcome < _PROBE_OUTCOME_MAX && result->sent <= PROBE_TRIES_MAX);
	REQUIRE(strlen(probe_result_format(result, text)) > 0);
	if (result->outcome != PROBE_ANSWERED)
		return;
	found = false;
	for (size_t i = 0; i < RELAYS; i++)
		found = found || (address_equal(&result->relay, &world->relays[i].address) &&
				  world->relays[i].answered);
	REQUIRE(found);
}

static void start(struct world *world, struct input *input)
{
	uint8_t byte = input_take(input);
	struct probe_options options = {
		.relay = world->relays[byte % RELAYS].address,
		.port = PORT,
		.tries = byte >> 1 & 3,
		.interval_usec = (byte >> 3 & 3) * USEC_PER_SEC,
		.timeout_usec = (byte >> 5) * USEC_PER_SEC,
	};

	for (size_t i = 0; i < PROBES_MAX; i++)
		if (!world->probes[i]) {
			REQUIRE(probe_start(world->prober, &options, world->now, on_done, world,
					    &world->probes[i]) == 0);
			return;
		}
}

/* A relay reads what it was sent. */
static void read_discoveries(struct relay *relay)
{
	uint8_t data[ANSWER_MAX];
	socklen_t length = sizeof(relay->asker);

	while (relay->fd >= 0 && recvfrom(relay->fd, data, sizeof(data), 0,
					  (struct sockaddr *)&relay->asker, &length) == 8) {
		REQUIRE(data[0] == AMT_DISCOVERY); /* RFC 7450, 5.1.1 */
		memcpy(&relay->nonce, data + 4, sizeof(relay->nonce));
		relay->asked = true;
		length = sizeof(relay->asker);
	}
}

static void send_to(const struct relay *from, const struct relay *to_asker_of, const void *data,
		    size_t size)
{
	if (from->fd >= 0 && to_asker_of->asked)
		(void)sendto(from->fd, data, size, MSG_DONTWAIT,
			     (const struct sockaddr *)&to_asker_of->asker,
			     sizeof(to_asker_of->asker));
}

static void answer_raw(struct world *world, struct input *input)
{
	const struct relay *from = &world->relays[input_take(input) % RELAYS];
	const struct relay *to = &world->relays[input_take(input) % RELAYS];
	size_t n = input_take(input);

	n = n < input->left ? n : input->left;
	send_to(from, to, input->data, n);
	input->data += n;
	input->left -= n;
}

/* RFC 7450, 5.1.2, with an IPv4 address; one byte of it may be wrong. */
static void answer(struct world *world, struct input *input)
{
	struct relay *from = &world->relays[input_take(input) % RELAYS];
	struct relay *of = &world->relays[input_take(input) % RELAYS];
	uint8_t message[12] = { AMT_ADVERTISEMENT, 0, 0, 0, [8] = 192, 0, 2, 1 };
	uint8_t at = input_take(input), value = input_take(input);
	bool wrong = at < sizeof(message) && value != 0;

	memcpy(message + 4, &of->nonce, sizeof(of->nonce));
	if (wrong)
		message[at] ^= value;
	/* The reserved bytes, and the address, leave it an Advertisement with this nonce. */
	if (from == of && of->asked && (!wrong || at >= 8 || (at >= 1 && at < 4)))
		of->answered = true;
	send_to(from, of, message, sizeof(message));
}

static void step(struct world *world, struct input *input)
{
	uint8_t which = input_take(input);
	unsigned int i = which >> 4 & 1;

	switch (which % 8) {
	case 0:
	case 1:
		start(world, input);
		break;
	case 2:
		answer_raw(world, input);
		break;
	case 3:
	case 4:
		answer(world, input);
		break;
	case 5:
		world->now += input_take(input) * USEC_PER_SEC / 16;
		break;
	case 6:
		if (which & 0x20)
			open_relay(&world->relays[i], i);
		else
			close_relay(&world->relays[i]);
		break;
	default:
		i = which >> 4 & (PROBES_MAX - 1);
		probe_cancel(world->probes[i]);
		world->probes[i] = NULL;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = { .now = clock_monotonic() };
	struct input input = { data, size };

	REQUIRE(prober_open(NULL, &world.prober) == 0);
	for (unsigned int i = 0; i < RELAYS; i++) {
		world.relays[i].fd = -1;
		open_relay(&world.relays[i], i);
	}
	for (int i = 0; i < EVENTS && input.left > 0; i++) {
		step(&world, &input);
		for (unsigned int k = 0; k < RELAYS; k++)
			read_discoveries(&world.relays[k]);
		REQUIRE(prober_dispatch(world.prober, world.now) == 0);
	}
	world.now += 300 * USEC_PER_SEC; /* longer than any of them lasts */
	REQUIRE(prober_dispatch(world.prober, world.now) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(world.probes); i++)
		REQUIRE(!world.probes[i]);
	prober_close(world.prober);
	for (unsigned int i = 0; i < RELAYS; i++)
		close_relay(&world.relays[i]);
	return 0;
}
