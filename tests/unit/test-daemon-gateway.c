/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gateways from their file to a tunnel and back, with the driver and the NFQUEUE of fake-kernel.h
 * and a relay that answers: what amt(5), amtctl(1) and RFC 7450 say.
 */
#include "addresses.h"
#include "daemon-amt.h"
#include "daemon-client.h"
#include "device/device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RELAY	"192.0.2.1"
#define RELAY2	"192.0.2.3"
#define HOST	"192.0.2.2"
#define GATEWAY "[AMT]\nLink=up0\n[Relay]\nAddress=" RELAY "\n"

/* RFC 7450, 5.1.4: type and flags, Response MAC, Request Nonce, and a General Query, which are
 * those of captures.h. The flags are zero, for the firewall has made them so. */
#define MAC   "a63789b22e41"
#define NONCE "5b6b266b"
#define IGMP  "46c00024 00004000 01020413 00000000 e0000001 94040000 1101ec81 00000000 027d0000"
#define MLD                                                                       \
	"60000000 00240001 fe800000 00000000 b8f0cfff fee850e2 ff020000 00000000" \
	"00000000 00000001 3a000502 00000000 8200a4ea 00010000 00000000 00000000" \
	"00000000 00000000 027d0000"
#define QUERY4 "0400" MAC NONCE IGMP
#define QUERY6 "0400" MAC NONCE MLD
/* 5.1.4.8 and 9: port 4321 of 203.0.113.9 */
#define SEEN_AS "10e1 00000000 00000000 00000000 cb007109"

static struct amt_path path_from(const char *relay, const char *device)
{
	return (struct amt_path){ relay, 2268, HOST, (uint16_t)atoi(look(device, "port")) };
}

static struct fake_verdict from_relay(const char *relay, enum firewall_queue queue,
				      const char *message)
{
	const struct amt_path path = path_from(relay, "amt0");

	return amt_packet(queue, &path, message);
}

/* RFC 7450, 5.1.1 and 5.1.3 */
#define DISCOVERY "01000000da7bfb1a"
#define REQUEST	  "03000000" NONCE

/* The driver's message leaves for that relay. */
static void driver_sends(const char *device, const char *relay, const char *message)
{
	const struct amt_path path = { HOST, (uint16_t)atoi(look(device, "port")), relay, 2268 };
	struct fake_verdict verdict = amt_packet(FIREWALL_QUEUE_ASKED, &path, message);

	assert_int_equal(verdict.verdict, QUEUE_ACCEPT);
	assert_false(verdict.changed);
}

static void connect_to(const char *relay)
{
	driver_sends("amt0", relay, REQUEST);
	assert_int_equal(from_relay(relay, FIREWALL_QUEUE_QUERY, QUERY4).verdict, QUEUE_ACCEPT);
	assert_looks("amt0", "state", "connected");
	assert_looks("amt0", "last_relay", relay);
}

static void start(const char *file)
{
	world_write("/etc/amt/amt0.amt", file);
	world_start();
	client_open();
}

static void stop(void)
{
	client_close();
	world_stop();
}

/* ---- life ----------------------------------------------------------------------------------- */

