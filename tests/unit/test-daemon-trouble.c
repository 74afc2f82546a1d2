/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in the way of devices: links, names, ports and parts of the kernel that are missing or
 * taken, for a while or for good, and people who take away what amtd made.
 */
#include "addresses.h"
#include "amtd/core/manager.h"
#include "base/array.h"
#include "base/clock.h"
#include "daemon-amt.h"
#include "daemon-client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RELAY	"192.0.2.1"
#define HOST	"192.0.2.2"
#define GATEWAY "[AMT]\nLink=up0\n[Relay]\nAddress=" RELAY "\n"
/* RFC 7450, 5.1.4, with an IGMPv3 General Query */
#define QUERY                                                                                       \
	"0400 a63789b22e41 5b6b266b 46c00024 00004000 01020413 00000000 e0000001 94040000 1101ec81" \
	"00000000 027d0000"
#define REQUEST "03000000 5b6b266b"

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

static bool reason_has(const char *device, const char *words)
{
	return strstr(look(device, "reason"), words);
}

/* What failed is tried again in 5 s at the latest, which are over now. */
static void expect_retry(void)
{
	sd_event_source *retry = world_manager()->retry;
	const uint64_t now = clock_monotonic();
	uint64_t at;
	int enabled;

	assert_true(sd_event_source_get_enabled(retry, &enabled) > 0);
	assert_int_equal(enabled, SD_EVENT_ONESHOT);
	assert_int_equal(sd_event_source_get_time(retry, &at), 0);
	assert_in_range(at, 1, now + 5 * USEC_PER_SEC);
	assert_int_equal(sd_event_source_set_time(retry, now), 0);
}

/* "Link=: It must be given, and may appear later." */
static void test_late_link(void **state)
{
	start("[AMT]\nLink=late0\n[Relay]\nAddress=203.0.113.1\n");
	assert_looks("amt0", "state", "waiting");
	assert_true(reason_has("amt0", "late0"));
	assert_looks("amt0", "ifindex", "");
	world_shell("ip link add late0 type veth peer name latep && ip link set latep up && "
		    "ip link set late0 up");
	/* There, and without an address. */
	UNTIL(reason_has("amt0", "address"));
	assert_looks("amt0", "state", "waiting");
	world_shell("ip address add 203.0.113.2/24 dev late0");
	UNTIL_LOOKS("amt0", "state", "discovering");
	assert_address(&fake_device("amt0")->local, "203.0.113.2");

	/* Another address of the host is another device. */
	world_shell("ip address del 203.0.113.2/24 dev late0 && "
		    "ip address add 203.0.113.3/24 dev late0");
	UNTIL(fake_created() == 2);
	assert_address(&fake_device("amt0")->local, "203.0.113.3");
	world_shell("ip link del late0");
	UNTIL_LOOKS("amt0", "state", "waiting");
	stop();
}

/* Local=: "The IPv4 address of this host in the tunnel." */
static void test_local(void **state)
{
	start("[AMT]\nLink=up0\nLocal=192.0.2.50\nMTUBytes=1300\n[Relay]\nAddress=" RELAY "\n");
	assert_looks("amt0", "state", "waiting");
	assert_true(reason_has("amt0", "192.0.2.50"));
	world_shell("ip address add 192.0.2.50/24 dev up0");
	UNTIL_LOOKS("amt0", "state", "discovering");
	assert_address(&fake_device("amt0")->local, "192.0.2.50");
	assert_looks("amt0", "mtu", "1300");
	stop();
}

/* Loopback is no Ethernet. */
static void test_wrong_link(void **state)
{
	start("[AMT]\nLink=lo\n[Relay]\nAddress=" RELAY "\n");
	assert_looks("amt0", "state", "failed");
	assert_true(reason_has("amt0", "lo "));
	stop();
}

/* The name is somebody else's. */
static void test_taken_name(void **state)
{
	world_shell("ip link add amt0 type veth peer name amtp");
	start(GATEWAY);
	assert_looks("amt0", "state", "failed");
	assert_true(reason_has("amt0", "not an amt device"));
	assert_true(if_nametoindex("amt0") != 0);
	world_shell("ip link del amt0");
	UNTIL_LOOKS("amt0", "state", "discovering");
	stop();
}

