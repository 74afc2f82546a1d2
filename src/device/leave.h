/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of a gateway that leaves a relay: Membership Updates that leave all groups (RFC 7450,
 * 5.1.5), and a Teardown (5.1.7). The driver sends neither, so a relay keeps sending for minutes.
 * Pure: no I/O, no allocation.
 *
 * A relay requires the nonce and the MAC of a Query, so these are kept, in memory only: a ticket. A
 * gateway removed before a Query was seen, as right after a start of amtd, sends nothing; there is
 * a Query every 2 s.
 *
 * It depends on the relay:
 * - with gateway fields (G) in its Query it gets a Teardown, which has to repeat them (5.1.7);
 * - without, it may be a Linux driver's (drivers/net/amt.c, 6.1 to today), which never sends them,
 *   and drops a Teardown. It accepts only the nonce of the last Request, so a Request with the
 *   ticket's nonce is sent first, in case the driver has sent another one meanwhile. On an IGMPv3
 *   Report it forgets neither group nor source, but on an IGMPv2 Leave it forgets the group at
 *   once. So each group is left again with that, or with an MLDv1 Done; for other relays these are
 *   redundant (RFC 9776, 7.3.2; RFC 9777, 8.3.2).
 *
 * That driver keeps each group per host, by the source address of its messages, and reads the host
 * of a Done at the offset of an IPv4 header, in the middle of the IPv6 source: four bytes, then
 * zeros (amt_mldv1_leave_handler()). So only hosts whose address is zero after its fourth byte can
 * leave. LEAVE_HOST is one: link-local (fe80::/10), though not of fe80::/64, and with zeros where
 * BSD has the interface, else it drops such an address.
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

/* From the last Queries of the relay that is left. */
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

#define LEAVE_MTU_MIN 576  /* the minimum; a smaller mtu is raised to it */
#define LEAVE_MTU_MAX 1500 /* a larger one likewise */

/* Relays that need a Leave for each group have few: AMT_MAX_GROUP is 32. */
#define LEAVE_SINGLE_MAX 256

/* Called for each message, in sending order. A nonzero return value ends it. */
typedef int (*leave_each)(const void *message, size_t length, void *userdata);

/* Without a ticket nothing is sent. 0, or what each returned. */
int leave_messages(const struct leave *leave, leave_each each, void *userdata);

#endif
