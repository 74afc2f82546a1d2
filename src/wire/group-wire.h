/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by igmp.c and mld.c, and what these offer to group-message.c and group-build.c.
 */
#ifndef AMT_WIRE_GROUP_WIRE_H
#define AMT_WIRE_GROUP_WIRE_H

#include "wire/group-build.h"
#include "wire/group-message.h"

#define PACKET_MAX	   65535
#define QUERY_ROBUSTNESS   0x07 /* QRV, RFC 9776, 4.1.6 */
#define QUERY_SUPPRESS	   0x08 /* S, 4.1.5 */
#define USEC_PER_SEC	   UINT64_C(1000000)
#define INTERVAL_CODE_BITS 4 /* of the mantissa of QQIC and of IGMPv3's Max Resp Code */

/* RFC 9776, 4.1.1; RFC 9777, 5.1.3: codes of so many bits of mantissa and three of exponent count
 * in units up to their top bit, and are a floating point number beyond. */
uint32_t group_code_decode(uint32_t code, unsigned int mantissa_bits);
uint32_t group_code_encode(uint64_t value, unsigned int mantissa_bits); /* next lower */

static inline size_t group_address_length(sa_family_t family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

uint16_t group_load16(const uint8_t *p);
void group_store16(uint8_t *p, size_t value);

#define GROUP_RECORD_HEAD 4 /* bytes: Record Type, Aux Data Len, Number of Sources */

/* Of one record with everything in it, 0 when that is more than length. */
size_t group_record_length(const uint8_t *data, size_t length, size_t address_length);

/* RFC 9776, 4.2.5 and RFC 9777, 5.2.5 differ in the length of addresses alone. False: n records are
 * not all there. *ret_length is that of the records. */
bool group_records_length(const uint8_t *data, size_t length, uint16_t n, size_t address_length,
			  size_t *ret_length);

/* Write records behind each other; returns their length. NULL as to: only that. */
size_t group_put_records(const struct group_record *records, uint16_t n, size_t address_length,
			 uint8_t *to);

/* QRV and QQIC are the same in both families. */
void group_parse_robustness(uint8_t flags, uint8_t qqic, struct group_query *query);
void group_put_robustness(const struct group_query *query, uint8_t *to);

/* The destination of a message: what the RFC says, or where that does not matter, unicast. */
bool group_destination_right(const struct group_message *message, const struct address *wanted,
			     enum group_strictness strictness);

/* total, or why a packet of so many bytes cannot be. */
ssize_t group_check_size(size_t total, size_t size);

/* What is in a message of a version before IGMPv3 and MLDv2, or none of that. */
int group_only_type(const struct group_record *records, uint16_t n, enum group_message_type *ret);

enum group_error igmp_parse(const uint8_t *data, size_t length, enum group_strictness strictness,
			    struct group_message *ret);
enum group_error mld_parse(const uint8_t *data, size_t length, enum group_strictness strictness,
			   struct group_message *ret);
ssize_t igmp_query_build(const struct group_query *query, const struct address *source,
			 const struct address *destination, uint8_t *buf, size_t size);
ssize_t mld_query_build(const struct group_query *query, const struct address *source,
			const struct address *destination, uint8_t *buf, size_t size);
/* packet: a General Query of IGMPv3 or MLDv2, as parsed. */
void igmp_query_hasten(uint8_t *packet);
void mld_query_hasten(uint8_t *packet);

/* Write two bytes, at an even offset of what the checksum at checksum covers, and mend that. */
void group_edit16(uint8_t *p, size_t value, uint8_t *checksum);

ssize_t igmp_report_build(uint8_t version, const struct group_record *records, uint16_t n,
			  const struct address *source, const struct address *destination,
			  uint8_t *buf, size_t size);
ssize_t mld_report_build(uint8_t version, const struct group_record *records, uint16_t n,
			 const struct address *source, const struct address *destination,
			 uint8_t *buf, size_t size);

#endif
