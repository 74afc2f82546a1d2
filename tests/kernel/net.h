/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two network namespaces of the running kernel, connected by a veth pair, for tests of the kernel's
 * handling of packets. Needs root. Any failure here ends the test program.
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
	HOST, /* the namespace of the process and of the table under test */
	RELAY,
};

void net_setup(void);

/* Enter that side's namespace; return to HOST soon. */
void net_enter(enum net_side side);

/* Non-blocking. */
int net_socket(enum net_side side, int family, int type, int protocol);

/* Non-blocking UDP socket bound to the port. The checksum of its packets is left to the interface
 * (CHECKSUM_PARTIAL), and a veth never completes it. */
int net_udp(enum net_side side, uint16_t port);

/* For net_send_raw(): packets with a complete checksum (CHECKSUM_NONE), like the amt driver's. */
int net_raw(enum net_side side);

void net_send(int fd, const char *to, uint16_t port, const void *payload, size_t length);
void net_send_raw(int fd, const char *from, uint16_t from_port, const char *to, uint16_t port,
		  const void *payload, size_t length);

/* Wait up to 5 s for the next datagram: its length and source port. */
size_t net_receive(int fd, void *buf, size_t size, uint16_t *ret_port);

/* True if the descriptor becomes readable within that time. */
bool net_readable(int fd, int milliseconds);

/* sh -c, which must succeed. */
void net_shell(const char *command);

/* sh -c, which must succeed: does a line of its output have the text? */
bool net_shows(const char *command, const char *text);

#endif
