/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a proxy says besides its own Queries and memberships: copies, Reports unasked and as asked,
 * and where it takes its sources from; amt-forward(7), amtctl(1).
 */
#include "daemon-client.h"
#include "daemon-peer.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define UP_TO_LAN "[AMT]\nMode=proxy\n[Forward]\nUpstream=up0\nDownstream=lan0\n"
#define UP_ONLY	  "[AMT]\nMode=proxy\n[Forward]\nUpstream=up0\n"

#define SOURCE4	 "192.0.2.7"
#define CHANNEL4 "232.1.1.1"
#define GROUP4	 "239.1.1.1"
#define CHANNEL6 "ff3e::8000:1"
#define SOURCE6	 "2001:db8:1::7"
#define HOST4	 "10.9.0.7"
#define HOST6	 "fe80::7"
#define ROUTER4	 "192.0.2.1"
#define ROUTER6	 "fe80::1"
#define TTL	 9

static int up, alt, lan;

static void start(const char *file)
{
	world_write("/etc/amt/p0.amt", file);
	up = peer_open("upp");
	alt = peer_open("altp");
	lan = peer_open("lanp");
	world_start();
	client_open();
}

static void stop(void)
{
	client_close();
	world_stop();
	close(up);
	close(alt);
	close(lan);
}

static void want_channel(void)
{
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL_LOOKS("p0", "forward.ipv4.joins", "1");
}

static void assert_source(const struct group_message *message, const char *source)
{
	char text[ADDRESS_TEXT_MAX];

	assert_string_equal(address_format(&message->source, text), source);
}

/* ---- copies --------------------------------------------------------------------------------- */

/* "Queries that are heard upstream go to all downstream interfaces, at once ... What they say and
 * their version stays; their source is the address of this host there". */
static void test_copied_queries(void **state)
{
	struct group_message message;

	start(UP_TO_LAN "Querier=no\nForwardQueries=yes\n");
	peer_query(up, 2, ROUTER4, GROUP4);
	UNTIL(peer_heard(lan, GROUP_QUERY, GROUP4, &message));
	assert_int_equal(message.version, 2);
	assert_int_equal(message.query.max_response_usec, 1000000);
	assert_source(&message, "10.9.0.1");
	UNTIL_LOOKS("p0", "heard_upstream.0.igmp.queries_copied", "1");
	assert_looks("p0", "heard_upstream.0.ifname", "up0");
	assert_looks("p0", "heard_upstream.0.igmp.queries", "1");
	assert_looks("p0", "heard_upstream.0.igmp.querier", ROUTER4);

	peer_query(up, 2, ROUTER6, "");
	UNTIL(peer_heard(lan, GROUP_QUERY, "", &message) && message.family == AF_INET6);
	assert_int_equal(message.version, 2);
	assert_true(IN6_IS_ADDR_LINKLOCAL(&message.source.in6));
	assert_looks("p0", "heard_upstream.0.mld.querier", ROUTER6);
	UNTIL(event_looks("query", "p0", "source", ROUTER6));
	assert_string_equal(event_look("query", "p0", "side"), "upstream");
	assert_string_equal(event_look("query", "p0", "on"), "up0");

	/* "At most 50 Queries ... a second pass each interface" */
	for (int i = 0; i < 200; i++)
		peer_query(up, 3, ROUTER4, "");
	UNTIL_LOOKS("p0", "heard_upstream.0.igmp.queries", "201");
	assert_string_not_equal(look("p0", "heard_upstream.0.igmp.held_back"), "0");
	stop();
}

/* "Reports and Leaves that count, and are of groups that may leave their link, go to all upstream
 * interfaces in use". */
