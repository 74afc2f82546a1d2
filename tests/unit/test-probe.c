/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The prober against sockets on loopback that answer as relays do, and as they should not. The time
 * that it goes by is the test's own. */
#include "addresses.h"
#include "base/array.h"
#include "discovery/probe.h"
#include "wire/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND	  UINT64_C(1000000)
#define ASKERS	  1000
#define WAIT_MSEC 5000

struct ended {
	unsigned int n;
	struct probe_result result; /* of the last */
};

struct fixture {
	struct prober *prober;
	int relay;     /* a socket where a relay would be */
	uint16_t port; /* its port */
	struct sockaddr_in asker;
	uint8_t discovery[64];
};

static void on_done(struct probe *probe, const struct probe_result *result, void *userdata)
{
	struct ended *ended = userdata;

	ended->n++;
	ended->result = *result;
}

static int open_port(uint16_t *ret_port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ 0 };
	fixture.relay = open_port(&fixture.port);
	assert_int_equal(prober_open(NULL, &fixture.prober), 0);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	prober_close(fixture->prober);
	close(fixture->relay);
	return 0;
}

static struct probe_options options_of(const struct fixture *fixture)
{
	return (struct probe_options){
		.relay = address_of("127.0.0.1"),
		.port = fixture->port,
	};
}

static struct probe *start(struct fixture *fixture, const struct probe_options *options,
			   uint64_t now, struct ended *ended)
{
	struct probe *probe = NULL;

	assert_int_equal(probe_start(fixture->prober, options, now, on_done, ended, &probe), 0);
	assert_non_null(probe);
	return probe;
}

/* Wait until the prober has something, and let it look. */
static void dispatch(struct fixture *fixture, uint64_t now)
{
	struct pollfd poll_fd = { .fd = prober_fd(fixture->prober), .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, WAIT_MSEC), 1);
	assert_int_equal(prober_dispatch(fixture->prober, now), 0);
}

/* The Discovery that must have come, RFC 7450, 5.1.1. */
static void expect_discovery(struct fixture *fixture)
{
	static const uint8_t head[4] = { 1, 0, 0, 0 };
	struct pollfd poll_fd = { .fd = fixture->relay, .events = POLLIN };
	socklen_t size = sizeof(fixture->asker);

	assert_int_equal(poll(&poll_fd, 1, WAIT_MSEC), 1);
	assert_int_equal(recvfrom(fixture->relay, fixture->discovery, sizeof(fixture->discovery), 0,
				  (struct sockaddr *)&fixture->asker, &size),
			 8);
	assert_memory_equal(fixture->discovery, head, sizeof(head));
}