/* What the driver is asked for, and what is done to the interface. */
static void test_made(void **state)
{
	const struct amtlink *made;

	start(GATEWAY);
	assert_looks("amt0", "state", "discovering");
	assert_non_null(strstr(look("amt0", "reason"), RELAY));
	made = fake_device("amt0");
	assert_non_null(made);
	assert_int_equal(made->mode, AMT_MODE_GATEWAY);
	assert_int_equal(made->lower, if_nametoindex("up0"));
	assert_address(&made->local, HOST);
	assert_address(&made->discovery, RELAY);
	/* "a random one outside of the ephemeral ports" */
	assert_in_range(made->gateway_port, 1024, 65535);
	assert_not_in_range(made->gateway_port, 32768, 60999);
	assert_int_not_equal(made->gateway_port, 2268);
	assert_int_equal(made->gateway_port, made->relay_port);
	assert_int_equal(made->gateway_port, atoi(look("amt0", "port")));
	/* "Default: that of the link, less 40." */
	assert_looks("amt0", "mtu", "1460");
	assert_looks("amt0", "linkinfo.info_data.discovery", RELAY);
	assert_looks("amt0", "relay.configured", "[\"" RELAY "\"]");
	assert_looks("amt0", "relay.port", "2268");
	assert_looks("amt0", "on_failure", "accept");
	assert_true(world_shows("ip -o address show dev amt0", HOST));
	assert_true(world_shows("ip -o address show dev amt0", "fe81::"));
	assert_true(world_file_shows("/proc/sys/net/ipv4/conf/amt0/rp_filter", "2"));
	assert_true(world_file_shows("/proc/sys/net/ipv4/conf/amt0/force_igmp_version", "3"));
	assert_true(world_file_shows("/proc/sys/net/ipv6/conf/amt0/force_mld_version", "2"));
	assert_true(world_shows("nft list table ip amtd", look("amt0", "port")));
	stop();
}

/* Advertisement, Query, and what they tell. */
static void test_connects(void **state)
{
	struct fake_verdict verdict;
	const uint8_t *message;
	size_t length;

	start(GATEWAY);
	driver_sends("amt0", RELAY, DISCOVERY);
	assert_looks("amt0", "discoveries", "1");
	verdict = from_relay(RELAY, FIREWALL_QUEUE_ADVERTISEMENT, "02000000da7bfb1ac0000201");
	assert_int_equal(verdict.verdict, QUEUE_ACCEPT);
	assert_false(verdict.changed);
	assert_looks("amt0", "advertisements.passed", "1");
	assert_looks("amt0", "state", "discovering");

	driver_sends("amt0", RELAY, REQUEST);
	assert_looks("amt0", "requests", "1");
	verdict = from_relay(RELAY, FIREWALL_QUEUE_QUERY_G, QUERY4 SEEN_AS);
	assert_int_equal(verdict.verdict, QUEUE_ACCEPT);
	/* amtd(8): "this host answer the first two Queries of a relay at once": Max Resp Code 0 */
	assert_true(verdict.changed);
	message = amt_message(&verdict, &length);
	assert_int_equal(message[12 + 24], 0x11);
	assert_int_equal(message[12 + 25], 0);
	assert_looks("amt0", "state", "connected");
	assert_looks("amt0", "seen_as", "203.0.113.9:4321");
	assert_looks("amt0", "last_relay", RELAY);
	assert_looks("amt0", "queries.ipv4", "1");
	assert_looks("amt0", "queries.gateway_address", "1");
	assert_looks("amt0", "candidates.0.address", RELAY);
	assert_looks("amt0", "candidates.0.origin", "configured");
	assert_looks("amt0", "candidates.0.chosen", "true");
	assert_string_not_equal(look("amt0", "last_query_usec"), "");
	UNTIL(event_looks("state", "amt0", "state", "connected"));
	assert_string_equal(event_look("state", "amt0", "former_state"), "discovering");

	assert_true(from_relay(RELAY, FIREWALL_QUEUE_QUERY, QUERY6).changed);
	assert_looks("amt0", "queries.ipv6", "1");
	/* The third of a protocol is the host's to answer in its time. */
	assert_true(from_relay(RELAY, FIREWALL_QUEUE_QUERY, QUERY4).changed);
	verdict = from_relay(RELAY, FIREWALL_QUEUE_QUERY, QUERY4);
	assert_false(verdict.changed);
	assert_looks("amt0", "queries.passed", "4");
	assert_string_equal(look_daemon("queue.packets"), "7");
	stop();
}

