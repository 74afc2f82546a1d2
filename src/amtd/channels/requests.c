/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/channels/requests.h"

#include "amtd/channels/demand.h"
#include "amtd/channels/want.h"
#include "amtd/core/devices.h"
#include "amtd/core/failure.h"
#include "amtd/core/manager.h"
#include "base/clock.h"
#include "base/parse.h"
#include "device/device.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

static int parse_channel(const char *text, struct channel_key *ret, struct failure *failure)
{
	const char *why;

	if (channel_parse(text, ret, &why) < 0)
		return failure_set(failure, FAILURE_INVALID, "%s", why);
	return 0;
}

/* Can the device receive, now or later? */
static int check_device(struct manager *manager, const char *name, struct failure *failure)
{
	const struct device *device = devices_find(manager, name);
	char valid[IFNAMSIZ];

	if (parse_ifname(name, valid) < 0)
		return failure_set(failure, FAILURE_INVALID, "--on %.40s: invalid interface name",
				   name);
	if (device && device->config->mode != CONFIG_GATEWAY)
		return failure_set(failure, FAILURE_INVALID,
				   "--on %s: not a gateway; a %s receives nothing", name,
				   config_mode_string(device->config->mode));
	if (!device && if_nametoindex(name) == 0)
		return failure_set(
			failure, FAILURE_NO_DEVICE,
			"--on %s: no such device; see `amtctl list`, and `ip link` for other interfaces",
			name);
	return 0;
}

int channels_join(struct channels *channels, const char *text, const char *on, struct channel **ret,
		  struct failure *ret_failure)
{
	struct channel *channel;
	struct channel_key key;
	int r;

	if (parse_channel(text, &key, ret_failure) < 0 ||
	    (*on != '\0' && check_device(channels->manager, on, ret_failure) < 0))
		return -1;
	if (*on == '\0' && key.source.family == AF_UNSPEC)
		return failure_set(
			ret_failure, FAILURE_INVALID,
			"without a source no relay can be found; name a device: --on DEV");
	if (!channel_table_find(channels->table, &key, on) &&
	    channel_table_count(channels->table) >= channels->settings.max_channels)
		return failure_set(
			ret_failure, FAILURE_FAILED,
			"there are %u channels already, which is the limit; leave some (amtctl leave), or raise MaxChannels= in amtd.conf",
			channels->settings.max_channels);
	channel = channel_table_add(channels->table, &key, on, clock_realtime());
	r = !channel ? -ENOMEM : *on != '\0' ? want_set_via(channels, channel, on) : 0;
	if (r < 0)
		return failure_set(ret_failure, FAILURE_FAILED, "%s", strerror(-r));
	if (channel->owners == 0 && channel->problem && channel->via &&
	    channel->via->ifindex != 0) {
		failure_set(ret_failure, FAILURE_FAILED, "%s: %s", on, channel->problem);
		want_disown(channels, channel, CHANNEL_AMTCTL);
		return -1;
	}
	channel->owners |= CHANNEL_AMTCTL;
	want_changed(channels, channel);
	if (!channel->via)
		demand_seek(channels, channel);
	*ret = channel;
	return 0;
}

/* The one that amtctl joined; on "": on any device. */
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

/* Why amtctl cannot leave it. */
static const char *hint_of(const struct channel *channel)
{
	if (channel->owners & CHANNEL_FILE)
		return "joined by Join= of a device file; edit that and `amtctl reload`";
	if (channel->owners & CHANNEL_HOST)
		return "joined by an application on this host (HostJoins=yes); left when the application leaves";
	return "joined by downstream hosts; left when they leave";
}

int channels_leave(struct channels *channels, const char *text, const char *on,
		   struct failure *ret_failure)
{
	struct channel *channel;
	struct channel_key key;

	if (parse_channel(text, &key, ret_failure) < 0)
		return -1;
	channel = find_joined(channels, &key, on);
	if (!channel)
		return failure_set(ret_failure, FAILURE_NO_CHANNEL,
				   "not joined%s%s; `amtctl channels` shows the %zu there are",
				   *on ? " on " : "", on, channel_table_count(channels->table));
	if (!(channel->owners & CHANNEL_AMTCTL))
		return failure_set(ret_failure, FAILURE_FAILED, "%s", hint_of(channel));
	want_disown(channels, channel, CHANNEL_AMTCTL);
	return 0;
}
