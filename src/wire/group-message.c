/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/group-message.h"

#include "base/group.h"
#include "wire/group-wire.h"

bool group_next_record(const struct group_message *message, size_t *at, struct group_record *ret)
{
	size_t size = address_length(message->family);

	if (message->only.type != 0) {
		if (*at > 0)
			return false;
		*ret = message->only;
		*at = 1;
		return true;
	}
	while (*at < message->records_length) {
		const uint8_t *data = message->records + *at;
		struct group_record record;

		*at += group_record_length(data, message->records_length - *at, size);
		record.group = address_load(message->family, data + GROUP_RECORD_HEAD);
		if (data[0] < GROUP_MODE_IS_INCLUDE || data[0] > GROUP_BLOCK_OLD_SOURCES ||
		    !group_valid(&record.group))
			continue;
		record.type = (enum group_record_type)data[0];
		record.sources.data = data + GROUP_RECORD_HEAD + size;
		record.sources.n = group_load16(data + 2);
		*ret = record;
		return true;
	}
	return false;
}

void group_source(const struct group_sources *sources, sa_family_t family, uint16_t i,
		  struct address *ret)
{
	*ret = address_load(family, sources->data + i * address_length(family));
}

static enum group_error parse_query(const struct group_protocol *protocol,
				    const struct group_packet *packet, struct group_message *m)
{
	const size_t size = address_length(protocol->family), older = protocol->group + size;
	const uint8_t *p = packet->message, *rest = p + older;
	struct group_query *query = &m->query;
	struct address group;

	if (packet->length < older ||
	    (packet->length > older && packet->length < older + GROUP_QUERY_SOURCES))
		return GROUP_ERROR_SHORT;
	m->version = packet->length > older ? protocol->version : protocol->older_version(p);
	query->version = m->version;
	group = address_load(protocol->family, p + protocol->group);
	if (m->version != protocol->version_ungrouped && !address_is_unspecified(&group)) {
		query->group = group;
		if (!group_valid(&group))
			return GROUP_ERROR_GROUP;
	}
	query->max_response_usec = protocol->get_response(p, m->version);
	if (m->version < protocol->version)
		return GROUP_ERROR_NONE;

	query->suppress = rest[GROUP_QUERY_FLAGS] & GROUP_QUERY_SUPPRESS;
	query->robustness = rest[GROUP_QUERY_FLAGS] & GROUP_QUERY_ROBUSTNESS;
	query->interval_usec =
		group_code_decode(rest[GROUP_QUERY_QQIC], GROUP_INTERVAL_BITS) * USEC_PER_SEC;
	query->sources.n = group_load16(rest + GROUP_QUERY_N);
	query->sources.data = rest + GROUP_QUERY_SOURCES;
	if (query->sources.n > (packet->length - older - GROUP_QUERY_SOURCES) / size)
		return GROUP_ERROR_SHORT;
	if (!address_is_set(&query->group) && query->sources.n > 0)
		return GROUP_ERROR_GROUP;
	return GROUP_ERROR_NONE;
}

/* RFC 9776, 4.2.5 and RFC 9777, 5.2.5 differ in the length of addresses alone. */
static enum group_error parse_records(const struct group_packet *packet, struct group_message *m)
{
	const size_t size = address_length(m->family);
	size_t left = packet->length - GROUP_REPORT_RECORDS, record;

	m->records = packet->message + GROUP_REPORT_RECORDS;
	for (uint16_t n = group_load16(packet->message + GROUP_REPORT_N); n > 0; n--) {
		record = group_record_length(m->records + m->records_length, left, size);
		if (record == 0)
			return GROUP_ERROR_SHORT;
		m->records_length += record;
		left -= record;
	}
	return GROUP_ERROR_NONE;
}

/* A Report or Leave of a version without records. */
static enum group_error parse_only(const struct group_protocol *protocol,
				   const struct group_packet *packet, struct group_message *m)
{
	if (packet->length < protocol->group + address_length(protocol->family))
		return GROUP_ERROR_SHORT;
	m->only.type = m->type == GROUP_LEAVE ? GROUP_CHANGE_TO_INCLUDE : GROUP_MODE_IS_EXCLUDE;
	m->only.group = address_load(protocol->family, packet->message + protocol->group);
	return group_valid(&m->only.group) ? GROUP_ERROR_NONE : GROUP_ERROR_GROUP;
}

