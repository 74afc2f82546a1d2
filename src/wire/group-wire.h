/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The differences of IGMP and MLD: igmp.c and mld.c implement these for group-message.c and
 * group-build.c, which have the common code.
 */
#ifndef AMT_WIRE_GROUP_WIRE_H
#define AMT_WIRE_GROUP_WIRE_H

#include "base/clock.h"
#include "wire/group-build.h"
#include "wire/group-message.h"

#define GROUP_QUERY_ROBUSTNESS 0x07 /* QRV, RFC 9776, 4.1.6 */
#define GROUP_QUERY_SUPPRESS   0x08 /* S, 4.1.5 */
#define GROUP_INTERVAL_BITS    4    /* of the mantissa of QQIC and of IGMPv3's Max Resp Code */
#define GROUP_MESSAGE_MIN      8

/* Offsets in any message, and in a Report with records. */
enum {
	GROUP_CHECKSUM = 2,
	GROUP_REPORT_N = 6,
	GROUP_REPORT_RECORDS = 8,
};

/* Behind the group in a Query of IGMPv3 or MLDv2, RFC 9776, 4.1; RFC 9777, 5.1. */
enum {
	GROUP_QUERY_FLAGS = 0,
	GROUP_QUERY_QQIC = 1,
	GROUP_QUERY_N = 2,
	GROUP_QUERY_SOURCES = 4,
};

#define GROUP_RECORD_HEAD 4 /* bytes: Record Type, Aux Data Len, Number of Sources */

/* A packet being parsed. */
struct group_packet {
	const uint8_t *data;
	size_t header;		/* bytes before the message, Hop-by-Hop Options included */
	const uint8_t *message; /* length bytes */
	size_t length;
	bool alert; /* has a Router Alert of value 0 */
};

/* One type of message. */
struct group_type {
	uint8_t type; /* 0: no more */
	enum group_message_type is;
	uint8_t version; /* 0: a Query, of any */
};

struct group_protocol {
	sa_family_t family;
	uint8_t version; /* the last: that of Reports with records, and Queries with sources */
	uint8_t version_ungrouped; /* of Queries that name no group; 0: none */
	uint8_t version_unalerted; /* whose messages have no Router Alert; 0: none */
	uint8_t header;		   /* bytes of the IP header and the Router Alert, as built */
	uint8_t group;		   /* offset in a message, but for Reports with records */
	uint8_t code;		   /* offset of Max Resp Code, or of its higher byte */
	bool leave_to_group;	   /* some hosts send a Leave there */
	struct address local;	   /* the first of the link's own groups, 224.0.0.0 or ff02:: */
	const struct group_type *types;

	/* Find the message: GROUP_ERROR_IP or _TYPE. alert may not be set yet. */
	enum group_error (*find)(const uint8_t *data, size_t length, struct group_packet *ret);
	/* Demands on a packet of any message, before that is parsed. */
	enum group_error (*check)(struct group_packet *packet);
	/* Demands on the packet with this message; NULL: none. */
	enum group_error (*accept)(const struct group_packet *packet,
				   const struct group_message *message, unsigned int lenience);
	/* The version of a Query that is as short as those without sources. */
	uint8_t (*older_version)(const uint8_t *message);
	usec_t (*get_response)(const uint8_t *message, uint8_t version);
	void (*put_response)(const struct group_query *query, uint8_t *message);
	void (*get_ends)(const uint8_t *packet, struct address *ret_source,
			 struct address *ret_destination);
	/* The headers for, and the checksum of, the message behind them. source AF_UNSPEC: zero. */
	void (*finish)(uint8_t *packet, size_t total, const struct address *source,
		       const struct address *destination);
};

extern const struct group_protocol group_igmp, group_mld;

/* RFC 9776, 4.1.1; RFC 9777, 5.1.3: codes with this many bits of mantissa and three of exponent are
 * linear without the top bit, and floating point with it. */
uint32_t group_code_decode(uint32_t code, unsigned int mantissa_bits);
uint32_t group_code_encode(uint64_t value, unsigned int mantissa_bits); /* next lower */

uint16_t group_load16(const uint8_t *p);
void group_store16(uint8_t *p, size_t value);

/* Write two bytes, at an even offset of the checksummed data, and update the checksum. */
void group_edit16(uint8_t *p, size_t value, uint8_t *checksum);

/* Bytes of one record with everything in it, 0 when that is more than length. */
size_t group_record_length(const uint8_t *data, size_t length, size_t address_size);

/* Destination of a message by the RFC: RFC 9776, 4.1.12 and 4.2.15; RFC 2236, 9; RFC 9777, 5.1.15
 * and 5.2.15; RFC 2710, 8. */
struct address group_destination(const struct group_protocol *protocol,
				 const struct group_message *message);

#endif
