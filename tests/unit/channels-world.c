/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channels-world.h"

#include "amtd/channels/counts.h"
#include "amtd/channels/demand.h"
#include "amtd/channels/group-route.h"
#include "amtd/channels/persist.h"
#include "amtd/channels/requests.h"
#include "amtd/channels/want.h"
#include "amtd/core/devices.h"
#include "amtd/core/failure.h"
#include "amtd/core/hooks.h"
#include "amtd/core/keep.h"
#include "amtd/core/pass.h"
#include "amtd/core/resolvers.h"
#include "base/file.h"
#include "device/reconcile.h"
#include "kernel/inet.h"
#include "kernel/joins.h"
#include "virtual-clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct wing wing = { .name = "channels",
				  .device_private_size = sizeof(struct demand_device) };
static const struct wing *const wings[] = { &wing };

struct channels_world world;

static char root[] = "/tmp/amtd-demand-XXXXXX";

/* ---- the kernel and DNS --------------------------------------------------------------------- */

int joins_set(struct joins *joins, int ifindex, const struct address *group,
	      const struct filter *filter)
{
	world.last = (struct filter){ .mode = filter->mode, .n = filter->n };
	world.last_ifindex = ifindex;
	if (filter->mode == FILTER_INCLUDE && filter->n == 0)
		world.left++;
	else
		world.joined++;
	return world.joins_error;
}

void joins_forget(struct joins *joins, int ifindex)
{
}

int keep_joins_open(struct keep *keep, sa_family_t family, struct joins **ret)
{
	*ret = NULL;
	return 0;
}

void keep_joins_close(struct keep *keep, struct joins *joins)
{
}

void counts_device(struct channels *channels, const struct channel_device *via)
{
}

void counts_channel(struct channels *channels, const struct channel_device *via,
		    const struct channel_key *key, bool wanted)
{
}

void group_route(struct channels *channels, const struct address *group)
{
}

void group_unroute(struct channels *channels, struct channel *channel)
{
}

void group_route_link(struct channels *channels, struct channel_device *via)
{
}

void persist_append(struct channels *channels, const struct channel *channel)
{
	world.lines++;
}

unsigned int if_nametoindex(const char *name)
{
	const struct device *device = devices_find(&world.manager, name);

	return device ? (unsigned int)device->ifindex : strcmp(name, "eth0") == 0 ? 2 : 0;
}

char *if_indextoname(unsigned int ifindex, char name[IFNAMSIZ])
{
	return ifindex == 2 ? strcpy(name, "eth0") : NULL;
}

int inet_route_interface(struct netlink *netlink, const struct address *remote, int *ret)
{
	assert_true(address_is_set(remote));
	*ret = 2;
	return 0;
}

void pass_run(struct manager *manager)
{
	for (size_t i = 0; i < manager->n_devices; i++) {
		struct device *device = manager->devices[i];

		if (device->ifindex != 0)
			continue;
		device->ifindex = IFINDEX + (int)world.interfaces++;
		device_set_state(device, DEVICE_DISCOVERING, "made");
	}
}

int reconcile_remove(const char *name, struct record *record, struct netlink *netlink)
{
	return 0;
}

int resolvers_share(struct resolvers *resolvers, const struct config *config,
		    struct shared_resolver **ret)
{
	*ret = (struct shared_resolver *)&world;
	return 0;
}

void resolvers_release(struct resolvers *resolvers, struct shared_resolver *shared)
{
}

struct resolver *resolvers_get(const struct shared_resolver *shared)
{
	return NULL;
}

int __wrap_resolver_lookup_source(struct resolver *resolver, const struct address *source,
				  lookup_done done, void *userdata, struct lookup **ret);
int __wrap_resolver_lookup_source(struct resolver *resolver, const struct address *source,
				  lookup_done done, void *userdata, struct lookup **ret)
{
	struct asked *asked = &world.asked[world.n_asked++];

	assert_true(world.n_asked <= LOOKUPS_MAX);
	*asked = (struct asked){ *source, done, userdata, true };
	*ret = (struct lookup *)asked;
	return 0;
}

