/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/firewall.h"
#include "kernel/queue.h"
#include "net.h"
#include "wire/packet.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define BASE	 7000
#define PORT	 40000
#define STRICT	 40001
#define RELAYING 40002 /* where the host's own relay device would listen */

static const struct queue_range range = {
	.first = BASE,
	.count = _FIREWALL_QUEUE_MAX,
	.fail_open = FIREWALL_QUEUE_ADVERTISEMENT_STRICT,
	.as_is = FIREWALL_QUEUE_ADVERTISEMENT,
};

/* The handler's verdict, and what it was given. */
struct judge {
	enum queue_verdict verdict;
	bool change; /* overwrite the last two payload bytes */
	unsigned int n;
	uint16_t number;
	uint8_t payload[64];
	size_t length; /* of the IP packet */
	bool truncated;
};

static enum queue_verdict handle(struct queue_packet *packet, void *userdata)
{
	static const uint8_t changed[] = { 0xca, 0xfe };
	struct judge *judge = userdata;
	struct packet parsed;

	judge->n++;
	judge->number = packet->number;
	judge->length = packet->length;
	judge->truncated = packet->truncated;
	if (packet->length >= 28)
		memcpy(judge->payload, packet->data + 28,
		       packet->length - 28 < sizeof(judge->payload) ? packet->length - 28
								    : sizeof(judge->payload));
	if (judge->change) {
		if (packet_parse(packet->data, packet->length, &parsed) == PACKET_ERROR_NONE) {
			packet_write(&parsed, parsed.payload_length - 2, changed, 2);
			if (packet->number - BASE < range.as_is)
				packet_clear_checksum(&parsed);
		}
		packet->changed = true;
	}
	return judge->verdict;
}

static struct queue *open_queue(struct judge *judge)
{
	struct queue *queue;
	uint16_t taken = 0;
	int r = queue_open(&range, handle, judge, &queue, &taken);

	if (r < 0)
		errx(1, "queue_open: %s (%u)", strerror(-r), taken);
	return queue;
}

static void commit_table(void)
{
	struct firewall_gateway gateways[] = {
		{ .port = PORT, .relay_port = 2268 },
		{ .port = STRICT, .relay_port = 2268, .strict = true },
	};
	uint16_t relay_devices[] = { RELAYING };
	struct firewall_rules rules = {
		.gateways = gateways,
		.n_gateways = 2,
		.relay_devices = relay_devices,
		.n_relay_devices = 1,
	};
	struct firewall *firewall;
	char *words = NULL;

	assert_int_equal(firewall_new(BASE, &firewall), 0);
	assert_int_equal(firewall_commit(firewall, &rules, &words), 0);
	assert_true(firewall_has_queue(firewall));
	firewall_free(firewall);
}

static int setup(void **state)
{
	net_setup();
	commit_table();
	return 0;
}

/* Handle exactly this many packets; more is a failure. */
static void serve(struct queue *queue, unsigned int n)
{
	unsigned int handled = 0;
	int r;

	while (handled < n) {
		if (!net_readable(queue_fd(queue), 5000))
			errx(1, "%u packets wanted in the queue, %u seen", n, handled);
		r = queue_dispatch(queue, 64);
		assert_true(r >= 0);
		handled += r;
	}
	assert_int_equal(handled, n);
	assert_false(net_readable(queue_fd(queue), 0));
}

struct passage {
	const char *what;
	uint16_t port;
	uint8_t sent[2];
	int queue;   /* or -1: not queued */
	int arrives; /* byte 1 when accepted */
};

