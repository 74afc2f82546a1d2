/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A proxy between real links: hosts report to it, it joins upstream and has the kernel route, as
 * [Forward] of amt(5), RFC 9776, RFC 9777 and RFC 4605 have it.
 */
#include "captures.h"
#include "daemon-client.h"
#include "daemon-peer.h"
#include "hex.h"

#include <arpa/inet.h>
#include <linux/mroute.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PROXY	  "[AMT]\nMode=proxy\n[Forward]\n"
#define UP_TO_LAN PROXY "Upstream=up0\nDownstream=lan0\n"

#define SOURCE4	 "192.0.2.7"
#define CHANNEL4 "232.1.1.1"
#define GROUP4	 "239.1.1.1"
#define SOURCE6	 "2001:db8:1::7"
#define CHANNEL6 "ff3e::8000:1"
#define HOST4	 "10.9.0.7"
#define HOST6	 "fe80::7"
#define TTL	 9
#define ROUTES4	 "/proc/net/ip_mr_cache"
#define ROUTES6	 "/proc/net/ip6_mr_cache"
/* 232.1.1.1 from 192.0.2.7, as the kernel writes it */
#define ROUTE4 "010101E8 070200C0"

static int up, lan;

static void start(const char *file)
{
	world_write("/etc/amt/p0.amt", file);
	up = peer_open("upp");
	lan = peer_open("lanp");
	world_start();
}

static void stop(void)
{
	world_stop();
	close(up);
	close(lan);
}

/* Data from upstream comes out downstream, one hop further. */
static void assert_forwarded(const char *source, const char *group, uint8_t mark)
{
	peer_data(up, source, group, TTL, mark);
	UNTIL(peer_got(lan, source, group, TTL - 1, mark));
}

/* RFC 9776, 7.1 and 9777, 7.1: the querier asks at once; its Query has the values of section 8,
 * and 1 s to answer, amt(5). */
static void test_asks(void **state)
{
	struct group_message message;
	const struct group_query *query = &message.query;
	char text[ADDRESS_TEXT_MAX];

	start(UP_TO_LAN);
	UNTIL(peer_heard(lan, GROUP_QUERY, "", &message) && message.family == AF_INET);
	assert_int_equal(message.version, 3);
	assert_string_equal(address_format(&message.source, text), "10.9.0.1");
	assert_string_equal(address_format(&message.destination, text), "224.0.0.1");
	assert_int_equal(query->max_response_usec, 1000000);
	assert_int_equal(query->interval_usec, 125000000);
	assert_int_equal(query->robustness, 2);
	assert_false(query->suppress);
	stop();

	start(UP_TO_LAN "MLDVersion=1\nQuerier=yes\n");
	UNTIL(peer_heard(lan, GROUP_QUERY, "", &message) && message.family == AF_INET6);
	assert_int_equal(message.version, 1);
	assert_true(IN6_IS_ADDR_LINKLOCAL(&message.source.in6));
	assert_string_equal(address_format(&message.destination, text), "ff02::1");
	assert_looks("p0", "forward.downstreams.0.igmp.querying", "true");
	assert_looks("p0", "forward.downstreams.0.igmp.querier", "10.9.0.1");
	stop();
}

/* From the Report of a host to the stream, and back: (S,G) of IGMPv3. */
static void test_channel4(void **state)
{
	struct group_message message;

	start(UP_TO_LAN);
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL(peer_heard(up, GROUP_REPORT, CHANNEL4, &message));
	assert_int_equal(message.version, 3);
	assert_string_equal(peer_sources(&message, CHANNEL4), SOURCE4);
	UNTIL(world_file_shows(ROUTES4, ROUTE4));
	assert_looks("p0", "forward.ipv4.groups", "1");
	assert_looks("p0", "forward.ipv4.wants", "1");
	assert_looks("p0", "forward.ipv4.joins", "1");
	assert_looks("p0", "forward.ipv6.joins", "0");
	assert_looks("p0", "forward.downstreams.0.igmp.groups", "1");
	assert_looks("p0", "forward.downstreams.0.igmp.reports", "1");
	assert_forwarded(SOURCE4, CHANNEL4, 1);
	UNTIL_LOOKS("p0", "forward.upstream_packets", "1");

	/* RFC 9776, 6.4.2: B asks for what is left, with 1 s to answer, twice (8.8, 8.9). */
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_BLOCK_OLD_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL(peer_heard(lan, GROUP_QUERY, CHANNEL4, &message));
	assert_int_equal(message.query.max_response_usec, 1000000);
	assert_int_equal(message.query.sources.n, 1);
	assert_true(world_file_shows(ROUTES4, ROUTE4));
	UNTIL(peer_heard(lan, GROUP_QUERY, CHANNEL4, NULL));
	UNTIL_LOOKS("p0", "forward.ipv4.groups", "0");
	assert_looks("p0", "forward.ipv4.joins", "0");
	assert_false(world_file_shows(ROUTES4, ROUTE4));
	UNTIL(peer_heard(up, GROUP_REPORT, CHANNEL4, &message) &&
	      peer_record(&message, CHANNEL4) != GROUP_ALLOW_NEW_SOURCES);
	stop();
}

