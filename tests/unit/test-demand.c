/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gateways that channels get, are made for them, and stay for LingerSec= after them. */
#include "amtd/channels/demand.h"
#include "amtd/channels/requests.h"
#include "amtd/channels/want.h"
#include "amtd/core/devices.h"
#include "amtd/core/failure.h"
#include "channels-world.h"
#include "virtual-clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 8777: its relay is looked up by the source, and a gateway made for it. */
static void test_made_on_demand(void **state)
{
	const struct channel *channel;
	const struct config *config;

	channels_begin();
	channel = join(S1 "," G1);
	assert_int_equal(world.n_asked, 1);
	assert_address(&world.asked[0].source, S1);
	assert_via(channel, NULL);
	assert_int_equal(world.joined, 0);
	answer(0, "192.0.2.1", NULL);
	assert_via(channel, "amt0");
	config = find_device("amt0")->config;
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
	channels_end();
}

/* Driad= of a configured gateway names the source. */
static void test_by_source(void **state)
{
	channels_begin();
	add_gateway("gw0", S2, NULL);
	add_gateway("gw1", S1, NULL);
	assert_via(join(S1 "," G1), "gw1");
	assert_int_equal(world.n_asked, 0);
	assert_int_equal(world.manager.n_devices, 2);
	channels_end();
}

/* A gateway that uses one of the source's relays, though not the best of them, serves; a relay
 * device does not. */
static void test_by_relay(void **state)
{
	const struct channel *channel;

	channels_begin();
	add_gateway("gw0", NULL, "192.0.2.9");
	add_gateway("gw1", NULL, "192.0.2.2");
	add_gateway("aa", NULL, "192.0.2.1")->config->mode = CONFIG_RELAY;
	channel = join(S1 "," G1);
	answer(0, "192.0.2.1", "192.0.2.2");
	assert_via(channel, "gw1");
	assert_int_equal(world.manager.n_devices, 3);
	channels_end();
}

/* Two sources of one relay, asked for before any gateway was there. */
static void test_one_gateway_for_one_relay(void **state)
{
	const struct channel *first, *second, *third;

	channels_begin();
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
	assert_address(&find_device("amt1")->config->source, "198.51.100.3");
	channels_end();
}

/* DNS has none: said so, and asked again after 30 s. */
static void test_no_relay(void **state)
{
	const struct channel *channel;

	channels_begin();
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
	channels_end();
}

/* amtd.conf knows a relay for sources without: one gateway for all of them. */
static void test_other_relays(void **state)
{
	const struct channel *first, *second;

	channels_begin();
	free(world.channels.settings.gateway);
	world.channels.settings.gateway = strdup("[Relay]\nAnycast=yes\n");
	strcpy(world.channels.settings.link, "eth7");
	first = join(S1 "," G1);
	second = join(S2 "," G1);
	answer(0, NULL, NULL);
	answer(1, NULL, NULL);
	assert_via(first, "amt0");
	assert_via(second, "amt0");
	assert_int_equal(find_device("amt0")->config->source.family, AF_UNSPEC);
	assert_true(find_device("amt0")->config->anycast);
	assert_string_equal(find_device("amt0")->config->link, "eth7");
	channels_end();
}

/* Left while DNS is asked: the answer makes nothing. */
static void test_left_while_asked(void **state)
{
	channels_begin();
	(void)join(S1 "," G1);
	leave(S1 "," G1);
	answer(0, "192.0.2.1", NULL);
	assert_int_equal(world.manager.n_devices, 0);
	assert_int_equal(channel_table_count(world.channels.table), 0);
	channels_end();
}

/* 32 lookups at once; the rest follow as answers come, each source once. */
static void test_many_lookups(void **state)
{
	char text[64];

	channels_begin();
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
	channels_end();
}

/* A gateway that somebody deletes: its channels find another. */
static void test_gateway_goes(void **state)
{
	const struct channel *channel;

	channels_begin();
	channel = join(S1 "," G1);
	answer(0, "192.0.2.1", NULL);
	devices_forget(&world.manager, find_device("amt0"));
	demand_seek_all(&world.channels);
	assert_via(channel, NULL);
	assert_int_equal(world.n_asked, 2);
	add_gateway("gw0", NULL, "192.0.2.1");
	answer(1, "192.0.2.1", NULL);
	assert_via(channel, "gw0");
	channels_end();
}

/* ---- linger --------------------------------------------------------------------------------- */

static void test_linger(void **state)
{
	channels_begin();
	(void)join(S1 "," G1);
	(void)join(S1 "," G2);
	answer(0, "192.0.2.1", NULL);
	answer(1, "192.0.2.1", NULL);
	leave(S1 "," G1);
	virtual_run_for(100 * USEC_PER_SEC);
	assert_non_null(find_device("amt0")); /* it has one still */
	leave(S1 "," G2);
	assert_int_equal(world.left, 2); /* at once; the gateway lingers */
	virtual_run_for(29900 * USEC_PER_MSEC);
	assert_non_null(find_device("amt0"));
	assert_true(file_there("amt0"));
	virtual_run_for(200 * USEC_PER_MSEC);
	assert_null(find_device("amt0"));
	assert_false(file_there("amt0"));
	channels_end();
}

/* Joined again within LingerSec=: it stays, and the time begins anew. */
static void test_rejoin_within_linger(void **state)
{
	channels_begin();
	(void)join(S1 "," G1);
	answer(0, "192.0.2.1", NULL);
	leave(S1 "," G1);
	virtual_run_for(20 * USEC_PER_SEC);
	assert_via(join(S1 "," G1), "amt0");
	assert_int_equal(world.n_asked, 1);
	virtual_run_for(120 * USEC_PER_SEC);
	assert_non_null(find_device("amt0"));
	leave(S1 "," G1);
	virtual_run_for(29 * USEC_PER_SEC);
	assert_non_null(find_device("amt0"));
	virtual_run_for(2 * USEC_PER_SEC);
	assert_null(find_device("amt0"));
	channels_end();
}

/* An application has joined something on it by itself: it stays until that leaves. */
static void test_linger_for_applications(void **state)
{
	channels_begin();
	(void)join(S1 "," G1);
	answer(0, "192.0.2.1", NULL);
	find_device("amt0")->joined = true;
	leave(S1 "," G1);
	virtual_run_for(300 * USEC_PER_SEC);
	assert_non_null(find_device("amt0"));
	find_device("amt0")->joined = false;
	virtual_run_for(2 * USEC_PER_SEC);
	assert_null(find_device("amt0"));
	channels_end();
}

/* Only what was made on demand goes. */
static void test_configured_stays(void **state)
{
	channels_begin();
	add_gateway("gw0", S1, NULL);
	(void)join(S1 "," G1);
	leave(S1 "," G1);
	virtual_run_for(600 * USEC_PER_SEC);
	assert_non_null(find_device("gw0"));
	channels_end();
}

/* LingerSec=0 */
static void test_no_linger(void **state)
{
	channels_begin();
	world.channels.settings.linger_sec = 0;
	(void)join(S1 "," G1);
	answer(0, "192.0.2.1", NULL);
	virtual_run_for(60 * USEC_PER_SEC);
	assert_non_null(find_device("amt0"));
	leave(S1 "," G1);
	assert_non_null(find_device("amt0")); /* by the timer, not in the midst of a request */
	virtual_run_for(1);
	assert_null(find_device("amt0"));
	channels_end();
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
	};

	return cmocka_run_group_tests(tests, channels_make_root, channels_remove_root);
}
