/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels from the wish to the membership: amtctl(1), join and channels; amt(5), amtd.conf.
 */
#include "addresses.h"
#include "daemon-client.h"
#include "daemon-dns.h"
#include "daemon-peer.h"
#include "fake-kernel.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOURCE	 "192.0.2.7"
#define GROUP	 "232.1.1.1"
#define CHANNEL	 SOURCE "," GROUP
#define CHANNEL2 SOURCE ",232.1.1.2"
#define CHANNEL6 "2001:db8:1::7,ff3e::8000:1"
#define RELAY	 "192.0.2.1"
#define GATEWAY	 "[AMT]\nLink=up0\n[Relay]\nAddress=" RELAY "\n"
#define TTL	 9

static void start(void)
{
	world_start();
	client_open();
}

static void stop(void)
{
	client_close();
	world_stop();
}

static bool channel_looks(const char *channel, const char *path, const char *text)
{
	return strcmp(look_channel(channel, path), text) == 0;
}

#define assert_channel(channel, path, text) assert_string_equal(look_channel(channel, path), text)

/* Is the source of the group wanted on an interface of this host? The list of the kernel has
 * addresses as they are. */
static bool is_joined(const char *interface, const char *group, const char *source)
{
	FILE *stream = fopen("/proc/net/mcfilter", "re");
	char name[32], has_group[32], has_source[32], line[256];
	bool found = false;

	assert_non_null(stream);
	while (fgets(line, sizeof(line), stream))
		if (sscanf(line, "%*s %31s %31s %31s", name, has_group, has_source) == 3 &&
		    strcmp(name, interface) == 0 && strcmp(has_group, group) == 0 &&
		    strcmp(has_source, source) == 0)
			found = true;
	fclose(stream);
	return found;
}

#define JOINED(interface) is_joined(interface, "0xe8010101", "0xc0000207")

/* ---- as asked ------------------------------------------------------------------------------- */

static void test_join(void **state)
{
	int up;

	start();
	up = peer_open("upp");
	assert_granted(ask("Join", "ss", CHANNEL, "up0"));
	assert_channel(CHANNEL, "state", "joined");
	assert_channel(CHANNEL, "source", SOURCE);
	assert_channel(CHANNEL, "group", GROUP);
	assert_channel(CHANNEL, "on", "up0");
	assert_channel(CHANNEL, "device", "up0");
	assert_channel(CHANNEL, "wanted_by", "[\"amtctl\"]");
	assert_true(JOINED("up0"));
	UNTIL(peer_heard(up, GROUP_REPORT, GROUP, NULL));
	assert_granted(ask("Join", "ss", CHANNEL6, "up0"));
	UNTIL(peer_heard(up, GROUP_REPORT, "ff3e::8000:1", NULL));
	assert_granted(ask("Join", "ss", "239.1.1.1", "alt0"));
	assert_string_equal(look_into(ask("Channels", "")->json, "2.channel"), CHANNEL6);
	assert_string_equal(look_daemon("channels"), "3");

	/* "the packets that came in there since amtd was started ... and when the last one came" */
	UNTIL(channel_looks(CHANNEL, "packets", "0"));
	assert_channel(CHANNEL, "last_packet_usec", "");
	peer_data(up, SOURCE, GROUP, 1, 1);
	peer_data(up, SOURCE, GROUP, 1, 2);
	peer_data(up, SOURCE, "232.1.1.2", 1, 3);
	UNTIL(channel_looks(CHANNEL, "packets", "2"));
	assert_string_not_equal(look_channel(CHANNEL, "last_packet_usec"), "");
	assert_channel(CHANNEL6, "packets", "0");

	assert_granted(ask("Leave", "ss", CHANNEL, ""));
	assert_false(JOINED("up0"));
	assert_granted(ask("Leave", "ss", "239.1.1.1", "alt0"));
	assert_granted(ask("Leave", "ss", CHANNEL6, "up0"));
	assert_string_equal(look_daemon("channels"), "0");
	assert_false(world_has("/run/amt/channels"));
	close(up);
	stop();
}

