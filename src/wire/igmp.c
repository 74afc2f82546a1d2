/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/group.h"
#include "wire/group-wire.h"
#include "wire/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define IP4_HEADER	  20
#define IP4_HEADER_ALERT  24	 /* with a Router Alert */
#define IP4_FRAGMENT	  0x3fff /* more fragments, and the offset */
#define IP4_DONT_FRAGMENT 0x4000
#define IP4_PRECEDENCE	  0xc0 /* Internetwork Control, RFC 9776, 4 */
#define MESSAGE_MIN	  8
#define QUERY3_MIN	  12
#define ADDRESS_LENGTH	  4
#define RESPONSE_UNIT	  UINT64_C(100000)    /* of Max Resp Code, in usec */
#define RESPONSE_IMPLIED1 (10 * USEC_PER_SEC) /* RFC 2236, 4 */

enum {
	TYPE_QUERY = 0x11,
	TYPE_REPORT1 = 0x12,
	TYPE_REPORT2 = 0x16,
	TYPE_LEAVE2 = 0x17,
	TYPE_REPORT3 = 0x22,
};

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

/* Offsets in a message. */
enum {
	CODE = 1,
	CHECKSUM = 2,
	GROUP = 4,
	REPORT3_N = 6,
	REPORT3_RECORDS = 8,
	QUERY3_FLAGS = 8,
	QUERY3_N = 10,
	QUERY3_SOURCES = 12,
};

/* 224.0.0.n */
static struct address local_group(uint8_t n)
{
	struct address address = { .family = AF_INET };

	address.in.s_addr = htonl(INADDR_UNSPEC_GROUP | n);
	return address;
}

static struct address load_address(const uint8_t *p)
{
	struct address address = { .family = AF_INET };

	memcpy(&address.in, p, sizeof(address.in));
	return address;
}

/* false: the options are garbled. */
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

static enum group_error parse_query(const uint8_t *p, size_t length, struct group_message *m)
{
	struct group_query *query = &m->query;

	m->type = GROUP_QUERY;
	m->version = 3;
	if (length == MESSAGE_MIN)
		m->version = p[CODE] == 0 ? 1 : 2;
	else if (length < QUERY3_MIN)
		return GROUP_ERROR_SHORT;

	query->version = m->version;
	if (m->version > 1 && group_load16(p + GROUP) + group_load16(p + GROUP + 2) != 0) {
		query->group = load_address(p + GROUP);
		if (!group_valid(&query->group))
			return GROUP_ERROR_GROUP;
	}
	switch (m->version) {
	case 1:
		query->max_response_usec = RESPONSE_IMPLIED1;
		return GROUP_ERROR_NONE;
	case 2:
		query->max_response_usec = p[CODE] * RESPONSE_UNIT;
		return GROUP_ERROR_NONE;
	}
	query->max_response_usec = group_code_decode(p[CODE], INTERVAL_CODE_BITS) * RESPONSE_UNIT;
	group_parse_robustness(p[QUERY3_FLAGS], p[QUERY3_FLAGS + 1], query);
	query->sources.n = group_load16(p + QUERY3_N);
	query->sources.data = p + QUERY3_SOURCES;
	if (query->sources.n > (length - QUERY3_SOURCES) / ADDRESS_LENGTH)
		return GROUP_ERROR_SHORT;
	if (query->group.family == AF_UNSPEC && query->sources.n > 0)
		return GROUP_ERROR_GROUP;
	return GROUP_ERROR_NONE;
}

static enum group_error parse_only(const uint8_t *p, uint8_t version, struct group_message *m)
{
	m->version = version;
	m->type = p[0] == TYPE_LEAVE2 ? GROUP_LEAVE : GROUP_REPORT;
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
		return parse_only(p, 1, m);
	case TYPE_REPORT2:
	case TYPE_LEAVE2:
		return parse_only(p, 2, m);
	case TYPE_REPORT3:
		m->type = GROUP_REPORT;
		m->version = 3;
		m->records = p + REPORT3_RECORDS;
		return group_records_length(m->records, length - REPORT3_RECORDS,
					    group_load16(p + REPORT3_N), ADDRESS_LENGTH,
					    &m->records_length)
			       ? GROUP_ERROR_NONE
			       : GROUP_ERROR_SHORT;
	default:
		return GROUP_ERROR_TYPE;
	}
}