/* Whatever somebody takes away is made again. */
static void test_taken_away(void **state)
{
	struct amt_path path, back;

	start(GATEWAY);
	path = (struct amt_path){ RELAY, 2268, HOST, (uint16_t)atoi(look("amt0", "port")) };
	back = (struct amt_path){ HOST, path.to_port, RELAY, 2268 };
	(void)amt_packet(FIREWALL_QUEUE_ASKED, &back, REQUEST);
	(void)amt_packet(FIREWALL_QUEUE_QUERY, &path, QUERY);
	assert_looks("amt0", "state", "connected");
	world_shell("ip link del amt0");
	UNTIL(fake_created() == 2 && if_nametoindex("amt0") != 0);

	/* A hundred times in a row: no answer is of one that is gone. */
	for (unsigned int i = 0; i < 100; i++) {
		world_shell("ip link del amt0");
		assert_string_not_equal(look("amt0", "ifindex"), "");
		assert_int_equal(fake_created(), 3 + i);
	}

	world_shell("nft delete table ip amtd");
	UNTIL(world_shows("nft list tables", "table ip amtd"));
	world_shell("nft flush ruleset");
	UNTIL(world_shows("nft list tables", "table ip amtd"));
	stop();
}

/* ---- ports ---------------------------------------------------------------------------------- */

/* A port is one device's. */
static void test_same_port(void **state)
{
	world_write("/etc/amt/amt1.amt", GATEWAY "[AMT]\nPort=3000\n");
	start(GATEWAY "[AMT]\nPort=3000\nRelayPort=2300\n");
	assert_looks("amt1", "state", "failed");
	assert_true(reason_has("amt1", "3000"));
	assert_null(fake_device("amt1"));
	world_remove("/etc/amt/amt0.amt");
	assert_granted(ask("Reload", ""));
	expect_retry();
	UNTIL_LOOKS("amt1", "state", "discovering");
	assert_int_equal(fake_device("amt1")->gateway_port, 3000);
	stop();
}

static int occupy(uint16_t port)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	return fd;
}

static uint16_t port_of(const char *name)
{
	return fake_device(name)->gateway_port;
}

/* "kept until the host is restarted": over a restart and a crash, also without its interface, and
 * for a gateway that comes back. */
static void test_port_stays(void **state)
{
	uint16_t port;

	start(GATEWAY);
	port = port_of("amt0");
	stop();
	start(GATEWAY);
	assert_int_equal(port_of("amt0"), port);
	client_close();
	world_kill();
	world_shell("ip link del amt0");
	start(GATEWAY);
	assert_int_equal(port_of("amt0"), port);
	world_remove("/etc/amt/amt0.amt");
	assert_granted(ask("Reload", ""));
	assert_null(fake_device("amt0"));
	world_write("/etc/amt/amt0.amt", GATEWAY);
	assert_granted(ask("Reload", ""));
	assert_int_equal(port_of("amt0"), port);
	stop();

	/* "KeepConfiguration=no" takes the interface, not the port. */
	start(GATEWAY "[AMT]\nKeepConfiguration=no\n");
	stop();
	assert_int_equal(if_nametoindex("amt0"), 0);
	start(GATEWAY);
	assert_int_equal(port_of("amt0"), port);
	stop();

	/* As after a restart of the host. */
	world_shell("ip link del amt0; rm -rf '%s'", world_path("/run/amt/state"));
	start(GATEWAY);
	assert_int_not_equal(port_of("amt0"), port);
	stop();
}

/* A record of an amtd that derived ports from names, or kept none: the interface decides, which is
 * not touched. */
static void test_port_of_older(void **state)
{
	static const char *const lines[] = { "Port=61234", "" };
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		unsigned int made;

		start(GATEWAY "[AMT]\nPort=61234\n");
		made = fake_created();
		stop();
		snprintf(text, sizeof(text), "[Device]\nCreated=yes\nIfindex=%u\nChosen=%s\n%s\n",
			 if_nametoindex("amt0"), RELAY, lines[i]);
		world_write("/run/amt/state/amt0", text);
		start(GATEWAY);
		assert_int_equal(port_of("amt0"), 61234);
		assert_int_equal(fake_created(), made);
		stop();
	}
}

