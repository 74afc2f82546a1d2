/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which data of a relay passes its filter, packet by packet. */
#include "kernel/tunnel-filter.h"
#include "net.h"

#include <arpa/inet.h>
#include <err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define BASE	 7000
#define RELAYING 2268
#define PORT	 61000

static struct world {
	struct firewall *firewall;
	struct tunnel_filter *filter;
	int relay, other_relay, gateway, other_port;
} world;

static int setup(void **state)
{
	net_setup();
	assert_int_equal(firewall_new(BASE, &world.firewall), 0);
	assert_int_equal(tunnel_filter_new(&world.filter), 0);
	world.relay = net_udp(HOST, RELAYING);
	world.other_relay = net_udp(HOST, RELAYING + 1);
	world.gateway = net_udp(RELAY, PORT);
	world.other_port = net_udp(RELAY, PORT + 1);
	return 0;
}

static int teardown(void **state)
{
	tunnel_filter_free(world.filter);
	firewall_free(world.firewall);
	close(world.relay);
	close(world.other_relay);
	close(world.gateway);
	close(world.other_port);
	return 0;
}

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

static void begin(void)
{
	const struct tunnel_filter_key key = { address_of(NET_RELAY).in, RELAYING, PORT };

	assert_int_equal(tunnel_filter_begin(world.filter, &key), 0);
}

static void pass(void)
{
	const struct tunnel_filter_key key = { address_of(NET_RELAY).in, RELAYING, PORT };

	tunnel_filter_pass(world.filter, &key);
}

static void group(const char *text, enum filter_mode mode, const char *source)
{
	struct address address = address_of(text), one = source ? address_of(source) : address;
	const struct filter filter = { mode, &one, source != NULL };

	assert_int_equal(tunnel_filter_group(world.filter, &address, &filter), 0);
}

static void commit(void)
{
	char *error = NULL;
	int r = tunnel_filter_commit(world.filter, world.firewall, &error);

	if (r != 0)
		errx(1, "commit: %d: %s", r, error ?: "");
}

/* AMT data (RFC 7450, 5.1.6) from this source to the group; type: of the message. IPv4 within has
 * options or not. */
static void send_data(int from, uint16_t port, uint8_t type, const char *source, const char *to,
		      bool options)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct address s = address_of(source), g = address_of(to);
	uint8_t data[2 + 64] = { type, 0 };

	if (s.family == AF_INET) {
		data[2] = options ? 0x46 : 0x45;
		address_store(&s, data + 14);
		address_store(&g, data + 18);
	} else {
		data[2] = 0x6f; /* with a traffic class */
		address_store(&s, data + 10);
		address_store(&g, data + 26);
	}
	sin.sin_addr = address_of(NET_RELAY).in;
	/* EPERM: dropped */
	(void)sendto(from, data, sizeof(data), 0, (struct sockaddr *)&sin, sizeof(sin));
}

/* Whether something arrived before a mark, which is sent after it and always passes. */
static bool arrives_at(int fd, int from, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	uint8_t buf[256];
	bool arrived = false;

	sin.sin_addr = address_of(NET_RELAY).in;
	assert_int_equal(sendto(from, "", 1, 0, (struct sockaddr *)&sin, sizeof(sin)), 1);
	for (;;) {
		assert_true(net_readable(fd, 5000));
		if (recv(fd, buf, sizeof(buf), 0) == 1)
			return arrived;
		arrived = true;
	}
}

static bool passes(const char *source, const char *to)
{
	send_data(world.relay, PORT, 6, source, to, false);
	return arrives_at(world.gateway, world.relay, PORT);
}

#define A  "203.0.113.1"
#define B  "203.0.113.2"
#define G  "232.1.1.1"
#define H  "239.1.1.1"
#define A6 "2001:db8::1"
#define B6 "2001:db8:0:1::1"
#define G6 "ff3e::8000:1"
#define H6 "ff0e::8000:1"

static void assert_passes(const char *source, const char *to, bool wanted)
{
	if (passes(source, to) != wanted)
		errx(1, "%s,%s: %s", source, to, wanted ? "dropped" : "passed");
}