/* Who is not the relay is not believed; what is malformed does not reach the driver. */
static void test_refused(void **state)
{
	struct amt_path path;

	start(GATEWAY);
	assert_int_equal(
		from_relay("192.0.2.66", FIREWALL_QUEUE_ADVERTISEMENT, "02000000da7bfb1ac0000201")
			.verdict,
		QUEUE_DROP);
	assert_looks("amt0", "advertisements.dropped_by_reason.source", "1");
	UNTIL(event_looks("advertisement", "amt0", "reason", "source"));
	assert_string_equal(event_look("advertisement", "amt0", "advertisement"), "refused");
	path = path_from(RELAY, "amt0");
	path.from_port = 2269;
	assert_int_equal(
		amt_packet(FIREWALL_QUEUE_ADVERTISEMENT, &path, "02000000da7bfb1ac0000201").verdict,
		QUEUE_DROP);
	assert_looks("amt0", "advertisements.dropped_by_reason.port", "1");
	/* a relay that is a group; one byte too many; a Query that ends early */
	(void)from_relay(RELAY, FIREWALL_QUEUE_ADVERTISEMENT, "02000000da7bfb1ae0000001");
	assert_looks("amt0", "advertisements.dropped_by_reason.address", "1");
	(void)from_relay(RELAY, FIREWALL_QUEUE_ADVERTISEMENT, "02000000da7bfb1ac000020100");
	assert_looks("amt0", "advertisements.dropped_by_reason.length", "1");
	assert_looks("amt0", "advertisements.dropped", "4");
	assert_int_equal(from_relay(RELAY, FIREWALL_QUEUE_QUERY, "0400" MAC NONCE).verdict,
			 QUEUE_DROP);
	assert_looks("amt0", "queries.dropped", "1");
	assert_looks("amt0", "state", "discovering");
	/* to a port that is nobody's: not amtd's affair */
	path = path_from(RELAY, "amt0");
	path.to_port = 1;
	assert_int_equal(amt_packet(FIREWALL_QUEUE_QUERY, &path, QUERY4).verdict, QUEUE_ACCEPT);
	stop();
}

/* amt_advertisement_handler(), amt_membership_query_handler(): the driver believes what has the
 * nonce of its last message, and so does amtd; the rest passes, for the driver to refuse. */
static void test_nonce(void **state)
{
	struct fake_verdict verdict;

	start(GATEWAY "[Rewrite]\nAdvertised=10.0.0.0/8\nRelay=192.0.2.5\n");
	/* Nothing was seen to leave: nothing is known. */
	verdict = from_relay(RELAY, FIREWALL_QUEUE_ADVERTISEMENT, "02000000da7bfb1a0a000005");
	assert_int_equal(verdict.verdict, QUEUE_ACCEPT);
	assert_true(verdict.changed); /* whatever the driver makes of it */
	assert_looks("amt0", "advertisements.passed", "1");
	assert_looks("amt0", "last_relay", "");
	assert_int_equal(from_relay(RELAY, FIREWALL_QUEUE_QUERY_L, QUERY4).verdict, QUEUE_ACCEPT);
	assert_looks("amt0", "state", "discovering");

	driver_sends("amt0", RELAY, "01000000da7bfb1b");
	verdict = from_relay(RELAY, FIREWALL_QUEUE_ADVERTISEMENT, "02000000da7bfb1ac0000242");
	assert_int_equal(verdict.verdict, QUEUE_ACCEPT);
	assert_looks("amt0", "advertisements.dropped_by_reason.nonce", "1");
	UNTIL(event_looks("advertisement", "amt0", "reason", "nonce"));
	assert_looks("amt0", "last_relay", "");
	(void)from_relay(RELAY, FIREWALL_QUEUE_ADVERTISEMENT, "02000000da7bfb1bc0000201");
	assert_looks("amt0", "last_relay", RELAY);
	/* A Discovery has no Query for an answer. */
	(void)from_relay(RELAY, FIREWALL_QUEUE_QUERY, "0400" MAC "da7bfb1b" IGMP);
	assert_looks("amt0", "queries.dropped_by_reason.nonce", "1");
	assert_looks("amt0", "state", "discovering");
	connect_to(RELAY);
	(void)from_relay(RELAY, FIREWALL_QUEUE_ADVERTISEMENT, "020000005b6b266bc0000242");
	assert_looks("amt0", "advertisements.dropped_by_reason.nonce", "2");
	assert_int_equal(
		from_relay(RELAY, FIREWALL_QUEUE_QUERY_LG, "0400" MAC "00000000" IGMP SEEN_AS)
			.verdict,
		QUEUE_ACCEPT);
	assert_looks("amt0", "queries.dropped_by_reason.nonce", "2");
	assert_looks("amt0", "queries.loaded", "1"); /* of those that passed */
	assert_looks("amt0", "seen_as", "");
	assert_looks("amt0", "last_relay", RELAY);

	/* An Advertisement that was not seen: whom the driver asks it believes. */
	fake_set_remote("amt0", "192.0.2.5");
	driver_sends("amt0", "192.0.2.5", "0300000011223344");
	UNTIL_LOOKS("amt0", "last_relay", "192.0.2.5");
	(void)from_relay("192.0.2.5", FIREWALL_QUEUE_QUERY, "0400" MAC "11223344" IGMP);
	assert_looks("amt0", "queries.dropped", "2");
	stop();
}