static void test_channel6(void **state)
{
	struct group_message message;

	start(UP_TO_LAN "FastLeave=yes\n");
	REPORT(lan, .version = 2, .from = HOST6, .type = GROUP_MODE_IS_INCLUDE, .group = CHANNEL6,
	       .sources = SOURCE6 " 2001:db8:1::8");
	UNTIL(peer_heard(up, GROUP_REPORT, CHANNEL6, &message));
	assert_int_equal(message.version, 2);
	UNTIL_LOOKS("p0", "forward.ipv6.joins", "2");
	assert_forwarded(SOURCE6, CHANNEL6, 1);
	assert_forwarded("2001:db8:1::8", CHANNEL6, 2);
	assert_looks("p0", "forward.downstreams.0.mld.groups", "1");

	/* "at once, without asking the others" */
	REPORT(lan, .version = 2, .from = HOST6, .type = GROUP_BLOCK_OLD_SOURCES, .group = CHANNEL6,
	       .sources = SOURCE6);
	UNTIL_LOOKS("p0", "forward.ipv6.joins", "1");
	assert_true(world_file_shows(ROUTES6, "2001:0db8:0001:0000:0000:0000:0000:0008"));
	assert_false(world_file_shows(ROUTES6, "2001:0db8:0001:0000:0000:0000:0000:0007"));
	assert_false(peer_heard(lan, GROUP_QUERY, CHANNEL6, NULL));
	REPORT(lan, .version = 2, .from = HOST6, .type = GROUP_CHANGE_TO_INCLUDE,
	       .group = CHANNEL6);
	UNTIL_LOOKS("p0", "forward.ipv6.joins", "0");
	assert_looks("p0", "forward.ipv6.groups", "0");
	stop();
}

/* A host of IGMPv2: the route is made with the first packet; others of the group are routed, too.
 */
static void test_any_source(void **state)
{
	struct group_message message;

	start(UP_TO_LAN "FastLeave=yes\n");
	/* RFC 2236: TTL 1, Router Alert; type 0x16, checksum, 239.1.1.1 */
	peer_send_hex(lan, "46000020 00000000 01022ac6 0a090007 ef010101 94040000"
			   "1600f9fc ef010101");
	UNTIL(peer_heard(up, GROUP_REPORT, GROUP4, &message));
	assert_int_equal(peer_record(&message, GROUP4), GROUP_CHANGE_TO_EXCLUDE);
	assert_looks("p0", "forward.ipv4.flows", "0");
	assert_forwarded(SOURCE4, GROUP4, 1);
	assert_forwarded("192.0.2.8", GROUP4, 2);
	assert_looks("p0", "forward.ipv4.flows", "2");

	/* What nobody wants is dropped, and the kernel asks no more for it. */
	peer_data(up, SOURCE4, "239.1.1.2", TTL, 3);
	UNTIL_LOOKS("p0", "forward.ipv4.dropped_flows", "1");
	/* What comes in elsewhere than its source is, likewise. */
	peer_data(lan, "192.0.2.9", GROUP4, TTL, 4);
	UNTIL_LOOKS("p0", "forward.ipv4.wrong_interface", "1");

	/* Leave: type 0x17, to 224.0.0.2 */
	peer_send_hex(lan, "46000020 00000000 01023ac6 0a090007 e0000002 94040000"
			   "1700f8fc ef010101");
	UNTIL_LOOKS("p0", "forward.ipv4.wants", "0");
	assert_looks("p0", "forward.downstreams.0.igmp.groups", "0");
	assert_looks("p0", "forward.ipv4.joins", "0");
	stop();
}

