/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/api/describe-channel.h"

#include "base/arena.h"
#include "device/device.h"

#include <jansson.h>

struct counted_view {
	uint64_t packets, rate, last_packet;
};

static const struct field counted_fields[] = {
	{ "packets", FIELD_UINT, offsetof(struct counted_view, packets),
	  .help = "packets received" },
	{ "rate", FIELD_UINT, offsetof(struct counted_view, rate), .help = "packets a second" },
	{ "last_packet_usec", FIELD_TIME, offsetof(struct counted_view, last_packet), FIELD_IF_SET,
	  .help = "time of the last one" },
	{ NULL },
};

struct channel_view {
	const char *channel, *on, *device, *device_state, *state, *reason;
	struct address source, group, relay;
	struct field_list wanted_by; /* const char * */
	uint64_t since;
	const struct counted_view *counted;
};

#define CHANNEL(member) offsetof(struct channel_view, member)

const struct field channel_fields[] = {
	{ "channel", FIELD_STRING, CHANNEL(channel), .help = "SOURCE,GROUP or GROUP" },
	{ "source", FIELD_ADDRESS, CHANNEL(source), FIELD_IF_SET, .help = "its source" },
	{ "group", FIELD_ADDRESS, CHANNEL(group), .help = "its group" },
	{ "wanted_by", FIELD_STRINGS, CHANNEL(wanted_by), .help = "amtctl, file, host, forward" },
	{ "since_usec", FIELD_TIME, CHANNEL(since), .help = "wanted since" },
	{ "on", FIELD_STRING, CHANNEL(on), FIELD_IF_SET, .help = "requested device" },
	{ "device", FIELD_STRING, CHANNEL(device), FIELD_IF_SET, .help = "device in use" },
	{ "device_state", FIELD_STRING, CHANNEL(device_state), FIELD_IF_SET, .help = "its state" },
	{ "relay", FIELD_ADDRESS, CHANNEL(relay), FIELD_IF_SET, .help = "its relay" },
	{ "state", FIELD_STRING, CHANNEL(state), .help = "waiting, joined or failed" },
	{ "reason", FIELD_STRING, CHANNEL(reason), FIELD_IF_SET, .help = "why, for people" },
	{ "", FIELD_INLINE, CHANNEL(counted), FIELD_IF_SET, counted_fields },
	{ NULL },
};

static const char *state_of(const struct channel *channel)
{
	if (!channel->via || channel->via->ifindex == 0)
		return "waiting";
	return channel->problem ? "failed" : "joined";
}

static const char *reason_of(const struct channel *channel)
{
	return channel->problem	  ? channel->problem
	       : channel->seeking ? "looking for a relay in DNS"
				  : NULL;
}

static struct field_list view_owners(const struct channel *channel,
				     const char *owners[static CHANNEL_OWNERS])
{
	struct field_list list = { owners, 0 };

	for (unsigned int i = 0; i < CHANNEL_OWNERS; i++)
		if (channel->owners & 1u << i)
			owners[list.n++] = channel_owner_string(1u << i);
	return list;
}

json_t *describe_channel(const struct channel *channel, const struct device *device)
{
	const bool gateway = device && device->config->mode == CONFIG_GATEWAY;
	const char *owners[CHANNEL_OWNERS];
	char text[CHANNEL_TEXT_MAX];
	const struct counted_view counted = {
		.packets = channel->packets,
		.rate = channel->rate,
		.last_packet = channel->last_packet,
	};
	const struct channel_view view = {
		.channel = channel_format(&channel->key, text),
		.source = channel->key.source,
		.group = channel->key.group,
		.wanted_by = view_owners(channel, owners),
		.since = channel->since,
		.on = channel->on ? channel->on->name : NULL,
		.device = channel->via ? channel->via->name : NULL,
		.device_state = gateway ? device_state_string(device->state) : NULL,
		.relay = gateway ? device->relay : (struct address){ 0 },
		.state = state_of(channel),
		.reason = reason_of(channel),
		.counted = channel->counted ? &counted : NULL,
	};

	return fields_to_json(channel_fields, &view);
}