/* A packet whose UDP length goes beyond its end. */
static void test_malformed(void **state)
{
	uint8_t packet[] = { 0x45, 0, 0, 32, 0, 0,    0, 0, 64, 17, 0, 0, 192, 0, 2, 1,
			     192,  0, 2, 2,  8, 0xdc, 0, 0, 0,	99, 0, 0, 4,   0, 0, 0 };
	uint16_t port;

	start(GATEWAY);
	port = (uint16_t)atoi(look("amt0", "port"));
	packet[22] = (uint8_t)(port >> 8);
	packet[23] = (uint8_t)port;
	assert_int_equal(fake_queue_packet(FIREWALL_QUEUE_QUERY, packet, sizeof(packet)).verdict,
			 QUEUE_DROP);
	assert_looks("amt0", "queries.dropped_by_reason.packet", "1");
	(void)fake_queue_packet(FIREWALL_QUEUE_ADVERTISEMENT, packet, sizeof(packet));
	assert_looks("amt0", "advertisements.dropped_by_reason.packet", "1");
	(void)fake_queue_packet(FIREWALL_QUEUE_QUERY, packet, 10);
	assert_looks("amt0", "queries.seen", "1");

	fake_queue_overrun();
	assert_string_equal(look_daemon("queue.overruns"), "1");
	UNTIL(event_looks("overrun", NULL, "count", "1"));
	assert_string_equal(event_look("overrun", NULL, "queue"), "nfqueue");
	stop();
}

/* [Rewrite]: "The first rule that matches is applied." Allow= is of what comes of it. */
static void test_rewrite(void **state)
{
	struct fake_verdict verdict;
	const uint8_t *message;
	size_t length;

	start(GATEWAY "Allow=192.0.2.0/24\n[Rewrite]\nAdvertised=10.0.0.0/8\nRelay=" RELAY2
		      "\n[Rewrite]\nAdvertised=10.1.0.0/16\nRelay=198.51.100.1\nOnFailure=drop\n");
	assert_looks("amt0", "rewrites.0.advertised", "10.0.0.0/8");
	assert_looks("amt0", "rewrites.1.relay", "198.51.100.1");
	assert_looks("amt0", "on_failure", "drop");
	driver_sends("amt0", RELAY, DISCOVERY);
	verdict =
		from_relay(RELAY, FIREWALL_QUEUE_ADVERTISEMENT_STRICT, "02000000da7bfb1a0a010203");
	assert_int_equal(verdict.verdict, QUEUE_ACCEPT);
	assert_true(verdict.changed);
	message = amt_message(&verdict, &length);
	assert_int_equal(length, 12);
	assert_memory_equal(message, "\x02\0\0\0\xda\x7b\xfb\x1a\xc0\0\x02\x03", 12);
	assert_looks("amt0", "advertisements.rewritten", "1");
	UNTIL(event_looks("advertisement", "amt0", "advertisement", "rewritten"));
	assert_string_equal(event_look("advertisement", "amt0", "advertised"), "10.1.2.3");
	assert_string_equal(event_look("advertisement", "amt0", "relay"), RELAY2);

	verdict =
		from_relay(RELAY, FIREWALL_QUEUE_ADVERTISEMENT_STRICT, "02000000da7bfb1acb007101");
	assert_int_equal(verdict.verdict, QUEUE_DROP);
	assert_looks("amt0", "advertisements.dropped_by_reason.allow", "1");
	/* Queries come from the one that was advertised. */
	connect_to(RELAY2);
	stop();
}