static void expect_silence(struct fixture *fixture)
{
	uint8_t byte;

	assert_int_equal(recv(fixture->relay, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static void answer_from(int fd, const struct fixture *fixture, const void *data, size_t length)
{
	assert_int_equal(sendto(fd, data, length, 0, (const struct sockaddr *)&fixture->asker,
				sizeof(fixture->asker)),
			 length);
}

/* An Advertisement of 192.0.2.7 with the nonce of the last Discovery. */
static void advertise_from(int fd, const struct fixture *fixture, uint8_t flip)
{
	uint8_t data[12] = { 2, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 7 };

	memcpy(data + 4, fixture->discovery + 4, 4);
	data[7] ^= flip;
	answer_from(fd, fixture, data, sizeof(data));
}

static void test_back_off(void **state)
{
	assert_int_equal(probe_back_off_usec(1, 0), 1 * SECOND);
	assert_int_equal(probe_back_off_usec(1, UINT32_MAX), 2 * SECOND);
	assert_int_equal(probe_back_off_usec(3, 0), 1 * SECOND);
	assert_int_equal(probe_back_off_usec(3, UINT32_MAX), 8 * SECOND);
	assert_int_equal(probe_back_off_usec(6, UINT32_MAX), 64 * SECOND);
	assert_int_equal(probe_back_off_usec(7, UINT32_MAX), 120 * SECOND);
	assert_int_equal(probe_back_off_usec(1000, 0), 1 * SECOND);
	assert_int_equal(probe_back_off_usec(1000, UINT32_MAX), 120 * SECOND);
}

static void test_words(void **state)
{
	static const struct {
		struct probe_result result;
		const char *words;
	} cases[] = {
		{ { .outcome = PROBE_TIMEOUT }, "no answer" },
		{ { .outcome = PROBE_UNREACHABLE, .error = ENETUNREACH }, "network unreachable" },
		{ { .outcome = PROBE_MALFORMED, .malformed = MESSAGE_ERROR_VERSION },
		  "malformed answer: version: not 0" },
		{ { .outcome = PROBE_MALFORMED }, "malformed answer: type: not an Advertisement" },
		{ { .outcome = PROBE_NONCE }, "answers with a nonce that was not sent" },
	};
	struct probe_result result = { .outcome = PROBE_UNREACHABLE, .error = ECONNREFUSED };
	char buf[PROBE_TEXT_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(probe_result_format(&cases[i].result, buf), cases[i].words);

	result.offender = address_of("192.0.2.9");
	assert_string_equal(probe_result_format(&result, buf), "port unreachable (from 192.0.2.9)");
}

static void test_answer(void **state)
{
	struct fixture *fixture = *state;
	const struct probe_options options = options_of(fixture);
	struct ended ended = { 0 };
	char text[ADDRESS_TEXT_MAX];

	start(fixture, &options, 0, &ended);
	expect_discovery(fixture);
	assert_int_equal(prober_dispatch(fixture->prober, 1), 0);
	assert_int_equal(ended.n, 0);
	advertise_from(fixture->relay, fixture, 0);
	dispatch(fixture, 2);
	assert_int_equal(ended.n, 1);
	assert_int_equal(ended.result.outcome, PROBE_ANSWERED);
	assert_int_equal(ended.result.sent, 1);
	assert_int_equal(ended.result.port, fixture->port);
	assert_address(&ended.result.relay, "127.0.0.1");
	assert_true(ended.result.rtt_usec < WAIT_MSEC * 1000);
	assert_string_equal(address_format(&ended.result.advertised, text), "192.0.2.7");

	/* One that comes twice is nobody's: its port is closed. */
	advertise_from(fixture->relay, fixture, 0);
	assert_int_equal(prober_dispatch(fixture->prober, 3), 0);
	assert_int_equal(ended.n, 1);
	assert_int_equal(recv(fixture->relay, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
}

/* Each Discovery has a port of its own, and is answered there alone. */
static void test_ports(void **state)
{
	struct fixture *fixture = *state;
	struct probe_options options = options_of(fixture);
	struct ended ended = { 0 };
	in_port_t ports[3];

	options.tries = 2;
	options.interval_usec = 300000;
	start(fixture, &options, 0, &ended);
	expect_discovery(fixture);
	ports[0] = fixture->asker.sin_port;
	prober_dispatch(fixture->prober, 300000);
	expect_discovery(fixture);
	ports[1] = fixture->asker.sin_port;
	assert_int_not_equal(ports[0], ports[1]);

	fixture->asker.sin_port = ports[0];
	advertise_from(fixture->relay, fixture, 0);
	dispatch(fixture, 300001);
	assert_int_equal(ended.n, 0);
	fixture->asker.sin_port = ports[1];
	advertise_from(fixture->relay, fixture, 0);
	dispatch(fixture, 300002);
	assert_int_equal(ended.n, 1);
	assert_int_equal(ended.result.outcome, PROBE_ANSWERED);

	start(fixture, &options, SECOND, &ended);
	expect_discovery(fixture);
	ports[2] = fixture->asker.sin_port;
	assert_true(ports[2] != ports[0] && ports[2] != ports[1]);
}

/* However many are asked: descriptors are few, and all are answered. */
static void test_many(void **state)
{
	struct fixture *fixture = *state;
	struct ended ended[300] = { 0 };
	uint8_t discovery[8];

	for (size_t i = 0; i < ARRAY_SIZE(ended); i++) {
		struct probe_options options = options_of(fixture);

		options.source = address_of("127.0.0.1");
		options.source.in.s_addr = htonl(INADDR_LOOPBACK + i);
		start(fixture, &options, 0, &ended[i]);
		expect_discovery(fixture);
		memcpy(discovery, fixture->discovery, sizeof(discovery));
		advertise_from(fixture->relay, fixture, 0);
		if (i % 2)
			dispatch(fixture, 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ended); i++) {
		while (ended[i].n == 0)
			dispatch(fixture, 2);
		assert_int_equal(ended[i].result.outcome, PROBE_ANSWERED);
	}
}

static void test_refused_addresses(void **state)
{
	static const char *const bad[] = { "0.0.0.0", "255.255.255.255", "224.0.0.1" };
	struct fixture *fixture = *state;
	struct probe_options options = options_of(fixture);
	struct probe *probe = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		options.relay = address_of(bad[i]);
		assert_int_equal(probe_start(fixture->prober, &options, 0, on_done, NULL, &probe),
				 -EINVAL);
		assert_null(probe);
	}
	options.relay = (struct address){ 0 };
	assert_int_equal(probe_start(fixture->prober, &options, 0, on_done, NULL, &probe), -EINVAL);
	options.relay = address_of("2001:db8::1");
	assert_int_equal(probe_start(fixture->prober, &options, 0, on_done, NULL, &probe),
			 -EAFNOSUPPORT);
	assert_null(probe);
}

static void test_share(void **state)
{
	struct fixture *fixture = *state;
	struct probe_options options = options_of(fixture);
	struct ended ended = { 0 }, late = { 0 };
	unsigned int i;

	for (i = 0; i < ASKERS; i++)
		start(fixture, &options, i * (PROBE_SHARE_USEC / ASKERS), &ended);
	expect_discovery(fixture);
	expect_silence(fixture);

	/* The first is too old to be worth waiting for. */
	start(fixture, &options, PROBE_SHARE_USEC, &late);
	expect_discovery(fixture);
	expect_silence(fixture);

	advertise_from(fixture->relay, fixture, 0);
	dispatch(fixture, PROBE_SHARE_USEC + 1);
	assert_int_equal(ended.n, ASKERS);
	assert_int_equal(ended.result.outcome, PROBE_ANSWERED);
	assert_int_equal(ended.result.sent, 2);
	assert_int_equal(late.n, 1);
	assert_int_equal(late.result.outcome, PROBE_ANSWERED);
	assert_int_equal(late.result.sent, 1);
	assert_int_equal(prober_next_timeout(fixture->prober) > PROBE_SHARE_USEC, true);
}

static void test_own_timeouts(void **state)
{
	struct fixture *fixture = *state;
	struct probe_options options = options_of(fixture);
	struct ended soon = { 0 }, later = { 0 };

	options.timeout_usec = 2 * SECOND;
	start(fixture, &options, 0, &later);
	options.timeout_usec = 1 * SECOND;
	start(fixture, &options, 0, &soon);
	expect_discovery(fixture);

	assert_int_equal(prober_next_timeout(fixture->prober), 1 * SECOND);
	prober_dispatch(fixture->prober, 1 * SECOND - 1);
	assert_int_equal(soon.n, 0);
	prober_dispatch(fixture->prober, 1 * SECOND);
	assert_int_equal(soon.n, 1);
	assert_int_equal(soon.result.outcome, PROBE_TIMEOUT);
	assert_int_equal(later.n, 0);
	assert_int_equal(prober_next_timeout(fixture->prober), 2 * SECOND);

	advertise_from(fixture->relay, fixture, 0);
	dispatch(fixture, 2 * SECOND);
	assert_int_equal(later.n, 1);
	assert_int_equal(later.result.outcome, PROBE_ANSWERED);
	prober_dispatch(fixture->prober, 3 * SECOND);
	assert_int_equal(prober_next_timeout(fixture->prober), UINT64_MAX);
}

static void test_retry(void **state)
{
	struct fixture *fixture = *state;
	struct probe_options options = options_of(fixture);
	struct ended ended = { 0 };
	struct sockaddr_in asker;
	uint8_t first[8];

	options.tries = 3;
	options.interval_usec = 300000;
	start(fixture, &options, 0, &ended);
	expect_discovery(fixture);
	memcpy(first, fixture->discovery, sizeof(first));
	asker = fixture->asker;
	assert_int_equal(prober_next_timeout(fixture->prober), 300000);

	prober_dispatch(fixture->prober, 300000);
	expect_discovery(fixture);
	assert_memory_not_equal(first, fixture->discovery, sizeof(first));
	assert_int_equal(prober_next_timeout(fixture->prober), 600000);
	prober_dispatch(fixture->prober, 600000);
	expect_discovery(fixture);
	assert_int_equal(prober_next_timeout(fixture->prober), 1 * SECOND);
	prober_dispatch(fixture->prober, 900000);
	expect_silence(fixture);

	/* The first answer was only slow. */
	memcpy(fixture->discovery, first, sizeof(first));
	fixture->asker = asker;
	advertise_from(fixture->relay, fixture, 0);
	dispatch(fixture, 950000);
	assert_int_equal(ended.n, 1);
	assert_int_equal(ended.result.outcome, PROBE_ANSWERED);
	assert_int_equal(ended.result.sent, 3);
}

static void test_retry_backs_off(void **state)
{
	static const uint64_t limits[] = { 2 * SECOND, 4 * SECOND, 8 * SECOND };
	struct fixture *fixture = *state;
	struct probe_options options = options_of(fixture);
	struct ended ended = { 0 };
	uint64_t now = 0, wait;
	size_t i;

	options.tries = 4;
	options.timeout_usec = 100 * SECOND;
	start(fixture, &options, now, &ended);
	expect_discovery(fixture);
	for (i = 0; i < 3; i++) {
		wait = prober_next_timeout(fixture->prober) - now;
		assert_in_range(wait, 1 * SECOND, limits[i]);
		now += wait;
		prober_dispatch(fixture->prober, now);
		expect_discovery(fixture);
	}
	assert_int_equal(prober_next_timeout(fixture->prober), 100 * SECOND);
}

static void test_unreachable(void **state)
{
	struct fixture *fixture = *state;
	struct probe_options options = options_of(fixture), dead = options;
	struct ended refused = { 0 }, answered = { 0 };

	close(open_port(&dead.port));
	start(fixture, &dead, 0, &refused);
	/* The error that waits must not keep this one from being sent. */
	start(fixture, &options, 0, &answered);
	expect_discovery(fixture);
	dispatch(fixture, 1);
	assert_int_equal(refused.n, 1);
	assert_int_equal(refused.result.outcome, PROBE_UNREACHABLE);
	assert_int_equal(refused.result.error, ECONNREFUSED);
	assert_address(&refused.result.offender, "127.0.0.1");
	assert_int_equal(refused.result.port, dead.port);
	assert_int_equal(answered.n, 0);

	advertise_from(fixture->relay, fixture, 0);
	dispatch(fixture, 2);
	assert_int_equal(answered.n, 1);
	assert_int_equal(answered.result.outcome, PROBE_ANSWERED);
	assert_int_equal(prober_counters(fixture->prober)->icmp, 1);
}

/* A forged ICMP port unreachable, which quotes a message of the asker's to this port, and n bytes
 * of data. */
static void send_error(int raw, const struct fixture *fixture, uint16_t port, const void *data,
		       size_t n)
{
	struct {
		struct icmphdr icmp;
		struct iphdr ip;
		struct udphdr udp;
		uint8_t data[128];
	} error = {
		.icmp = { .type = ICMP_DEST_UNREACH, .code = ICMP_PORT_UNREACH },
		.ip = { .version = 4,
			.ihl = 5,
			.tot_len = htons(28 + 8),
			.ttl = 64,
			.protocol = IPPROTO_UDP,
			.saddr = htonl(INADDR_LOOPBACK),
			.daddr = htonl(INADDR_LOOPBACK) },
		.udp = { .source = fixture->asker.sin_port,
			 .dest = htons(port),
			 .len = htons(8 + 8) },
	};
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	memcpy(error.data, data, n);
	n += offsetof(typeof(error), data);
	error.icmp.checksum = (uint16_t)~checksum_fold(checksum_add(0, &error, n));
	assert_int_equal(sendto(raw, &error, n, 0, (const struct sockaddr *)&to, sizeof(to)), n);
}

static int open_raw(void)
{
	int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);

	if (raw < 0)
		skip(); /* needs CAP_NET_RAW */
	return raw;
}

/* Errors that quote no nonce: the relay is asked a few times more, and the probe lasts. */
static void test_forged_error(void **state)
{
	static const uint8_t padding[100] = { 0 };
	struct fixture *fixture = *state;
	struct probe_options options = options_of(fixture);
	struct ended ended = { 0 };
	uint64_t now = 0;
	int raw = open_raw();

	options.timeout_usec = 5 * SECOND;
	start(fixture, &options, 0, &ended);
	expect_discovery(fixture);
	for (unsigned int i = 0; i < 3; i++) {
		for (unsigned int j = 0; j < 10; j++)
			send_error(raw, fixture, fixture->port,
				   i == 2 ? padding : fixture->discovery,
				   i == 0   ? 0
				   : i == 1 ? 7
					    : sizeof(padding));
		dispatch(fixture, now + 1);
		assert_int_equal(ended.n, 0);
		expect_silence(fixture);
		now += PROBE_SHARE_USEC;
		assert_int_equal(prober_next_timeout(fixture->prober), now);
		prober_dispatch(fixture->prober, now);
		expect_discovery(fixture);
	}
	send_error(raw, fixture, fixture->port, NULL, 0);
	dispatch(fixture, now + 1);
	assert_int_equal(prober_next_timeout(fixture->prober), 5 * SECOND);
	advertise_from(fixture->relay, fixture, 0);
	dispatch(fixture, now + 2);
	assert_int_equal(ended.n, 1);
	assert_int_equal(ended.result.outcome, PROBE_ANSWERED);
	assert_int_equal(ended.result.sent, 4);

	/* Without an answer they are the reason that is known. */
	start(fixture, &options, now, &ended);
	expect_discovery(fixture);
	send_error(raw, fixture, fixture->port, NULL, 0);
	dispatch(fixture, now);
	prober_dispatch(fixture->prober, now + 5 * SECOND);
	assert_int_equal(ended.n, 2);
	assert_int_equal(ended.result.outcome, PROBE_UNREACHABLE);
	assert_int_equal(ended.result.error, ECONNREFUSED);
	close(raw);
}

/* Another nonce, or another relay: nothing happens. The nonce, with padding behind it: the end. */
static void test_quoted_nonce(void **state)
{
	struct fixture *fixture = *state;
	struct probe_options options = options_of(fixture);
	struct ended ended = { 0 };
	uint8_t data[100] = { 0 };
	int raw = open_raw();

	start(fixture, &options, 0, &ended);
	expect_discovery(fixture);
	memcpy(data, fixture->discovery, 8);
	data[7] ^= 1;
	send_error(raw, fixture, fixture->port, data, 8);
	send_error(raw, fixture, fixture->port, data, sizeof(data));
	data[7] ^= 1;
	send_error(raw, fixture, fixture->port ^ 1, data, 8);
	dispatch(fixture, 1);
	assert_int_equal(ended.n, 0);
	assert_int_equal(prober_next_timeout(fixture->prober), PROBE_TIMEOUT_USEC);
	send_error(raw, fixture, fixture->port, data, sizeof(data));
	dispatch(fixture, 2);
	assert_int_equal(ended.n, 1);
	assert_int_equal(ended.result.outcome, PROBE_UNREACHABLE);
	assert_int_equal(ended.result.sent, 1);
	close(raw);
}

static void test_wrong_answers(void **state)
{
	static const uint8_t query[20] = { 4 }, version[12] = { 0x12 }, longer[3000] = { 2 };
	static const struct {
		const void *data;
		size_t length;
		enum message_error error;
	} cases[] = {
		{ query, 0, MESSAGE_ERROR_SHORT },
		{ query, 20, MESSAGE_ERROR_INNER },
		{ version, 12, MESSAGE_ERROR_VERSION },
		{ longer, 600, MESSAGE_ERROR_ADDRESS },
		{ longer, 3000, MESSAGE_ERROR_LONG },
		{ "\1\0\0\0abcd", 8, MESSAGE_ERROR_NONE }, /* a Discovery */
	};
	struct fixture *fixture = *state;
	const struct probe_options options = options_of(fixture);
	uint64_t now = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++, now += SECOND) {
		struct ended ended = { 0 };

		start(fixture, &options, now, &ended);
		expect_discovery(fixture);
		answer_from(fixture->relay, fixture, cases[i].data, cases[i].length);
		dispatch(fixture, now + 1);
		assert_int_equal(ended.n, 0);
		prober_dispatch(fixture->prober, now + SECOND);
		assert_int_equal(ended.n, 1);
		assert_int_equal(ended.result.outcome, PROBE_MALFORMED);
		assert_int_equal(ended.result.malformed, cases[i].error);
	}
}

static void test_right_after_wrong(void **state)
{
	struct fixture *fixture = *state;
	const struct probe_options options = options_of(fixture);
	struct ended ended = { 0 };

	start(fixture, &options, 0, &ended);
	expect_discovery(fixture);
	answer_from(fixture->relay, fixture, "x", 1);
	advertise_from(fixture->relay, fixture, 0xff);
	dispatch(fixture, 1);
	advertise_from(fixture->relay, fixture, 0);
	dispatch(fixture, 2);
	assert_int_equal(ended.n, 1);
	assert_int_equal(ended.result.outcome, PROBE_ANSWERED);
}

static void test_wrong_nonce(void **state)
{
	struct fixture *fixture = *state;
	const struct probe_options options = options_of(fixture);
	struct ended ended = { 0 };

	start(fixture, &options, 0, &ended);
	expect_discovery(fixture);
	advertise_from(fixture->relay, fixture, 0xff);
	dispatch(fixture, 1);
	prober_dispatch(fixture->prober, SECOND);
	assert_int_equal(ended.n, 1);
	assert_int_equal(ended.result.outcome, PROBE_NONCE);
}

static void test_elsewhere(void **state)
{
	struct fixture *fixture = *state;
	const struct probe_options options = options_of(fixture);
	struct ended ended = { 0 };
	uint16_t port;
	int other = open_port(&port);

	start(fixture, &options, 0, &ended);
	expect_discovery(fixture);
	advertise_from(other, fixture, 0);
	dispatch(fixture, 1);
	prober_dispatch(fixture->prober, SECOND);
	assert_int_equal(ended.n, 1);
	assert_int_equal(ended.result.outcome, PROBE_SOURCE);
	assert_int_equal(ended.result.from_port, port);
	close(other);
}

static void test_cancel(void **state)
{
	struct fixture *fixture = *state;
	const struct probe_options options = options_of(fixture);
	struct ended ended = { 0 }, cancelled = { 0 };
	struct probe *probe;

	probe = start(fixture, &options, 0, &cancelled);
	start(fixture, &options, 0, &ended);
	probe_cancel(probe);
	expect_discovery(fixture);
	advertise_from(fixture->relay, fixture, 0);
	dispatch(fixture, 1);
	assert_int_equal(ended.n, 1);
	assert_int_equal(cancelled.n, 0);

	probe_cancel(start(fixture, &options, 2, &cancelled));
	prober_dispatch(fixture->prober, 10 * SECOND);
	assert_int_equal(cancelled.n, 0);
	assert_int_equal(prober_next_timeout(fixture->prober), UINT64_MAX);
	probe_cancel(NULL);
}

struct restart {
	struct fixture *fixture;
	const struct probe_options *options;
	unsigned int n;
	struct probe *other;
};

static void on_done_restart(struct probe *probe, const struct probe_result *result, void *userdata)
{
	struct restart *restart = userdata;
	struct probe *again;

	assert_int_equal(result->outcome, PROBE_UNREACHABLE);
	assert_int_equal(result->sent, 0);
	restart->n++;
	probe_cancel(restart->other);
	restart->other = NULL;
	assert_int_equal(probe_start(restart->fixture->prober, restart->options, 0, on_done_restart,
				     restart, &again),
			 0);
}

/* A probe that cannot be sent ends in the next dispatch, and one that its end starts in the one
 * after it; it may cancel another that ended with it. */
static void test_restart(void **state)
{
	struct fixture *fixture = *state;
	struct probe_options options = options_of(fixture);
	struct restart restart = { .fixture = fixture, .options = &options };
	struct ended cancelled = { 0 };
	struct probe *probe;

	options.source = address_of("192.0.2.1");
	assert_int_equal(
		probe_start(fixture->prober, &options, 0, on_done_restart, &restart, &probe), 0);
	restart.other = start(fixture, &options, 0, &cancelled);
	assert_int_equal(restart.n, 0);
	assert_int_equal(prober_next_timeout(fixture->prober), 0);
	prober_dispatch(fixture->prober, 1);
	assert_int_equal(restart.n >= 1, true);
	assert_int_equal(cancelled.n, 0);
	prober_dispatch(fixture->prober, 2);
	assert_int_equal(prober_next_timeout(fixture->prober), 0);
	assert_in_range(restart.n, 2, 4);
}

#define socket_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_back_off),
		cmocka_unit_test(test_words),
		socket_test(test_answer),
		socket_test(test_refused_addresses),
		socket_test(test_share),
		socket_test(test_own_timeouts),
		socket_test(test_retry),
		socket_test(test_retry_backs_off),
		socket_test(test_ports),
		socket_test(test_many),
		socket_test(test_unreachable),
		socket_test(test_forged_error),
		socket_test(test_quoted_nonce),
		socket_test(test_wrong_answers),
		socket_test(test_right_after_wrong),
		socket_test(test_wrong_nonce),
		socket_test(test_elsewhere),
		socket_test(test_cancel),
		socket_test(test_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
