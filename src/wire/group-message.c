/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/group-message.h"

#include "base/group.h"
#include "wire/group-wire.h"

#include <errno.h>
#include <string.h>

static void load_address(const uint8_t *data, sa_family_t family, struct address *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->family = family;
	memcpy(&ret->in6, data, group_address_length(family));
}

bool group_next_record(const struct group_message *message, size_t *at, struct group_record *ret)
{
	size_t size = group_address_length(message->family);

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
		load_address(data + GROUP_RECORD_HEAD, message->family, &record.group);
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
	load_address(sources->data + i * group_address_length(family), family, ret);
}

enum group_error group_message_parse(const void *data, size_t length,
				     enum group_strictness strictness, struct group_message *ret)
{
	const uint8_t *p = data;

	if (length < 1)
		return GROUP_ERROR_IP;
	switch (p[0] >> 4) {
	case 4:
		return igmp_parse(p, length, strictness, ret);
	case 6:
		return mld_parse(p, length, strictness, ret);
	default:
		return GROUP_ERROR_IP;
	}
}

const char *group_error_string(enum group_error error)
{
	static const char *const strings[_GROUP_ERROR_MAX] = {
		[GROUP_ERROR_NONE] = "no fault",
		[GROUP_ERROR_IP] = "IP header: not one whole packet, or its options are garbled",
		[GROUP_ERROR_TYPE] = "type: not of IGMP or MLD",
		[GROUP_ERROR_SHORT] = "length: too short for its type, or what it counts",
		[GROUP_ERROR_TTL] = "TTL or hop limit: not 1",
		[GROUP_ERROR_ALERT] = "Router Alert: not there",
		[GROUP_ERROR_CHECKSUM] = "checksum: wrong",
		[GROUP_ERROR_SOURCE] = "source address: none of this link",
		[GROUP_ERROR_DESTINATION] = "destination address: not where such messages go",
		[GROUP_ERROR_GROUP] = "group: not multicast, or none but with sources",
	};

	if ((unsigned int)error >= _GROUP_ERROR_MAX)
		return "unknown";
	return strings[error];
}
