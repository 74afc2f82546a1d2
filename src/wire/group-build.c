/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/group-build.h"

#include "wire/group-wire.h"
#include "wire/packet.h"

#include <errno.h>
#include <string.h>

size_t group_put_source(const struct address *source, uint8_t *to)
{
	size_t n = source->family == AF_INET ? sizeof(source->in) : sizeof(source->in6);

	memcpy(to, &source->in6, n);
	return n;
}

size_t group_put_records(const struct group_record *records, uint16_t n, size_t address_length,
			 uint8_t *to)
{
	size_t length = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		const struct group_record *record = &records[i];
		size_t sources = record->sources.n * address_length;

		if (to) {
			uint8_t *p = to + length;

			p[0] = (uint8_t)record->type;
			p[1] = 0;
			group_store16(p + 2, record->sources.n);
			p += 4;
			p += group_put_source(&record->group, p);
			if (sources > 0)
				memcpy(p, record->sources.data, sources);
		}
		length += 4 + address_length + sources;
	}
	return length;
}

void group_put_robustness(const struct group_query *query, uint8_t *to)
{
	/* one that does not fit is none, RFC 9776, 4.1.6 */
	to[0] = query->robustness <= QUERY_ROBUSTNESS ? query->robustness : 0;
	if (query->suppress)
		to[0] |= QUERY_SUPPRESS;
	to[1] = (uint8_t)group_code_encode(query->interval_usec / USEC_PER_SEC, INTERVAL_CODE_BITS);
}

int group_only_type(const struct group_record *records, uint16_t n, enum group_message_type *ret)
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

ssize_t group_check_size(size_t total, size_t size)
{
	if (total > PACKET_MAX)
		return -EMSGSIZE;
	return total > size ? -ENOBUFS : (ssize_t)total;
}

/* An address of the packet's family, or none where there may be none. */
static bool fits(const struct address *address, sa_family_t family)
{
	return address->family == AF_UNSPEC || address->family == family;
}

static bool ends_fit(sa_family_t family, const struct address *source,
		     const struct address *destination)
{
	return (family == AF_INET || family == AF_INET6) && fits(source, family) &&
	       (!destination || destination->family == family);
}

ssize_t group_query_build(sa_family_t family, const struct group_query *query,
			  const struct address *source, const struct address *destination,
			  void *buf, size_t size)
{
	if (!ends_fit(family, source, destination) || !fits(&query->group, family))
		return -EINVAL;
	if (query->group.family == AF_UNSPEC && query->sources.n > 0)
		return -EINVAL;
	if (family == AF_INET)
		return igmp_query_build(query, source, destination, buf, size);
	return mld_query_build(query, source, destination, buf, size);
}

ssize_t group_report_build(sa_family_t family, uint8_t version, const struct group_record *records,
			   uint16_t n, const struct address *source,
			   const struct address *destination, void *buf, size_t size)
{
	uint16_t i;

	if (!ends_fit(family, source, destination))
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (records[i].group.family != family)
			return -EINVAL;
	if (family == AF_INET)
		return igmp_report_build(version, records, n, source, destination, buf, size);
	return mld_report_build(version, records, n, source, destination, buf, size);
}

void group_edit16(uint8_t *p, size_t value, uint8_t *checksum)
{
	uint32_t old = checksum_add(0, p, 2);
	uint16_t sum;

	group_store16(p, value);
	memcpy(&sum, checksum, sizeof(sum));
	sum = checksum_update(sum, old, checksum_add(0, p, 2));
	memcpy(checksum, &sum, sizeof(sum));
}

bool group_query_hasten(void *packet, size_t length)
{
	struct group_message message;

	if (group_message_parse(packet, length, GROUP_UNICAST, &message) != GROUP_ERROR_NONE ||
	    message.type != GROUP_QUERY || message.query.group.family != AF_UNSPEC)
		return false;
	if (message.family == AF_INET && message.version == 3)
		igmp_query_hasten(packet);
	else if (message.family == AF_INET6 && message.version == 2)
		mld_query_hasten(packet);
	else
		return false;
	return true;
}