/* ---- several relays ------------------------------------------------------------------------- */

/* "each is asked a tenth of a second after the one before, and the first that answers is taken";
 * "its tunnel is led to the next one" and the device stays. */
static void test_failover(void **state)
{
	struct amt_relay *second = amt_relay_open(RELAY2, RELAY2), *first;
	struct amt_path path;

	/* The first one's host is there, and no relay on it: ICMP says so. */
	start(GATEWAY "Address=" RELAY2 "\nReturnSec=1\nHoldDownSec=1\n");
	UNTIL(event_looks("relay", "amt0", "relay", RELAY2));
	assert_string_equal(event_look("relay", "amt0", "origin"), "configured");
	assert_true(amt_relay_count(second, 1) >= 1);
	UNTIL(fake_device("amt0"));
	assert_address(&fake_device("amt0")->discovery, RELAY2);
	connect_to(RELAY2);
	assert_looks("amt0", "candidates.1.chosen", "true");
	assert_looks("amt0", "candidates.1.relay", RELAY2);
	assert_string_not_equal(look("amt0", "candidates.1.rtt_usec"), "");
	assert_string_not_equal(look("amt0", "candidates.0.note"), "");

	/* "A relay of higher preference that has answered for so long is taken back". */
	first = amt_relay_open(RELAY, RELAY);
	UNTIL(event_looks("relay", "amt0", "relay", RELAY));
	assert_string_equal(event_look("relay", "amt0", "former_relay"), RELAY2);
	UNTIL(world_shows("nft list table ip amtd", RELAY));
	connect_to(RELAY);
	assert_int_equal(fake_created(), 1);
	assert_address(&fake_device("amt0")->discovery, RELAY2);

	/* Of another's packet, which goes on to it; of one that is not to the relay in use. */
	path = (struct amt_path){ HOST, (uint16_t)(atoi(look("amt0", "port")) ^ 1), RELAY, 2268 };
	assert_int_equal(amt_unreachable(RELAY, &path).verdict, QUEUE_ACCEPT);
	path = (struct amt_path){ HOST, (uint16_t)atoi(look("amt0", "port")), "192.0.2.77", 2268 };
	assert_int_equal(amt_unreachable(RELAY, &path).verdict, QUEUE_DROP);
	path.to = RELAY;
	path.to_port = 9;
	assert_int_equal(amt_unreachable(RELAY, &path).verdict, QUEUE_DROP);
	path.to_port = 2268;
	path.from = "192.0.2.77";
	assert_int_equal(amt_unreachable(RELAY, &path).verdict, QUEUE_DROP);
	assert_looks("amt0", "state", "connected");

	/* Someone says that it is unreachable: it is asked, and answers. */
	path.from = HOST;
	assert_int_equal(amt_unreachable(RELAY, &path).verdict, QUEUE_DROP);
	assert_looks("amt0", "state", "suspect");
	UNTIL_LOOKS("amt0", "state", "connected");
	/* Now it is true. */
	amt_relay_close(first);
	(void)amt_unreachable(RELAY, &path);
	UNTIL(event_looks("relay", "amt0", "relay", RELAY2));
	connect_to(RELAY2);
	amt_relay_close(second);
	stop();
}

/* RFC 7450, 5.1.4.4: L, the relay wants to be left. It lives, so it is told when that is done:
 * "So does what a relay sends that was left while it was in order ... because it said that it is
 * loaded (L)". */
