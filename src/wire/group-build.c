/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/group-build.h"

#include "wire/group-wire.h"

#include <errno.h>
#include <string.h>

#define PACKET_MAX 65535

/* NULL: no family that has a protocol. */
static const struct group_protocol *protocol_of(sa_family_t family)
{
	return family == AF_INET ? &group_igmp : family == AF_INET6 ? &group_mld : NULL;
}

/* An address of the packet's family, or none where that is allowed. */
static bool fits(const struct address *address, sa_family_t family)
{
	return address->family == AF_UNSPEC || address->family == family;
}

static bool ends_fit(sa_family_t family, const struct address *source,
		     const struct address *destination)
{
	return fits(source, family) && (!destination || destination->family == family);
}

static uint8_t type_of(const struct group_protocol *protocol, enum group_message_type is,
		       uint8_t version) /* 0: the version has none */
{
	const struct group_type *row = protocol->types;

	while (row->type != 0 && (row->is != is || (row->version != 0 && row->version != version)))
		row++;
	return row->type;
}

/* total, or the error for a packet of this size. */
static ssize_t check_size(size_t total, size_t size)
{
	if (total > PACKET_MAX)
		return -EMSGSIZE;
	return total > size ? -ENOBUFS : (ssize_t)total;
}

static void finish_packet(const struct group_protocol *protocol,
			  const struct group_message *message, uint8_t *packet, size_t total,
			  const struct address *source, const struct address *destination)
{
	const struct address right = group_destination(protocol, message);

	protocol->finish(packet, total, source, destination ? destination : &right);
}

/* rest: behind the group. */
static void put_query_rest(const struct group_query *query, size_t sources, uint8_t *rest)
{
	/* one that does not fit is none, RFC 9776, 4.1.6 */
	rest[GROUP_QUERY_FLAGS] =
		query->robustness <= GROUP_QUERY_ROBUSTNESS ? query->robustness : 0;
	if (query->suppress)
		rest[GROUP_QUERY_FLAGS] |= GROUP_QUERY_SUPPRESS;
	rest[GROUP_QUERY_QQIC] = (uint8_t)group_code_encode(query->interval_usec / USEC_PER_SEC,
							    GROUP_INTERVAL_BITS);
	group_store16(rest + GROUP_QUERY_N, query->sources.n);
	if (sources > 0)
		memcpy(rest + GROUP_QUERY_SOURCES, query->sources.data, sources);
}

static bool query_valid(const struct group_protocol *protocol, const struct group_query *query)
{
	const bool general = !address_is_set(&query->group), sources = query->sources.n > 0;

	return query->version >= 1 && query->version <= protocol->version &&
	       fits(&query->group, protocol->family) && !(general && sources) &&
	       !(sources && query->version < protocol->version) &&
	       !(!general && query->version == protocol->version_ungrouped);
}

ssize_t group_query_build(sa_family_t family, const struct group_query *query,
			  const struct address *source, const struct address *destination,
			  void *buf, size_t size)
{
	const struct group_message m = { .type = GROUP_QUERY, .query = *query };
	const struct group_protocol *protocol = protocol_of(family);
	const size_t sources = query->sources.n * address_length(family);
	uint8_t *p = buf;
	size_t older, fixed;
	ssize_t total;

	if (!protocol || !ends_fit(family, source, destination) || !query_valid(protocol, query))
		return -EINVAL;
	older = protocol->group + address_length(family);
	fixed = older + (query->version == protocol->version ? GROUP_QUERY_SOURCES : 0);
	total = check_size(protocol->header + fixed + sources, size);
	if (total < 0)
		return total;

	p += protocol->header;
	memset(p, 0, fixed);
	p[0] = type_of(protocol, GROUP_QUERY, query->version);
	protocol->put_response(query, p);
	address_store(&query->group, p + protocol->group);
	if (query->version == protocol->version)
		put_query_rest(query, sources, p + older);
	finish_packet(protocol, &m, buf, (size_t)total, source, destination);
	return total;
}

size_t group_put_source(const struct address *source, uint8_t *to)
{
	return address_store(source, to);
}

