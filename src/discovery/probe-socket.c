/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "discovery/probe-socket.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUDGET	    256	 /* messages of a socket at once, so that an event loop stays fair */
#define SOCKETS_MAX 64	 /* descriptors: libnftables aborts beyond 1,024 */
#define TOS	    0xc0 /* as the driver has it: AMT_TOS */

struct probe_socket {
	TAILQ_ENTRY(probe_socket) entry;
	struct probe_sockets *sockets;
	int fd;
	unsigned int n_users;
};

struct probe_sockets {
	char device[IFNAMSIZ]; /* "": any */
	int epoll;
	TAILQ_HEAD(probe_socket_list, probe_socket) list;
	unsigned int n;
};

int probe_sockets_open(const char *device, struct probe_sockets **ret)
{
	struct probe_sockets *sockets;
	int r;

	if (device && strlen(device) >= IFNAMSIZ)
		return -ENODEV;
	sockets = calloc(1, sizeof(*sockets));
	if (!sockets)
		return -ENOMEM;
	if (device)
		strcpy(sockets->device, device);
	TAILQ_INIT(&sockets->list);
	sockets->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (sockets->epoll < 0) {
		r = -errno;
		free(sockets);
		return r;
	}
	*ret = sockets;
	return 0;
}

void probe_sockets_close(struct probe_sockets *sockets)
{
	if (!sockets)
		return;
	close(sockets->epoll);
	free(sockets);
}

int probe_sockets_fd(const struct probe_sockets *sockets)
{
	return sockets->epoll;
}

static int set_options(int fd, const char *device)
{
	const int one = 1, tos = TOS;

	if (setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)) < 0)
		return -errno;
	if (device[0] != '\0' &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device)) < 0)
		return -errno;
	return 0;
}

/* A descriptor that the epoll set has, or negative errno. */
static int open_socket(const struct probe_sockets *sockets)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd, r;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = set_options(fd, sockets->device);
	if (r == 0 && epoll_ctl(sockets->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int probe_socket_take(struct probe_sockets *sockets, struct probe_socket **ret)
{
	struct probe_socket *taken = TAILQ_LAST(&sockets->list, probe_socket_list);
	int fd;

	if (sockets->n < SOCKETS_MAX) {
		fd = open_socket(sockets);
		if (fd < 0)
			return fd;
		taken = calloc(1, sizeof(*taken));
		if (!taken) {
			close(fd);
			return -ENOMEM;
		}
		taken->sockets = sockets;
		taken->fd = fd;
		TAILQ_INSERT_TAIL(&sockets->list, taken, entry);
		sockets->n++;
	}
	taken->n_users++;
	*ret = taken;
	return 0;
}

void probe_socket_release(struct probe_socket *released)
{
	if (!released || --released->n_users > 0)
		return;
	TAILQ_REMOVE(&released->sockets->list, released, entry);
	released->sockets->n--;
	close(released->fd);
	free(released);
}

int probe_socket_send(const struct probe_socket *sending, const struct probe_options *target,
		      const void *data, size_t length)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(target->port),
		.sin_addr = target->relay.in,
	};
	struct in_pktinfo info = {
		.ipi_ifindex = target->ifindex,
		.ipi_spec_dst = target->source.in,
	};
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(sizeof(info))];
	} control = { .header = {
			      .cmsg_len = CMSG_LEN(sizeof(info)),
			      .cmsg_level = IPPROTO_IP,
			      .cmsg_type = IP_PKTINFO,
		      } };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = length };
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	socklen_t size = sizeof(int);
	int ignored, tries = 0;

	memcpy(CMSG_DATA(&control.header), &info, sizeof(info));

	/* An ICMP error about an earlier message, to any relay, is returned by the next sendmsg(),
	 * which then sends nothing (sock_alloc_send_pskb()); its details are in the error queue,
	 * too. */
	do {
		getsockopt(sending->fd, SOL_SOCKET, SO_ERROR, &ignored, &size);
		if (sendmsg(sending->fd, &message, MSG_NOSIGNAL) >= 0)
			return 0;
	} while (errno == EINTR || ++tries < 3);
	return -errno;
}

/* 1, 0 when nothing waits, or negative errno. */
static int receive(int fd, int flags, struct probe_arrival *arrival)
{
	uint8_t control[512] __attribute__((aligned(__alignof__(struct cmsghdr))));
	struct iovec iov = { .iov_base = arrival->data, .iov_len = sizeof(arrival->data) };
	struct msghdr message = {
		.msg_name = &arrival->address,
		.msg_namelen = sizeof(arrival->address),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct sock_extended_err *error;
	struct cmsghdr *header;

	memset(&arrival->error, 0, sizeof(arrival->error));
	arrival->length = recvmsg(fd, &message, flags | MSG_DONTWAIT | MSG_TRUNC);
	if (arrival->length < 0)
		return errno == EAGAIN ? 0 : -errno;

	for (header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
		if (header->cmsg_level != IPPROTO_IP || header->cmsg_type != IP_RECVERR)
			continue;
		error = (struct sock_extended_err *)CMSG_DATA(header);
		memcpy(&arrival->error, error, sizeof(arrival->error));
		arrival->offender.s_addr = INADDR_ANY;
		if (error->ee_origin == SO_EE_ORIGIN_ICMP)
			arrival->offender = ((struct sockaddr_in *)SO_EE_OFFENDER(error))->sin_addr;
	}
	return 1;
}

/* A pending error is returned by recvmsg() once, and is in the error queue, too: it does not
 * concern the receive queue. */
static void receive_messages(struct probe_socket *from, probe_arrived on_message, void *userdata)
{
	struct probe_arrival arrival = { .socket = from };
	int r = 1;

	for (unsigned int i = 0; i < BUDGET && r != 0; i++) {
		r = receive(from->fd, 0, &arrival);
		if (r > 0)
			on_message(&arrival, userdata);
	}
}

static int receive_errors(struct probe_socket *from, probe_arrived on_error, void *userdata)
{
	struct probe_arrival arrival = { .socket = from };
	int r = 1;

	for (unsigned int i = 0; i < BUDGET && r > 0; i++) {
		r = receive(from->fd, MSG_ERRQUEUE, &arrival);
		if (r > 0)
			on_error(&arrival, userdata);
	}
	return r < 0 ? r : 0;
}

int probe_sockets_receive(struct probe_sockets *sockets, probe_arrived on_message,
			  probe_arrived on_error, void *userdata)
{
	struct probe_socket *from, *next;
	int result = 0, r;

	for (from = TAILQ_FIRST(&sockets->list); from; from = next) {
		from->n_users++; /* until its successor is known */
		receive_messages(from, on_message, userdata);
		r = receive_errors(from, on_error, userdata);
		if (r < 0)
			result = r;
		next = TAILQ_NEXT(from, entry);
		probe_socket_release(from);
	}
	return result;
}