static void test_loaded(void **state)
{
	struct amt_relay *first = amt_relay_open(RELAY, RELAY);
	struct amt_relay *second = amt_relay_open(RELAY2, RELAY2);

	start(GATEWAY "Address=" RELAY2 "\n");
	UNTIL(fake_device("amt0"));
	driver_sends("amt0", RELAY, DISCOVERY);
	assert_int_equal(
		from_relay(RELAY, FIREWALL_QUEUE_ADVERTISEMENT, "02000000da7bfb1ac0000201").verdict,
		QUEUE_ACCEPT);
	connect_to(RELAY);
	assert_granted(ask("Join", "ss", "192.0.2.7,232.1.1.1", "amt0"));
	driver_sends("amt0", RELAY, REQUEST);
	assert_int_equal(from_relay(RELAY, FIREWALL_QUEUE_QUERY_LG, QUERY4 SEEN_AS).verdict,
			 QUEUE_ACCEPT);
	assert_looks("amt0", "queries.loaded", "1");
	UNTIL(event_looks("relay", "amt0", "relay", RELAY2));
	assert_string_equal(event_look("relay", "amt0", "former_relay"), RELAY);
	assert_int_equal(amt_relay_count(first, 7), 0);
	connect_to(RELAY2);
	/* What it still sends is let in until the other one's stream must have come. */
	assert_true(world_shows("nft list table ip amtd", RELAY));
	UNTIL(amt_relay_count(first, 7) >= 1);
	assert_string_equal(amt_relay_last(first, 7), "0700" MAC NONCE "10e1"
						      "000000000000000000000000cb007109");
	assert_non_null(strstr(amt_relay_last(first, 5), "e8010101"));
	assert_int_equal(amt_relay_count(second, 7), 0);
	assert_looks("amt0", "state", "connected");
	assert_int_equal(fake_created(), 1);
	amt_relay_close(first);
	amt_relay_close(second);
	stop();
}

/* None that works: "no-relay". */
static void test_no_relay(void **state)
{
	start(GATEWAY "Address=" RELAY2 "\n");
	UNTIL_LOOKS("amt0", "state", "no-relay");
	assert_string_not_equal(look("amt0", "candidates.1.note"), "");
	assert_null(fake_device("amt0"));
	assert_string_not_equal(look_daemon("prober.icmp"), "0");
	world_write("/etc/amt/amt0.amt", GATEWAY "Allow=10.0.0.0/8\n");
	assert_granted(ask("Reload", ""));
	UNTIL_LOOKS("amt0", "state", "no-relay");
	assert_non_null(strstr(look("amt0", "reason"), "Allow="));
	assert_looks("amt0", "candidates_refused", "1");
	stop();
}

/* What is advertised to amtd itself has to be of use. */
static void test_useless_relays(void **state)
{
	struct amt_relay *one = amt_relay_open(RELAY, "10.0.0.1");
	struct amt_relay *two = amt_relay_open(RELAY2, "2001:db8::1");

	start(GATEWAY "Address=" RELAY2 "\nAllow=192.0.2.0/24 2001:db8::/32\n");
	UNTIL_LOOKS("amt0", "state", "no-relay");
	assert_non_null(strstr(look("amt0", "candidates.0.note"), "Allow="));
	assert_non_null(strstr(look("amt0", "candidates.1.note"), "[Rewrite]"));
	amt_relay_close(one);
	amt_relay_close(two);
	stop();
}

/* Another Address=: the interface stays, the tunnel is led there. */
static void test_other_relay(void **state)
{
	start(GATEWAY);
	connect_to(RELAY);
	world_write("/etc/amt/amt0.amt", "[AMT]\nLink=up0\n[Relay]\nAddress=" RELAY2 "\n");
	assert_granted(ask("Reload", ""));
	UNTIL(event_looks("relay", "amt0", "relay", RELAY2));
	UNTIL(world_shows("nft list table ip amtd", RELAY2));
	connect_to(RELAY2);
	assert_int_equal(fake_created(), 1);

	/* Another link is another device. */
	world_write("/etc/amt/amt0.amt", "[AMT]\nLink=alt0\n[Relay]\nAddress=198.51.100.1\n");
	assert_granted(ask("Reload", ""));
	UNTIL(fake_created() == 2);
	assert_int_equal(fake_device("amt0")->lower, if_nametoindex("alt0"));
	assert_looks("amt0", "state", "discovering");
	stop();
}

