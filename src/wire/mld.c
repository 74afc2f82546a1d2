/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/group.h"
#include "wire/group-wire.h"
#include "wire/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define IP6_HEADER	   40
#define OPTIONS_HEADER	   8 /* Hop-by-Hop Options with a Router Alert and a PadN */
#define MESSAGE_OFFSET	   (IP6_HEADER + OPTIONS_HEADER)
#define ICMP_MIN	   8
#define MESSAGE1_LENGTH	   24
#define QUERY2_MIN	   28
#define ADDRESS_LENGTH	   16
#define RESPONSE_UNIT	   UINT64_C(1000) /* of Maximum Response Delay and Code, in usec */
#define RESPONSE_CODE_BITS 12
#define OPTION_ACTION	   0xc0 /* 0: who does not know the option skips it, RFC 8200, 4.2 */

enum {
	TYPE_QUERY = 130,
	TYPE_REPORT1 = 131,
	TYPE_DONE1 = 132,
	TYPE_REPORT2 = 143,
};

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

/* Offsets in a message. */
enum {
	CHECKSUM = 2,
	CODE = 4,
	GROUP = 8,
	QUERY2_FLAGS = 24,
	QUERY2_N = 26,
	QUERY2_SOURCES = 28,
	REPORT2_N = 6,
	REPORT2_RECORDS = 8,
};

/* ff02::n */
static struct address local_group(uint8_t n)
{
	struct address address = { .family = AF_INET6 };

	address.in6.s6_addr[0] = 0xff;
	address.in6.s6_addr[1] = 0x02;
	address.in6.s6_addr[15] = n;
	return address;
}

static struct address load_address(const uint8_t *p)
{
	struct address address = { .family = AF_INET6 };

	memcpy(&address.in6, p, sizeof(address.in6));
	return address;
}

/* packet: IPv6 header; message: within that packet. */
static uint32_t sum_message(const uint8_t *packet, const uint8_t *message, size_t length)
{
	uint8_t pseudo[8] = { 0 };
	uint32_t sum;

	group_store16(pseudo + 2, length);
	pseudo[7] = IPPROTO_ICMPV6;
	sum = checksum_add(0, packet + IP6_SOURCE, 2 * (size_t)ADDRESS_LENGTH);
	sum = checksum_add(sum, pseudo, sizeof(pseudo));
	return checksum_add(sum, message, length);
}

/* Of a Hop-by-Hop Options header. false: garbled, or not to be skipped. */
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

/* The ICMPv6 message of a packet. */
static enum group_error find_message(const uint8_t *data, size_t length, const uint8_t **ret,
				     size_t *ret_length, bool *ret_alert)
{
	size_t at = IP6_HEADER, options, total;
	uint8_t next;

	if (length < IP6_HEADER || data[0] >> 4 != 6)
		return GROUP_ERROR_IP;
	total = IP6_HEADER + (size_t)group_load16(data + IP6_LENGTH);
	if (total > length)
		return GROUP_ERROR_IP;
	*ret_alert = false;
	next = data[IP6_NEXT];
	if (next == IPPROTO_HOPOPTS) {
		if (total - at < OPTIONS_HEADER)
			return GROUP_ERROR_IP;
		options = (data[at + 1] + 1u) * 8u;
		if (options > total - at || !find_alert(data + at, options, ret_alert))
			return GROUP_ERROR_IP;
		next = data[at];
		at += options;
	}
	if (next != IPPROTO_ICMPV6)
		return GROUP_ERROR_TYPE;
	*ret = data + at;
	*ret_length = total - at;
	return GROUP_ERROR_NONE;
}

static enum group_error parse_query(const uint8_t *p, size_t length, struct group_message *m)
{
	struct group_query *query = &m->query;
	uint16_t code = group_load16(p + CODE);

	if (length < MESSAGE1_LENGTH || (length > MESSAGE1_LENGTH && length < QUERY2_MIN))
		return GROUP_ERROR_SHORT;
	m->type = GROUP_QUERY;
	m->version = length == MESSAGE1_LENGTH ? 1 : 2;
	query->version = m->version;
	query->group = load_address(p + GROUP);
	if (IN6_IS_ADDR_UNSPECIFIED(&query->group.in6))
		query->group.family = AF_UNSPEC;
	else if (!group_valid(&query->group))
		return GROUP_ERROR_GROUP;
	if (m->version == 1) {
		query->max_response_usec = code * RESPONSE_UNIT;
		return GROUP_ERROR_NONE;
	}
	query->max_response_usec = group_code_decode(code, RESPONSE_CODE_BITS) * RESPONSE_UNIT;
	group_parse_robustness(p[QUERY2_FLAGS], p[QUERY2_FLAGS + 1], query);
	query->sources.n = group_load16(p + QUERY2_N);
	query->sources.data = p + QUERY2_SOURCES;
	if (query->sources.n > (length - QUERY2_SOURCES) / ADDRESS_LENGTH)
		return GROUP_ERROR_SHORT;
	if (query->group.family == AF_UNSPEC && query->sources.n > 0)
		return GROUP_ERROR_GROUP;
	return GROUP_ERROR_NONE;
}

