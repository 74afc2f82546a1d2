/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels that are wanted, and the gateways that they get, in a virtual clock: DNS and the kernel
 * are the test's, files and devices are real.
 */
#include "addresses.h"
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
#include "amtd/core/manager.h"
#include "amtd/core/pass.h"
#include "amtd/core/resolvers.h"
#include "base/file.h"
#include "device/device.h"
#include "device/reconcile.h"
#include "discovery/resolver.h"
#include "kernel/inet.h"
#include "kernel/joins.h"
#include "virtual-clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOKUPS_MAX 128
#define IFINDEX	    10 /* of the first device's interface */
#define S1	    "198.51.100.1"
#define S2	    "198.51.100.2"
#define G1	    "232.1.1.1"
#define G2	    "232.1.1.2"

static const struct wing wing = { .name = "channels",
				  .device_private_size = sizeof(struct demand_device) };
static const struct wing *const wings[] = { &wing };

/* Asked of DNS. */
struct asked {
	struct address source;
	lookup_done done;
	void *userdata;
	bool open;
};

static struct world {
	struct manager manager;
	void *states[1];
	struct channels channels;
	struct asked asked[LOOKUPS_MAX];
	size_t n_asked;
	unsigned int interfaces; /* made so far */
	int joins_error;
	unsigned int joined, left, lines;
	struct filter last; /* without its sources */
	int last_ifindex;
} world;

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

/* DNS has these relays of the source asked for in the ith place, in ascending precedence; NULL: it
 * has none. */
static void answer(size_t i, const char *first, const char *second)
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

static void begin(void)
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

static void end(void)
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

static struct channel *join_on(const char *channel, const char *on)
{
	struct failure failure = { 0 };
	struct channel *ret = NULL;

	if (channels_join(&world.channels, channel, on, &ret, &failure) < 0)
		fail_msg("%s: %s", channel, failure.text);
	return ret;
}

static struct channel *join(const char *channel)
{
	return join_on(channel, "");
}

static void leave(const char *channel)
{
	struct failure failure = { 0 };

	if (channels_leave(&world.channels, channel, "", &failure) < 0)
		fail_msg("%s: %s", channel, failure.text);
}

static struct device *find(const char *name)
{
	return devices_find(&world.manager, name);
}

static bool file_there(const char *name)
{
	char path[PATH_MAX];

	assert_int_equal(file_path(path, "/run/amt/%s.amt", name), 0);
	return access(path, F_OK) == 0;
}

/* A gateway that is configured; relay: in use. */
static struct device *add_gateway(const char *name, const char *source, const char *relay)
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

static void assert_via(const struct channel *channel, const char *name)
{
	if (!name) {
		assert_null(channel->via);
		return;
	}
	assert_non_null(channel->via);
	assert_string_equal(channel->via->name, name);
	assert_int_equal(channel->via->ifindex, find(name)->ifindex);
}

/* ---- demand --------------------------------------------------------------------------------- */

/* RFC 8777: its relay is looked up by the source, and a gateway made for it. */
static void test_made_on_demand(void **state)
{
	const struct channel *channel;
	const struct config *config;

	begin();
	channel = join(S1 "," G1);
	assert_int_equal(world.n_asked, 1);
	assert_address(&world.asked[0].source, S1);
	assert_via(channel, NULL);
	assert_int_equal(world.joined, 0);
	answer(0, "192.0.2.1", NULL);
	assert_via(channel, "amt0");
	config = find("amt0")->config;
	assert_true(config->on_demand);
	assert_int_equal(config->mode, CONFIG_GATEWAY);
	assert_address(&config->source, S1);
	assert_string_equal(config->link, "eth0");
	assert_true(file_there("amt0"));
	assert_int_equal(world.joined, 1);
	assert_int_equal(world.last_ifindex, IFINDEX);
	assert_int_equal(world.last.mode, FILTER_INCLUDE);
	assert_int_equal(world.last.n, 1);
	/* Another group of the source: DNS need not be asked. */
	assert_via(join(S1 "," G2), "amt0");
	assert_int_equal(world.n_asked, 1);
	assert_int_equal(world.manager.n_devices, 1);
	end();
}

/* Driad= of a configured gateway names the source. */
static void test_by_source(void **state)
{
	begin();
	add_gateway("gw0", S2, NULL);
	add_gateway("gw1", S1, NULL);
	assert_via(join(S1 "," G1), "gw1");
	assert_int_equal(world.n_asked, 0);
	assert_int_equal(world.manager.n_devices, 2);
	end();
}