/* RFC 4605, 4.2: a source downstream is sent upstream, and to the other downstreams. */
static void test_local_source(void **state)
{
	int alt;

	start(UP_TO_LAN "Downstream=alt0\n");
	alt = peer_open("altp");
	peer_data(lan, "10.9.0.8", GROUP4, TTL, 1);
	UNTIL(peer_got(up, "10.9.0.8", GROUP4, TTL - 1, 1));
	assert_false(peer_got(alt, "10.9.0.8", GROUP4, TTL - 1, 1));
	REPORT(alt, .version = 3, .from = "198.51.100.7", .type = GROUP_CHANGE_TO_EXCLUDE,
	       .group = GROUP4, .sources = "");
	UNTIL_LOOKS("p0", "forward.ipv4.joins", "1");
	peer_data(lan, "10.9.0.8", GROUP4, TTL, 2);
	UNTIL(peer_got(alt, "10.9.0.8", GROUP4, TTL - 1, 2));
	UNTIL(peer_got(up, "10.9.0.8", GROUP4, TTL - 1, 2));
	assert_looks("p0", "forward.ipv4.wrong_interface", "0");
	close(alt);
	stop();
}

/* What the driver of Linux 6.1 sent: a whole MLDv2 Report, and an IGMPv3 one from a multicast
 * address, which no host may have (RFC 1112, 7.2). */
static void test_captures(void **state)
{
	const size_t within = 20 + 8 + 12; /* IPv4, UDP, AMT Membership Update */
	size_t length;
	uint8_t *packet;

	start(UP_TO_LAN);
	packet = hex_bytes(captures[CAPTURE_UPDATE6], &length);
	peer_send(lan, packet + within, length - within);
	free(packet);
	UNTIL_LOOKS("p0", "forward.downstreams.0.mld.reports", "1");
	/* ff0e::5:6; ff05::... and ff02::1:ffeb:4f95 stay on the link, amt(5). */
	UNTIL(peer_heard(up, GROUP_REPORT, "ff0e::5:6", NULL));
	assert_looks("p0", "forward.ipv6.groups", "1");

	packet = hex_bytes(captures[CAPTURE_UPDATE4], &length);
	peer_send(lan, packet + within, length - within);
	free(packet);
	UNTIL_LOOKS("p0", "forward.downstreams.0.igmp.refused.source", "1");
	assert_looks("p0", "forward.downstreams.0.igmp.groups", "0");
	stop();
}

/* amt(5): "Groups that stay on a link ... are never forwarded, and neither are joins without a
 * source in the SSM range." */
static void test_not_forwarded(void **state)
{
	start(UP_TO_LAN "MaxGroups=1\n");
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_MODE_IS_EXCLUDE,
	       .group = "224.0.0.251");
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_MODE_IS_EXCLUDE, .group = CHANNEL4);
	UNTIL_LOOKS("p0", "forward.downstreams.0.igmp.reports", "2");
	assert_looks("p0", "forward.ipv4.joins", "0");
	/* MaxGroups=: "What is beyond is ignored, and counted" */
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_MODE_IS_EXCLUDE, .group = GROUP4);
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_MODE_IS_EXCLUDE,
	       .group = "239.1.1.2");
	UNTIL_LOOKS("p0", "forward.downstreams.0.igmp.reports", "4");
	assert_looks("p0", "forward.downstreams.0.igmp.groups", "1");
	assert_looks("p0", "forward.downstreams.0.igmp.ignored.max_groups", "1");
	assert_looks("p0", "forward.ipv4.joins", "1");
	stop();
}

/* A device that comes a moment after amtd waits for nothing of before, in a table of its own. */
static void test_again_with_table(void **state)
{
	start(UP_TO_LAN);
	client_open();
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL(world_shows("ip mroute show table all", CHANNEL4));
	world_remove("/etc/amt/p0.amt");
	assert_granted(ask("Reload", ""));
	UNTIL_LOOKS("p0", "state", "");
	world_write("/etc/amt/p0.amt", UP_TO_LAN "Table=77\n");
	assert_granted(ask("Reload", ""));
	UNTIL_LOOKS("p0", "state", "running");
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL(world_shows("ip mroute show table 77", CHANNEL4));
	client_close();
	stop();
}

/* RFC 9776, 6.6.2: the lower address is the querier's, if it is one of the link. */
static void test_election(void **state)
{
	world_shell("ip address add 10.8.0.1/24 dev lan0");
	start(UP_TO_LAN);
	client_open();
	peer_query(lan, 3, "10.7.0.200", "");
	UNTIL_LOOKS("p0", "forward.downstreams.0.igmp.refused.subnet", "1");
	assert_looks("p0", "forward.downstreams.0.igmp.queries", "0");
	peer_query(lan, 3, "10.9.0.200", "");
	UNTIL_LOOKS("p0", "forward.downstreams.0.igmp.queries", "1");
	assert_looks("p0", "forward.downstreams.0.igmp.querying", "true");
	peer_query(lan, 3, "10.8.0.200", "");
	UNTIL_LOOKS("p0", "forward.downstreams.0.igmp.querying", "false");
	assert_looks("p0", "forward.downstreams.0.igmp.querier", "10.8.0.200");
	UNTIL(event_count("query") >= 2 && event_looks("query", "p0", "source", "10.8.0.200"));
	assert_string_equal(event_look("query", "p0", "on"), "lan0");
	assert_string_equal(event_look("query", "p0", "side"), "downstream");
	assert_string_equal(event_look("query", "p0", "protocol"), "igmp");
	assert_string_equal(event_look("query", "p0", "version"), "3");
	assert_string_equal(event_look("query", "p0", "max_response_usec"), "1000000");
	client_close();
	stop();
}