static enum group_error parse_only(const uint8_t *p, size_t length, struct group_message *m)
{
	if (length < MESSAGE1_LENGTH)
		return GROUP_ERROR_SHORT;
	m->version = 1;
	m->type = p[0] == TYPE_DONE1 ? GROUP_LEAVE : GROUP_REPORT;
	m->only.type = m->type == GROUP_LEAVE ? GROUP_CHANGE_TO_INCLUDE : GROUP_MODE_IS_EXCLUDE;
	m->only.group = load_address(p + GROUP);
	return group_valid(&m->only.group) ? GROUP_ERROR_NONE : GROUP_ERROR_GROUP;
}

static enum group_error parse_message(const uint8_t *p, size_t length, struct group_message *m)
{
	switch (p[0]) {
	case TYPE_QUERY:
		return parse_query(p, length, m);
	case TYPE_REPORT1:
	case TYPE_DONE1:
		return parse_only(p, length, m);
	default: /* TYPE_REPORT2, see type_known() */
		m->type = GROUP_REPORT;
		m->version = 2;
		m->records = p + REPORT2_RECORDS;
		return group_records_length(m->records, length - REPORT2_RECORDS,
					    group_load16(p + REPORT2_N), ADDRESS_LENGTH,
					    &m->records_length)
			       ? GROUP_ERROR_NONE
			       : GROUP_ERROR_SHORT;
	}
}

static bool type_known(uint8_t type)
{
	return type == TYPE_QUERY || type == TYPE_REPORT1 || type == TYPE_DONE1 ||
	       type == TYPE_REPORT2;
}

/* RFC 9777, 5.1.14 and 5.2.14: hosts without an address yet say ::, for switches that snoop, and
 * again when they have one; routers discard it (RFC 3590, 4: in MLDv1 as well). */
static bool source_right(const struct group_message *m, enum group_strictness strictness)
{
	if (IN6_IS_ADDR_LINKLOCAL(&m->source.in6))
		return true;
	return strictness == GROUP_UNICAST && m->type == GROUP_REPORT && m->version == 2 &&
	       IN6_IS_ADDR_UNSPECIFIED(&m->source.in6);
}

/* RFC 9777, 5.1.15 and 5.2.15; RFC 2710, 8. */
static struct address right_destination(const struct group_message *m)
{
	switch (m->type) {
	case GROUP_QUERY:
		return m->query.group.family == AF_INET6 ? m->query.group : local_group(1);
	case GROUP_LEAVE:
		return local_group(2);
	default:
		return m->version == 2 ? local_group(0x16) : m->only.group;
	}
}

static bool destination_right(const struct group_message *m, enum group_strictness strictness)
{
	const struct address wanted = right_destination(m), all = local_group(1);

	/* Linux' bridge sends MLDv1's Multicast-Address-Specific Queries there */
	if (m->type == GROUP_QUERY && address_equal(&m->destination, &all))
		return true;
	return group_destination_right(m, &wanted, strictness);
}

enum group_error mld_parse(const uint8_t *data, size_t length, enum group_strictness strictness,
			   struct group_message *ret)
{
	struct group_message m = { .family = AF_INET6 };
	enum group_error error;
	const uint8_t *p;
	bool alert;

	error = find_message(data, length, &p, &length, &alert);
	if (error != GROUP_ERROR_NONE)
		return error;
	if (length < ICMP_MIN)
		return GROUP_ERROR_SHORT;
	if (!type_known(p[0]))
		return GROUP_ERROR_TYPE;
	if (checksum_fold(sum_message(data, p, length)) != 0xffff)
		return GROUP_ERROR_CHECKSUM;
	if (data[IP6_HOP_LIMIT] != 1)
		return GROUP_ERROR_TTL;
	if (!alert)
		return GROUP_ERROR_ALERT;
	m.source = load_address(data + IP6_SOURCE);
	m.destination = load_address(data + IP6_DESTINATION);

	error = parse_message(p, length, &m);
	if (error != GROUP_ERROR_NONE)
		return error;
	if (!source_right(&m, strictness))
		return GROUP_ERROR_SOURCE;
	if (!destination_right(&m, strictness))
		return GROUP_ERROR_DESTINATION;
	*ret = m;
	return GROUP_ERROR_NONE;
}