/* "What is joined stays so over a restart of amtd." */
static void test_restart(void **state)
{
	char since[32];

	world_shell("ip link add late0 type veth peer name latep && ip link set late0 up");
	start();
	assert_granted(ask("Join", "ss", CHANNEL, "up0"));
	assert_granted(ask("Join", "ss", CHANNEL2, "late0"));
	assert_granted(ask("Join", "ss", CHANNEL6, "up0"));
	assert_granted(ask("Leave", "ss", CHANNEL6, "up0"));
	snprintf(since, sizeof(since), "%s", look_channel(CHANNEL, "since_usec"));
	client_close();
	world_kill();
	assert_false(JOINED("up0"));
	world_shell("ip link del late0");

	start();
	assert_true(JOINED("up0"));
	assert_channel(CHANNEL, "wanted_by", "[\"amtctl\"]");
	assert_channel(CHANNEL, "since_usec", since);
	assert_string_equal(look_daemon("channels"), "2");
	assert_channel(CHANNEL2, "state", "waiting");
	world_shell("ip link add late0 type veth peer name latep && ip link set late0 up");
	UNTIL(channel_looks(CHANNEL2, "state", "joined"));
	world_shell("ip link del late0");
	UNTIL(channel_looks(CHANNEL2, "state", "waiting"));
	stop();
}

static void test_refused(void **state)
{
	static const struct {
		const char *channel, *on, *error, *words;
	} cases[] = {
		{ "everything", "up0", BUS_ERROR_INVALID, "" },
		{ "192.0.2.1", "up0", BUS_ERROR_INVALID, "" },
		{ SOURCE "," SOURCE, "up0", BUS_ERROR_INVALID, "" },
		{ "239.1.1.1", "", BUS_ERROR_INVALID, "--on" },
		{ CHANNEL, "a/b", BUS_ERROR_INVALID, "interface name" },
		{ CHANNEL, "eth9", BUS_ERROR_NO_SUCH_DEVICE, "eth9" },
		{ CHANNEL, "p0", BUS_ERROR_INVALID, "proxy" },
	};

	world_write("/etc/amt/p0.amt", "[AMT]\nMode=proxy\n[Forward]\nUpstream=up0\n");
	world_write("/etc/amt/amtd.conf", "[Channels]\nMaxChannels=1\n");
	start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(ask("Join", "ss", cases[i].channel, cases[i].on), cases[i].error,
			       cases[i].words);
	assert_string_equal(look_daemon("channels"), "0");
	assert_refused(ask("Leave", "ss", CHANNEL, ""), BUS_ERROR_NO_SUCH_CHANNEL, "not joined");
	assert_refused(ask("Leave", "ss", "everything", ""), BUS_ERROR_INVALID, "");
	assert_granted(ask("Join", "ss", CHANNEL, "up0"));
	assert_granted(ask("Join", "ss", CHANNEL, "up0"));
	assert_refused(ask("Join", "ss", CHANNEL2, "up0"), BUS_ERROR_FAILED, "MaxChannels=");
	assert_string_equal(look_daemon("channels"), "1");
	stop();
}

/* Join=: "Channels that are joined on the device as long as it is there". */
static void test_file(void **state)
{
	world_write("/etc/amt/amt0.amt", GATEWAY "[Membership]\nJoin=" CHANNEL " " CHANNEL2 "\n");
	start();
	assert_channel(CHANNEL, "state", "joined");
	assert_channel(CHANNEL, "wanted_by", "[\"file\"]");
	assert_channel(CHANNEL, "device", "amt0");
	assert_channel(CHANNEL, "device_state", "discovering");
	assert_true(JOINED("amt0"));
	assert_refused(ask("Leave", "ss", CHANNEL, ""), BUS_ERROR_FAILED, "Join=");

	world_write("/etc/amt/amt0.amt", GATEWAY "[Membership]\nJoin=" CHANNEL "\n");
	assert_granted(ask("Reload", ""));
	assert_channel(CHANNEL2, "state", "");
	/* Wanted twice; both have to go. */
	assert_granted(ask("Join", "ss", CHANNEL, "amt0"));
	assert_channel(CHANNEL, "wanted_by", "[\"amtctl\",\"file\"]");
	assert_granted(ask("Leave", "ss", CHANNEL, "amt0"));
	assert_true(JOINED("amt0"));

	/* The interface is made anew, and so is what is joined on it. */
	world_shell("ip link del amt0");
	UNTIL(if_nametoindex("amt0") != 0 && JOINED("amt0"));
	world_remove("/etc/amt/amt0.amt");
	assert_granted(ask("Reload", ""));
	assert_string_equal(look_daemon("channels"), "0");
	stop();
}

