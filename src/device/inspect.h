/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inspection of control messages from a relay before the driver gets them: checks and parses them,
 * rewrites an Advertisement's address, hastens a Query. Pure: no I/O, no allocation.
 *
 * The driver believes an Advertisement or a Query with the nonce of the last message it sent, and
 * no other (drivers/net/amt.c, amt_advertisement_handler(), amt_membership_query_handler()). So
 * does this: what has another nonce is counted and left to the driver, which refuses it. It is not
 * dropped: the driver knows what it sent, even if that was not seen here.
 *
 * Hastened: the host answers a Query within the relay's Max Response Time, which may be 10 s. Only
 * the answer gives a new relay the memberships, and only then the driver accepts data: its status
 * has to be AMT_STATUS_SENT_UPDATE (drivers/net/amt.c, amt_multicast_data_handler()).
 */
#ifndef AMT_DEVICE_INSPECT_H
#define AMT_DEVICE_INSPECT_H

#include "device/config.h"
#include "device/leave.h"
#include "kernel/firewall.h"
#include "wire/message.h"
#include "wire/packet.h"

enum inspect_drop {
	INSPECT_PASS,	      /* not dropped */
	INSPECT_DROP_PACKET,  /* not a complete IPv4/UDP packet */
	INSPECT_DROP_SOURCE,  /* from another address than the relay's */
	INSPECT_DROP_PORT,    /* from another port than the relay's */
	INSPECT_DROP_VERSION, /* from here on: errors of message_parse(), RFC 7450, section 5.1 */
	INSPECT_DROP_TYPE,
	INSPECT_DROP_RESERVED,
	INSPECT_DROP_LENGTH,
	INSPECT_DROP_ADDRESS, /* an address that is no host's, after rewriting */
	INSPECT_DROP_FAMILY,  /* an IPv6 relay address: the driver would use its first 4 bytes */
	INSPECT_DROP_ALLOW,   /* a relay outside of Allow= */
	INSPECT_DROP_INNER,   /* Query: the packet within */
	INSPECT_DROP_NONCE,   /* valid, but no answer to what was asked: for the driver to refuse */
	_INSPECT_DROP_MAX,
};

const char *inspect_drop_string(enum inspect_drop drop);

struct inspect_counters {
	uint64_t seen, passed, rewritten;
	uint64_t dropped[_INSPECT_DROP_MAX];
	uint64_t ipv4, ipv6, loaded, gateway_address; /* Queries: by contents and by flag */
};

/* The last message of a driver that wants an answer. */
struct inspect_asked {
	enum message_type type; /* AMT_DISCOVERY, AMT_REQUEST; 0: none was seen */
	uint32_t nonce;
	struct address relay; /* on the wire */
};

/* The state that a message is checked against. */
struct inspect_rules {
	struct inspect_asked asked;
	struct address discovery; /* source of Advertisements, on the wire */
	struct address relay;	  /* source of Queries; zero: not known, any */
	uint16_t relay_port;
	struct address believed; /* relay to pass to the driver in place of the advertised one,
				    while its tunnel is redirected; zero: the advertised one */
	const struct config_rewrite *rewrites;
	size_t n_rewrites;
	bool hasten4, hasten6;	    /* an IGMP, MLD Query is to be answered at once */
	const struct prefix *allow; /* Advertised relays within these only; none: all */
	size_t n_allow;
};

/* The contents of a message that passed. */
struct inspect_result {
	enum inspect_drop drop;
	bool query;   /* else an Advertisement */
	bool answers; /* passed, and answers what was asked: to be believed */
	bool changed;
	size_t length;		   /* of the packet, after editing */
	struct address relay;	   /* Advertisement: as the driver will see it; Query: its source */
	struct address advertised; /* Advertisement: as received; AF_UNSPEC: not parsed */
	sa_family_t family;	   /* Query: AF_INET for IGMP, AF_INET6 for MLD */
	bool loaded;		   /* Query: L */
	uint16_t seen_port;	   /* Query with G: how the relay sees this gateway; 0 without */
	struct address seen_as;
	struct leave_ticket ticket; /* Query: nonce and MAC, for a Teardown */
};

/* Is the relay within one of the prefixes of Allow=? Without any, all are. */
bool inspect_allowed(const struct prefix *allow, size_t n, const struct address *relay);

/* Apply the first matching rule of [Rewrite] to an advertised address. */
struct address inspect_rewrite(const struct config *config, const struct address *advertised);

/* The driver sends a packet: is it one that wants an answer? */
bool inspect_asked(const struct packet *packet, struct inspect_asked *ret);

/* The firewall encodes the flags of byte 1 in the queue's number. The packet is edited in place
 * when result->changed. Counts into advertisements or queries. */
void inspect_packet(const struct inspect_rules *rules, enum firewall_queue queue,
		    struct packet *packet, size_t length, struct inspect_counters *advertisements,
		    struct inspect_counters *queries, struct inspect_result *ret);

#endif
