/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/group-wire.h"
#include "wire/packet.h"

#include <arpa/inet.h>
#include <string.h>

#define IP4_HEADER	  20
#define IP4_HEADER_ALERT  24	 /* with a Router Alert */
#define IP4_FRAGMENT	  0x3fff /* more fragments, and the offset */
#define IP4_DONT_FRAGMENT 0x4000
#define IP4_PRECEDENCE	  0xc0		      /* Internetwork Control, RFC 9776, 4 */
#define RESPONSE_UNIT	  UINT64_C(100000)    /* of Max Resp Code, in usec */
#define RESPONSE_IMPLIED1 (10 * USEC_PER_SEC) /* RFC 2236, 4 */
#define CODE		  1		      /* offset of Max Resp Code */

/* Offsets in the IPv4 header, RFC 791, 3.1. */
enum {
	IP4_TOS = 1,
	IP4_LENGTH = 2,
	IP4_OFFSET = 6,
	IP4_TTL = 8,
	IP4_PROTOCOL = 9,
	IP4_CHECKSUM = 10,
	IP4_SOURCE = 12,
	IP4_DESTINATION = 16,
};

enum {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_ALERT = 148, /* RFC 2113 */
	OPTION_ALERT_LENGTH = 4,
};

static const struct group_type igmp_types[] = {
	{ 0x11, GROUP_QUERY },	  { 0x12, GROUP_REPORT, 1 }, { 0x16, GROUP_REPORT, 2 },
	{ 0x17, GROUP_LEAVE, 2 }, { 0x22, GROUP_REPORT, 3 }, { 0 },
};

/* False: the options are malformed. */
static bool find_alert(const uint8_t *options, size_t length, bool *ret)
{
	size_t at = 0;

	*ret = false;
	while (at < length && options[at] != OPTION_END) {
		if (options[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (length - at < 2 || options[at + 1] < 2 || options[at + 1] > length - at)
			return false;
		if (options[at] == OPTION_ALERT && options[at + 1] == OPTION_ALERT_LENGTH &&
		    group_load16(options + at + 2) == 0)
			*ret = true;
		at += options[at + 1];
	}
	return true;
}

static enum group_error igmp_find(const uint8_t *data, size_t length, struct group_packet *ret)
{
	size_t header, total;

	if (length < IP4_HEADER)
		return GROUP_ERROR_IP;
	header = (data[0] & 0x0f) * 4u;
	total = group_load16(data + IP4_LENGTH);
	if (header < IP4_HEADER || header > total || total > length ||
	    (group_load16(data + IP4_OFFSET) & IP4_FRAGMENT) != 0)
		return GROUP_ERROR_IP;
	if (data[IP4_PROTOCOL] != IPPROTO_IGMP)
		return GROUP_ERROR_TYPE;
	ret->header = header;
	ret->message = data + header;
	ret->length = total - header;
	return GROUP_ERROR_NONE;
}

static enum group_error igmp_check(struct group_packet *packet)
{
	const uint8_t *data = packet->data;

	if (!find_alert(data + IP4_HEADER, packet->header - IP4_HEADER, &packet->alert))
		return GROUP_ERROR_IP;
	if (checksum_fold(checksum_add(0, data, packet->header)) != 0xffff ||
	    checksum_fold(checksum_add(0, packet->message, packet->length)) != 0xffff)
		return GROUP_ERROR_CHECKSUM;
	if (data[IP4_TTL] != 1)
		return GROUP_ERROR_TTL;
	if (data[IP4_SOURCE] >= INADDR_UNSPEC_GROUP >> 24) /* multicast and above */
		return GROUP_ERROR_SOURCE;
	return GROUP_ERROR_NONE;
}

static uint8_t igmp_older_version(const uint8_t *message)
{
	return message[CODE] == 0 ? 1 : 2;
}

static usec_t igmp_get_response(const uint8_t *message, uint8_t version)
{
	switch (version) {
	case 1:
		return RESPONSE_IMPLIED1;
	case 2:
		return message[CODE] * RESPONSE_UNIT;
	default:
		return group_code_decode(message[CODE], GROUP_INTERVAL_BITS) * RESPONSE_UNIT;
	}
}

static void igmp_put_response(const struct group_query *query, uint8_t *message)
{
	uint64_t units = query->max_response_usec / RESPONSE_UNIT;

	switch (query->version) {
	case 1:
		message[CODE] = 0;
		break;
	case 2: /* 0 would make it one of IGMPv1 */
		message[CODE] = units == 0 ? 1 : units > UINT8_MAX ? UINT8_MAX : (uint8_t)units;
		break;
	default:
		message[CODE] = (uint8_t)group_code_encode(units, GROUP_INTERVAL_BITS);
	}
}

static void igmp_get_ends(const uint8_t *packet, struct address *ret_source,
			  struct address *ret_destination)
{
	*ret_source = address_load(AF_INET, packet + IP4_SOURCE);
	*ret_destination = address_load(AF_INET, packet + IP4_DESTINATION);
}

static void igmp_finish(uint8_t *packet, size_t total, const struct address *source,
			const struct address *destination)
{
	uint8_t *message = packet + IP4_HEADER_ALERT;
	uint16_t checksum;

	memset(packet, 0, IP4_HEADER_ALERT);
	packet[0] = 4 << 4 | IP4_HEADER_ALERT / 4;
	packet[IP4_TOS] = IP4_PRECEDENCE;
	group_store16(packet + IP4_LENGTH, total);
	group_store16(packet + IP4_OFFSET, IP4_DONT_FRAGMENT);
	packet[IP4_TTL] = 1;
	packet[IP4_PROTOCOL] = IPPROTO_IGMP;
	address_store(source, packet + IP4_SOURCE);
	address_store(destination, packet + IP4_DESTINATION);
	packet[IP4_HEADER] = OPTION_ALERT;
	packet[IP4_HEADER + 1] = OPTION_ALERT_LENGTH;

	checksum = (uint16_t)~checksum_fold(checksum_add(0, packet, IP4_HEADER_ALERT));
	memcpy(packet + IP4_CHECKSUM, &checksum, sizeof(checksum));
	checksum = (uint16_t)~checksum_fold(checksum_add(0, message, total - IP4_HEADER_ALERT));
	memcpy(message + GROUP_CHECKSUM, &checksum, sizeof(checksum));
}

const struct group_protocol group_igmp = {
	.family = AF_INET,
	.version = 3,
	.version_ungrouped = 1,
	.version_unalerted = 1, /* RFC 1112, appendix I */
	.header = IP4_HEADER_ALERT,
	.group = 4,
	.code = CODE,
	.leave_to_group = true,
	.local = { .family = AF_INET, .in6.s6_addr = { 224 } },
	.types = igmp_types,
	.find = igmp_find,
	.check = igmp_check,
	.older_version = igmp_older_version,
	.get_response = igmp_get_response,
	.put_response = igmp_put_response,
	.get_ends = igmp_get_ends,
	.finish = igmp_finish,
};