static enum group_error parse_message(const struct group_protocol *protocol,
				      const struct group_packet *packet,
				      const struct group_type *type, struct group_message *m)
{
	m->type = type->is;
	m->version = type->version;
	if (type->is == GROUP_QUERY)
		return parse_query(protocol, packet, m);
	if (type->version == protocol->version)
		return parse_records(packet, m);
	return parse_only(protocol, packet, m);
}

static const struct group_type *find_type(const struct group_protocol *protocol, uint8_t type)
{
	const struct group_type *row = protocol->types;

	while (row->type != 0 && row->type != type)
		row++;
	return row->type != 0 ? row : NULL;
}

static bool destination_right(const struct group_protocol *protocol, const struct group_message *m,
			      unsigned int lenience)
{
	const struct group_message general = { .type = GROUP_QUERY };
	const struct address wanted = group_destination(protocol, m);
	const struct address all = group_destination(protocol, &general);

	if (address_equal(&m->destination, &wanted))
		return true;
	/* hosts older than RFC 2236 send a Leave to the group, section 9 */
	if (m->type == GROUP_LEAVE && protocol->leave_to_group &&
	    address_equal(&m->destination, &m->only.group))
		return true;
	/* Linux' bridge sends the Queries of a group of IGMPv2 and MLDv1 there, which does no harm
	 */
	if (m->type == GROUP_QUERY && address_equal(&m->destination, &all))
		return true;
	return (lenience & GROUP_UNICAST) && !group_valid(&m->destination);
}

static enum group_error parse_packet(const struct group_protocol *protocol, const uint8_t *data,
				     size_t length, unsigned int lenience,
				     struct group_message *ret)
{
	struct group_message m = { .family = protocol->family };
	struct group_packet packet = { .data = data };
	const struct group_type *type;
	enum group_error error;

	error = protocol->find(data, length, &packet);
	if (error != GROUP_ERROR_NONE)
		return error;
	if (packet.length < GROUP_MESSAGE_MIN)
		return GROUP_ERROR_SHORT;
	type = find_type(protocol, packet.message[0]);
	if (!type)
		return GROUP_ERROR_TYPE;
	error = protocol->check(&packet);
	if (error != GROUP_ERROR_NONE)
		return error;
	protocol->get_ends(data, &m.source, &m.destination);
	error = parse_message(protocol, &packet, type, &m);
	if (error == GROUP_ERROR_NONE && !packet.alert && !(lenience & GROUP_NO_ALERT) &&
	    m.version != protocol->version_unalerted)
		error = GROUP_ERROR_ALERT;
	if (error == GROUP_ERROR_NONE && protocol->accept)
		error = protocol->accept(&packet, &m, lenience);
	if (error == GROUP_ERROR_NONE && !destination_right(protocol, &m, lenience))
		error = GROUP_ERROR_DESTINATION;
	if (error == GROUP_ERROR_NONE)
		*ret = m;
	return error;
}

enum group_error group_message_parse(const void *data, size_t length, unsigned int lenience,
				     struct group_message *ret)
{
	const uint8_t *p = data;

	if (length < 1)
		return GROUP_ERROR_IP;
	switch (p[0] >> 4) {
	case 4:
		return parse_packet(&group_igmp, p, length, lenience, ret);
	case 6:
		return parse_packet(&group_mld, p, length, lenience, ret);
	default:
		return GROUP_ERROR_IP;
	}
}

/* name, and what is wrong with it */
static const char *const errors[_GROUP_ERROR_MAX][2] = {
	[GROUP_ERROR_NONE] = { "none", "no error" },
	[GROUP_ERROR_IP] = { "ip",
			     "IP header: not one complete packet, or its options are malformed" },
	[GROUP_ERROR_TYPE] = { "type", "type: not of IGMP or MLD" },
	[GROUP_ERROR_SHORT] = { "length", "length: too short for its type or counts" },
	[GROUP_ERROR_TTL] = { "ttl", "TTL or hop limit: not 1" },
	[GROUP_ERROR_ALERT] = { "router_alert", "Router Alert: not there" },
	[GROUP_ERROR_CHECKSUM] = { "checksum", "checksum: wrong" },
	[GROUP_ERROR_SOURCE] = { "source", "source address: none of this link" },
	[GROUP_ERROR_DESTINATION] = { "destination",
				      "destination address: not where such messages go" },
	[GROUP_ERROR_GROUP] = { "group", "group: not multicast, or none but with sources" },
};

const char *group_error_string(enum group_error error)
{
	return (unsigned int)error < _GROUP_ERROR_MAX ? errors[error][1] : "unknown";
}

const char *group_error_name(enum group_error error)
{
	return (unsigned int)error < _GROUP_ERROR_MAX ? errors[error][0] : "unknown";
}
