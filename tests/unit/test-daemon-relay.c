/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A relay device and its gateways, by the messages that pass: "Relays" of amt(5), RFC 7450.
 */
#include "addresses.h"
#include "daemon-amt.h"
#include "daemon-client.h"
#include "daemon-peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RELAY "[AMT]\nMode=relay\nLink=up0\n[Forward]\nUpstream=alt0\n"
#define OWN   "192.0.2.2"

#define SOURCE	"198.51.100.7"
#define CHANNEL "232.1.1.1"

/* RFC 7450, 5.1.4 and 5.1.5 */
#define MAC   "a63789b22e41"
#define NONCE "5b6b266b"
#define QUERY            \
	"0400" MAC NONCE \
	"46c00024 00004000 01020413 00000000 e0000001 94040000 1101ec81 00000000 027d0000"
/* IGMPv3 Reports of 192.0.2.9: ALLOW and BLOCK 198.51.100.7 of 232.1.1.1 */
#define REPORT_HEADER	    "46c0002c 00004000 010241ec c0000209 e0000016 94040000"
#define ALLOW		    REPORT_HEADER "2200 c5bf 00000001 05000001 e8010101 c6336407"
#define BLOCK		    REPORT_HEADER "2200 c4bf 00000001 06000001 e8010101 c6336407"
#define UPDATE(mac, report) "0500" mac NONCE report

static const struct amt_path to_gateway = { OWN, 2268, "192.0.2.9", 2268 };
static const struct amt_path from_gateway = { "192.0.2.9", 2268, OWN, 2268 };

static void update(const char *message)
{
	assert_int_equal(amt_packet(FIREWALL_QUEUE_UPDATE, &from_gateway, message).verdict,
			 QUEUE_ACCEPT);
}

static void start(const char *file)
{
	world_write("/etc/amt/r0.amt", file);
	world_start();
	client_open();
}

static void stop(void)
{
	client_close();
	world_stop();
}

static void begin_tunnel(void)
{
	assert_int_equal(amt_packet(FIREWALL_QUEUE_RELAY_QUERY, &to_gateway, QUERY).verdict,
			 QUEUE_ACCEPT);
	UNTIL_LOOKS("r0", "serving.tunnels.0.gateway", "192.0.2.9");
}

/* "With Upstream= in the [Forward] section the device is its own downstream interface". */
static void test_serves(void **state)
{
	int upstream, tunnel;

	start(RELAY);
	upstream = peer_open("altp");
	tunnel = peer_open_host("r0-t");
	assert_looks("r0", "state", "running");
	assert_looks("r0", "port", "2268");
	/* MaxTunnels=: "the driver's, 128" */
	assert_looks("r0", "serving.max_tunnels", "128");
	assert_looks("r0", "serving.tunnels", "[]");
	assert_looks("r0", "forward.downstreams.0.ifname", "r0");
	begin_tunnel();
	assert_looks("r0", "serving.tunnels.0.port", "2268");
	assert_looks("r0", "serving.tunnels.0.groups", "[]");
	assert_looks("r0", "serving.tunnels.0.last_update_usec", "");
	assert_looks("r0", "serving.queries", "1");
	assert_looks("r0", "serving.begun", "1");

	update(UPDATE(MAC, ALLOW));
	UNTIL_LOOKS("r0", "forward.ipv4.joins", "1");
	assert_looks("r0", "serving.updates", "1");
	assert_looks("r0", "serving.tunnels.0.groups.0.group", CHANNEL);
	assert_looks("r0", "serving.tunnels.0.groups.0.mode", "include");
	assert_looks("r0", "serving.tunnels.0.groups.0.sources", "[\"" SOURCE "\"]");
	UNTIL(peer_heard(upstream, GROUP_REPORT, CHANNEL, NULL));
	/* "joined upstream ... and routed into the device" */
	peer_data(upstream, SOURCE, CHANNEL, 9, 1);
	UNTIL(peer_got(tunnel, SOURCE, CHANNEL, 8, 1));

	/* "What a gateway leaves goes at once". */
	update(UPDATE(MAC, BLOCK));
	UNTIL_LOOKS("r0", "forward.ipv4.joins", "0");
	close(upstream);
	close(tunnel);
	stop();
}