static const struct passage passages[] = {
	{ "Query", PORT, { 4, 0 }, FIREWALL_QUEUE_QUERY, 0 },
	{ "Query, G", PORT, { 4, 1 }, FIREWALL_QUEUE_QUERY_G, 0 },
	{ "Query, L", PORT, { 4, 2 }, FIREWALL_QUEUE_QUERY_L, 0 },
	{ "Query, L and G", PORT, { 4, 3 }, FIREWALL_QUEUE_QUERY_LG, 0 },
	{ "Query, reserved bits", PORT, { 4, 0x84 }, FIREWALL_QUEUE_QUERY, 0x84 },
	{ "Query to a strict gateway", STRICT, { 4, 1 }, FIREWALL_QUEUE_QUERY_G, 0 },
	{ "Advertisement", PORT, { 2, 0 }, FIREWALL_QUEUE_ADVERTISEMENT, 0 },
	{ "strict Advertisement", STRICT, { 2, 0 }, FIREWALL_QUEUE_ADVERTISEMENT_STRICT, 0 },
	{ "data", PORT, { 6, 0 }, -1, 0 },
	{ "Request", PORT, { 3, 1 }, -1, 1 },
	{ "Query of version 1", PORT, { 0x14, 1 }, -1, 1 },
	{ "Update to a gateway", PORT, { 5, 0 }, -1, 0 },
	{ "Update", RELAYING, { 5, 0 }, FIREWALL_QUEUE_UPDATE, 0 },
	{ "Update, reserved bits", RELAYING, { 5, 1 }, FIREWALL_QUEUE_UPDATE, 1 },
	{ "Update of version 1", RELAYING, { 0x15, 0 }, -1, 0 },
	{ "Teardown", RELAYING, { 7, 0 }, FIREWALL_QUEUE_TEARDOWN, 0 },
	{ "Request, P", RELAYING, { 3, 1 }, -1, 0x80 },
	{ "Query to a relay device", RELAYING, { 4, 0 }, -1, 0 },
	{ "data to a relay device", RELAYING, { 6, 0 }, -1, 0 },
};

struct sockets {
	int from_udp, from_raw, to[3];
};

static struct sockets open_sockets(void)
{
	return (struct sockets){
		.from_udp = net_udp(RELAY, 2268),
		.from_raw = net_raw(RELAY),
		.to = { net_udp(HOST, PORT), net_udp(HOST, STRICT), net_udp(HOST, RELAYING) },
	};
}

static void close_sockets(struct sockets *sockets)
{
	close(sockets->from_udp);
	close(sockets->from_raw);
	close(sockets->to[0]);
	close(sockets->to[1]);
	close(sockets->to[2]);
}

static void send_either(const struct sockets *sockets, bool raw, uint16_t port, const void *payload,
			size_t length)
{
	if (raw)
		net_send_raw(sockets->from_raw, NET_RELAY, 2268, NET_HOST, port, payload, length);
	else
		net_send(sockets->from_udp, NET_HOST, port, payload, length);
}

static void check_passage(const struct passage *passage, struct queue *queue, struct judge *judge,
			  const struct sockets *sockets, bool raw)
{
	uint8_t sent[44] = { passage->sent[0], passage->sent[1], 0, 0, 5, 6, 7, 8 }, seen[64];
	int to = sockets->to[passage->port - PORT];
	size_t n;

	judge->n = 0;
	send_either(sockets, raw, passage->port, sent, sizeof(sent));
	if (passage->queue >= 0) {
		serve(queue, 1);
		if (judge->number != BASE + passage->queue || judge->payload[0] != sent[0] ||
		    judge->payload[1] != passage->arrives || judge->length != 28 + sizeof(sent))
			errx(1, "%s: queue %u, %02x%02x, %zu bytes", passage->what, judge->number,
			     judge->payload[0], judge->payload[1], judge->length);
	}
	n = net_receive(to, seen, sizeof(seen), NULL);
	if (n != sizeof(sent) || seen[0] != sent[0] || seen[1] != passage->arrives ||
	    memcmp(seen + 2, sent + 2, n - 2) != 0)
		errx(1, "%s: saw %02x%02x, %zu bytes", passage->what, seen[0], seen[1], n);
	assert_int_equal(judge->n, passage->queue >= 0);
	assert_int_equal(queue_dispatch(queue, 1), 0);
}

