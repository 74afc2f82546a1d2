/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the bus asks for about channels.
 */
#include "amtd/channels/channels.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *owners_describe(const struct channel *channel)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < CHANNEL_OWNERS; i++)
		if (channel->owners & 1u << i)
			json_array_append_new(array, json_string(channel_owner_string(1u << i)));
	return array;
}

static const char *state_of(const struct channel *channel)
{
	if (!channel->via || channel->via->ifindex == 0)
		return "waiting";
	return channel->problem ? "failed" : "joined";
}

static json_t *address_describe(const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];

	return json_string(address_format(address, text));
}

/* The relay that the device's tunnel leads to now. */
static void describe_relay(const struct channels *channels, const struct channel *channel,
			   json_t *object)
{
	const struct device *device = manager_find(channels->manager, channel->via->name);
	char text[INET_ADDRSTRLEN];

	json_object_set_new(object, "device", json_string(channel->via->name));
	if (!device || device->config->mode != CONFIG_GATEWAY)
		return;
	json_object_set_new(object, "device_state",
			    json_string(device_state_string(device->state)));
	if (device->relay.s_addr != 0)
		json_object_set_new(
			object, "relay",
			json_string(inet_ntop(AF_INET, &device->relay, text, sizeof(text))));
}

static json_t *describe(const struct channels *channels, const struct channel *channel)
{
	char text[CHANNEL_TEXT_MAX];
	json_t *object = json_object();

	json_object_set_new(object, "channel", json_string(channel_format(&channel->key, text)));
	if (channel->key.source.family != AF_UNSPEC)
		json_object_set_new(object, "source", address_describe(&channel->key.source));
	json_object_set_new(object, "group", address_describe(&channel->key.group));
	json_object_set_new(object, "wanted_by", owners_describe(channel));
	json_object_set_new(object, "since_usec", json_integer(channel->since));
	if (channel->on)
		json_object_set_new(object, "on", json_string(channel->on->name));
	if (channel->via)
		describe_relay(channels, channel, object);
	json_object_set_new(object, "state", json_string(state_of(channel)));
	if (channel->problem || channel->seeking)
		json_object_set_new(object, "reason",
				    json_string(channel->problem ?: "looking for a relay in DNS"));
	if (!channel->counted)
		return object;
	json_object_set_new(object, "packets", json_integer(channel->packets));
	json_object_set_new(object, "rate", json_integer(channel->rate));
	if (channel->last_packet != 0)
		json_object_set_new(object, "last_packet_usec", json_integer(channel->last_packet));
	return object;
}

/* Takes over the array. */
static int hand_out(struct manager *manager, json_t *array, char **ret_json,
		    struct failure *ret_failure)
{
	char *text = json_dumps(array, JSON_COMPACT);

	json_decref(array);
	pass_tidy(manager);
	if (!text)
		return failure_set(ret_failure, FAILURE_FAILED, "out of memory");
	*ret_json = text;
	return 0;
}

static int parse(const char *text, struct channel_key *ret, struct failure *failure)
{
	const char *why;

	if (channel_parse(text, ret, &why) < 0)
		return failure_set(failure, FAILURE_INVALID, "%s", why);
	return 0;
}

/* May something be received there, now or later? */
static int check_device(struct manager *manager, const char *name, struct failure *failure)
{
	const struct device *device = manager_find(manager, name);
	char valid[IFNAMSIZ];

	if (parse_ifname(name, valid) < 0)
		return failure_set(failure, FAILURE_INVALID,
				   "--on %.40s: this is no name for an interface", name);
	if (device && device->config->mode != CONFIG_GATEWAY)
		return failure_set(failure, FAILURE_INVALID,
				   "--on %s: this is no gateway; nothing is received through a %s",
				   name, config_mode_string(device->config->mode));
	if (!device && if_nametoindex(name) == 0)
		return failure_set(
			failure, FAILURE_NO_DEVICE,
			"--on %s: there is no such device; `amtctl list` shows those there are, and `ip link` other interfaces",
			name);
	return 0;
}

