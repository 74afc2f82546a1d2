/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/group-build.h"

#include "wire/group-wire.h"

#include <errno.h>
#include <string.h>

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