/* ---- the end -------------------------------------------------------------------------------- */

/* "leaves what is joined on it. A relay that gives gateway fields in its Queries gets a Teardown as
 * well", RFC 7450, 5.1.7. */
static void test_teardown(void **state)
{
	struct amt_relay *relay = amt_relay_open(RELAY, RELAY);

	world_start();
	client_open();
	assert_granted(ask("Create", "ss", "amt0", GATEWAY));
	driver_sends("amt0", RELAY, REQUEST);
	assert_int_equal(from_relay(RELAY, FIREWALL_QUEUE_QUERY_G, QUERY4 SEEN_AS).verdict,
			 QUEUE_ACCEPT);
	assert_granted(ask("Join", "ss", "192.0.2.7,232.1.1.1", "amt0"));
	assert_granted(ask("Delete", "s", "amt0"));
	UNTIL(amt_relay_count(relay, 7) >= 1);
	assert_string_equal(amt_relay_last(relay, 7), "0700" MAC NONCE "10e1"
						      "000000000000000000000000cb007109");
	/* a Membership Update with the ticket and the group, 5.1.5 */
	assert_true(amt_relay_count(relay, 5) >= 1);
	assert_non_null(strstr(amt_relay_last(relay, 5), "0500" MAC NONCE));
	assert_non_null(strstr(amt_relay_last(relay, 5), "e8010101"));
	assert_int_equal(if_nametoindex("amt0"), 0);
	assert_false(world_has("/run/amt/state/amt0"));
	assert_string_equal(look_channel("192.0.2.7,232.1.1.1", "state"), "waiting");
	amt_relay_close(relay);
	stop();
}

/* "does the device stay when amtd stops? Default: yes." What stays is taken up by the next amtd as
 * it is, with its relay. */
static void test_kept(void **state)
{
	int ifindex;

	world_write("/etc/amt/amt1.amt", "[AMT]\nLink=alt0\nKeepConfiguration=no\n[Relay]\n"
					 "Address=198.51.100.1\n");
	start(GATEWAY);
	connect_to(RELAY);
	fake_set_remote("amt0", RELAY);
	ifindex = (int)if_nametoindex("amt0");
	assert_true(ifindex != 0 && if_nametoindex("amt1") != 0);
	stop();
	assert_int_equal(if_nametoindex("amt0"), ifindex);
	assert_int_equal(if_nametoindex("amt1"), 0);
	assert_true(world_shows("nft list tables", "table ip amtd"));

	/* "SIGTERM ... Devices stay", and a file that went meanwhile takes its device along. */
	world_start();
	client_open();
	assert_int_equal(if_nametoindex("amt0"), ifindex);
	assert_int_equal(fake_created(), 3);
	assert_looks("amt0", "last_relay", RELAY);
	stop();
	world_remove("/etc/amt/amt0.amt");
	world_remove("/etc/amt/amt1.amt");
	world_start();
	assert_int_equal(if_nametoindex("amt0"), 0);
	assert_false(world_has("/run/amt/state/amt0"));
	world_stop();
	assert_false(world_shows("nft list tables", "amtd"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_made),	   TEST(test_connects),	   TEST(test_refused),
		TEST(test_nonce),	   TEST(test_malformed),   TEST(test_rewrite),
		TEST(test_failover),	   TEST(test_loaded),	   TEST(test_no_relay),
		TEST(test_useless_relays), TEST(test_other_relay), TEST(test_teardown),
		TEST(test_kept),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests_name("daemon-gateway", tests, NULL, NULL);
	world_leave();
	return failed;
}
