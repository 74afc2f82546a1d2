/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A handshake with a relay, up to the Membership Query: Request and Query, but no Update, so that
 * no membership is established (RFC 7450, 4.2.1.2).
 */
#ifndef AMTCTL_HANDSHAKE_H
#define AMTCTL_HANDSHAKE_H

#include "wire/message.h"

#include <stdbool.h>

/* The answer to one Request. */
struct handshake_answer {
	bool queried;	    /* a Query came */
	sa_family_t family; /* AF_INET: with IGMP inside; AF_INET6: with MLD */
	uint64_t rtt_usec;
	bool l, g;
	struct message_gateway seen_as; /* with g */
	bool malformed;			/* something else came */
	enum message_error message_error;
	int error; /* errno of an ICMP error; 0: none */
};

struct handshake {
	struct address local; /* where the Requests came from */
	struct handshake_answer igmp;
	struct handshake_answer mld;	   /* P at 0x01, RFC 7450, 5.1.3.4 */
	struct handshake_answer mld_linux; /* P at 0x80, where drivers/net/amt.c has it */
};

/* Three Requests, each repeated once where nothing came; blocks for six timeouts at most. 0 or
 * negative errno; -EAFNOSUPPORT: not an IPv4 address. */
int handshake_do(const struct address *relay, uint16_t port, uint64_t timeout_usec,
		 struct handshake *ret);

#endif