/* Another address of the interface: it is the querier's from then on. */
static void test_address(void **state)
{
	start(UP_TO_LAN);
	world_shell("ip address del 10.9.0.1/24 dev lan0");
	UNTIL_LOOKS("p0", "forward.downstreams.0.igmp.querying", "false");
	world_shell("ip address add 10.9.0.2/24 dev lan0");
	UNTIL_LOOKS("p0", "forward.downstreams.0.igmp.querier", "10.9.0.2");
	stop();
}

/* ---- interfaces ----------------------------------------------------------------------------- */

/* "the longest prefix counts" */
static void test_prefixes(void **state)
{
	int alt;

	start(UP_TO_LAN "Upstream=alt0 198.51.100.0/24\n");
	alt = peer_open("altp");
	assert_looks("p0", "forward.upstreams.0.prefix", "any");
	assert_looks("p0", "forward.upstreams.1.ifname", "alt0");
	assert_looks("p0", "forward.upstreams.1.prefix", "198.51.100.0/24");
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4 " 198.51.100.7");
	UNTIL_LOOKS("p0", "forward.ipv4.joins", "2");
	assert_forwarded(SOURCE4, CHANNEL4, 1);
	peer_data(alt, "198.51.100.7", CHANNEL4, TTL, 2);
	UNTIL(peer_got(lan, "198.51.100.7", CHANNEL4, TTL - 1, 2));
	close(alt);
	stop();
}

/* "The interfaces may come, go and come back." */
static void test_come_and_go(void **state)
{
	start(PROXY "Upstream=up0\nDownstream=lan0\nDownstream=late0\n");
	assert_looks("p0", "forward.downstreams.0.running", "true");
	assert_looks("p0", "forward.downstreams.1.running", "false");
	assert_looks("p0", "forward.upstreams.0.running", "true");
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL_LOOKS("p0", "forward.ipv4.joins", "1");

	world_shell("ip link set lan0 down");
	UNTIL_LOOKS("p0", "forward.downstreams.0.running", "false");
	assert_looks("p0", "forward.ipv4.joins", "0");
	world_shell("ip link set lan0 up");
	world_links_up();
	UNTIL_LOOKS("p0", "forward.downstreams.0.running", "true");
	UNTIL(peer_heard(lan, GROUP_QUERY, "", NULL));
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL_LOOKS("p0", "forward.ipv4.joins", "1");

	world_shell("ip link add late0 type veth peer name late && ip link set late0 up");
	UNTIL_LOOKS("p0", "forward.downstreams.1.running", "true");

	/* Gone, with what was joined; back, and joined again. */
	world_shell("ip link del up0");
	UNTIL_LOOKS("p0", "forward.upstreams.0.running", "false");
	world_shell("ip link add up0 type veth peer name upx && ip link set upx up && "
		    "ip link set up0 up");
	UNTIL_LOOKS("p0", "forward.upstreams.0.running", "true");
	UNTIL(world_file_shows("/proc/net/mcfilter", "0xe8010101"));
	assert_looks("p0", "forward.ipv4.joins", "1");
	stop();
}

/* ---- tables --------------------------------------------------------------------------------- */

/* "While another one has that of the host, nothing is forwarded; 'amtctl status' says so, and amtd
 * tries again every 5 seconds." */
static void test_taken_table(void **state)
{
	int other = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_IGMP), on = 1;

	assert_int_equal(setsockopt(other, IPPROTO_IP, MRT_INIT, &on, sizeof(on)), 0);
	start(UP_TO_LAN);
	assert_string_not_equal(look("p0", "forward.ipv4.error"), "");
	assert_looks("p0", "forward.ipv6.error", "");
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL_LOOKS("p0", "forward.ipv4.joins", "1");
	assert_false(world_file_shows(ROUTES4, ROUTE4));
	close(other);
	UNTIL_LOOKS("p0", "forward.ipv4.error", "");
	assert_forwarded(SOURCE4, CHANNEL4, 1);
	stop();
}

