/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Channels that are joined and left as somebody asks, up to what is joined in the kernel. */
#include "amtd/channels/demand.h"
#include "amtd/channels/requests.h"
#include "amtd/channels/want.h"
#include "amtd/core/devices.h"
#include "amtd/core/failure.h"
#include "channels-world.h"
#include "virtual-clock.h"

#include <errno.h>
#include <string.h>

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
	channels_begin();
	world.channels.settings.max_channels = 2;
	(void)join(S1 "," G1);
	(void)join(S1 "," G2);
	assert_join_fails(S2 "," G1, "", FAILURE_FAILED);
	(void)join(S1 "," G1); /* there already */
	assert_int_equal(channel_table_count(world.channels.table), 2);
	leave(S1 "," G2);
	(void)join(S2 "," G1);
	channels_end();
}

static void test_refused(void **state)
{
	channels_begin();
	add_gateway("relay0", NULL, NULL)->config->mode = CONFIG_RELAY;
	assert_join_fails("198.51.100.1,10.0.0.1", "", FAILURE_INVALID);
	assert_join_fails("239.1.1.1", "", FAILURE_INVALID); /* no source, no relay */
	assert_join_fails(S1 "," G1, "a/b", FAILURE_INVALID);
	assert_join_fails(S1 "," G1, "relay0", FAILURE_INVALID);
	assert_join_fails(S1 "," G1, "amt9", FAILURE_NO_DEVICE);
	assert_int_equal(channel_table_count(world.channels.table), 0);
	assert_int_equal(world.n_asked, 0);
	channels_end();
}

/* On a device that is named: any source will do, and DNS is not asked. */
static void test_on_device(void **state)
{
	channels_begin();
	add_gateway("gw0", NULL, NULL);
	assert_via(join_on("239.1.1.1", "gw0"), "gw0");
	assert_int_equal(world.last.mode, FILTER_EXCLUDE);
	assert_int_equal(world.last.n, 0);
	assert_int_equal(world.n_asked, 0);
	leave("239.1.1.1");
	assert_int_equal(world.left, 1);
	assert_int_equal(channel_table_count(world.channels.table), 0);
	channels_end();
}

/* What the kernel refuses at once is not kept; what it refuses later is tried every 5 s. */
static void test_kernel_refuses(void **state)
{
	struct channel *channel;

	channels_begin();
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
	channels_end();
}

/* Two who want it: the first one to leave leaves nothing. */
static void test_two_owners(void **state)
{
	struct failure failure = { 0 };
	struct channel *channel;

	channels_begin();
	add_gateway("gw0", S1, NULL);
	channel = join(S1 "," G1);
	channel->owners |= CHANNEL_FORWARD;
	leave(S1 "," G1);
	assert_int_equal(channel->owners, CHANNEL_FORWARD);
	assert_int_equal(world.left, 0);
	assert_int_equal(channels_leave(&world.channels, S1 "," G1, "", &failure), -1);
	assert_non_null(strstr(failure.text, "joined by downstream hosts"));
	want_disown(&world.channels, channel, CHANNEL_FORWARD);
	assert_int_equal(world.left, 1);
	assert_int_equal(channels_leave(&world.channels, S1 "," G1, "", &failure), -1);
	assert_int_equal(failure.kind, FAILURE_NO_CHANNEL);
	channels_end();
}

/* Another interface of the same name: joined there as well. */
static void test_another_interface(void **state)
{
	struct channel *channel;

	channels_begin();
	add_gateway("gw0", S1, NULL);
	channel = join(S1 "," G1);
	assert_int_equal(world.joined, 1);
	find_device("gw0")->ifindex = 77;
	want_follow_interface(&world.channels, channel->via);
	assert_int_equal(world.joined, 2);
	assert_int_equal(world.last_ifindex, 77);
	want_follow_interface(&world.channels, channel->via);
	assert_int_equal(world.joined, 2);
	find_device("gw0")->ifindex = 0;
	want_follow_interface(&world.channels, channel->via);
	assert_int_equal(channel->via->ifindex, 0);
	leave(S1 "," G1);
	assert_int_equal(world.left, 0); /* there is nothing to leave */
	channels_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),	   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_on_device),  cmocka_unit_test(test_kernel_refuses),
		cmocka_unit_test(test_two_owners), cmocka_unit_test(test_another_interface),
	};

	return cmocka_run_group_tests(tests, channels_make_root, channels_remove_root);
}
