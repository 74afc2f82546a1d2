/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtctl/handshake.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES	  2
#define QUERY_MAX 2048
#define P_RFC	  0x01
#define P_LINUX	  0x80

/* A connected socket: ICMP errors come back, and answers from elsewhere do not. */
static int open_socket(const struct address *relay, uint16_t port)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = relay->in,
	};
	const int one = 1;
	int fd, r;

	if (relay->family != AF_INET)
		return -EAFNOSUPPORT;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one)) < 0 ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static void take_answer(const uint8_t *data, ssize_t length, uint32_t nonce, uint64_t rtt_usec,
			struct handshake_answer *answer)
{
	enum message_error error;
	struct message message;

	error = message_parse(data, length, &message);
	if (error != MESSAGE_ERROR_NONE || message.type != AMT_QUERY) {
		answer->malformed = true;
		answer->message_error = error;
		return;
	}
	if (message.query.nonce != nonce)
		return;
	answer->queried = true;
	answer->family = message.query.inner.family;
	answer->rtt_usec = rtt_usec;
	answer->l = message.query.l;
	answer->g = message.query.g;
	answer->seen_as = message.query.gateway;
}

/* Wait for the Query until the timeout or an error. */
static void await_query(int fd, uint32_t nonce, uint64_t timeout_usec,
			struct handshake_answer *answer)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	uint64_t start = clock_monotonic(), end = start + timeout_usec, now;
	uint8_t data[QUERY_MAX];
	ssize_t n;

	while (!answer->queried && (now = clock_monotonic()) < end) {
		if (poll(&poll_fd, 1, (int)((end - now) / USEC_PER_MSEC) + 1) <= 0)
			continue;
		n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		if (n >= 0) {
			take_answer(data, n, nonce, clock_monotonic() - start, answer);
		} else if (errno != EAGAIN && errno != EINTR) {
			answer->error = errno;
			recv(fd, data, sizeof(data), MSG_ERRQUEUE | MSG_DONTWAIT);
			return;
		}
	}
}

static int send_request(int fd, uint8_t p, uint64_t timeout_usec, struct handshake_answer *answer)
{
	struct message request = { .type = AMT_REQUEST };
	uint8_t data[64];
	unsigned int i;
	ssize_t n;

	if (getrandom(&request.request.nonce, sizeof(request.request.nonce), 0) < 0)
		return -errno;
	n = message_build(&request, data, sizeof(data));
	if (n < 0)
		return (int)n;
	data[1] |= p; /* the codec has the RFC's position only */

	for (i = 0; i < TRIES && !answer->queried && answer->error == 0; i++) {
		if (send(fd, data, n, MSG_NOSIGNAL) < 0) {
			answer->error = errno;
			return 0;
		}
		await_query(fd, request.request.nonce, timeout_usec, answer);
	}
	return 0;
}

static struct address local_address(int fd)
{
	struct sockaddr_in local = { 0 };
	socklen_t length = sizeof(local);

	if (getsockname(fd, (struct sockaddr *)&local, &length) < 0)
		return (struct address){ 0 };
	return address_from_in(local.sin_addr);
}

int handshake_do(const struct address *relay, uint16_t port, uint64_t timeout_usec,
		 struct handshake *ret)
{
	struct handshake handshake = { 0 };
	int fd, r;

	fd = open_socket(relay, port);
	if (fd < 0)
		return fd;
	handshake.local = local_address(fd);
	r = send_request(fd, 0, timeout_usec, &handshake.igmp);
	if (r == 0 && handshake.igmp.queried)
		r = send_request(fd, P_RFC, timeout_usec, &handshake.mld);
	if (r == 0 && handshake.igmp.queried)
		r = send_request(fd, P_LINUX, timeout_usec, &handshake.mld_linux);
	close(fd);
	if (r == 0)
		*ret = handshake;
	return r;
}