/* A gateway that uses one of the source's relays, though not the best of them, serves; a relay
 * device does not. */
static void test_by_relay(void **state)
{
	const struct channel *channel;

	begin();
	add_gateway("gw0", NULL, "192.0.2.9");
	add_gateway("gw1", NULL, "192.0.2.2");
	add_gateway("aa", NULL, "192.0.2.1")->config->mode = CONFIG_RELAY;
	channel = join(S1 "," G1);
	answer(0, "192.0.2.1", "192.0.2.2");
	assert_via(channel, "gw1");
	assert_int_equal(world.manager.n_devices, 3);
	end();
}

/* Two sources of one relay, asked for before any gateway was there. */
static void test_one_gateway_for_one_relay(void **state)
{
	const struct channel *first, *second, *third;

	begin();
	first = join(S1 "," G1);
	second = join(S2 "," G1);
	third = join("198.51.100.3," G1);
	assert_int_equal(world.n_asked, 3);
	answer(0, "192.0.2.1", "192.0.2.2"); /* the best of them: 192.0.2.1 */
	assert_via(first, "amt0");
	answer(1, "192.0.2.1", NULL);
	assert_via(second, "amt0");
	answer(2, "192.0.2.2", NULL);
	assert_via(third, "amt1");
	assert_address(&find("amt1")->config->source, "198.51.100.3");
	end();
}

/* DNS has none: said so, and asked again after 30 s. */
static void test_no_relay(void **state)
{
	const struct channel *channel;

	begin();
	channel = join(S1 "," G1);
	answer(0, NULL, NULL);
	assert_via(channel, NULL);
	assert_non_null(strstr(channel->problem, "no relay of " S1 " (NXDOMAIN)"));
	assert_int_equal(world.manager.n_devices, 0);
	virtual_run_for(29 * USEC_PER_SEC);
	assert_int_equal(world.n_asked, 1);
	virtual_run_for(2 * USEC_PER_SEC);
	assert_int_equal(world.n_asked, 2);
	answer(1, "192.0.2.1", NULL);
	assert_via(channel, "amt0");
	assert_null(channel->problem);
	end();
}

/* amtd.conf knows a relay for sources without: one gateway for all of them. */
static void test_other_relays(void **state)
{
	const struct channel *first, *second;

	begin();
	free(world.channels.settings.gateway);
	world.channels.settings.gateway = strdup("[Relay]\nAnycast=yes\n");
	strcpy(world.channels.settings.link, "eth7");
	first = join(S1 "," G1);
	second = join(S2 "," G1);
	answer(0, NULL, NULL);
	answer(1, NULL, NULL);
	assert_via(first, "amt0");
	assert_via(second, "amt0");
	assert_int_equal(find("amt0")->config->source.family, AF_UNSPEC);
	assert_true(find("amt0")->config->anycast);
	assert_string_equal(find("amt0")->config->link, "eth7");
	end();
}

/* Left while DNS is asked: the answer makes nothing. */
static void test_left_while_asked(void **state)
{
	begin();
	(void)join(S1 "," G1);
	leave(S1 "," G1);
	answer(0, "192.0.2.1", NULL);
	assert_int_equal(world.manager.n_devices, 0);
	assert_int_equal(channel_table_count(world.channels.table), 0);
	end();
}

/* 32 lookups at once; the rest follow as answers come, each source once. */
static void test_many_lookups(void **state)
{
	char text[64];

	begin();
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "198.51.100.%d," G1, i + 1);
		(void)join(text);
	}
	assert_int_equal(world.n_asked, 32);
	answer(7, NULL, NULL);
	assert_int_equal(world.n_asked, 33);
	assert_address(&world.asked[32].source, "198.51.100.33");
	for (size_t i = 0; i < 50; i++)
		if (i != 7)
			answer(i, NULL, NULL);
	assert_int_equal(world.n_asked, 50);
	end();
}

/* A gateway that somebody deletes: its channels find another. */
static void test_gateway_goes(void **state)
{
	const struct channel *channel;

	begin();
	channel = join(S1 "," G1);
	answer(0, "192.0.2.1", NULL);
	devices_forget(&world.manager, find("amt0"));
	demand_seek_all(&world.channels);
	assert_via(channel, NULL);
	assert_int_equal(world.n_asked, 2);
	add_gateway("gw0", NULL, "192.0.2.1");
	answer(1, "192.0.2.1", NULL);
	assert_via(channel, "gw0");
	end();
}