/* InstallRoutes=: "'ip route show table all protocol 113' shows these routes. They go with the
 * channel", and "a route of the group that somebody else has made is left as it is." */
static void test_routes(void **state)
{
	static const char routes[] = "ip route show table all protocol 113";

	world_write("/etc/amt/amt0.amt", GATEWAY);
	world_write("/etc/amt/amtd.conf", "[Channels]\nInstallRoutes=yes\n");
	start();
	assert_granted(ask("Join", "ss", CHANNEL, "amt0"));
	assert_true(world_shows(routes, "232.1.1.1 dev amt0"));
	assert_granted(ask("Join", "ss", CHANNEL6, "amt0"));
	assert_true(world_shows("ip -6 route show table all protocol 113", "ff3e::8000:1"));
	world_shell("ip route add multicast 232.1.1.2 dev up0 || ip route add 232.1.1.2 dev up0");
	assert_granted(ask("Join", "ss", CHANNEL2, "amt0"));
	assert_false(world_shows(routes, "232.1.1.2"));

	/* The interface took its routes along. */
	world_shell("ip link set amt0 down");
	UNTIL(world_shows(routes, "232.1.1.1 dev amt0"));

	assert_granted(ask("Leave", "ss", CHANNEL, "amt0"));
	assert_false(world_shows(routes, "232.1.1.1"));
	assert_granted(ask("Join", "ss", CHANNEL, "amt0"));
	client_close();
	world_kill();
	/* What a killed amtd left, and nobody wants. */
	world_shell("ip route add 232.9.9.9 dev up0 protocol 113");
	start();
	assert_false(world_shows(routes, "232.9.9.9"));
	assert_true(world_shows(routes, "232.1.1.1 dev amt0"));
	world_write("/etc/amt/amtd.conf", "");
	assert_granted(ask("Reload", ""));
	assert_false(world_shows(routes, "232.1.1.1"));
	stop();
}

/* ---- gateways on demand --------------------------------------------------------------------- */

/* "DNS is asked for the relays of the source (RFC 8777), and a gateway that reaches one of them
 * already takes the channel; else one is made, amt0 or the next free name, which goes some time
 * after its last channel was left". */
static void test_demand(void **state)
{
	dns_open();
	dns_add(SOURCE, RELAY);
	world_write("/etc/amt/amtd.conf", "[Channels]\nLingerSec=1\n" DNS_SETTINGS);
	start();
	assert_granted(ask("Join", "ss", CHANNEL, ""));
	assert_channel(CHANNEL, "state", "waiting");
	UNTIL(channel_looks(CHANNEL, "device", "amt0"));
	UNTIL(channel_looks(CHANNEL, "state", "joined"));
	assert_non_null(strstr(world_read("/run/amt/amt0.amt"), "OnDemand=yes"));
	assert_non_null(strstr(world_read("/run/amt/amt0.amt"), "Driad=" SOURCE));
	/* "Link=: Default: where the route to the relay leads." */
	assert_looks("amt0", "link", "up0");
	UNTIL_LOOKS("amt0", "candidates.0.address", RELAY);
	assert_looks("amt0", "candidates.0.origin", "driad");
	assert_true(JOINED("amt0"));

	assert_granted(ask("Join", "ss", CHANNEL2, ""));
	UNTIL(channel_looks(CHANNEL2, "device", "amt0"));
	/* over a restart, too */
	client_close();
	world_kill();
	start();
	UNTIL(channel_looks(CHANNEL, "state", "joined"));
	assert_channel(CHANNEL2, "device", "amt0");
	assert_int_equal(fake_created(), 1);

	assert_granted(ask("Leave", "ss", CHANNEL, ""));
	assert_looks("amt0", "ifname", "amt0");
	assert_granted(ask("Leave", "ss", CHANNEL2, ""));
	UNTIL_LOOKS("amt0", "ifname", "");
	assert_false(world_has("/run/amt/amt0.amt"));
	assert_int_equal(if_nametoindex("amt0"), 0);
	stop();
	dns_close();
}

