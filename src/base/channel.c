/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/channel.h"

#include "base/group.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

static int check_key(const struct channel_key *key, const char **ret_why)
{
	if (!group_valid(&key->group))
		return refuse(
			ret_why,
			"its group is no multicast address; expected SOURCE,GROUP, or GROUP for any source");
	if (!group_routable(&key->group))
		return refuse(ret_why, "the group never leaves its link; no tunnel brings it");
	if (key->source.family == AF_UNSPEC && group_source_specific(&key->group))
		return refuse(
			ret_why,
			"the group is source-specific (RFC 4607); name the source: SOURCE,GROUP");
	if (key->source.family == AF_UNSPEC)
		return 0;
	if (key->source.family != key->group.family)
		return refuse(ret_why, "source and group are of different families");
	if (!address_is_host(&key->source))
		return refuse(ret_why, "its source is not the address of a host");
	return 0;
}

int channel_parse(const char *text, struct channel_key *ret, const char **ret_why)
{
	struct channel_key key = { 0 };
	const char *comma = strchr(text, ',');
	char source[ADDRESS_TEXT_MAX];
	int r;

	if (comma) {
		if (snprintf(source, sizeof(source), "%.*s", (int)(comma - text), text) >=
			    (int)sizeof(source) ||
		    address_parse(source, &key.source) < 0)
			return refuse(ret_why, "its source is no address; expected SOURCE,GROUP");
		text = comma + 1;
	}
	if (address_parse(text, &key.group) < 0)
		return refuse(
			ret_why,
			"its group is no address; expected SOURCE,GROUP, or GROUP for any source");
	r = check_key(&key, ret_why);
	if (r == 0)
		*ret = key;
	return r;
}

const char *channel_format(const struct channel_key *key, char buf[static CHANNEL_TEXT_MAX])
{
	char source[ADDRESS_TEXT_MAX], group[ADDRESS_TEXT_MAX];

	address_format(&key->group, group);
	if (key->source.family == AF_UNSPEC)
		snprintf(buf, CHANNEL_TEXT_MAX, "%s", group);
	else
		snprintf(buf, CHANNEL_TEXT_MAX, "%s,%s", address_format(&key->source, source),
			 group);
	return buf;
}

int channel_compare(const struct channel_key *a, const struct channel_key *b)
{
	int order = address_compare(&a->group, &b->group);

	return order != 0 ? order : address_compare(&a->source, &b->source);
}