/* Port= takes one that was drawn for another. */
static void test_port_yields(void **state)
{
	uint16_t port;
	char text[256];

	start(GATEWAY);
	port = port_of("amt0");
	snprintf(text, sizeof(text), GATEWAY "[AMT]\nPort=%u\n", port);
	world_write("/etc/amt/amt1.amt", text);
	assert_granted(ask("Reload", ""));
	UNTIL_LOOKS("amt1", "state", "discovering");
	assert_int_equal(port_of("amt1"), port);
	assert_int_not_equal(port_of("amt0"), port);
	stop();
}

/* "Where these leave no room, amtd logs that and takes ephemeral ones". */
static void test_no_room(void **state)
{
	world_shell("echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range");
	world_write("/etc/amt/amt1.amt", GATEWAY);
	start(GATEWAY);
	assert_looks("amt0", "state", "discovering");
	assert_looks("amt1", "state", "discovering");
	assert_int_not_equal(port_of("amt0"), port_of("amt1"));
	assert_in_range(port_of("amt0"), 1024, 65535);
	stop();
}

/* Another program has it: without Port= there are others. */
static void test_busy_port(void **state)
{
	uint16_t port;
	int fd;

	start(GATEWAY);
	port = port_of("amt0");
	stop();
	world_shell("ip link del amt0");
	fd = occupy(port);
	world_write("/etc/amt/amt1.amt", GATEWAY "[AMT]\nPort=3001\n");
	start(GATEWAY);
	assert_looks("amt0", "state", "discovering");
	assert_int_not_equal(port_of("amt0"), port);
	stop();
	close(fd);

	world_shell("ip link del amt1");
	fd = occupy(3001);
	start(GATEWAY);
	assert_looks("amt1", "state", "failed");
	assert_true(reason_has("amt1", "3001"));
	/* It is the other program's: its packets are left alone, until it is gone. */
	assert_false(world_shows("nft list table ip amtd", "3001"));
	assert_true(world_shows("nft list table ip amtd", look("amt0", "port")));
	close(fd);
	expect_retry();
	UNTIL_LOOKS("amt1", "state", "discovering");
	assert_true(world_shows("nft list table ip amtd", "3001"));
	stop();
}

/* Two gateways behind one address: a Linux relay serves one, and amtd says so. */
static void test_twins(void **state)
{
	struct amt_path path, back;

	world_write("/etc/amt/amt1.amt", GATEWAY);
	start(GATEWAY);
	path = (struct amt_path){ RELAY, 2268, HOST, (uint16_t)atoi(look("amt0", "port")) };
	back = (struct amt_path){ HOST, path.to_port, RELAY, 2268 };
	(void)amt_packet(FIREWALL_QUEUE_ASKED, &back, "01000000da7bfb1a");
	(void)amt_packet(FIREWALL_QUEUE_ADVERTISEMENT, &path, "02000000da7bfb1ac0000201");
	(void)amt_packet(FIREWALL_QUEUE_ASKED, &back, REQUEST);
	(void)amt_packet(FIREWALL_QUEUE_QUERY, &path, QUERY);
	back.from_port = path.to_port = (uint16_t)atoi(look("amt1", "port"));
	(void)amt_packet(FIREWALL_QUEUE_ASKED, &back, "01000000da7bfb1a");
	(void)amt_packet(FIREWALL_QUEUE_ADVERTISEMENT, &path, "02000000da7bfb1ac0000201");
	world_shell("ip link set amt1 down"); /* an event of it */
	UNTIL(reason_has("amt1", "amt0 uses this relay"));
	assert_looks("amt1", "state", "discovering");
	assert_looks("amt0", "state", "connected");
	stop();
}

/* ---- the kernel ----------------------------------------------------------------------------- */

/* amtd(8): "The kernel must ... have ... CONFIG_NFT_QUEUE"; without, "devices work". Back again,
 * all is well. "OnFailure=": what is dropped without amtd cannot work. */