static void test_copied_reports(void **state)
{
	struct group_message message;

	start(UP_TO_LAN "ForwardReports=yes\nUpstream=alt0 198.51.100.0/24\n");
	/* Not the kernel's own, which is of IGMPv3. */
	REPORT(lan, .version = 2, .from = HOST4, .type = GROUP_MODE_IS_EXCLUDE, .group = GROUP4);
	UNTIL(peer_heard(up, GROUP_REPORT, GROUP4, &message) && message.version == 2);
	assert_source(&message, "192.0.2.2");
	UNTIL(peer_heard(alt, GROUP_REPORT, GROUP4, &message) && message.version == 2);
	assert_source(&message, "198.51.100.2");
	UNTIL_LOOKS("p0", "heard_upstream.0.igmp.reports_sent", "1");
	assert_looks("p0", "heard_upstream.1.igmp.reports_sent", "1");

	REPORT(lan, .version = 2, .from = HOST4, .type = GROUP_CHANGE_TO_INCLUDE, .group = GROUP4);
	UNTIL(peer_heard(up, GROUP_LEAVE, GROUP4, NULL));
	REPORT(lan, .version = 1, .from = HOST6, .type = GROUP_MODE_IS_EXCLUDE,
	       .group = "ff0e::5:6");
	UNTIL(peer_heard(up, GROUP_REPORT, "ff0e::5:6", &message) && message.version == 1);
	stop();
}

/* "With UnicastReports=only such Reports do not count: the application sends those that do to the
 * bridge's own address." */
static void test_unicast(void **state)
{
	start(UP_TO_LAN "UnicastReports=only\n");
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL4,
	       .sources = SOURCE4);
	UNTIL_LOOKS("p0", "forward.downstreams.0.igmp.unicast_ignored", "1");
	assert_looks("p0", "forward.ipv4.joins", "0");
	REPORT(lan, .version = 3, .from = HOST4, .to = "10.9.0.1", .type = GROUP_ALLOW_NEW_SOURCES,
	       .group = CHANNEL4, .sources = SOURCE4 " 192.0.2.8");
	UNTIL_LOOKS("p0", "forward.ipv4.joins", "2");
	UNTIL(event_looks("report", "p0", "unicast", "true"));
	assert_string_equal(event_look("report", "p0", "on"), "lan0");
	assert_string_equal(event_look("report", "p0", "side"), "downstream");
	assert_string_equal(event_look("report", "p0", "source"), HOST4);
	assert_string_equal(event_look("report", "p0", "leave"), "false");
	assert_string_equal(event_look("report", "p0", "records.0.type"), "allow");
	assert_string_equal(event_look("report", "p0", "records.0.group"), CHANNEL4);
	assert_string_equal(event_look("report", "p0", "records.0.sources"),
			    "[\"" SOURCE4 "\",\"192.0.2.8\"]");
	stop();
}

/* ---- unasked -------------------------------------------------------------------------------- */

/* IGMPv2 routers ignore what comes from 0.0.0.0, and routers that track hosts the former address:
 * the Reports are sent again, twice, RFC 9776, 8.11. */
static void test_uplink_address(void **state)
{
	struct group_message message;

	start(UP_TO_LAN);
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_MODE_IS_EXCLUDE, .group = GROUP4);
	UNTIL(peer_heard(up, GROUP_REPORT, GROUP4, &message));
	assert_looks("p0", "heard_upstream.0.igmp.reports_sent", "0");
	world_shell("ip address del 192.0.2.2/24 dev up0 && ip address add 192.0.2.7/24 dev up0");
	UNTIL_LOOKS("p0", "heard_upstream.0.igmp.reports_sent", "2");
	UNTIL(peer_heard(up, GROUP_REPORT, GROUP4, &message));

	world_shell("ip address flush dev up0 scope global && ip address add 192.0.2.2/24 dev up0");
	UNTIL_LOOKS("p0", "heard_upstream.0.igmp.reports_sent", "4");
	stop();
}

/* UnsolicitedReportSec=: "Report what is joined upstream so often without being asked", "in the
 * version of the querier there". */