/* Write records behind each other; returns their length. NULL as to: only that. */
static size_t put_records(const struct group_record *records, uint16_t n, size_t size, uint8_t *to)
{
	size_t length = 0;

	for (uint16_t i = 0; i < n; i++) {
		const struct group_record *record = &records[i];
		size_t sources = record->sources.n * size;

		if (to) {
			uint8_t *p = to + length;

			p[0] = (uint8_t)record->type;
			p[1] = 0;
			group_store16(p + 2, record->sources.n);
			p += GROUP_RECORD_HEAD;
			p += address_store(&record->group, p);
			if (sources > 0)
				memcpy(p, record->sources.data, sources);
		}
		length += GROUP_RECORD_HEAD + size + sources;
	}
	return length;
}

/* The message of a version before IGMPv3 and MLDv2 that the record is; -EINVAL: none. */
static int only_type(const struct group_record *records, uint16_t n, enum group_message_type *ret)
{
	if (n != 1 || records[0].sources.n > 0)
		return -EINVAL;
	switch (records[0].type) {
	case GROUP_MODE_IS_EXCLUDE:
	case GROUP_CHANGE_TO_EXCLUDE:
		*ret = GROUP_REPORT;
		return 0;
	case GROUP_CHANGE_TO_INCLUDE:
		*ret = GROUP_LEAVE;
		return 0;
	default:
		return -EINVAL;
	}
}

static ssize_t build_only(const struct group_protocol *protocol, uint8_t version,
			  const struct group_record *records, uint16_t n,
			  const struct address *source, const struct address *destination,
			  uint8_t *buf, size_t size)
{
	const size_t length = protocol->group + address_length(protocol->family);
	struct group_message m = { .version = version };
	uint8_t *p = buf + protocol->header;
	ssize_t total;

	if (only_type(records, n, &m.type) < 0 || type_of(protocol, m.type, version) == 0)
		return -EINVAL;
	total = check_size(protocol->header + length, size);
	if (total < 0)
		return total;
	memset(p, 0, length);
	p[0] = type_of(protocol, m.type, version);
	address_store(&records[0].group, p + protocol->group);
	m.only = records[0];
	finish_packet(protocol, &m, buf, (size_t)total, source, destination);
	return total;
}

static ssize_t build_records(const struct group_protocol *protocol,
			     const struct group_record *records, uint16_t n,
			     const struct address *source, const struct address *destination,
			     uint8_t *buf, size_t size)
{
	const struct group_message m = { .type = GROUP_REPORT, .version = protocol->version };
	const size_t address = address_length(protocol->family);
	uint8_t *p = buf + protocol->header;
	ssize_t total;

	total = check_size(protocol->header + GROUP_REPORT_RECORDS +
				   put_records(records, n, address, NULL),
			   size);
	if (total < 0)
		return total;
	memset(p, 0, GROUP_REPORT_RECORDS);
	p[0] = type_of(protocol, GROUP_REPORT, protocol->version);
	group_store16(p + GROUP_REPORT_N, n);
	put_records(records, n, address, p + GROUP_REPORT_RECORDS);
	finish_packet(protocol, &m, buf, (size_t)total, source, destination);
	return total;
}

ssize_t group_report_build(sa_family_t family, uint8_t version, const struct group_record *records,
			   uint16_t n, const struct address *source,
			   const struct address *destination, void *buf, size_t size)
{
	const struct group_protocol *protocol = protocol_of(family);

	if (!protocol || !ends_fit(family, source, destination) || version < 1 ||
	    version > protocol->version)
		return -EINVAL;
	for (uint16_t i = 0; i < n; i++)
		if (records[i].group.family != family)
			return -EINVAL;
	if (version < protocol->version)
		return build_only(protocol, version, records, n, source, destination, buf, size);
	return build_records(protocol, records, n, source, destination, buf, size);
}

bool group_query_hasten(void *packet, size_t length)
{
	const struct group_protocol *protocol;
	struct group_packet found = { 0 };
	struct group_message message;
	uint8_t *p, *word;

	if (group_message_parse(packet, length, GROUP_UNICAST, &message) != GROUP_ERROR_NONE ||
	    message.type != GROUP_QUERY || address_is_set(&message.query.group))
		return false;
	protocol = protocol_of(message.family);
	if (message.version < protocol->version ||
	    protocol->find(packet, length, &found) != GROUP_ERROR_NONE)
		return false;
	/* Max Resp Code is 16 bits in MLD, and the lower byte of these in IGMP. */
	p = (uint8_t *)packet + found.header;
	word = p + protocol->code / 2 * 2;
	group_edit16(word, protocol->code % 2 ? (size_t)word[0] << 8 : 0, p + GROUP_CHECKSUM);
	return true;
}