static void test_no_queue(void **state)
{
	fake_queue_refuses(-EBUSY, 2271);
	world_write("/etc/amt/amt1.amt",
		    "[AMT]\nLink=alt0\n[Relay]\nAddress=198.51.100.1\n[Rewrite]\nOnFailure=drop\n"
		    "Relay=198.51.100.1\n");
	world_write("/etc/amt/r0.amt", "[AMT]\nMode=relay\nLink=alt0\n");
	start(GATEWAY);
	assert_non_null(strstr(look_daemon("queue_error"), "2271"));
	assert_string_equal(look_daemon("queue"), "");
	assert_looks("amt0", "state", "discovering");
	assert_true(reason_has("amt0", "2271"));
	assert_non_null(fake_device("amt0"));
	assert_looks("amt1", "state", "failed");
	assert_true(reason_has("amt1", "OnFailure=drop"));
	/* "the reason of the device's state says when it is missing" */
	assert_looks("r0", "state", "running");
	assert_true(reason_has("r0", "2271"));

	/* What the driver says is all that is known. */
	fake_set_remote("amt0", "192.0.2.3");
	world_shell("ip link set amt0 down");
	UNTIL_LOOKS("amt0", "state", "connected");
	assert_true(reason_has("amt0", "192.0.2.3"));

	fake_queue_refuses(0, 0);
	expect_retry();
	UNTIL(strcmp(look_daemon("queue_error"), "") == 0);
	assert_looks("amt1", "state", "discovering");
	UNTIL(!reason_has("r0", "2271"));
	stop();
}

/* "Relays outside of them are not used", whether or not Queries are seen; and one that was in use
 * is left. */
static void test_excluded(void **state)
{
	static const char wide[] = GATEWAY "Allow=192.0.2.0/24\n";
	static const char narrow[] = GATEWAY "Allow=203.0.113.0/24\n";

	for (int without = 0; without < 2; without++) {
		if (without)
			fake_without_nft_queue();
		start(narrow);
		assert_looks("amt0", "state", "no-relay");
		assert_true(reason_has("amt0", "Allow= excludes 192.0.2.1, the only relay"));
		assert_null(fake_device("amt0"));

		world_write("/etc/amt/amt0.amt", wide);
		assert_granted(ask("Reload", ""));
		UNTIL_LOOKS("amt0", "state", "discovering");
		UNTIL(world_shows("ip link show amt0", ",UP"));

		world_write("/etc/amt/amt0.amt", narrow);
		assert_granted(ask("Reload", ""));
		UNTIL_LOOKS("amt0", "state", "no-relay");
		assert_true(reason_has("amt0", "Allow= excludes"));
		UNTIL(!world_shows("ip link show amt0", ",UP"));
		assert_looks("amt0", "last_relay", "");
		/* It stays so. */
		world_shell("ip link set up0 down && ip link set up0 up");
		world_settle();
		assert_looks("amt0", "state", "no-relay");
		assert_false(world_shows("ip link show amt0", ",UP"));

		world_write("/etc/amt/amt0.amt", wide);
		assert_granted(ask("Reload", ""));
		UNTIL_LOOKS("amt0", "state", "discovering");
		UNTIL(world_shows("ip link show amt0", ",UP"));
		assert_int_equal(fake_created(), 1 + without);
		stop();
		world_shell("ip link del amt0; rm -rf '%s'", world_path("/run/amt/state"));
	}
}