static void test_unsolicited(void **state)
{
	struct group_message message;

	start(UP_TO_LAN "UnsolicitedReportSec=1\n");
	want_channel();
	REPORT(lan, .version = 3, .from = HOST4, .type = GROUP_CHANGE_TO_EXCLUDE, .group = GROUP4,
	       .sources = "192.0.2.9");
	REPORT(lan, .version = 2, .from = HOST6, .type = GROUP_ALLOW_NEW_SOURCES, .group = CHANNEL6,
	       .sources = SOURCE6);
	UNTIL_LOOKS("p0", "forward.ipv6.joins", "1");
	/* The kernel's own tell changes; these are of a state. */
	UNTIL(peer_heard(up, GROUP_REPORT, CHANNEL4, &message) &&
	      peer_record(&message, CHANNEL4) == GROUP_MODE_IS_INCLUDE);
	assert_string_equal(peer_sources(&message, CHANNEL4), SOURCE4);
	assert_int_equal(peer_record(&message, GROUP4), GROUP_MODE_IS_EXCLUDE);
	assert_string_equal(peer_sources(&message, GROUP4), "192.0.2.9");
	UNTIL(peer_heard(up, GROUP_REPORT, CHANNEL6, &message) &&
	      peer_record(&message, CHANNEL6) == GROUP_MODE_IS_INCLUDE);
	assert_string_equal(peer_sources(&message, CHANNEL6), SOURCE6);

	peer_query(up, 2, ROUTER4, "");
	UNTIL_LOOKS("p0", "heard_upstream.0.igmp.queries", "1");
	UNTIL(peer_heard(up, GROUP_REPORT, GROUP4, &message) && message.version == 2);
	stop();
}

/* SelfQuerySec=: "a General Query ... out of all upstream and downstream interfaces, as long as it
 * hears no other querier there", "and applications are told of them". */
static void test_self_query(void **state)
{
	struct group_message message;

	start(UP_TO_LAN "SelfQuerySec=1\n");
	UNTIL(peer_heard(up, GROUP_QUERY, "", &message) && message.family == AF_INET);
	assert_int_equal(message.version, 3);
	assert_source(&message, "192.0.2.2");
	UNTIL(peer_heard(lan, GROUP_QUERY, "", NULL));
	UNTIL(event_looks("query", "p0", "own", "true"));
	UNTIL_LOOKS("p0", "heard_upstream.0.mld.queries_sent", "1");

	peer_query(up, 3, ROUTER4, "");
	UNTIL_LOOKS("p0", "heard_upstream.0.igmp.querier", ROUTER4);
	while (peer_heard(up, GROUP_QUERY, "", NULL))
		;
	/* The other family has no querier: its next Query comes after IGMP's would have. */
	UNTIL(peer_heard(up, GROUP_QUERY, "", &message));
	assert_int_equal(message.family, AF_INET6);
	stop();
}

/* ---- as asked ------------------------------------------------------------------------------- */

static const struct answer *report(const char *on, const char *channel, unsigned int version,
				   const char *to, int leave)
{
	return ask("Report", "sasusb", on, 1, channel, version, to, leave);
}