/* A source without relays waits; amtd.conf may name some for these. */
static void test_no_relay(void **state)
{
	dns_open();
	world_write("/etc/amt/amtd.conf", DNS_SETTINGS);
	start();
	assert_granted(ask("Join", "ss", CHANNEL, ""));
	UNTIL(strstr(look_channel(CHANNEL, "reason"), "NXDOMAIN"));
	assert_channel(CHANNEL, "state", "waiting");
	assert_channel(CHANNEL, "device", "");
	world_write("/etc/amt/amtd.conf",
		    "[Channels]\nLink=up0\n" DNS_SETTINGS "Address=" RELAY "\n");
	assert_granted(ask("Reload", ""));
	UNTIL(channel_looks(CHANNEL, "device", "amt0"));
	assert_channel(CHANNEL, "reason", "");
	assert_looks("amt0", "relay.configured", "[\"" RELAY "\"]");
	/* One is enough for all of these. */
	assert_granted(ask("Join", "ss", "198.51.100.7,232.1.1.1", ""));
	UNTIL(channel_looks("198.51.100.7,232.1.1.1", "device", "amt0"));
	stop();
	dns_close();
}

/* Driad= of a file: what DNS knows are the candidates. */
static void test_driad_file(void **state)
{
	dns_open();
	dns_add(SOURCE, "192.0.2.3");
	world_write("/etc/amt/amt0.amt", "[AMT]\nLink=up0\n" DNS_SETTINGS "Driad=" SOURCE "\n");
	world_write("/etc/amt/amt1.amt",
		    "[AMT]\nLink=up0\n" DNS_SETTINGS "Driad=203.0.113.1\nDNSSD=example.net\n");
	start();
	UNTIL_LOOKS("amt0", "candidates.0.address", "192.0.2.3");
	UNTIL_LOOKS("amt0", "linkinfo.info_data.discovery", "192.0.2.3");
	UNTIL_LOOKS("amt1", "state", "no-relay");
	assert_non_null(strstr(look("amt1", "reason"), "NXDOMAIN"));
	assert_string_not_equal(look("amt1", "dns"), "");
	/* A channel of the source takes it, without another question. */
	assert_granted(ask("Join", "ss", CHANNEL, ""));
	assert_channel(CHANNEL, "device", "amt0");
	stop();
	dns_close();
}

#define BY_REASON "candidates_refused_by_reason."
#define PRIVATE	  "private address, but the source is public; see Allow= in amt(5)"

/* Allow=: "Addresses from DNS that are of this host, ... are never used; private ones ... only for
 * a private source, or where Allow= has them." */
static void test_special_relays(void **state)
{
	dns_open();
	dns_add(SOURCE, "127.0.0.1");
	dns_add(SOURCE, "169.254.169.254");
	dns_add(SOURCE, "10.9.0.7");
	dns_add("10.1.2.3", "10.9.0.7");
	world_write("/etc/amt/amtd.conf", DNS_SETTINGS);
	world_write("/etc/amt/amt0.amt", "[AMT]\nLink=up0\n" DNS_SETTINGS "Driad=" SOURCE "\n");
	world_write("/etc/amt/amt1.amt", "[AMT]\nLink=up0\n" DNS_SETTINGS "Driad=10.1.2.3\n");
	start();
	UNTIL_LOOKS("amt0", "state", "no-relay");
	assert_looks("amt0", "candidates_refused", "3");
	assert_looks("amt0", BY_REASON "loopback address", "1");
	assert_looks("amt0", BY_REASON "link-local address", "1");
	assert_looks("amt0", BY_REASON PRIVATE, "1");
	assert_non_null(strstr(look("amt0", "reason"), "no relay can be used, of 3; "));
	UNTIL_LOOKS("amt1", "candidates.0.address", "10.9.0.7");
	assert_looks("amt1", BY_REASON PRIVATE, "");
	world_remove("/etc/amt/amt0.amt");
	assert_granted(ask("Reload", ""));

	/* no gateway is made for them */
	assert_granted(ask("Join", "ss", CHANNEL, ""));
	UNTIL(strstr(look_channel(CHANNEL, "reason"), "(answered: 1"));
	assert_channel(CHANNEL, "device", "");
	world_write("/etc/amt/amtd.conf",
		    "[Channels]\nLink=up0\n" DNS_SETTINGS "Allow=10.9.0.0/24\n");
	assert_granted(ask("Reload", ""));
	UNTIL(!channel_looks(CHANNEL, "device", ""));
	stop();
	dns_close();
}

