/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AMT messages as the queue of fake-kernel.h hands them to amtd, and a relay at the peer that
 * answers Discoveries, RFC 7450.
 */
#ifndef TESTS_UNIT_DAEMON_AMT_H
#define TESTS_UNIT_DAEMON_AMT_H

#include "fake-kernel.h"

/* Where a packet comes from and goes to. */
struct amt_path {
	const char *from;
	uint16_t from_port;
	const char *to;
	uint16_t to_port;
};

/* message: in hex. */
struct fake_verdict amt_packet(enum firewall_queue queue, const struct amt_path *path,
			       const char *message);
/* An ICMP port unreachable from there about what was sent along the path. */
struct fake_verdict amt_unreachable(const char *from, const struct amt_path *path);

/* The message of a verdict's packet, until the next call; its length. */
const uint8_t *amt_message(const struct fake_verdict *verdict, size_t *ret_length);

/* A relay at an address of the peer's. It answers each Discovery with advertised, NULL: nothing,
 * and keeps count of what it gets. */
struct amt_relay;
struct amt_relay *amt_relay_open(const char *address, const char *advertised);
void amt_relay_close(struct amt_relay *relay);
/* Messages of this type so far; the last one, in hex with no blanks; "": there was none. */
unsigned int amt_relay_count(struct amt_relay *relay, unsigned int type);
const char *amt_relay_last(struct amt_relay *relay, unsigned int type);

#endif
