/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relays that could serve a source, from wherever they are known, and the order in which they are
 * tried (RFC 8777, 2.4). Pure: no I/O, no allocation; random numbers are passed in.
 */
#ifndef AMT_DISCOVERY_CANDIDATES_H
#define AMT_DISCOVERY_CANDIDATES_H

#include "wire/amtrelay.h"

#include <errno.h>

enum candidate_origin {
	CANDIDATE_CONFIGURED,
	CANDIDATE_DNS_SD,  /* _amt._udp of the own domain: local relays */
	CANDIDATE_ANYCAST, /* of the network that one is in */
	CANDIDATE_DRIAD,   /* AMTRELAY records of the source */
	_CANDIDATE_ORIGIN_MAX,
	_CANDIDATE_ORIGIN_INVALID = -EINVAL,
};
#define CANDIDATE_ANYCAST4 "192.52.193.1" /* RFC 7450, 7 */
#define CANDIDATE_ANYCAST6 "2001:3::1"

enum dnssec_state {
	DNSSEC_UNCHECKED, /* not from DNS, or not validated */
	DNSSEC_INSECURE,
	DNSSEC_SECURE,
	DNSSEC_BOGUS,
	_DNSSEC_STATE_MAX,
};

/* Reason to skip a candidate; candidate_skip_string() gives the text. */
enum candidate_skip {
	CANDIDATE_SKIP_NONE, /* it is tried */
	CANDIDATE_SKIP_NO_RELAY,
	CANDIDATE_SKIP_TYPE,
	CANDIDATE_SKIP_LENGTH,
	CANDIDATE_SKIP_NAME, /* the relay field is no domain name */
	CANDIDATE_SKIP_BOGUS,
	CANDIDATE_SKIP_INSECURE,   /* though DNSSEC=yes */
	CANDIDATE_SKIP_NO_ADDRESS, /* the name has none */
	CANDIDATE_SKIP_UNRESOLVED, /* the name's addresses could not be queried */
	CANDIDATE_SKIP_IPV6,
	CANDIDATE_SKIP_ADDRESS, /* not one host's */
	/* Ranges that are no relay's, from DNS: candidate_judge_found() */
	CANDIDATE_SKIP_UNSPECIFIED,
	CANDIDATE_SKIP_LOOPBACK,
	CANDIDATE_SKIP_LINK_LOCAL,
	CANDIDATE_SKIP_MULTICAST,
	CANDIDATE_SKIP_RESERVED,
	CANDIDATE_SKIP_MAPPED,
	CANDIDATE_SKIP_PRIVATE, /* though the source is not */
	CANDIDATE_SKIP_ORIGIN,	/* not in the order */
	CANDIDATE_SKIP_ALLOW,
	CANDIDATE_SKIP_UNREACHABLE, /* no route */
	CANDIDATE_SKIP_DUPLICATE,
	_CANDIDATE_SKIP_MAX,
};

struct candidate {
	struct address address; /* AF_UNSPEC: none */
	uint16_t port;		/* host byte order; 0: the device's */
	enum candidate_origin origin;
	uint16_t precedence; /* AMTRELAY's precedence, SRV's priority, or the place in a list */
	bool discovery_optional;
	uint8_t type; /* of the AMTRELAY record, RFC 8777, 4.2.3 */
	enum dnssec_state dnssec;
	uint32_t ttl;	     /* seconds; the least of all records that led here */
	struct dnsname name; /* that the address is of, or no name */
	uint8_t rank;	     /* candidate_rank(), or CANDIDATE_RANK_UNREACHABLE */
	uint32_t random;     /* decides among equals */
	enum candidate_skip skip;
};

#define CANDIDATE_RANK_UNREACHABLE UINT8_MAX
/* RFC 6724, 6, for IPv4 destinations: rules 2 and 8 (scopes) and 9 (on the source's own network;
 * beyond it common bits mean nothing). source: the source address of a packet there, and its prefix
 * length. Lower is better. */
uint8_t candidate_rank(const struct address *destination, const struct address *source,
		       uint8_t length);

/* One that is not from DNS. Skipped when the kernel's driver could not use its address. */
struct candidate candidate_make(enum candidate_origin origin, const struct address *address,
				uint16_t precedence);

/* Can the driver, whose underlay is IPv4 alone, use the address? */
enum candidate_skip candidate_judge_address(const struct address *address);

/* The same for one from DNS, where anyone may write any address: a record must not lead packets to
 * this host, its link, or, of a source of the Internet, into the network behind it.
 * CANDIDATE_SKIP_PRIVATE is what Allow= can lift. private_source: of DNS-SD, too, whose relays are
 * local ones. */
enum candidate_skip candidate_judge_found(const struct address *address, bool private_source);

/* Private-Use, Shared Address Space or Unique-Local, RFC 6890. */
bool candidate_is_private(const struct address *address);

/* Is it refused for one of these ranges? */
bool candidate_is_special(enum candidate_skip skip);

/* Its skip, when only prefixes of allow are (n_allow 0: all that are not private). */
enum candidate_skip candidate_judge_allow(const struct candidate *candidate,
					  const struct prefix *allow, size_t n_allow);

/* The origins to try, in order; RFC 8777's is candidate_order_default. */
struct candidate_order {
	enum candidate_origin origins[_CANDIDATE_ORIGIN_MAX];
	uint8_t n;
};
extern const struct candidate_order candidate_order_default;
/* "configured dns-sd anycast driad": each at most once. 0 or -EINVAL. */
int candidate_order_parse(const char *text, struct candidate_order *ret);

/* Sort: usable ones, in order; then those to skip. Sets skip of duplicates, of those outside of all
 * prefixes of allow (n_allow 0: any is allowed), and of those without a route. Returns the number
 * of usable ones. Order NULL: the default. */
size_t candidates_arrange(struct candidate *candidates, size_t n,
			  const struct candidate_order *order, const struct prefix *allow,
			  size_t n_allow);

const char *candidate_origin_string(enum candidate_origin origin);
const char *candidate_skip_string(enum candidate_skip skip); /* a clause: "no relay for it" */
const char *dnssec_state_string(enum dnssec_state state);

#endif
