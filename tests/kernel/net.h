/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two network namespaces of the running kernel, joined by a veth pair, for tests of what the kernel
 * does with packets. Needs root. Whatever fails here ends the test program.
 */
#ifndef TESTS_KERNEL_NET_H
#define TESTS_KERNEL_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NET_HOST   "10.1.0.1"
#define NET_RELAY  "10.1.0.2"
#define NET_RELAY2 "10.1.0.3"

enum net_side {
	HOST, /* where the process stays, and where the table under test is */
	RELAY,
};

void net_setup(void);

/* Let what follows happen at that side; back to HOST before long. */
void net_enter(enum net_side side);

/* Non-blocking. */
int net_socket(enum net_side side, int family, int type, int protocol);

/* Non-blocking UDP socket bound to the port. What it sends has its checksum left to the interface
 * (CHECKSUM_PARTIAL), which a veth never completes. */
int net_udp(enum net_side side, uint16_t port);

/* For net_send_raw(): packets with a finished checksum (CHECKSUM_NONE), as the amt driver's own. */
int net_raw(enum net_side side);

void net_send(int fd, const char *to, uint16_t port, const void *payload, size_t length);
void net_send_raw(int fd, const char *from, uint16_t from_port, const char *to, uint16_t port,
		  const void *payload, size_t length);

/* The next datagram, waited for up to 5 s: its length, and the port it came from. */
size_t net_receive(int fd, void *buf, size_t size, uint16_t *ret_port);

/* True when the descriptor becomes readable within that time. */
bool net_readable(int fd, int milliseconds);

/* sh -c, which must succeed. */
void net_shell(const char *command);

/* sh -c, which must succeed: does a line of its output have the text? */
bool net_shows(const char *command, const char *text);

#endif