int manager_join(struct manager *manager, const char *text, const char *on, char **ret_json,
		 struct failure *ret_failure)
{
	struct channels *channels = manager->channels;
	struct channel *channel;
	struct channel_key key;
	json_t *array;
	int r;

	if (parse(text, &key, ret_failure) < 0 ||
	    (*on != '\0' && check_device(manager, on, ret_failure) < 0))
		return -1;
	if (*on == '\0' && key.source.family == AF_UNSPEC)
		return failure_set(
			ret_failure, FAILURE_INVALID,
			"without a source no relay can be found; name a device: --on DEV");
	if (!channel_table_find(channels->table, &key, on) &&
	    channel_table_count(channels->table) >= channels->settings.max_channels)
		return failure_set(
			ret_failure, FAILURE_FAILED,
			"there are %u channels already, which is the limit; leave some (amtctl leave), or raise Limit= in amtd.conf",
			channels->settings.max_channels);
	channel = channel_table_add(channels->table, &key, on, clock_realtime());
	r = !channel ? -ENOMEM : *on != '\0' ? channels_set_via(channels, channel, on) : 0;
	if (r < 0)
		return failure_set(ret_failure, FAILURE_FAILED, "%s", strerror(-r));
	if (channel->owners == 0 && channel->problem && channel->via &&
	    channel->via->ifindex != 0) {
		failure_set(ret_failure, FAILURE_FAILED, "%s: %s", on, channel->problem);
		channels_disown(channels, channel, CHANNEL_AMTCTL);
		return -1;
	}
	channel->owners |= CHANNEL_AMTCTL;
	channels_changed(channels, channel);
	if (!channel->via)
		demand_seek(channels, channel);
	array = json_array();
	json_array_append_new(array, describe(channels, channel));
	return hand_out(manager, array, ret_json, ret_failure);
}

/* The one that amtctl joined; on "": on whichever device. */
static struct channel *find_joined(const struct channels *channels, const struct channel_key *key,
				   const char *on)
{
	struct channel *channel = channel_table_find(channels->table, key, on);

	if (*on != '\0' || (channel && channel->owners & CHANNEL_AMTCTL))
		return channel;
	for (const struct channel_device *d = channel_table_devices(channels->table); d;
	     d = d->next) {
		struct channel *other = channel_table_find(channels->table, key, d->name);

		if (other && (!channel || other->owners & CHANNEL_AMTCTL))
			channel = other;
	}
	return channel;
}

/* Why it cannot be left by amtctl. */
static const char *hint_of(const struct channel *channel)
{
	if (channel->owners & CHANNEL_FILE)
		return "Join= of a device file wants it; edit that and `amtctl reload`";
	if (channel->owners & CHANNEL_HOST)
		return "an application on this host wants it (HostJoins=yes); it goes when that leaves";
	return "hosts that are forwarded to want it; it goes when they leave";
}

int manager_leave(struct manager *manager, const char *text, const char *on,
		  struct failure *ret_failure)
{
	struct channels *channels = manager->channels;
	struct channel *channel;
	struct channel_key key;

	if (parse(text, &key, ret_failure) < 0)
		return -1;
	channel = find_joined(channels, &key, on);
	if (!channel)
		return failure_set(ret_failure, FAILURE_NO_CHANNEL,
				   "not joined%s%s; `amtctl channels` shows the %zu there are",
				   *on ? " on " : "", on, channel_table_count(channels->table));
	if (!(channel->owners & CHANNEL_AMTCTL))
		return failure_set(ret_failure, FAILURE_FAILED, "%s", hint_of(channel));
	channels_disown(channels, channel, CHANNEL_AMTCTL);
	return 0;
}

int manager_channels(struct manager *manager, char **ret_json, struct failure *ret_failure)
{
	struct channels *channels = manager->channels;
	struct channel **sorted = channel_table_sorted(channels->table);
	json_t *array = json_array();

	if (!sorted) {
		json_decref(array);
		return failure_set(ret_failure, FAILURE_FAILED, "out of memory");
	}
	for (size_t i = 0; sorted[i]; i++)
		json_array_append_new(array, describe(channels, sorted[i]));
	free(sorted);
	return hand_out(manager, array, ret_json, ret_failure);
}