/* The way to the relay: what the kernel lacks is what is said. */
static void test_ways(void **state)
{
	start("[AMT]\nLink=alt0\n[Relay]\nAddress=" RELAY "\n");
	assert_looks("amt0", "state", "waiting");
	assert_true(reason_has("amt0", "the route to " RELAY " leads through up0, not alt0"));
	world_shell("ip link set up0 down");
	UNTIL(reason_has("amt0", "no route to " RELAY));
	world_shell("ip route add prohibit " RELAY);
	UNTIL(reason_has("amt0", "forbids packets to " RELAY " (Permission denied)"));
	world_shell("ip route del prohibit " RELAY " && ip address add " RELAY "/32 dev lo && "
		    "ip link set lo up");
	UNTIL(reason_has("amt0", RELAY " is an address of this host"));
	world_shell("ip address del " RELAY "/32 dev lo && ip address flush dev alt0");
	UNTIL(reason_has("amt0", "interface alt0 (Link=) has no IPv4 address"));
	world_shell("ip link set alt0 down");
	UNTIL(reason_has("amt0", "interface alt0 (Link=) is down"));
	world_shell("ip link set alt0 up && ip address add 198.51.100.2/24 dev alt0 && "
		    "ip route add " RELAY " via 198.51.100.1");
	UNTIL_LOOKS("amt0", "state", "discovering");
	stop();
}

/* Another program of this host has the tunnel of this address: amtctl probe --handshake tells. */
static void test_pinned(void **state)
{
	start("");
	assert_granted(ask("Pinned", "ss", HOST, RELAY));
	assert_refused(ask("Pinned", "ss", HOST, "nonsense"), BUS_ERROR_INVALID, "address");
	world_write("/etc/amt/amt0.amt", GATEWAY);
	assert_granted(ask("Reload", ""));
	UNTIL(reason_has("amt0", "took the tunnel of " HOST));
	assert_looks("amt0", "state", "no-relay");
	stop();
}

static void test_no_nft_queue(void **state)
{
	fake_without_nft_queue();
	start(GATEWAY);
	assert_true(reason_has("amt0", "CONFIG_NFT_QUEUE"));
	stop();

	fake_reset();
	fake_queue_refuses(-EPROTONOSUPPORT, 0);
	world_shell("ip link del amt0");
	start(GATEWAY);
	assert_true(reason_has("amt0", "CONFIG_NETFILTER_NETLINK_QUEUE"));
	stop();
	fake_queue_refuses(-EPERM, 0);
	start(GATEWAY);
	assert_non_null(strstr(look_daemon("queue_error"), strerror(EPERM)));
	stop();
}

/* "The kernel must be 5.16 or later with CONFIG_AMT" */
static void test_no_driver(void **state)
{
	fake_driver_refuses(-EOPNOTSUPP);
	start("[AMT]\nMode=relay\nLink=up0\n");
	assert_looks("amt0", "state", "failed");
	assert_true(reason_has("amt0", "CONFIG_AMT"));
	assert_refused(ask("Create", "ss", "amt1", GATEWAY), BUS_ERROR_FAILED, "CONFIG_AMT");
	assert_false(world_has("/run/amt/amt1.amt"));
	assert_looks("amt1", "ifname", "");
	fake_driver_refuses(0);
	expect_retry();
	UNTIL_LOOKS("amt0", "state", "running");
	stop();
}

/* What amtd cannot understand of what it left costs no device, and no other channel. */
static void test_spoilt_state(void **state)
{
	world_write("/run/amt/channels", "nonsense\n192.0.2.7,232.1.1.1 amt0 amt0 1 17\n"
					 "192.0.2.7,232.1.1.2 amt0 amt0 99 17\n");
	world_write("/run/amt/state/amt0", "nonsense\n");
	start(GATEWAY);
	assert_looks("amt0", "state", "discovering");
	assert_string_equal(look_daemon("channels"), "1");
	assert_string_equal(look_channel("192.0.2.7,232.1.1.1", "since_usec"), "17");
	stop();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_late_link),	 TEST(test_local),	  TEST(test_wrong_link),
		TEST(test_taken_name),	 TEST(test_taken_away),	  TEST(test_same_port),
		TEST(test_busy_port),	 TEST(test_port_stays),	  TEST(test_port_of_older),
		TEST(test_port_yields),	 TEST(test_no_room),	  TEST(test_twins),
		TEST(test_no_queue),	 TEST(test_no_nft_queue), TEST(test_no_driver),
		TEST(test_spoilt_state), TEST(test_excluded),	  TEST(test_ways),
		TEST(test_pinned),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests_name("daemon-trouble", tests, NULL, NULL);
	world_leave();
	return failed;
}