/* ---- linger --------------------------------------------------------------------------------- */

static void test_linger(void **state)
{
	begin();
	(void)join(S1 "," G1);
	(void)join(S1 "," G2);
	answer(0, "192.0.2.1", NULL);
	answer(1, "192.0.2.1", NULL);
	leave(S1 "," G1);
	virtual_run_for(100 * USEC_PER_SEC);
	assert_non_null(find("amt0")); /* it has one still */
	leave(S1 "," G2);
	assert_int_equal(world.left, 2); /* at once; the gateway lingers */
	virtual_run_for(29900 * USEC_PER_MSEC);
	assert_non_null(find("amt0"));
	assert_true(file_there("amt0"));
	virtual_run_for(200 * USEC_PER_MSEC);
	assert_null(find("amt0"));
	assert_false(file_there("amt0"));
	end();
}

/* Joined again within LingerSec=: it stays, and the time begins anew. */
static void test_rejoin_within_linger(void **state)
{
	begin();
	(void)join(S1 "," G1);
	answer(0, "192.0.2.1", NULL);
	leave(S1 "," G1);
	virtual_run_for(20 * USEC_PER_SEC);
	assert_via(join(S1 "," G1), "amt0");
	assert_int_equal(world.n_asked, 1);
	virtual_run_for(120 * USEC_PER_SEC);
	assert_non_null(find("amt0"));
	leave(S1 "," G1);
	virtual_run_for(29 * USEC_PER_SEC);
	assert_non_null(find("amt0"));
	virtual_run_for(2 * USEC_PER_SEC);
	assert_null(find("amt0"));
	end();
}

/* An application has joined something on it by itself: it stays until that leaves. */
static void test_linger_for_applications(void **state)
{
	begin();
	(void)join(S1 "," G1);
	answer(0, "192.0.2.1", NULL);
	find("amt0")->joined = true;
	leave(S1 "," G1);
	virtual_run_for(300 * USEC_PER_SEC);
	assert_non_null(find("amt0"));
	find("amt0")->joined = false;
	virtual_run_for(2 * USEC_PER_SEC);
	assert_null(find("amt0"));
	end();
}

/* Only what was made on demand goes. */
static void test_configured_stays(void **state)
{
	begin();
	add_gateway("gw0", S1, NULL);
	(void)join(S1 "," G1);
	leave(S1 "," G1);
	virtual_run_for(600 * USEC_PER_SEC);
	assert_non_null(find("gw0"));
	end();
}

/* LingerSec=0 */
static void test_no_linger(void **state)
{
	begin();
	world.channels.settings.linger_sec = 0;
	(void)join(S1 "," G1);
	answer(0, "192.0.2.1", NULL);
	virtual_run_for(60 * USEC_PER_SEC);
	assert_non_null(find("amt0"));
	leave(S1 "," G1);
	assert_non_null(find("amt0")); /* by the timer, not in the midst of a request */
	virtual_run_for(1);
	assert_null(find("amt0"));
	end();
}

/* ---- requests ------------------------------------------------------------------------------- */

static void assert_join_fails(const char *channel, const char *on, enum failure_kind kind)
{
	struct failure failure = { 0 };
	struct channel *ret = NULL;

	assert_int_equal(channels_join(&world.channels, channel, on, &ret, &failure), -1);
	assert_int_equal(failure.kind, kind);
	assert_true(failure.text[0] != '\0');
}

static void test_limit(void **state)
{
	begin();
	world.channels.settings.max_channels = 2;
	(void)join(S1 "," G1);
	(void)join(S1 "," G2);
	assert_join_fails(S2 "," G1, "", FAILURE_FAILED);
	(void)join(S1 "," G1); /* there already */
	assert_int_equal(channel_table_count(world.channels.table), 2);
	leave(S1 "," G2);
	(void)join(S2 "," G1);
	end();
}

static void test_refused(void **state)
{
	begin();
	add_gateway("relay0", NULL, NULL)->config->mode = CONFIG_RELAY;
	assert_join_fails("198.51.100.1,10.0.0.1", "", FAILURE_INVALID);
	assert_join_fails("239.1.1.1", "", FAILURE_INVALID); /* no source, no relay */
	assert_join_fails(S1 "," G1, "a/b", FAILURE_INVALID);
	assert_join_fails(S1 "," G1, "relay0", FAILURE_INVALID);
	assert_join_fails(S1 "," G1, "amt9", FAILURE_NO_DEVICE);
	assert_int_equal(channel_table_count(world.channels.table), 0);
	assert_int_equal(world.n_asked, 0);
	end();
}