static void test_numbers(void **state)
{
	struct judge judge = { .verdict = QUEUE_ACCEPT };
	struct queue *queue = open_queue(&judge);
	struct sockets sockets = open_sockets();
	size_t i;

	for (i = 0; i < sizeof(passages) / sizeof(passages[0]); i++) {
		check_passage(&passages[i], queue, &judge, &sockets, false);
		check_passage(&passages[i], queue, &judge, &sockets, true);
	}
	close_sockets(&sockets);
	queue_close(queue);
}

/* From a relay device's port only Queries are queued, and from a gateway's what wants an answer;
 * they leave unchanged, whether or not their checksum is complete. */
static void test_outward(void **state)
{
	static const struct {
		const char *what;
		uint16_t port;
		uint8_t type;
		int queue; /* -1: none */
	} cases[] = {
		{ "Query", RELAYING, 4, FIREWALL_QUEUE_RELAY_QUERY },
		{ "Advertisement", RELAYING, 2, -1 },
		{ "data", RELAYING, 6, -1 },
		{ "Query of version 1", RELAYING, 0x14, -1 },
		{ "Query of another", STRICT, 4, -1 },
		{ "Discovery", PORT, 1, FIREWALL_QUEUE_ASKED },
		{ "Request", PORT, 3, FIREWALL_QUEUE_ASKED },
		{ "Request of a strict gateway", STRICT, 3, FIREWALL_QUEUE_ASKED },
		{ "Request of version 1", PORT, 0x13, -1 },
		{ "Update", PORT, 5, -1 },
		{ "data of a gateway", PORT, 6, -1 },
		{ "Teardown", PORT, 7, -1 },
		{ "Request of another", RELAYING, 3, -1 },
	};
	struct judge judge = { .verdict = QUEUE_ACCEPT };
	struct queue *queue = open_queue(&judge);
	int to = net_udp(RELAY, 2268), from_raw = net_raw(HOST);
	uint8_t sent[44] = { 0, 0, 3, 4, 5 }, seen[64];
	size_t i;

	for (i = 0; i < 2 * (sizeof(cases) / sizeof(cases[0])); i++) {
		uint16_t port = cases[i / 2].port;
		int from_udp = net_udp(HOST, port);

		sent[0] = cases[i / 2].type;
		judge.n = 0;
		if (i % 2)
			net_send_raw(from_raw, NET_HOST, port, NET_RELAY, 2268, sent, sizeof(sent));
		else
			net_send(from_udp, NET_RELAY, 2268, sent, sizeof(sent));
		if (cases[i / 2].queue >= 0) {
			serve(queue, 1);
			assert_int_equal(judge.number, BASE + cases[i / 2].queue);
		}
		if (net_receive(to, seen, sizeof(seen), NULL) != sizeof(sent) ||
		    memcmp(seen, sent, sizeof(sent)) != 0 || judge.n != (cases[i / 2].queue >= 0))
			errx(1, "%s: queued %u times, saw type %u", cases[i / 2].what, judge.n,
			     seen[0]);
		close(from_udp);
	}
	close(from_raw);
	close(to);
	queue_close(queue);
}

/* The relay's host sends port unreachable: for a gateway's packet to the queue, for another's to
 * its socket. */