/* "A Membership Update counts that shows the nonce and the MAC of the last Query to that address."
 */
static void test_refuses(void **state)
{
	start(RELAY);
	update(UPDATE(MAC, ALLOW));
	UNTIL_LOOKS("r0", "serving.ignored.gateway", "1"); /* it has no tunnel */
	begin_tunnel();
	update(UPDATE("000000000000", ALLOW));
	UNTIL_LOOKS("r0", "serving.ignored.mac", "1");
	update("0500" MAC NONCE); /* nothing within */
	UNTIL_LOOKS("r0", "serving.malformed", "1");
	/* not a Report: an IGMP Query within */
	update("0500" MAC NONCE "46c00024 00004000 01020413 00000000 e0000001 94040000"
	       "1101ec81 00000000 027d0000");
	UNTIL_LOOKS("r0", "serving.ignored.type", "1");
	assert_looks("r0", "serving.updates", "0");
	assert_looks("r0", "forward.ipv4.joins", "0");

	/* No UDP packet at all: it passes, for the driver has the last word. */
	assert_int_equal(fake_queue_packet(FIREWALL_QUEUE_UPDATE, "\x45", 1).verdict, QUEUE_ACCEPT);
	stop();
}

/* "so does all of it with a Teardown, RFC 7450, 5.1.7" */
static void test_teardown(void **state)
{
	start(RELAY);
	begin_tunnel();
	update(UPDATE(MAC, ALLOW));
	UNTIL_LOOKS("r0", "forward.ipv4.joins", "1");
	/* port 2268 of ::192.0.2.9 */
	assert_int_equal(amt_packet(FIREWALL_QUEUE_TEARDOWN, &from_gateway,
				    "0700" MAC NONCE "08dc 00000000 00000000 00000000 c0000209")
				 .verdict,
			 QUEUE_ACCEPT);
	UNTIL_LOOKS("r0", "forward.ipv4.joins", "0");
	assert_looks("r0", "serving.teardowns", "1");
	stop();
}

/* The driver's tunnels go with the interface; the upstream's coming back joins all anew. */
static void test_anew(void **state)
{
	start(RELAY);
	begin_tunnel();
	update(UPDATE(MAC, ALLOW));
	UNTIL_LOOKS("r0", "forward.ipv4.joins", "1");
	/* [Forward] begins anew, and asks for what the gateways want. */
	world_write("/etc/amt/r0.amt", RELAY "TTL=5\n");
	assert_granted(ask("Reload", ""));
	UNTIL_LOOKS("r0", "forward.ipv4.joins", "1");
	assert_looks("r0", "serving.tunnels.0.groups.0.group", CHANNEL);
	/* TTL=: "What comes from upstream with less leaves with this TTL" */
	UNTIL(world_shows("nft list ruleset", "alt0"));

	world_shell("ip link del r0");
	UNTIL(fake_created() == 2);
	UNTIL_LOOKS("r0", "serving.tunnels", "[]");
	UNTIL_LOOKS("r0", "forward.ipv4.joins", "0");
	/* No relay any more. */
	world_write("/etc/amt/r0.amt", "[AMT]\nMode=proxy\n[Forward]\nUpstream=alt0\n"
				       "Downstream=lan0\n");
	assert_granted(ask("Reload", ""));
	assert_looks("r0", "serving", "");
	assert_looks("r0", "mode", "proxy");
	stop();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_serves),
		TEST(test_refuses),
		TEST(test_teardown),
		TEST(test_anew),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests_name("daemon-relay", tests, NULL, NULL);
	world_leave();
	return failed;
}