void __wrap_lookup_cancel(struct lookup *lookup);
void __wrap_lookup_cancel(struct lookup *lookup)
{
	((struct asked *)lookup)->open = false;
}

void answer(size_t i, const char *first, const char *second)
{
	struct candidate candidates[2] = { { .precedence = 10 }, { .precedence = 20 } };
	struct lookup_result result = { .outcome = LOOKUP_NXDOMAIN, .why = "" };
	struct asked *asked = &world.asked[i];

	assert_true(i < world.n_asked && asked->open);
	asked->open = false;
	if (first) {
		candidates[0].address = address_of(first);
		result.outcome = LOOKUP_ANSWERED;
		result.candidates = candidates;
		result.n_candidates = 1;
	}
	if (second) {
		candidates[1].address = address_of(second);
		result.n_candidates = 2;
	}
	asked->done((struct lookup *)asked, &result, asked->userdata);
}

/* ---- the world ------------------------------------------------------------------------------ */

void channels_begin(void)
{
	char path[PATH_MAX];
	struct channels *channels = &world.channels;

	memset(&world, 0, sizeof(world));
	world.manager =
		(struct manager){ .wings = wings, .n_wings = 1, .wing_states = world.states };
	assert_int_equal(file_path(path, "/run/amt"), 0);
	assert_int_equal(file_make_directory(path, 0755), 0);
	*channels = (struct channels){
		.manager = &world.manager,
		.wing = &wing,
		.idle = demand_idle,
		.settings = { .linger_sec = 30, .max_channels = 100, .gateway = strdup("") },
	};
	assert_int_equal(channel_table_new(&channels->table), 0);
	assert_int_equal(demand_open(channels), 0);
	assert_int_equal(want_open(channels), 0);
}

void channels_end(void)
{
	char command[128];

	demand_close(&world.channels);
	want_close(&world.channels);
	channel_table_free(world.channels.table);
	settings_clear(&world.channels.settings);
	while (world.manager.n_devices > 0)
		devices_forget(&world.manager, world.manager.devices[0]);
	free(world.manager.devices);
	snprintf(command, sizeof(command), "rm -rf %s/run", root);
	assert_int_equal(system(command), 0);
	assert_int_equal(virtual_timers(), 0);
}

struct channel *join_on(const char *channel, const char *on)
{
	struct failure failure = { 0 };
	struct channel *ret = NULL;

	if (channels_join(&world.channels, channel, on, &ret, &failure) < 0)
		fail_msg("%s: %s", channel, failure.text);
	return ret;
}

struct channel *join(const char *channel)
{
	return join_on(channel, "");
}

void leave(const char *channel)
{
	struct failure failure = { 0 };

	if (channels_leave(&world.channels, channel, "", &failure) < 0)
		fail_msg("%s: %s", channel, failure.text);
}

struct device *find_device(const char *name)
{
	return devices_find(&world.manager, name);
}

bool file_there(const char *name)
{
	char path[PATH_MAX];

	assert_int_equal(file_path(path, "/run/amt/%s.amt", name), 0);
	return access(path, F_OK) == 0;
}

struct device *add_gateway(const char *name, const char *source, const char *relay)
{
	struct config *config = calloc(1, sizeof(*config));
	struct device *device;

	strcpy(config->name, name);
	config->source = source ? address_of(source) : (struct address){ 0 };
	config->pieces = calloc(1, sizeof(*config->pieces));
	config->pieces[0] = strdup("/etc/amt/gateway.amt");
	config->n_pieces = 1;
	assert_int_equal(devices_add(&world.manager, config, &device), 0);
	if (relay)
		device->record.chosen = address_of(relay);
	pass_run(&world.manager);
	return device;
}

void assert_via(const struct channel *channel, const char *name)
{
	if (!name) {
		assert_null(channel->via);
		return;
	}
	assert_non_null(channel->via);
	assert_string_equal(channel->via->name, name);
	assert_int_equal(channel->via->ifindex, find_device(name)->ifindex);
}

int channels_make_root(void **state)
{
	return mkdtemp(root) ? setenv("AMTD_ROOT", root, 1) : -1;
}

int channels_remove_root(void **state)
{
	return rmdir(root);
}
