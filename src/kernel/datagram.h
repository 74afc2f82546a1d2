/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP datagrams from a gateway's own address and port, which the driver's socket holds: through a
 * raw socket with IP_HDRINCL, raw(7).
 *
 * They pass the firewall's output hook like what the driver sends. The table `ip amtd` redirects
 * packets from a gateway's port to its relay, but not these: they have FIREWALL_MARK, and the final
 * destination.
 */
#ifndef AMT_KERNEL_DATAGRAM_H
#define AMT_KERNEL_DATAGRAM_H

#include "base/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct datagram;

/* A raw socket; it receives nothing. -EPERM without CAP_NET_RAW and CAP_NET_ADMIN. */
int datagram_open(struct datagram **ret);
void datagram_close(struct datagram *datagram); /* NULL is fine */

/* Ports in host byte order. */
struct datagram_path {
	struct address local; /* an address of this host */
	uint16_t port;
	struct address remote;
	uint16_t remote_port;
};

#define DATAGRAM_MAX 65507 /* bytes of payload */

/* 0 when it was sent, or negative errno: -EMSGSIZE when it does not fit into the link's MTU. Never
 * blocks. */
int datagram_send(struct datagram *datagram, const struct datagram_path *path, const void *payload,
		  size_t length);

/* The complete packet, with the UDP checksum that RFC 7450, 5.1, requires; identification and
 * header checksum are zero, the kernel fills them in. Its length, or -ENOBUFS. Pure. */
ssize_t datagram_build(const struct datagram_path *path, const void *payload, size_t length,
		       void *buf, size_t size);

#endif
