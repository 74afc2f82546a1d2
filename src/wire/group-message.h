/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IGMPv1, v2, v3 (RFC 1112, 2236, 9776) and MLDv1, v2 (RFC 2710, 9777) messages, in one form for
 * both families. Pure, strict, bounded: no I/O, no allocation, no globals.
 */
#ifndef AMT_WIRE_GROUP_MESSAGE_H
#define AMT_WIRE_GROUP_MESSAGE_H

#include "base/address.h"
#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>

enum group_message_type {
	GROUP_QUERY,
	GROUP_REPORT, /* of all versions; v1 and v2 (MLD: v1) have one record, MODE_IS_EXCLUDE {} */
	GROUP_LEAVE,  /* IGMPv2 Leave, MLDv1 Done: one record, CHANGE_TO_INCLUDE {} */
};

/* RFC 9776, 4.2.13; RFC 9777, 5.2.13 */
enum group_record_type {
	GROUP_MODE_IS_INCLUDE = 1,
	GROUP_MODE_IS_EXCLUDE = 2,
	GROUP_CHANGE_TO_INCLUDE = 3,
	GROUP_CHANGE_TO_EXCLUDE = 4,
	GROUP_ALLOW_NEW_SOURCES = 5,
	GROUP_BLOCK_OLD_SOURCES = 6,
};

/* The sources of a record or a query as on the wire, 4 or 16 bytes each; group_source(), i < n. */
struct group_sources {
	const uint8_t *data;
	uint16_t n;
};

struct group_record {
	enum group_record_type type;
	struct address group;
	struct group_sources sources;
};

/* version: of IGMP 1, 2, 3; of MLD 1, 2. */
struct group_query {
	uint8_t version;
	struct address group;	  /* AF_UNSPEC: a General Query */
	usec_t max_response_usec; /* IGMPv1: 10 s, which is implied */
	bool suppress;		  /* S: Suppress Router-Side Processing */
	uint8_t robustness;	  /* QRV; 0: none given */
	usec_t interval_usec;	  /* QQIC; 0 in versions without */
	struct group_sources sources;
};

struct group_message {
	sa_family_t family; /* AF_INET: IGMP; AF_INET6: MLD */
	enum group_message_type type;
	uint8_t version;       /* of the protocol, as above */
	struct address source; /* IP source; 0.0.0.0 or :: happens */
	struct address destination;
	struct group_query query; /* GROUP_QUERY */
	const uint8_t
		*records;      /* v3 (MLD: v2) Reports: complete records, see group_next_record() */
	size_t records_length; /* bytes */
	struct group_record only; /* Reports and Leaves before these: the one record */
};

/* Reason to refuse a packet; group_error_string() gives the text. */
enum group_error {
	GROUP_ERROR_NONE,
	GROUP_ERROR_IP,	   /* truncated, fragmented, or malformed options */
	GROUP_ERROR_TYPE,  /* not a message of IGMP or MLD */
	GROUP_ERROR_SHORT, /* too short for its type or counts */
	GROUP_ERROR_TTL,   /* not 1: from beyond the link */
	GROUP_ERROR_ALERT, /* no Router Alert of value 0 */
	GROUP_ERROR_CHECKSUM,
	GROUP_ERROR_SOURCE,	 /* MLD: not link-local; IGMP: multicast or broadcast */
	GROUP_ERROR_DESTINATION, /* not the one of its type */
	GROUP_ERROR_GROUP,	 /* not multicast, or sources in a General Query */
	_GROUP_ERROR_MAX,
};

/* What is accepted that the RFCs have routers discard; any of these together. */
enum group_lenience {
	GROUP_STRICT = 0,
	GROUP_UNICAST = 1 << 0,	 /* a unicast destination, and an MLDv2 Report from :: */
	GROUP_NO_ALERT = 1 << 1, /* no Router Alert: some switches, TVs and set-top boxes */
};

/* Parse the IPv4 or IPv6 packet data[0..length); bytes after its end are ignored, as are those
 * after a message's last field (RFC 9776, 4.1.10 and 4.2.12). Returns GROUP_ERROR_NONE and fills
 * *ret, or an error, *ret untouched. Pointers in *ret live as long as data. */
enum group_error group_message_parse(const void *data, size_t length, unsigned int lenience,
				     struct group_message *ret);

/* The records of a Report or Leave of any version, one by one: *at is 0 at first. Those of an
 * unknown type or a group that is none are skipped. False: no more. */
bool group_next_record(const struct group_message *message, size_t *at, struct group_record *ret);

void group_source(const struct group_sources *sources, sa_family_t family, uint16_t i,
		  struct address *ret);

const char *group_error_string(enum group_error error);
const char *group_error_name(enum group_error error); /* one word, for metrics */

#endif