/* "With a table of its own it works beside the other." */
static void test_own_table(void **state)
{
	start(UP_TO_LAN "Table=100\n");
	assert_looks("p0", "forward.table", "100");
	assert_true(world_shows("ip mrule", "lookup 100"));
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL_LOOKS("p0", "forward.ipv4.joins", "1");
	assert_forwarded(SOURCE4, CHANNEL4, 1);
	/* The rules of a killed amtd are of no use, and go with the next one. */
	world_write("/etc/amt/p0.amt", UP_TO_LAN);
	world_kill();
	world_shell("ip mrule add iif up0 lookup 100 priority 32000 protocol 113");
	world_start();
	assert_false(world_shows("ip mrule", "lookup 100"));
	stop();
}

/* Two devices at the host's table: a route leads to the interfaces of both. */
static void test_shared_table(void **state)
{
	int alt;

	world_write("/etc/amt/p1.amt", PROXY "Upstream=up0\nDownstream=alt0\nFastLeave=yes\n");
	start(UP_TO_LAN "FastLeave=yes\n");
	alt = peer_open("altp");
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	REPORT(alt, .version = 3, .from = "198.51.100.7", .type = GROUP_ALLOW_NEW_SOURCES,
	       .group = CHANNEL4, .sources = SOURCE4);
	UNTIL_LOOKS("p0", "forward.ipv4.joins", "1");
	UNTIL_LOOKS("p1", "forward.ipv4.joins", "1");
	assert_forwarded(SOURCE4, CHANNEL4, 1);
	UNTIL(peer_got(alt, SOURCE4, CHANNEL4, TTL - 1, 1));

	/* One goes: the other's stays. */
	world_remove("/etc/amt/p0.amt");
	client_open();
	assert_granted(ask("Reload", ""));
	client_close();
	peer_data(up, SOURCE4, CHANNEL4, TTL, 2);
	UNTIL(peer_got(alt, SOURCE4, CHANNEL4, TTL - 1, 2));
	assert_false(peer_got(lan, SOURCE4, CHANNEL4, TTL - 1, 2));
	REPORT(alt, .version = 3, .from = "198.51.100.7", .type = GROUP_BLOCK_OLD_SOURCES,
	       .group = CHANNEL4, .sources = SOURCE4);
	UNTIL_LOOKS("p1", "forward.ipv4.joins", "0");
	close(alt);
	stop();
}

/* The same source from two sides: one of them must have a table of its own. */
static void test_contradiction(void **state)
{
	world_write("/etc/amt/p1.amt", PROXY "Upstream=alt0\nDownstream=lan0\n");
	start(UP_TO_LAN);
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL_LOOKS("p1", "forward.ipv4.failed", "1");
	assert_non_null(strstr(look("p1", "forward.ipv4.failure"), "Table="));
	assert_forwarded(SOURCE4, CHANNEL4, 1);
	stop();
}

/* What changes in [Forward] counts at once, and forgets nothing of what is still there. */
static void test_changed(void **state)
{
	start(UP_TO_LAN);
	client_open();
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL_LOOKS("p0", "forward.ipv4.joins", "1");
	world_write("/etc/amt/p0.amt", UP_TO_LAN "[AMT]\nDescription=the same\n");
	assert_granted(ask("Reload", ""));
	assert_looks("p0", "forward.ipv4.joins", "1");
	world_write("/etc/amt/p0.amt", UP_TO_LAN "IGMPVersion=2\nMaxGroups=1\nDownstream=alt0\n");
	assert_granted(ask("Reload", ""));
	assert_looks("p0", "forward.ipv4.joins", "1");
	assert_looks("p0", "forward.downstreams.1.running", "true");
	UNTIL_LOOKS("p0", "forward.downstreams.0.igmp.querying", "true");
	world_write("/etc/amt/p0.amt", UP_TO_LAN "Downstream=\nDownstream=alt0\n");
	assert_granted(ask("Reload", ""));
	assert_looks("p0", "forward.ipv4.joins", "0");
	client_close();
	stop();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_asks),	  TEST(test_channel4),	   TEST(test_channel6),
		TEST(test_any_source),	  TEST(test_local_source), TEST(test_captures),
		TEST(test_not_forwarded), TEST(test_election),	   TEST(test_again_with_table),
		TEST(test_address),	  TEST(test_prefixes),	   TEST(test_come_and_go),
		TEST(test_taken_table),	  TEST(test_own_table),	   TEST(test_shared_table),
		TEST(test_contradiction), TEST(test_changed),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests_name("daemon-forward", tests, NULL, NULL);
	world_leave();
	return failed;
}