/* amtctl(1), report: "Send IGMP or MLD Reports that want the channels ... once." */
static void test_report(void **state)
{
	struct group_message message;

	start(UP_ONLY);
	assert_granted(report("alt0", SOURCE4 "," CHANNEL4, 0, "", false));
	UNTIL(peer_heard(alt, GROUP_REPORT, CHANNEL4, &message));
	assert_int_equal(message.version, 3);
	assert_int_equal(peer_record(&message, CHANNEL4), GROUP_ALLOW_NEW_SOURCES);
	assert_string_equal(peer_sources(&message, CHANNEL4), SOURCE4);
	assert_source(&message, "198.51.100.2");

	assert_granted(report("alt0", SOURCE4 "," CHANNEL4, 3, "198.51.100.1", true));
	UNTIL(peer_heard(alt, GROUP_REPORT, CHANNEL4, &message));
	assert_int_equal(peer_record(&message, CHANNEL4), GROUP_BLOCK_OLD_SOURCES);
	assert_int_equal(ntohl(message.destination.in.s_addr), 0xc6336401);

	/* "Those before IGMPv3 and MLDv2 know groups alone" */
	assert_granted(report("alt0", GROUP4, 2, "", false));
	UNTIL(peer_heard(alt, GROUP_REPORT, GROUP4, &message));
	assert_int_equal(message.version, 2);
	assert_granted(report("alt0", GROUP4, 2, "", true));
	UNTIL(peer_heard(alt, GROUP_LEAVE, GROUP4, NULL));
	assert_granted(report("alt0", "ff0e::5:6", 0, "", false));
	UNTIL(peer_heard(alt, GROUP_REPORT, "ff0e::5:6", &message));
	assert_int_equal(peer_record(&message, "ff0e::5:6"), GROUP_CHANGE_TO_EXCLUDE);

	/* Sources of a group are one record. */
	assert_granted(ask("Report", "sasusb", "alt0", 3, "192.0.2.9," CHANNEL4,
			   SOURCE6 "," CHANNEL6, SOURCE4 "," CHANNEL4, 0, "", false));
	UNTIL(peer_heard(alt, GROUP_REPORT, CHANNEL4, &message));
	assert_string_equal(peer_sources(&message, CHANNEL4), SOURCE4 " 192.0.2.9");
	UNTIL(peer_heard(alt, GROUP_REPORT, CHANNEL6, &message));
	assert_string_equal(peer_sources(&message, CHANNEL6), SOURCE6);
	stop();
}

static void test_report_refused(void **state)
{
	static const struct {
		const char *on, *channel;
		unsigned int version;
		const char *to;
		int leave;
		const char *error, *words;
	} cases[] = {
		{ "a/b", GROUP4, 0, "", 0, BUS_ERROR_INVALID, "interface name" },
		{ "eth9", GROUP4, 0, "", 0, BUS_ERROR_NO_SUCH_DEVICE, "eth9" },
		{ "down0", GROUP4, 0, "", 0, BUS_ERROR_FAILED, "down" },
		{ "alt0", "everything", 0, "", 0, BUS_ERROR_INVALID, "everything" },
		{ "alt0", "192.0.2.1", 0, "", 0, BUS_ERROR_INVALID, "192.0.2.1" },
		{ "alt0", GROUP4, 4, "", 0, BUS_ERROR_INVALID, "IGMP" },
		{ "alt0", "ff0e::5:6", 3, "", 0, BUS_ERROR_INVALID, "MLD" },
		{ "alt0", SOURCE4 "," CHANNEL4, 2, "", 0, BUS_ERROR_INVALID, "sources" },
		{ "alt0", GROUP4, 1, "", 1, BUS_ERROR_INVALID, "IGMPv1" },
		{ "alt0", GROUP4, 0, "everybody", 0, BUS_ERROR_INVALID, "everybody" },
		{ "alt0", GROUP4, 0, "224.0.0.1", 0, BUS_ERROR_INVALID, "224.0.0.1" },
		{ "alt0", GROUP4, 0, "fe80::1", 0, BUS_ERROR_INVALID, "family" },
	};

	start(UP_ONLY);
	world_shell("ip link add down0 type veth peer name downp");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(report(cases[i].on, cases[i].channel, cases[i].version, cases[i].to,
				      cases[i].leave),
			       cases[i].error, cases[i].words);
	assert_refused(ask("Report", "sasusb", "alt0", 0, 0, "", false), BUS_ERROR_INVALID,
		       "channels");
	/* An interface without an IPv6 address: MLD comes from nowhere. */
	world_shell("ip -6 address flush dev alt0");
	assert_refused(report("alt0", "ff0e::5:6", 0, "", false), BUS_ERROR_FAILED, "alt0");
	assert_false(peer_heard(alt, GROUP_REPORT, GROUP4, NULL));
	stop();
}

