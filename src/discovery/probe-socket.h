/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets of a prober: each Discovery leaves from one of its own, with a random port (the
 * kernel's choice at the first sendmsg(), udp_lib_get_port()), so that whoever does not see it has
 * to guess the port as well as the nonce.
 */
#ifndef AMT_DISCOVERY_PROBE_SOCKET_H
#define AMT_DISCOVERY_PROBE_SOCKET_H

#include "discovery/probe.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* An Advertisement has 24 bytes at most; longer ones are reported. */
#define PROBE_MESSAGE_MAX 2048

struct probe_sockets;
struct probe_socket;

/* A message from the kernel, or its error about one. */
struct probe_arrival {
	struct probe_socket *socket; /* lives as long as the callback */
	struct sockaddr_in address;
	ssize_t length; /* of the whole message */
	uint8_t data[PROBE_MESSAGE_MAX];
	struct sock_extended_err error;
	struct in_addr offender;
};

/* device NULL: any; else SO_BINDTODEVICE. */
int probe_sockets_open(const char *device, struct probe_sockets **ret);
void probe_sockets_close(struct probe_sockets *sockets);   /* all are released; NULL is fine */
int probe_sockets_fd(const struct probe_sockets *sockets); /* readable when one of them is */

/* A new one; the latest once more when there are many. 0 or negative errno; release it. */
int probe_socket_take(struct probe_sockets *sockets, struct probe_socket **ret);
void probe_socket_release(struct probe_socket *socket); /* NULL is fine */

int probe_socket_send(const struct probe_socket *socket, const struct probe_options *target,
		      const void *data, size_t length);

/* Calls back for what waits at any socket, messages first. Callbacks may take and release sockets.
 * 0, or negative errno of the error queues. */
typedef void (*probe_arrived)(const struct probe_arrival *arrival, void *userdata);
int probe_sockets_receive(struct probe_sockets *sockets, probe_arrived on_message,
			  probe_arrived on_error, void *userdata);

#endif
