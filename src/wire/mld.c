/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/group-wire.h"
#include "wire/packet.h"

#include <string.h>

#define IP6_HEADER	   40
#define OPTIONS_HEADER	   8 /* Hop-by-Hop Options with a Router Alert and a PadN */
#define MESSAGE_OFFSET	   (IP6_HEADER + OPTIONS_HEADER)
#define RESPONSE_UNIT	   UINT64_C(1000) /* of Maximum Response Delay and Code, in usec */
#define RESPONSE_CODE_BITS 12
#define CODE		   4	/* offset of Maximum Response Delay and Code */
#define OPTION_ACTION	   0xc0 /* 0: skip an unknown option, RFC 8200, 4.2 */

/* Offsets in the IPv6 header, RFC 8200, 3. */
enum {
	IP6_LENGTH = 4,
	IP6_NEXT = 6,
	IP6_HOP_LIMIT = 7,
	IP6_SOURCE = 8,
	IP6_DESTINATION = 24,
};

enum {
	OPTION_PAD1 = 0,
	OPTION_PADN = 1,
	OPTION_ALERT = 5, /* RFC 2711; value 0: MLD */
	OPTION_ALERT_LENGTH = 2,
};

static const struct group_type mld_types[] = {
	{ 130, GROUP_QUERY },	  { 131, GROUP_REPORT, 1 },
	{ 132, GROUP_LEAVE, 1 }, /* Done */
	{ 143, GROUP_REPORT, 2 }, { 0 },
};

/* packet: IPv6 header; message: within that packet. */
static uint32_t sum_message(const uint8_t *packet, const uint8_t *message, size_t length)
{
	uint8_t pseudo[8] = { 0 };
	uint32_t sum;

	group_store16(pseudo + 2, length);
	pseudo[7] = IPPROTO_ICMPV6;
	sum = checksum_add(0, packet + IP6_SOURCE, 2 * sizeof(struct in6_addr));
	sum = checksum_add(sum, pseudo, sizeof(pseudo));
	return checksum_add(sum, message, length);
}

/* Of a Hop-by-Hop Options header. False: malformed, or not to be skipped. */
static bool find_alert(const uint8_t *options, size_t length, bool *ret)
{
	size_t at = 2;

	*ret = false;
	while (at < length) {
		const uint8_t *option = options + at;

		if (option[0] == OPTION_PAD1) {
			at++;
			continue;
		}
		if (length - at < 2 || option[1] + 2u > length - at)
			return false;
		if (option[0] == OPTION_ALERT && option[1] == OPTION_ALERT_LENGTH)
			*ret = group_load16(option + 2) == 0;
		else if (option[0] & OPTION_ACTION)
			return false;
		at += option[1] + 2u;
	}
	return true;
}

static enum group_error mld_find(const uint8_t *data, size_t length, struct group_packet *ret)
{
	size_t at = IP6_HEADER, options, total;
	uint8_t next;

	if (length < IP6_HEADER)
		return GROUP_ERROR_IP;
	total = IP6_HEADER + (size_t)group_load16(data + IP6_LENGTH);
	if (total > length)
		return GROUP_ERROR_IP;
	next = data[IP6_NEXT];
	if (next == IPPROTO_HOPOPTS) {
		if (total - at < OPTIONS_HEADER)
			return GROUP_ERROR_IP;
		options = (data[at + 1] + 1u) * 8u;
		if (options > total - at || !find_alert(data + at, options, &ret->alert))
			return GROUP_ERROR_IP;
		next = data[at];
		at += options;
	}
	if (next != IPPROTO_ICMPV6)
		return GROUP_ERROR_TYPE;
	ret->header = at;
	ret->message = data + at;
	ret->length = total - at;
	return GROUP_ERROR_NONE;
}

static enum group_error mld_check(struct group_packet *packet)
{
	if (checksum_fold(sum_message(packet->data, packet->message, packet->length)) != 0xffff)
		return GROUP_ERROR_CHECKSUM;
	if (packet->data[IP6_HOP_LIMIT] != 1)
		return GROUP_ERROR_TTL;
	return GROUP_ERROR_NONE;
}

/* RFC 9777, 5.1.14 and 5.2.14: hosts without an address yet report from ::, for snooping switches,
 * and again when they have one; routers discard it (RFC 3590, 4: in MLDv1 as well). */
static enum group_error mld_accept(const struct group_packet *packet,
				   const struct group_message *message, unsigned int lenience)
{
	if (IN6_IS_ADDR_LINKLOCAL(&message->source.in6))
		return GROUP_ERROR_NONE;
	if ((lenience & GROUP_UNICAST) && message->type == GROUP_REPORT && message->version == 2 &&
	    address_is_unspecified(&message->source))
		return GROUP_ERROR_NONE;
	return GROUP_ERROR_SOURCE;
}

static uint8_t mld_older_version(const uint8_t *message)
{
	return 1;
}

static usec_t mld_get_response(const uint8_t *message, uint8_t version)
{
	uint16_t code = group_load16(message + CODE);

	if (version == 1)
		return code * RESPONSE_UNIT;
	return group_code_decode(code, RESPONSE_CODE_BITS) * RESPONSE_UNIT;
}

static void mld_put_response(const struct group_query *query, uint8_t *message)
{
	uint64_t units = query->max_response_usec / RESPONSE_UNIT;

	if (query->version > 1)
		units = group_code_encode(units, RESPONSE_CODE_BITS);
	group_store16(message + CODE, units > UINT16_MAX ? UINT16_MAX : units);
}

static void mld_get_ends(const uint8_t *packet, struct address *ret_source,
			 struct address *ret_destination)
{
	*ret_source = address_load(AF_INET6, packet + IP6_SOURCE);
	*ret_destination = address_load(AF_INET6, packet + IP6_DESTINATION);
}

static void mld_finish(uint8_t *packet, size_t total, const struct address *source,
		       const struct address *destination)
{
	static const uint8_t options[OPTIONS_HEADER] = {
		IPPROTO_ICMPV6, 0, OPTION_ALERT, OPTION_ALERT_LENGTH, 0, 0, OPTION_PADN, 0,
	};
	uint8_t *message = packet + MESSAGE_OFFSET;
	uint16_t checksum;

	memset(packet, 0, IP6_HEADER);
	packet[0] = 6 << 4;
	group_store16(packet + IP6_LENGTH, total - IP6_HEADER);
	packet[IP6_NEXT] = IPPROTO_HOPOPTS;
	packet[IP6_HOP_LIMIT] = 1;
	address_store(source, packet + IP6_SOURCE);
	address_store(destination, packet + IP6_DESTINATION);
	memcpy(packet + IP6_HEADER, options, sizeof(options));

	checksum = (uint16_t)~checksum_fold(sum_message(packet, message, total - MESSAGE_OFFSET));
	memcpy(message + GROUP_CHECKSUM, &checksum, sizeof(checksum));
}

const struct group_protocol group_mld = {
	.family = AF_INET6,
	.version = 2,
	.header = MESSAGE_OFFSET,
	.group = 8,
	.code = CODE,
	.local = { .family = AF_INET6, .in6.s6_addr = { 0xff, 0x02 } },
	.types = mld_types,
	.find = mld_find,
	.check = mld_check,
	.accept = mld_accept,
	.older_version = mld_older_version,
	.get_response = mld_get_response,
	.put_response = mld_put_response,
	.get_ends = mld_get_ends,
	.finish = mld_finish,
};