/* The headers for, and the checksum of, the message that lies behind them in the packet. */
static void finish(uint8_t *packet, size_t total, const struct address *source,
		   const struct address *destination)
{
	static const uint8_t options[OPTIONS_HEADER] = {
		IPPROTO_ICMPV6, 0, OPTION_ALERT, OPTION_ALERT_LENGTH, 0, 0, OPTION_PADN, 0,
	};
	uint8_t *p = packet + MESSAGE_OFFSET;
	uint16_t checksum;

	memset(packet, 0, IP6_HEADER);
	packet[0] = 6 << 4;
	group_store16(packet + IP6_LENGTH, total - IP6_HEADER);
	packet[IP6_NEXT] = IPPROTO_HOPOPTS;
	packet[IP6_HOP_LIMIT] = 1;
	if (source->family == AF_INET6)
		memcpy(packet + IP6_SOURCE, &source->in6, sizeof(source->in6));
	memcpy(packet + IP6_DESTINATION, &destination->in6, sizeof(destination->in6));
	memcpy(packet + IP6_HEADER, options, sizeof(options));

	checksum = (uint16_t)~checksum_fold(sum_message(packet, p, total - MESSAGE_OFFSET));
	memcpy(p + CHECKSUM, &checksum, sizeof(checksum));
}

static uint32_t response_code(const struct group_query *query)
{
	uint64_t units = query->max_response_usec / RESPONSE_UNIT;

	if (query->version > 1)
		return group_code_encode(units, RESPONSE_CODE_BITS);
	return units > UINT16_MAX ? UINT16_MAX : (uint32_t)units;
}

ssize_t mld_query_build(const struct group_query *query, const struct address *source,
			const struct address *destination, uint8_t *buf, size_t size)
{
	const struct group_message m = { .type = GROUP_QUERY, .query = *query };
	const struct address right = right_destination(&m);
	size_t sources = query->sources.n * (size_t)ADDRESS_LENGTH;
	size_t fixed = query->version == 1 ? MESSAGE1_LENGTH : QUERY2_MIN;
	uint8_t *p = buf + MESSAGE_OFFSET;
	ssize_t total;

	if (query->version < 1 || query->version > 2 || (query->version == 1 && sources > 0))
		return -EINVAL;
	total = group_check_size(MESSAGE_OFFSET + fixed + sources, size);
	if (total < 0)
		return total;

	memset(p, 0, fixed);
	p[0] = TYPE_QUERY;
	group_store16(p + CODE, response_code(query));
	if (query->group.family == AF_INET6)
		memcpy(p + GROUP, &query->group.in6, sizeof(query->group.in6));
	if (query->version == 2) {
		group_put_robustness(query, p + QUERY2_FLAGS);
		group_store16(p + QUERY2_N, query->sources.n);
		if (sources > 0)
			memcpy(p + QUERY2_SOURCES, query->sources.data, sources);
	}
	finish(buf, (size_t)total, source, destination ? destination : &right);
	return total;
}

ssize_t mld_report_build(uint8_t version, const struct group_record *records, uint16_t n,
			 const struct address *source, const struct address *destination,
			 uint8_t *buf, size_t size)
{
	struct group_message m = { .type = GROUP_REPORT, .version = version };
	uint8_t *p = buf + MESSAGE_OFFSET;
	size_t length = MESSAGE1_LENGTH;
	struct address right;
	ssize_t total;

	if (version < 1 || version > 2)
		return -EINVAL;
	if (version == 2)
		length = REPORT2_RECORDS + group_put_records(records, n, ADDRESS_LENGTH, NULL);
	else if (group_only_type(records, n, &m.type) < 0)
		return -EINVAL;
	total = group_check_size(MESSAGE_OFFSET + length, size);
	if (total < 0)
		return total;

	if (version == 2) {
		memset(p, 0, REPORT2_RECORDS);
		p[0] = TYPE_REPORT2;
		group_store16(p + REPORT2_N, n);
		group_put_records(records, n, ADDRESS_LENGTH, p + REPORT2_RECORDS);
	} else {
		memset(p, 0, MESSAGE1_LENGTH);
		p[0] = m.type == GROUP_LEAVE ? TYPE_DONE1 : TYPE_REPORT1;
		memcpy(p + GROUP, &records[0].group.in6, ADDRESS_LENGTH);
		m.only = records[0];
	}
	right = right_destination(&m);
	finish(buf, (size_t)total, source, destination ? destination : &right);
	return total;
}

void mld_query_hasten(uint8_t *packet)
{
	uint8_t *p = packet + IP6_HEADER;

	if (packet[IP6_NEXT] == IPPROTO_HOPOPTS)
		p += (p[1] + 1) * 8;
	group_edit16(p + CODE, 0, p + CHECKSUM);
}