static void test_unreachable(void **state)
{
	static const uint8_t update[8] = { 5 };
	struct judge judge = { .verdict = QUEUE_DROP };
	struct queue *queue = open_queue(&judge);
	int gateway = net_udp(HOST, PORT), other = net_udp(HOST, STRICT + 1);
	int on = 1, error = 0;
	socklen_t size = sizeof(error);

	assert_int_equal(setsockopt(gateway, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(other, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	net_send(other, NET_RELAY, 9, update, sizeof(update));
	net_send(gateway, NET_RELAY, 9, update, sizeof(update));
	serve(queue, 1);
	assert_int_equal(judge.number, BASE + FIREWALL_QUEUE_UNREACHABLE);
	assert_int_equal(getsockopt(gateway, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	assert_int_equal(error, 0);
	assert_int_equal(getsockopt(other, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	assert_int_equal(error, ECONNREFUSED);
	close(gateway);
	close(other);
	queue_close(queue);
}

static void test_drop(void **state)
{
	static const uint8_t query[44] = { 4 }, advertisement[12] = { 2 }, sentinel[] = { 6 };
	struct judge judge = { .verdict = QUEUE_DROP };
	struct queue *queue = open_queue(&judge);
	struct sockets sockets = open_sockets();
	uint8_t seen[64];

	send_either(&sockets, false, PORT, query, sizeof(query));
	send_either(&sockets, true, PORT, advertisement, sizeof(advertisement));
	serve(queue, 2);
	send_either(&sockets, true, PORT, sentinel, sizeof(sentinel));
	assert_int_equal(net_receive(sockets.to[0], seen, sizeof(seen), NULL), sizeof(sentinel));
	close_sockets(&sockets);
	queue_close(queue);
}

/* The receiving socket verifies the checksum, unless it is zero. */
static void test_change(void **state)
{
	static const uint8_t advertisement[12] = { 2, 0, 0, 0, 1, 2, 3, 4, 10, 1, 0, 2 };
	uint8_t query[12] = { 4, 0, 0, 0, 1, 2, 3, 4, 10, 1, 0, 2 };
	struct judge judge = { .verdict = QUEUE_ACCEPT, .change = true };
	struct queue *queue = open_queue(&judge);
	struct sockets sockets = open_sockets();
	uint8_t seen[64];
	int raw;

	for (raw = 0; raw < 2; raw++) {
		send_either(&sockets, raw, PORT, advertisement, sizeof(advertisement));
		serve(queue, 1);
		assert_int_equal(net_receive(sockets.to[0], seen, sizeof(seen), NULL), 12);
		assert_memory_equal(seen, advertisement, 10);
		assert_memory_equal(seen + 10, "\xca\xfe", 2);

		/* whether or not a flag, and with it the checksum, was cleared before */
		for (query[1] = 0; query[1] < 2; query[1]++) {
			send_either(&sockets, raw, PORT, query, sizeof(query));
			serve(queue, 1);
			assert_int_equal(net_receive(sockets.to[0], seen, sizeof(seen), NULL), 12);
			assert_int_equal(seen[1], 0);
			assert_memory_equal(seen + 2, query + 2, 8);
			assert_memory_equal(seen + 10, "\xca\xfe", 2);
		}
	}
	close_sockets(&sockets);
	queue_close(queue);
}

static void test_too_long(void **state)
{
	static uint8_t advertisement[5000] = { 2 }, seen[6000];
	struct judge judge = { .verdict = QUEUE_ACCEPT, .change = true };
	struct queue *queue = open_queue(&judge);
	struct sockets sockets = open_sockets();

	send_either(&sockets, false, PORT, advertisement, sizeof(advertisement));
	serve(queue, 1);
	assert_true(judge.truncated);
	assert_int_equal(judge.length, QUEUE_PACKET_MAX);
	assert_int_equal(net_receive(sockets.to[0], seen, sizeof(seen), NULL), 5000);
	assert_memory_equal(seen, advertisement, 5000);

	send_either(&sockets, false, PORT, advertisement, QUEUE_PACKET_MAX - 28);
	judge.change = false;
	serve(queue, 1);
	assert_false(judge.truncated);
	assert_int_equal(net_receive(sockets.to[0], seen, sizeof(seen), NULL),
			 QUEUE_PACKET_MAX - 28);
	close_sockets(&sockets);
	queue_close(queue);
}

/* All values of the first two bytes, and lengths down to 0: all arrive, no crash. */
static void test_garbage(void **state)
{
	struct judge judge = { .verdict = QUEUE_ACCEPT };
	struct queue *queue = open_queue(&judge);
	struct sockets sockets = open_sockets();
	uint8_t sent[20], seen[64];
	unsigned int i, j, length, queued = 0;

	srandom(1);
	for (i = 0; i < 4096; i++) {
		length = i % (sizeof(sent) + 1);
		for (j = 0; j < length; j++)
			sent[j] = j < 2 ? random() % 8 : random();
		if (length >= 1)
			queued += sent[0] == 2 || sent[0] == 4;
		send_either(&sockets, i % 2, PORT, sent, length);
		while (judge.n < queued) {
			assert_true(net_readable(queue_fd(queue), 5000));
			assert_true(queue_dispatch(queue, 64) >= 0);
		}
		assert_int_equal(net_receive(sockets.to[0], seen, sizeof(seen), NULL), length);
	}
	assert_int_equal(judge.n, queued);
	assert_int_equal(queue_counters(queue)->packets, queued);
	assert_int_equal(queue_counters(queue)->overruns, 0);
	close_sockets(&sockets);
	queue_close(queue);
}

static void test_max(void **state)
{
	static const uint8_t query[44] = { 4 };
	struct judge judge = { .verdict = QUEUE_ACCEPT };
	struct queue *queue = open_queue(&judge);
	struct sockets sockets = open_sockets();
	int i;

	for (i = 0; i < 50; i++)
		send_either(&sockets, true, PORT, query, sizeof(query));
	assert_true(net_readable(queue_fd(queue), 5000));
	assert_int_equal(queue_dispatch(queue, 3), 3);
	assert_int_equal(judge.n, 3);
	assert_int_equal(queue_dispatch(queue, 20), 20);
	assert_int_equal(queue_dispatch(queue, 100), 27);
	assert_int_equal(queue_dispatch(queue, 100), 0);
	close_sockets(&sockets);
	queue_close(queue);
}

/* A packet that does not fit into the socket's buffer passes where the queue fails open. */
static void test_overrun(void **state)
{
	static const uint8_t query[44] = { 4, 1 }, advertisement[12] = { 2 };
	struct judge judge = { .verdict = QUEUE_ACCEPT };
	struct queue *queue = open_queue(&judge);
	struct sockets sockets = open_sockets();
	uint8_t seen[64];
	int i, n, size = 8192;

	assert_int_equal(setsockopt(queue_fd(queue), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)),
			 0);
	for (i = 0; i < 200; i++) {
		send_either(&sockets, i % 2, PORT, query, sizeof(query));
		send_either(&sockets, i % 2, STRICT, advertisement, sizeof(advertisement));
	}
	assert_true(queue_dispatch(queue, 1000) > 0);
	assert_true(queue_counters(queue)->overruns > 0);
	assert_true(judge.n < 400);
	assert_int_equal(queue_counters(queue)->packets, judge.n);

	for (i = 0; i < 200; i++) {
		assert_int_equal(net_receive(sockets.to[0], seen, sizeof(seen), NULL), 44);
		assert_int_equal(seen[1], 0);
	}
	for (n = 0; net_readable(sockets.to[1], 0); n++)
		(void)net_receive(sockets.to[1], seen, sizeof(seen), NULL);
	assert_true(n < 200);

	/* The queue works as before. */
	judge.n = 0;
	send_either(&sockets, false, PORT, query, sizeof(query));
	serve(queue, 1);
	assert_int_equal(judge.n, 1);
	close_sockets(&sockets);
	queue_close(queue);
}

static void test_close(void **state)
{
	static const uint8_t query[44] = { 4, 1 }, advertisement[12] = { 2 }, sentinel[] = { 6 };
	struct judge judge = { .verdict = QUEUE_DROP };
	struct queue *queue = open_queue(&judge);
	struct sockets sockets = open_sockets();
	uint8_t seen[64];

	send_either(&sockets, false, PORT, query, sizeof(query));
	send_either(&sockets, true, STRICT, advertisement, sizeof(advertisement));
	assert_true(net_readable(queue_fd(queue), 5000));
	queue_close(queue);
	assert_int_equal(judge.n, 0);
	assert_int_equal(net_receive(sockets.to[0], seen, sizeof(seen), NULL), 44);

	send_either(&sockets, true, STRICT, sentinel, sizeof(sentinel));
	assert_int_equal(net_receive(sockets.to[1], seen, sizeof(seen), NULL), sizeof(sentinel));

	/* No process listens now. */
	send_either(&sockets, false, PORT, advertisement, sizeof(advertisement));
	assert_int_equal(net_receive(sockets.to[0], seen, sizeof(seen), NULL), 12);
	close_sockets(&sockets);
}

/* Another process that holds one queue until its pipe is closed. */
static pid_t hold(uint16_t number, int *ret_fd)
{
	struct queue_range one = { .first = number, .count = 1 };
	int go[2], ready[2];
	struct queue *queue;
	uint16_t taken;
	char byte;
	pid_t pid;

	if (pipe(go) < 0 || pipe(ready) < 0)
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		close(go[1]);
		if (queue_open(&one, handle, NULL, &queue, &taken) == 0 &&
		    write(ready[1], "", 1) == 1)
			(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	if (read(ready[0], &byte, 1) != 1)
		errx(1, "the other process has no queue");
	close(ready[0]);
	*ret_fd = go[1];
	return pid;
}

static void test_taken(void **state)
{
	struct judge judge = {};
	struct queue *queue = NULL, *first;
	uint16_t taken = 0;
	pid_t pid;
	int fd;

	pid = hold(BASE + 2, &fd);
	assert_int_equal(queue_open(&range, handle, &judge, &queue, &taken), -EBUSY);
	assert_int_equal(taken, BASE + 2);
	assert_null(queue);
	net_shell("test $(wc -l < /proc/net/netfilter/nfnetlink_queue) = 1"); /* none is kept */
	close(fd);
	waitpid(pid, NULL, 0);

	first = open_queue(&judge);
	net_shell("test $(wc -l < /proc/net/netfilter/nfnetlink_queue) = 11");
	assert_int_equal(queue_open(&range, handle, &judge, &queue, &taken), -EBUSY);
	assert_int_equal(taken, BASE);
	queue_close(first);
}

static void test_no_permission(void **state)
{
	struct queue *queue = NULL;
	uint16_t taken = 0;
	int r;

	if (seteuid(65534) < 0)
		err(1, "seteuid");
	r = queue_open(&range, handle, NULL, &queue, &taken);
	if (seteuid(0) < 0)
		err(1, "seteuid");
	assert_int_equal(r, -EPERM);
	assert_null(queue);
}

static void test_bad_range(void **state)
{
	static const struct queue_range bad[] = {
		{ .first = 0, .count = 0 },
		{ .first = 65535, .count = 2 },
	};
	struct queue *queue = NULL;
	uint16_t taken = 0;
	size_t i;

	for (i = 0; i < 2; i++)
		assert_int_equal(queue_open(&bad[i], handle, NULL, &queue, &taken), -EINVAL);
	queue_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_numbers, setup),
		cmocka_unit_test_setup(test_drop, setup),
		cmocka_unit_test_setup(test_outward, setup),
		cmocka_unit_test_setup(test_unreachable, setup),
		cmocka_unit_test_setup(test_change, setup),
		cmocka_unit_test_setup(test_too_long, setup),
		cmocka_unit_test_setup(test_garbage, setup),
		cmocka_unit_test_setup(test_max, setup),
		cmocka_unit_test_setup(test_overrun, setup),
		cmocka_unit_test_setup(test_close, setup),
		cmocka_unit_test_setup(test_taken, setup),
		cmocka_unit_test_setup(test_no_permission, setup),
		cmocka_unit_test(test_bad_range),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
