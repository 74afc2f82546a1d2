/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a control message from a relay before the driver sees it: checked, read, an
 * Advertisement's address rewritten, a Query hastened. Pure: no I/O, no allocation.
 *
 * Hastened: the host answers a Query within the time that the relay gives it, which may be 10 s.
 * Only what it answers tells a new relay of its memberships, and only then the driver takes data:
 * its status has to be AMT_STATUS_SENT_UPDATE (drivers/net/amt.c, amt_multicast_data_handler()).
 */
#ifndef AMT_DEVICE_INSPECT_H
#define AMT_DEVICE_INSPECT_H

#include "device/config.h"
#include "device/leave.h"
#include "kernel/firewall.h"
#include "wire/packet.h"

enum inspect_drop {
	INSPECT_PASS,	      /* not dropped */
	INSPECT_DROP_PACKET,  /* no whole IPv4/UDP packet */
	INSPECT_DROP_SOURCE,  /* from another address than the relay's */
	INSPECT_DROP_PORT,    /* from another port than the relay's */
	INSPECT_DROP_VERSION, /* from here on: what message_parse() finds, RFC 7450, section 5.1 */
	INSPECT_DROP_TYPE,
	INSPECT_DROP_RESERVED,
	INSPECT_DROP_LENGTH,
	INSPECT_DROP_ADDRESS, /* an address that is no host's, after rewriting */
	INSPECT_DROP_FAMILY,  /* an IPv6 relay address: the driver would take its first 4 bytes */
	INSPECT_DROP_ALLOW,   /* a relay outside of Allow= */
	INSPECT_DROP_INNER,   /* Query: the packet within */
	_INSPECT_DROP_MAX,
};

const char *inspect_drop_string(enum inspect_drop drop);

struct inspect_counters {
	uint64_t seen, passed, rewritten;
	uint64_t dropped[_INSPECT_DROP_MAX];
	uint64_t ipv4, ipv6, loaded, gateway_address; /* Queries: by what is within and by flag */
};

/* What a message must agree with. */
struct inspect_rules {
	struct address discovery; /* Advertisements come from here, on the wire */
	struct address relay;	  /* Queries come from here; zero: not known, any will do */
	uint16_t relay_port;
	struct address believed; /* what the driver has to believe in whatever is advertised, while
				  * its tunnel is aimed elsewhere; zero: what is advertised */
	const struct config_rewrite *rewrites;
	size_t n_rewrites;
	bool hasten4, hasten6;	    /* an IGMP, MLD Query is to be answered at once */
	const struct prefix *allow; /* Advertised relays within these only; none: all */
	size_t n_allow;
};

/* What was learnt of a message that passed. */
struct inspect_result {
	enum inspect_drop drop;
	bool query; /* else an Advertisement */
	bool changed;
	size_t length;		   /* of the packet, as it goes on */
	struct address relay;	   /* Advertisement: as the driver will see it; Query: its source */
	struct address advertised; /* Advertisement: as it came; AF_UNSPEC: not even read */
	sa_family_t family;	   /* Query: AF_INET asks for IGMP, AF_INET6 for MLD */
	bool loaded;		   /* Query: L */
	uint16_t seen_port;	   /* Query with G: how the relay sees this gateway; 0 without */
	struct address seen_as;
	struct leave_ticket ticket; /* Query: what proves that it came */
};

/* Is the relay within one of the prefixes of Allow=? All are when there is none. */
bool inspect_allowed(const struct prefix *allow, size_t n, const struct address *relay);

/* What the first rule of [Rewrite] that matches makes of an advertised address. */
struct address inspect_rewrite(const struct config *config, const struct address *advertised);

/* The rules of the firewall tell the flags of byte 1 by the queue. The packet is edited in place
 * when result->changed. Counts into advertisements or queries. */
void inspect_packet(const struct inspect_rules *rules, enum firewall_queue queue,
		    struct packet *packet, size_t length, struct inspect_counters *advertisements,
		    struct inspect_counters *queries, struct inspect_result *ret);

#endif