/* "with Upstream= and no Downstream=, nothing is forwarded, and amtd tells what it hears." */
static void test_listens(void **state)
{
	start(UP_ONLY);
	REPORT(up, .version = 3, .from = "192.0.2.9", .type = GROUP_BLOCK_OLD_SOURCES,
	       .group = CHANNEL4, .sources = SOURCE4);
	UNTIL(event_looks("report", "p0", "records.0.group", CHANNEL4));
	assert_string_equal(event_look("report", "p0", "records.0.type"), "block");
	assert_string_equal(event_look("report", "p0", "side"), "upstream");
	assert_looks("p0", "forward", "");
	assert_looks("p0", "heard_upstream.0.igmp.reports", "1");
	/* from a multicast address */
	peer_send_hex(up, "46c00028 00004000 010214f8 ef000001 e0000016 94040000"
			  "2200ecfc 00000001 02000000 ef000001");
	UNTIL_LOOKS("p0", "heard_upstream.0.igmp.refused.source", "1");

	world_shell("ip link set up0 down");
	UNTIL_LOOKS("p0", "heard_upstream", "[]");
	world_shell("ip link set up0 up");
	UNTIL_LOOKS("p0", "heard_upstream.0.ifname", "up0");
	stop();
}

/* ---- the other upstream --------------------------------------------------------------------- */

/* "what is joined is joined there before it is left here" */
static void test_backup(void **state)
{
	struct group_message message;

	start(UP_TO_LAN "BackupUpstream=alt0\n");
	want_channel();
	assert_looks("p0", "forward.alternative", "alt0");
	assert_looks("p0", "forward.switched", "false");
	assert_granted(ask("Upstream", "ss", "alt0", ""));
	assert_looks("p0", "forward.switched", "true");
	assert_looks("p0", "forward.upstreams.0.ifname", "alt0");
	UNTIL(peer_heard(alt, GROUP_REPORT, CHANNEL4, &message));
	assert_string_equal(peer_sources(&message, CHANNEL4), SOURCE4);
	assert_looks("p0", "forward.ipv4.joins", "2"); /* up0 is left some time after */
	UNTIL_LOOKS("p0", "heard_upstream.0.ifname", "alt0");
	peer_data(alt, "198.51.100.7", CHANNEL4, TTL, 1); /* not wanted */
	world_shell("ip route add " SOURCE4 " dev alt0"); /* rp_filter */
	/* The first packet there moves the route, and is lost. */
	UNTIL((peer_data(alt, SOURCE4, CHANNEL4, TTL, 2),
	       peer_got(lan, SOURCE4, CHANNEL4, TTL - 1, 2)));

	assert_granted(ask("Upstream", "ss", "alt0", "p0")); /* it does already */
	assert_granted(ask("Upstream", "ss", "up0", "p0"));
	assert_looks("p0", "forward.switched", "false");
	assert_refused(ask("Upstream", "ss", "lan0", ""), BUS_ERROR_INVALID, "BackupUpstream=");
	assert_refused(ask("Upstream", "ss", "lan0", "p0"), BUS_ERROR_INVALID, "p0");
	assert_refused(ask("Upstream", "ss", "alt0", "p7"), BUS_ERROR_NO_SUCH_DEVICE, "p7");
	stop();
}

/* UpstreamTimeoutSec=: "Go to the other one when something is wanted and no packet came for so
 * long". */
static void test_timeout(void **state)
{
	start(UP_TO_LAN "BackupUpstream=alt0\nUpstreamTimeoutSec=1\n");
	want_channel();
	UNTIL_LOOKS("p0", "forward.switched", "true");
	UNTIL_LOOKS("p0", "forward.switched", "false");
	stop();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_copied_queries), TEST(test_copied_reports), TEST(test_unicast),
		TEST(test_uplink_address), TEST(test_unsolicited),    TEST(test_self_query),
		TEST(test_report),	   TEST(test_report_refused), TEST(test_listens),
		TEST(test_backup),	   TEST(test_timeout),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests_name("daemon-proxy", tests, NULL, NULL);
	world_leave();
	return failed;
}