/* On a device that is named: any source will do, and DNS is not asked. */
static void test_on_device(void **state)
{
	begin();
	add_gateway("gw0", NULL, NULL);
	assert_via(join_on("239.1.1.1", "gw0"), "gw0");
	assert_int_equal(world.last.mode, FILTER_EXCLUDE);
	assert_int_equal(world.last.n, 0);
	assert_int_equal(world.n_asked, 0);
	leave("239.1.1.1");
	assert_int_equal(world.left, 1);
	assert_int_equal(channel_table_count(world.channels.table), 0);
	end();
}

/* What the kernel refuses at once is not kept; what it refuses later is tried every 5 s. */
static void test_kernel_refuses(void **state)
{
	struct channel *channel;

	begin();
	add_gateway("gw0", NULL, NULL);
	world.joins_error = -ENOBUFS;
	assert_join_fails(S1 "," G1, "gw0", FAILURE_FAILED);
	assert_int_equal(channel_table_count(world.channels.table), 0);

	channel = join(S1 "," G1);
	answer(0, "192.0.2.1", NULL);
	assert_non_null(channel->problem);
	world.joins_error = 0;
	world.joined = 0;
	virtual_run_for(4900 * USEC_PER_MSEC);
	assert_int_equal(world.joined, 0);
	virtual_run_for(200 * USEC_PER_MSEC);
	assert_int_equal(world.joined, 1);
	assert_null(channel->problem);
	end();
}

/* Two who want it: the first one to leave leaves nothing. */
static void test_two_owners(void **state)
{
	struct failure failure = { 0 };
	struct channel *channel;

	begin();
	add_gateway("gw0", S1, NULL);
	channel = join(S1 "," G1);
	channel->owners |= CHANNEL_FORWARD;
	leave(S1 "," G1);
	assert_int_equal(channel->owners, CHANNEL_FORWARD);
	assert_int_equal(world.left, 0);
	assert_int_equal(channels_leave(&world.channels, S1 "," G1, "", &failure), -1);
	assert_non_null(strstr(failure.text, "hosts that are forwarded to"));
	want_disown(&world.channels, channel, CHANNEL_FORWARD);
	assert_int_equal(world.left, 1);
	assert_int_equal(channels_leave(&world.channels, S1 "," G1, "", &failure), -1);
	assert_int_equal(failure.kind, FAILURE_NO_CHANNEL);
	end();
}

/* Another interface of the same name: joined there as well. */
static void test_another_interface(void **state)
{
	struct channel *channel;

	begin();
	add_gateway("gw0", S1, NULL);
	channel = join(S1 "," G1);
	assert_int_equal(world.joined, 1);
	find("gw0")->ifindex = 77;
	want_follow_interface(&world.channels, channel->via);
	assert_int_equal(world.joined, 2);
	assert_int_equal(world.last_ifindex, 77);
	want_follow_interface(&world.channels, channel->via);
	assert_int_equal(world.joined, 2);
	find("gw0")->ifindex = 0;
	want_follow_interface(&world.channels, channel->via);
	assert_int_equal(channel->via->ifindex, 0);
	leave(S1 "," G1);
	assert_int_equal(world.left, 0); /* there is nothing to leave */
	end();
}

static int make_root(void **state)
{
	return mkdtemp(root) ? setenv("AMTD_ROOT", root, 1) : -1;
}

static int remove_root(void **state)
{
	return rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_on_demand),
		cmocka_unit_test(test_by_source),
		cmocka_unit_test(test_by_relay),
		cmocka_unit_test(test_one_gateway_for_one_relay),
		cmocka_unit_test(test_no_relay),
		cmocka_unit_test(test_other_relays),
		cmocka_unit_test(test_left_while_asked),
		cmocka_unit_test(test_many_lookups),
		cmocka_unit_test(test_gateway_goes),
		cmocka_unit_test(test_linger),
		cmocka_unit_test(test_rejoin_within_linger),
		cmocka_unit_test(test_linger_for_applications),
		cmocka_unit_test(test_configured_stays),
		cmocka_unit_test(test_no_linger),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_on_device),
		cmocka_unit_test(test_kernel_refuses),
		cmocka_unit_test(test_two_owners),
		cmocka_unit_test(test_another_interface),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