static void test_sources(void **state)
{
	static const struct {
		const char *source, *group;
		bool passes;
	} cases[] = {
		{ A, G, true },		 { B, G, false },	    { A, H, true },
		{ B, H, false },	 { A, "232.1.1.2", false }, { A6, G6, true },
		{ B6, G6, false },	 { A6, H6, true },	    { B6, H6, false },
		{ B6, "ff0e::9", true }, { A6, "ff3e::9", false },
	};

	assert_passes(B, G, true); /* nothing is described */
	begin();
	group(G, FILTER_INCLUDE, A);
	group(H, FILTER_EXCLUDE, B);
	group(G6, FILTER_INCLUDE, A6);
	group(H6, FILTER_EXCLUDE, B6);
	group("ff0e::9", FILTER_EXCLUDE, NULL);
	commit();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_passes(cases[i].source, cases[i].group, cases[i].passes);
	assert_int_equal(tunnel_filter_dropped(world.filter, RELAYING), 6);
	assert_int_equal(tunnel_filter_dropped(world.filter, RELAYING + 1), 0);

	/* Options within; what is no data; another port of the relay's, or the gateway's. */
	send_data(world.relay, PORT, 6, A, G, true);
	assert_true(arrives_at(world.gateway, world.relay, PORT));
	send_data(world.relay, PORT, 6, B, G, true);
	assert_false(arrives_at(world.gateway, world.relay, PORT));
	send_data(world.relay, PORT, 4, B, G, false);
	assert_true(arrives_at(world.gateway, world.relay, PORT));
	send_data(world.other_relay, PORT, 6, B, G, false);
	assert_true(arrives_at(world.gateway, world.other_relay, PORT));
	send_data(world.relay, PORT + 1, 6, B, G, false);
	assert_true(arrives_at(world.other_port, world.relay, PORT + 1));
}

static void test_changes(void **state)
{
	begin(); /* without groups */
	commit();
	assert_passes(A, G, false);
	begin();
	group(G, FILTER_INCLUDE, A);
	commit();
	assert_passes(A, G, true);
	begin();
	group(G, FILTER_INCLUDE, B);
	commit();
	assert_passes(A, G, false);
	assert_passes(B, G, true);
	begin();
	group(G, FILTER_EXCLUDE, B);
	commit();
	assert_passes(A, G, true);
	assert_passes(B, G, false);
	begin();
	group(G, FILTER_EXCLUDE, NULL);
	commit();
	assert_passes(B, G, true);
	/* Ended and begun anew before it is written. */
	pass();
	begin();
	group(G, FILTER_INCLUDE, A);
	commit();
	assert_passes(A, G, true);
	assert_passes(B, G, false);
	pass();
	commit();
	assert_passes(B, G, true);
	assert_int_equal(system("nft list set ip amtd-relay asked4 | grep -q elements"), 256);
	commit(); /* nothing to write */
}

/* Other programs cannot touch the table; it goes with its owner. */
static void test_owner(void **state)
{
	begin();
	group(G, FILTER_INCLUDE, A);
	commit();
	net_shell("nft flush ruleset");
	assert_passes(B, G, false);
	assert_int_not_equal(system("nft delete table ip amtd-relay 2>/dev/null"), 0);
	tunnel_filter_free(world.filter);
	assert_passes(B, G, true);
	assert_int_not_equal(system("nft list table ip amtd-relay 2>/dev/null"), 0);
	assert_int_equal(tunnel_filter_new(&world.filter), 0);
}

/* One that is another program's is in the way: all pass, until it is gone. */
static void test_in_the_way(void **state)
{
	FILE *owner = popen("nft -i >/dev/null", "we");
	char *error = NULL;

	assert_non_null(owner);
	fputs("add table ip amtd-relay { flags owner; }\n", owner);
	fflush(owner);
	while (system("nft list table ip amtd-relay >/dev/null 2>&1") != 0)
		usleep(10000);
	begin();
	group(G, FILTER_INCLUDE, A);
	assert_true(tunnel_filter_commit(world.filter, world.firewall, &error) < 0);
	assert_non_null(error);
	free(error);
	assert_passes(B, G, true);
	pclose(owner);
	commit();
	assert_passes(A, G, true);
	assert_passes(B, G, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sources, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_the_way, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tunnel-filter", tests, NULL, NULL);
}
