/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a gateway says before it goes: that it wants no group any more (Membership Updates, RFC
 * 7450, 5.1.5), and that its tunnel has ended (Teardown, 5.1.7). The driver says nothing, and a
 * relay then sends on for minutes. Pure: no I/O, no allocation.
 *
 * A relay believes only who shows the nonce and the MAC of a Query, so what Queries said is kept:
 * a ticket. It is in memory alone. A gateway that goes before a Query was seen, as right after a
 * start of amtd, goes without a word; a Query comes every 2 s.
 *
 * What the relay does not give, it does not get:
 * - with gateway fields (G) in its Query it gets a Teardown, which has to repeat them (5.1.7);
 * - without, it may be a Linux driver's (drivers/net/amt.c, 6.1 to today), which never gives them,
 *   and drops a Teardown. It knows the nonce of the last Request alone, so a Request with the
 *   ticket's nonce comes first, in case the driver has asked anew meanwhile. Of an IGMPv3 Report it
 *   forgets neither group nor source, but it forgets a group at once that an IGMPv2 Leave names.
 *   So each group is left once more with that, or with an MLDv1 Done; to whom version 3 or 2 was
 *   enough these say nothing new (RFC 9776, 7.3.2; RFC 9777, 8.3.2).
 *
 * That driver holds each group for each host, by the source address of its messages, and reads the
 * host of a Done where an IPv4 header would have it, which is in the middle of the IPv6 source:
 * four bytes, and zeros (amt_mldv1_leave_handler()). So only hosts can leave whose address has
 * nothing behind its fourth byte. LEAVE_HOST is one: link-local (fe80::/10), though not of
 * fe80::/64, and with zeros where BSD keeps the interface, else it drops such an address.
 */
#ifndef AMT_DEVICE_LEAVE_H
#define AMT_DEVICE_LEAVE_H

#include "wire/message.h"

#include <stdbool.h>

#define LEAVE_HOST                         \
	{                                  \
		{                          \
			{                  \
				0xfe, 0x81 \
			}                  \
		}                          \
	}

struct leave_ticket {
	bool known; /* else there was no such Query */
	bool g;	    /* it has gateway fields */
	uint8_t mac[AMT_MAC_LENGTH];
	uint32_t nonce;
	struct message_gateway gateway;
};

/* What the relay that is left said last. */
struct leave_tickets {
	struct leave_ticket igmp, mld;
	bool mld_last; /* the MLD Query was the later one */
};

struct leave {
	const struct leave_tickets *tickets;
	const struct address *groups; /* none twice */
	size_t n_groups;
	struct in_addr source;	 /* of the device's own IGMP messages; 0.0.0.0 is fine */
	struct in6_addr source6; /* of its MLD messages; :: is fine */
	size_t mtu;		 /* bytes: no encapsulated packet is longer */
};

#define LEAVE_MTU_MIN 576  /* a smaller mtu is taken for this one */
#define LEAVE_MTU_MAX 1500 /* a larger one likewise */

/* Relays that need to be told of each group by itself know few: AMT_MAX_GROUP is 32. */
#define LEAVE_SINGLE_MAX 256

/* Each message, in the order in which they are to be sent. The return value other than 0 ends it.
 */
typedef int (*leave_each)(const void *message, size_t length, void *userdata);

/* Nothing is said without a ticket. 0, or what each returned. */
int leave_messages(const struct leave *leave, leave_each each, void *userdata);

#endif