static bool type_known(uint8_t type)
{
	return type == TYPE_QUERY || type == TYPE_REPORT1 || type == TYPE_REPORT2 ||
	       type == TYPE_LEAVE2 || type == TYPE_REPORT3;
}

/* Where the RFC sends it: RFC 9776, 4.1.12 and 4.2.15; RFC 2236, 9. */
static struct address right_destination(const struct group_message *m)
{
	switch (m->type) {
	case GROUP_QUERY:
		return m->query.group.family == AF_INET ? m->query.group : local_group(1);
	case GROUP_LEAVE:
		return local_group(2);
	default:
		return m->version == 3 ? local_group(22) : m->only.group;
	}
}

static bool destination_right(const struct group_message *m, enum group_strictness strictness)
{
	const struct address wanted = right_destination(m), all = local_group(1);

	/* hosts older than RFC 2236 send a Leave to the group, section 9 */
	if (m->type == GROUP_LEAVE && address_equal(&m->destination, &m->only.group))
		return true;
	/* Linux' bridge sends IGMPv2's Group-Specific Queries there, to nobody's harm */
	if (m->type == GROUP_QUERY && address_equal(&m->destination, &all))
		return true;
	return group_destination_right(m, &wanted, strictness);
}

enum group_error igmp_parse(const uint8_t *data, size_t length, enum group_strictness strictness,
			    struct group_message *ret)
{
	struct group_message m = { .family = AF_INET };
	enum group_error error;
	size_t header, total;
	const uint8_t *p;
	bool alert;

	if (length < IP4_HEADER)
		return GROUP_ERROR_IP;
	header = (data[0] & 0x0f) * 4u;
	total = group_load16(data + IP4_LENGTH);
	if (data[0] >> 4 != 4 || header < IP4_HEADER || header > total || total > length ||
	    (group_load16(data + IP4_OFFSET) & IP4_FRAGMENT) != 0)
		return GROUP_ERROR_IP;
	p = data + header;
	length = total - header;

	if (data[IP4_PROTOCOL] != IPPROTO_IGMP)
		return GROUP_ERROR_TYPE;
	if (length < MESSAGE_MIN)
		return GROUP_ERROR_SHORT;
	if (!type_known(p[0]))
		return GROUP_ERROR_TYPE;
	if (!find_alert(data + IP4_HEADER, header - IP4_HEADER, &alert))
		return GROUP_ERROR_IP;
	if (checksum_fold(checksum_add(0, data, header)) != 0xffff ||
	    checksum_fold(checksum_add(0, p, length)) != 0xffff)
		return GROUP_ERROR_CHECKSUM;
	if (data[IP4_TTL] != 1)
		return GROUP_ERROR_TTL;
	m.source = load_address(data + IP4_SOURCE);
	m.destination = load_address(data + IP4_DESTINATION);
	if (ntohl(m.source.in.s_addr) >= INADDR_UNSPEC_GROUP) /* multicast, and what is beyond */
		return GROUP_ERROR_SOURCE;

	error = parse_message(p, length, &m);
	if (error != GROUP_ERROR_NONE)
		return error;
	if (!alert && m.version > 1)
		return GROUP_ERROR_ALERT;
	if (!destination_right(&m, strictness))
		return GROUP_ERROR_DESTINATION;
	*ret = m;
	return GROUP_ERROR_NONE;
}

/* The IPv4 header for, and the checksum of, the message that lies behind it in the packet. */
static void finish(uint8_t *packet, size_t total, const struct address *source,
		   const struct address *destination)
{
	uint8_t *p = packet + IP4_HEADER_ALERT;
	uint16_t checksum;

	memset(packet, 0, IP4_HEADER_ALERT);
	packet[0] = 4 << 4 | IP4_HEADER_ALERT / 4;
	packet[IP4_TOS] = IP4_PRECEDENCE;
	group_store16(packet + IP4_LENGTH, total);
	group_store16(packet + IP4_OFFSET, IP4_DONT_FRAGMENT);
	packet[IP4_TTL] = 1;
	packet[IP4_PROTOCOL] = IPPROTO_IGMP;
	if (source->family == AF_INET)
		memcpy(packet + IP4_SOURCE, &source->in, sizeof(source->in));
	memcpy(packet + IP4_DESTINATION, &destination->in, sizeof(destination->in));
	packet[IP4_HEADER] = OPTION_ALERT;
	packet[IP4_HEADER + 1] = OPTION_ALERT_LENGTH;

	checksum = (uint16_t)~checksum_fold(checksum_add(0, packet, IP4_HEADER_ALERT));
	memcpy(packet + IP4_CHECKSUM, &checksum, sizeof(checksum));
	checksum = (uint16_t)~checksum_fold(checksum_add(0, p, total - IP4_HEADER_ALERT));
	memcpy(p + CHECKSUM, &checksum, sizeof(checksum));
}