/* HostJoins=: "what applications on this host join from a source, on any interface that is not a
 * device of amtd's, is wanted ... until they leave." */
static void test_host(void **state)
{
	int application = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct group_source_req request = { 0 };
	struct sockaddr_in *group = (struct sockaddr_in *)&request.gsr_group;
	struct sockaddr_in *source = (struct sockaddr_in *)&request.gsr_source;

	dns_open();
	dns_add(SOURCE, RELAY);
	world_write("/etc/amt/amtd.conf", "[Channels]\nHostJoins=yes\nLingerSec=0\n" DNS_SETTINGS);
	start();
	request.gsr_interface = if_nametoindex("lan0");
	group->sin_family = source->sin_family = AF_INET;
	group->sin_addr = address_of(GROUP).in;
	source->sin_addr = address_of(SOURCE).in;
	assert_int_equal(setsockopt(application, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &request,
				    sizeof(request)),
			 0);
	UNTIL(channel_looks(CHANNEL, "wanted_by", "[\"host\"]"));
	UNTIL(channel_looks(CHANNEL, "device", "amt0"));
	assert_refused(ask("Leave", "ss", CHANNEL, ""), BUS_ERROR_FAILED, "HostJoins=");
	close(application);
	UNTIL(channel_looks(CHANNEL, "state", ""));
	UNTIL_LOOKS("amt0", "ifname", "");
	stop();
	dns_close();
}

/* Upstream=driad: "the gateways that lead to the relays which DNS has for each source ... they are
 * made and removed as need be." */
static void test_forwarded(void **state)
{
	int lan, tunnel;

	dns_open();
	dns_add(SOURCE, RELAY);
	world_write("/etc/amt/amtd.conf", "[Channels]\nLingerSec=0\n" DNS_SETTINGS);
	world_write("/etc/amt/p0.amt", "[AMT]\nMode=proxy\n[Forward]\nUpstream=driad\n"
				       "Downstream=lan0\nFastLeave=yes\n");
	start();
	lan = peer_open("lanp");
	assert_looks("p0", "forward.upstreams.0.ifname", "driad");
	REPORT(lan, .version = 3, .from = "10.9.0.7", .type = GROUP_ALLOW_NEW_SOURCES,
	       .group = GROUP, .sources = SOURCE);
	/* "It needs the source: what is joined of a group from any source is not found." */
	REPORT(lan, .version = 2, .from = "10.9.0.7", .type = GROUP_MODE_IS_EXCLUDE,
	       .group = "239.1.1.1");
	UNTIL(channel_looks(CHANNEL, "wanted_by", "[\"forward\"]"));
	UNTIL(channel_looks(CHANNEL, "state", "joined"));
	assert_string_equal(look_daemon("channels"), "1");
	assert_refused(ask("Leave", "ss", CHANNEL, ""), BUS_ERROR_FAILED,
		       "joined by downstream hosts");
	UNTIL(world_file_shows("/proc/net/ip_mr_cache", "010101E8 070200C0"));
	tunnel = peer_open_host("amt0-t");
	peer_data(tunnel, SOURCE, GROUP, TTL, 1);
	UNTIL(peer_got(lan, SOURCE, GROUP, TTL - 1, 1));

	REPORT(lan, .version = 3, .from = "10.9.0.7", .type = GROUP_BLOCK_OLD_SOURCES,
	       .group = GROUP, .sources = SOURCE);
	UNTIL(channel_looks(CHANNEL, "state", ""));
	UNTIL_LOOKS("amt0", "ifname", "");
	assert_false(world_file_shows("/proc/net/ip_mr_cache", "010101E8 070200C0"));
	close(lan);
	close(tunnel);
	stop();
	dns_close();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_join),     TEST(test_restart),    TEST(test_refused),
		TEST(test_file),     TEST(test_routes),	    TEST(test_demand),
		TEST(test_no_relay), TEST(test_driad_file), TEST(test_special_relays),
		TEST(test_host),     TEST(test_forwarded),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests_name("daemon-channels", tests, NULL, NULL);
	world_leave();
	return failed;
}
