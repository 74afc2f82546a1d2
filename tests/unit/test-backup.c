/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BackupUpstream=, by UpstreamTimeoutSec= in a virtual clock, and as somebody asks. */
#include "addresses.h"
#include "amtd/core/devices.h"
#include "amtd/core/failure.h"
#include "amtd/forward/backup.h"
#include "amtd/forward/upstream-listener.h"
#include "amtd/forward/upstreams.h"
#include "virtual-clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct world {
	struct manager manager;
	struct forwarding forwarding;
	struct forward_device owner;
	struct forward forward;
	struct routing routing;
	struct device device;
	struct config config;
	struct config_upstream upstreams[1];
	int ifindexes[1];
	uint64_t packets;
	uint32_t wants;
	unsigned int refreshed, heard;
} world;

int mroute_interface_packets(const struct mroute *mroute, int ifindex, uint64_t *ret)
{
	assert_int_equal(ifindex, 5);
	*ret = world.packets;
	return 0;
}

void forwarder_counters(const struct forwarder *forwarder, struct forwarder_counters *ret)
{
	*ret = (struct forwarder_counters){ .wants = world.wants };
}

void forward_refresh_upstreams(struct forward *forward, enum upstreams_change how)
{
	world.refreshed++;
}

void upstream_listener_refresh(struct forward_device *owner)
{
	world.heard++;
}

struct device *devices_find(const struct manager *manager, const char *name)
{
	return strcmp(name, "amt0") == 0 ? &world.device : NULL;
}

/* Sources are on eth1, or on eth2 after 10 s of silence. */
static void begin(void)
{
	memset(&world, 0, sizeof(world));
	strcpy(world.config.name, "amt0");
	strcpy(world.upstreams[0].name, "eth1");
	strcpy(world.config.forward.backup_upstream, "eth2");
	world.config.forward.upstreams = world.upstreams;
	world.config.forward.n_upstreams = 1;
	world.config.forward.upstream_timeout_sec = 10;
	world.device.config = &world.config;
	world.ifindexes[0] = 5;
	world.routing.mroutes[FAMILY_IPV4] = (struct mroute *)&world;
	world.forward = (struct forward){ .owner = &world.owner,
					  .device = &world.device,
					  .manager = &world.manager,
					  .routing = &world.routing,
					  .upstreams = world.ifindexes,
					  .n_upstreams = 1,
					  .active_at = virtual_now };
	world.forward.forwarders[FAMILY_IPV4] = (struct forwarder *)&world;
	world.forwarding = (struct forwarding){ .manager = &world.manager, .list = &world.forward };
	world.wants = 1;
}

/* So many packets come each second. */
static void run(unsigned int seconds, uint64_t packets)
{
	for (unsigned int i = 0; i < seconds; i++) {
		world.packets += packets;
		virtual_run_for(USEC_PER_SEC);
		backup_poll(&world.forward, virtual_now);
	}
}

static void test_silence(void **state)
{
	begin();
	run(60, 1);
	assert_false(world.forward.switched);
	assert_int_equal(upstream_packets(&world.forward), 60);
	run(9, 0);
	assert_false(world.forward.switched);
	run(1, 0);
	assert_true(world.forward.switched);
	assert_int_equal(world.refreshed, 1);
	assert_int_equal(world.heard, 1);
	run(9, 0); /* it has as much time */
	assert_true(world.forward.switched);
	run(60, 1);
	assert_true(world.forward.switched);
	run(10, 0); /* and so back again */
	assert_false(world.forward.switched);
	assert_int_equal(world.refreshed, 2);
}

/* One packet within the time is enough, and what nobody wants may be silent. */
static void test_not_silent(void **state)
{
	begin();
	for (int i = 0; i < 10; i++) {
		run(9, 0);
		run(1, 1);
	}
	assert_false(world.forward.switched);
	world.wants = 0;
	run(600, 0);
	assert_int_equal(world.refreshed, 0);
	world.wants = 1;
	run(9, 0); /* from now on */
	assert_false(world.forward.switched);
	run(1, 0);
	assert_true(world.forward.switched);
}

static void test_never(void **state)
{
	begin();
	world.config.forward.upstream_timeout_sec = 0;
	run(600, 0);
	assert_int_equal(world.refreshed, 0);

	begin();
	world.config.forward.backup_upstream[0] = '\0';
	run(600, 0);
	assert_int_equal(world.refreshed, 0);

	/* Sources with a prefix have their own upstream. */
	begin();
	assert_int_equal(prefix_parse("198.51.100.0/24", &world.upstreams[0].prefix), 0);
	run(60, 1);
	run(600, 0);
	assert_int_equal(world.refreshed, 0);
	assert_int_equal(upstream_packets(&world.forward), 0);
}

static int ask(const char *upstream, const char *name, enum failure_kind *ret_kind)
{
	struct failure failure = { .kind = _FAILURE_KIND_MAX };
	int r = backup_switch(&world.forwarding, upstream, name, &failure);

	*ret_kind = failure.kind;
	return r;
}

static void test_as_asked(void **state)
{
	enum failure_kind kind;

	begin();
	assert_int_equal(ask("eth2", "", &kind), 0);
	assert_true(world.forward.switched);
	assert_int_equal(ask("eth2", "amt0", &kind), 0); /* it does already */
	assert_true(world.forward.switched);
	assert_int_equal(world.refreshed, 1);
	assert_int_equal(ask("eth1", "amt0", &kind), 0);
	assert_false(world.forward.switched);
	assert_int_equal(world.refreshed, 2);

	assert_int_equal(ask("eth2", "amt9", &kind), -1);
	assert_int_equal(kind, FAILURE_NO_DEVICE);
	assert_int_equal(ask("eth3", "", &kind), -1);
	assert_int_equal(kind, FAILURE_INVALID);
	world.forward.error = -EADDRINUSE;
	assert_int_equal(ask("eth2", "", &kind), -1);
	assert_int_equal(kind, FAILURE_INVALID);
	assert_false(world.forward.switched);
	assert_int_equal(world.refreshed, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_not_silent),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_as_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