static uint8_t response_code(const struct group_query *query)
{
	uint64_t units = query->max_response_usec / RESPONSE_UNIT;

	switch (query->version) {
	case 1:
		return 0;
	case 2: /* 0 would make it one of IGMPv1 */
		return units == 0 ? 1 : units > UINT8_MAX ? UINT8_MAX : (uint8_t)units;
	default:
		return (uint8_t)group_code_encode(units, INTERVAL_CODE_BITS);
	}
}

ssize_t igmp_query_build(const struct group_query *query, const struct address *source,
			 const struct address *destination, uint8_t *buf, size_t size)
{
	const struct group_message m = { .type = GROUP_QUERY, .query = *query };
	const struct address right = right_destination(&m);
	size_t sources = query->sources.n * (size_t)ADDRESS_LENGTH;
	size_t fixed = query->version == 3 ? QUERY3_MIN : MESSAGE_MIN;
	uint8_t *p = buf + IP4_HEADER_ALERT;
	ssize_t total;

	if (query->version < 1 || query->version > 3 || (query->version < 3 && sources > 0) ||
	    (query->version == 1 && query->group.family != AF_UNSPEC))
		return -EINVAL;
	total = group_check_size(IP4_HEADER_ALERT + fixed + sources, size);
	if (total < 0)
		return total;

	memset(p, 0, fixed);
	p[0] = TYPE_QUERY;
	p[CODE] = response_code(query);
	if (query->group.family == AF_INET)
		memcpy(p + GROUP, &query->group.in, sizeof(query->group.in));
	if (query->version == 3) {
		group_put_robustness(query, p + QUERY3_FLAGS);
		group_store16(p + QUERY3_N, query->sources.n);
		if (sources > 0)
			memcpy(p + QUERY3_SOURCES, query->sources.data, sources);
	}
	finish(buf, (size_t)total, source, destination ? destination : &right);
	return total;
}

/* 0: the version has none. */
static uint8_t only_type(enum group_message_type type, uint8_t version)
{
	if (type == GROUP_LEAVE)
		return version == 1 ? 0 : TYPE_LEAVE2;
	return version == 1 ? TYPE_REPORT1 : TYPE_REPORT2;
}

ssize_t igmp_report_build(uint8_t version, const struct group_record *records, uint16_t n,
			  const struct address *source, const struct address *destination,
			  uint8_t *buf, size_t size)
{
	struct group_message m = { .type = GROUP_REPORT, .version = version };
	uint8_t *p = buf + IP4_HEADER_ALERT;
	size_t length = MESSAGE_MIN;
	struct address right;
	ssize_t total;

	if (version < 1 || version > 3)
		return -EINVAL;
	if (version == 3)
		length = REPORT3_RECORDS + group_put_records(records, n, ADDRESS_LENGTH, NULL);
	else if (group_only_type(records, n, &m.type) < 0 || only_type(m.type, version) == 0)
		return -EINVAL;
	total = group_check_size(IP4_HEADER_ALERT + length, size);
	if (total < 0)
		return total;

	memset(p, 0, MESSAGE_MIN);
	if (version == 3) {
		p[0] = TYPE_REPORT3;
		group_store16(p + REPORT3_N, n);
		group_put_records(records, n, ADDRESS_LENGTH, p + REPORT3_RECORDS);
	} else {
		p[0] = only_type(m.type, version);
		memcpy(p + GROUP, &records[0].group.in, ADDRESS_LENGTH);
		m.only = records[0];
	}
	right = right_destination(&m);
	finish(buf, (size_t)total, source, destination ? destination : &right);
	return total;
}

void igmp_query_hasten(uint8_t *packet)
{
	uint8_t *p = packet + (packet[0] & 0x0f) * 4;

	group_edit16(p, TYPE_QUERY << 8, p + CHECKSUM); /* the code is the lower byte */
}
