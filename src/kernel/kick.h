/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a gateway device send its next Request at once, not after its back-off: after its relay was
 * changed underneath it.
 *
 * On an ICMP error about its Request the driver sends the next one (amt_err_lookup() in
 * drivers/net/amt.c, Linux 6.1). So a kick is an ICMP port unreachable from this host to itself
 * that quotes such a Request. What is checked:
 * - net/ipv4/udp.c finds the device's socket by the quoted source address and port: `local` and the
 *   device's port, and where no socket has that one, by the quoted destination port. The relay is
 *   not checked, but for connection tracking the error is RELATED only with the relay and port on
 *   the wire, and a firewall may require that.
 * - The driver reads version and type of the quoted message. Request and Update count; Discovery is
 *   accepted and of no effect, anything else counts as rx_dropped.
 * - Its status must be at least "Advertisement received". While a gateway still discovers, or fell
 *   back to that, a kick does nothing: Discoveries leave every 5 s, whatever happens.
 *
 * Each kick spends one of the Requests that the driver sends without an answer: after the fourth it
 * falls back to Discovery, and a kick then makes it do so at once. A Query sets the count to zero.
 */
#ifndef AMT_KERNEL_KICK_H
#define AMT_KERNEL_KICK_H

#include "base/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct kick;

/* A raw ICMP socket. -EPERM without CAP_NET_RAW. */
int kick_open(struct kick **ret);
void kick_close(struct kick *kick); /* NULL is fine */

/* The gateway to kick: ports in host byte order. */
struct kick_target {
	struct address local; /* the gateway's own address */
	uint16_t port;	      /* and UDP port */
	struct address relay; /* on the wire, after all rewriting, as relay_port */
	uint16_t relay_port;
};

/* 0 when it was sent; that the driver did anything shows in the Request. */
int kick_send(struct kick *kick, const struct kick_target *target);

/* The ICMP message; pure. */
#define KICK_LENGTH 44 /* ICMP header, quoted IPv4 header, UDP header and Request */
void kick_build(const struct kick_target *target, uint8_t buf[static KICK_LENGTH]);

#endif
