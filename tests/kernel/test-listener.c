/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The listener is at HOST's end of the veth pair; RELAY's kernel is a host that joins and leaves.
 */
#include "kernel/inet.h"
#include "kernel/listener.h"
#include "net.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	unsigned int n;
	bool unicast;
	size_t length;
	uint8_t data[2048]; /* of the last message */
} heard;

static void on_packet(const struct listener_packet *packet, void *userdata)
{
	assert_ptr_equal(userdata, &heard);
	assert_true(packet->length <= sizeof(heard.data));
	heard.n++;
	heard.unicast = packet->unicast;
	heard.length = packet->length;
	memcpy(heard.data, packet->data, packet->length);
}

static struct listener *listen_on(sa_family_t family, const char *device)
{
	struct listener *listener;
	int r = listener_open(family, if_nametoindex(device), on_packet, &heard, &listener);

	if (r < 0)
		errx(1, "listener_open: %s", strerror(-r));
	heard.n = 0;
	return listener;
}

static void hear_one(struct listener *listener)
{
	heard.n = 0;
	assert_true(net_readable(listener_fd(listener), 5000));
	assert_int_equal(listener_dispatch(listener, 1), 1);
}

/* The type of the last message, after the headers. */
static uint8_t type_heard(void)
{
	size_t at = heard.data[0] >> 4 == 4 ? (heard.data[0] & 15) * 4u : 48u;

	assert_true(heard.length > at);
	return heard.data[at];
}

static const char *destination_heard(void)
{
	static char text[INET6_ADDRSTRLEN];
	bool v4 = heard.data[0] >> 4 == 4;

	inet_ntop(v4 ? AF_INET : AF_INET6, heard.data + (v4 ? 16 : 24), text, sizeof(text));
	return text;
}

/* Wait for a message of the type that contains the group; the kernel repeats messages, and sends
 * some for groups of its own. */
static void hear(struct listener *listener, uint8_t type, const char *group,
		 const char *destination)
{
	bool v4 = strchr(group, ':') == NULL;
	struct in6_addr bytes;

	assert_int_equal(inet_pton(v4 ? AF_INET : AF_INET6, group, &bytes), 1);
	do
		hear_one(listener);
	while (heard.n == 0 || type_heard() != type ||
	       memmem(heard.data, heard.length, &bytes, v4 ? 4 : 16) == NULL);
	assert_string_equal(destination_heard(), destination);
	assert_false(heard.unicast);
}

static void at_relay(const char *command)
{
	net_enter(RELAY);
	net_shell(command);
	net_enter(HOST);
}

/* The membership lasts as long as the socket. */
static int join(enum net_side side, const char *device, const char *group)
{
	struct group_req request = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&request.gr_group;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&request.gr_group;
	bool is_v4 = strchr(group, ':') == NULL;
	int fd;

	if (is_v4) {
		v4->sin_family = AF_INET;
		inet_pton(AF_INET, group, &v4->sin_addr);
	} else {
		v6->sin6_family = AF_INET6;
		inet_pton(AF_INET6, group, &v6->sin6_addr);
	}
	fd = net_socket(side, is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	net_enter(side);
	request.gr_interface = if_nametoindex(device);
	net_enter(HOST);
	if (setsockopt(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_GROUP, &request,
		       sizeof(request)) < 0)
		err(1, "joining %s at %s", group, device);
	return fd;
}

static int setup(void **state)
{
	net_setup();
	return 0;
}

/* ---- crafted packets: checksums where the receiver or the sender needs them ---------------- */

/* IGMPv3 General Query, Max Resp Code 1 (0.1 s), Router Alert, from 10.1.0.1 to 224.0.0.1 */
static const uint8_t query4[] = {
	0x46, 0xc0, 0,	  36, 0, 0, 0,	  0, 1,	   2,	 0x3a, 0x11, 10, 1, 0, 1,   224, 0,
	0,    1,    0x94, 4,  0, 0, 0x11, 1, 0xec, 0x81, 0,    0,    0,	 0, 2, 125, 0,	 0,
};

/* IGMPv2 Report of 239.5.5.5 from 10.1.0.2; the destination, at 16, varies */
static const uint8_t report4[] = {
	0x45, 0, 0,   28, 0, 0, 0,    0, 1,    2,    0xbb, 0xd3, 10, 1,
	0,    2, 239, 5,  5, 5, 0x16, 0, 0xf5, 0xf4, 239,  5,	 5,  5,
};

/* MLDv1 Report, hop-by-hop header of 8 bytes; source (8) and destination (24) vary */
static const uint8_t report6[48 + 24] = {
	0x60, 0, 0, 0, 0, 32, 0, 1, [40] = 58, 0, 5, 2, 0, 0, 1, 0, [48] = 131,
};

static void send_from_relay(sa_family_t family, const void *packet, size_t length)
{
	struct listener *sender;
	int r;

	net_enter(RELAY);
	assert_int_equal(listener_open(family, if_nametoindex("relay"), on_packet, &heard, &sender),
			 0);
	r = listener_send(sender, packet, length);
	net_enter(HOST);
	listener_close(sender);
	assert_int_equal(r, 0);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_igmp(void **state)
{
	struct listener *listener = listen_on(AF_INET, "host");
	int fd;

	fd = join(RELAY, "relay", "239.1.1.3");
	hear(listener, 0x22, "239.1.1.3", "224.0.0.22");
	close(fd);

	at_relay("echo 2 >/proc/sys/net/ipv4/conf/relay/force_igmp_version");
	fd = join(RELAY, "relay", "239.1.1.2");
	hear(listener, 0x16, "239.1.1.2", "239.1.1.2");
	close(fd);
	hear(listener, 0x17, "239.1.1.2", "224.0.0.2");

	at_relay("echo 1 >/proc/sys/net/ipv4/conf/relay/force_igmp_version");
	fd = join(RELAY, "relay", "239.1.1.1");
	hear(listener, 0x12, "239.1.1.1", "239.1.1.1");
	close(fd);
	listener_close(listener);
}

static void test_mld(void **state)
{
	struct listener *listener = listen_on(AF_INET6, "host");
	int fd;

	fd = join(RELAY, "relay", "ff15::2");
	hear(listener, 143, "ff15::2", "ff02::16");
	close(fd);

	at_relay("echo 1 >/proc/sys/net/ipv6/conf/relay/force_mld_version");
	fd = join(RELAY, "relay", "ff15::1");
	hear(listener, 131, "ff15::1", "ff15::1");
	close(fd);
	hear(listener, 132, "ff15::1", "ff02::2");
	listener_close(listener);
}

/* A Query that is sent makes a host answer. */
static void test_query(void **state)
{
	struct listener *listener = listen_on(AF_INET, "host");
	int fd = join(RELAY, "relay", "239.1.1.4"), raw;
	struct sockaddr_ll sa = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	uint8_t frame[128];
	size_t n;

	hear(listener, 0x22, "239.1.1.4", "224.0.0.22");
	while (net_readable(listener_fd(listener), 3000)) /* robustness: repeated */
		assert_true(listener_dispatch(listener, 10) >= 0);

	raw = net_socket(RELAY, AF_PACKET, SOCK_RAW, 0);
	net_enter(RELAY);
	sa.sll_ifindex = if_nametoindex("relay");
	assert_int_equal(bind(raw, (struct sockaddr *)&sa, sizeof(sa)), 0);
	net_enter(HOST);

	assert_int_equal(listener_send(listener, query4, sizeof(query4)), 0);
	hear(listener, 0x22, "239.1.1.4", "224.0.0.22");
	n = net_receive(raw, frame, sizeof(frame), NULL);
	assert_int_equal(n, 14 + sizeof(query4));
	assert_memory_equal(frame, "\x01\x00\x5e\x00\x00\x01", 6);
	assert_memory_equal(frame + 14, query4, sizeof(query4));

	assert_int_equal(listener_send(listener, query4, 19), -EINVAL);
	assert_int_equal(listener_send(listener, report6, sizeof(report6)), -EINVAL);
	close(raw);
	close(fd);
	listener_close(listener);
}

static void test_unicast(void **state)
{
	struct listener *listener = listen_on(AF_INET, "host");
	uint8_t packet[sizeof(report4)];

	memcpy(packet, report4, sizeof(packet));
	memcpy(packet + 16, (const uint8_t[]){ 10, 1, 0, 1 }, 4);
	send_from_relay(AF_INET, packet, sizeof(packet));
	hear_one(listener);
	assert_int_equal(heard.n, 1);
	assert_true(heard.unicast);
	assert_string_equal(destination_heard(), NET_HOST);
	assert_int_equal(type_heard(), 0x16);
	listener_close(listener);
}

struct search {
	int ifindex;
	struct in6_addr address;
	bool found;
};

static void take_address(int ifindex, const struct address *address, void *userdata)
{
	struct search *search = userdata;

	if (ifindex == search->ifindex) {
		search->address = address->in6;
		search->found = true;
	}
}

/* There is no address until duplicate address detection is done. */
static struct in6_addr link_local(enum net_side side, const char *device)
{
	struct search search = { 0 };
	struct netlink *netlink;
	int i;

	net_enter(side);
	search.ifindex = if_nametoindex(device);
	assert_int_equal(netlink_open(&netlink), 0);
	for (i = 0; i < 100 && !search.found; i++) {
		if (i > 0)
			usleep(100000);
		assert_int_equal(inet_link_local(netlink, take_address, &search), 0);
	}
	netlink_close(netlink);
	net_enter(HOST);
	assert_true(search.found);
	return search.address;
}

static void test_unicast6(void **state)
{
	struct in6_addr from = link_local(RELAY, "relay"), to = link_local(HOST, "host");
	struct listener *listener;
	uint8_t packet[sizeof(report6)];
	char text[INET6_ADDRSTRLEN];

	memcpy(packet, report6, sizeof(packet));
	memcpy(packet + 8, &from, 16);
	memcpy(packet + 24, &to, 16);
	listener = listen_on(AF_INET6, "host");
	send_from_relay(AF_INET6, packet, sizeof(packet));
	do
		hear_one(listener);
	while (heard.n == 0 || !heard.unicast);
	inet_ntop(AF_INET6, &to, text, sizeof(text));
	assert_string_equal(destination_heard(), text);
	assert_int_equal(type_heard(), 131);
	listener_close(listener);
}

static void test_nothing_else(void **state)
{
	struct listener *listener = listen_on(AF_INET, "host");
	uint8_t fragment[sizeof(report4)];
	int udp = net_udp(RELAY, 5000), own;

	/* Nor this host's own messages. */
	own = join(HOST, "host", "239.3.3.3");
	at_relay("ip route add 224.0.0.0/4 dev relay");
	net_send(udp, NET_HOST, 5000, "a", 1);
	net_send(udp, "239.3.3.3", 5000, "b", 1);
	memcpy(fragment, report4, sizeof(fragment));
	fragment[6] = 0x20; /* more fragments */
	send_from_relay(AF_INET, fragment, sizeof(fragment));
	send_from_relay(AF_INET, report4, sizeof(report4));

	hear_one(listener);
	assert_int_equal(heard.n, 1);
	assert_memory_equal(heard.data, report4, sizeof(report4));
	assert_int_equal(listener_counters(listener)->packets, 1);
	close(udp);
	close(own);
	listener_close(listener);
}

static void test_nothing_else6(void **state)
{
	/* hop-by-hop header of 16 bytes, then the type; others must not pass */
	static const struct {
		uint8_t next, extension_next, length, type;
		bool heard;
	} cases[] = {
		{ 0, 58, 0, 129, false },  { 0, 58, 0, 133, false },  { 0, 58, 0, 142, false },
		{ 0, 58, 0, 144, false },  { 0, 17, 0, 131, false },  { 58, 58, 0, 131, false },
		{ 43, 58, 0, 131, false }, { 0, 58, 40, 131, false }, { 0, 58, 0, 130, true },
		{ 0, 58, 0, 131, true },   { 0, 58, 0, 132, true },   { 0, 58, 0, 143, true },
		{ 0, 58, 1, 131, true },
	};
	struct listener *listener;
	uint8_t packet[80], mark = 0;
	size_t i;

	net_shell("echo 1 >/proc/sys/net/ipv6/conf/host/disable_ipv6");
	at_relay("echo 1 >/proc/sys/net/ipv6/conf/relay/disable_ipv6");
	listener = listen_on(AF_INET6, "host");
	while (net_readable(listener_fd(listener), 0))
		assert_true(listener_dispatch(listener, 10) >= 0);

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(packet, 0, sizeof(packet));
		memcpy(packet, report6, 48);
		packet[6] = cases[i].next;
		packet[40] = cases[i].extension_next;
		packet[41] = cases[i].length;
		if (cases[i].length < 2)
			packet[48 + 8 * cases[i].length] = cases[i].type;
		packet[79] = i;
		inet_pton(AF_INET6, "ff02::16", packet + 24);
		send_from_relay(AF_INET6, packet, sizeof(packet));
		if (!cases[i].heard)
			continue;
		hear_one(listener);
		assert_int_equal(heard.n, 1);
		assert_int_equal(heard.data[79], i);
		mark++;
	}
	assert_int_equal(mark, 5);
	listener_close(listener);
}

/* A macvlan device receives only joined groups unless it is in allmulti mode. */
static void test_allmulti(void **state)
{
	struct listener *listener, *below;

	net_shell("ip link add link host name above type macvlan && ip link set above up");
	below = listen_on(AF_INET, "host");
	listener = listen_on(AF_INET, "above");
	send_from_relay(AF_INET, report4, sizeof(report4));
	hear_one(listener);
	assert_memory_equal(heard.data, report4, sizeof(report4));
	hear_one(below);
	listener_close(listener);
	listener_close(below);
}

static void test_down(void **state)
{
	struct listener *listener = listen_on(AF_INET, "host");

	net_shell("ip link set host down");
	assert_true(net_readable(listener_fd(listener), 5000));
	assert_true(listener_dispatch(listener, 10) >= 0);
	assert_int_equal(listener_send(listener, query4, sizeof(query4)), -ENETDOWN);
	net_shell("ip link set host up");
	send_from_relay(AF_INET, report4, sizeof(report4));
	heard.n = 0;
	do
		hear_one(listener);
	while (heard.n == 0);
	assert_memory_equal(heard.data, report4, sizeof(report4));

	net_shell("ip link del host");
	assert_true(net_readable(listener_fd(listener), 5000));
	assert_int_equal(listener_dispatch(listener, 10), -ENODEV);
	listener_close(listener);
}

/* No link-layer addresses, like amt and gre. */
static void test_tun(void **state)
{
	struct ifreq request = { .ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct listener *listener;
	uint8_t packet[256];
	ssize_t n;

	if (tun < 0 || ioctl(tun, TUNSETIFF, &request) < 0)
		err(1, "tun");
	net_shell("echo 1 >/proc/sys/net/ipv6/conf/tun0/disable_ipv6 && "
		  "ip address add 10.9.0.1/24 dev tun0 && ip link set tun0 up");
	listener = listen_on(AF_INET, "tun0");

	/* The kernel marks all packets of a tun device PACKET_HOST; this one is to a group. */
	assert_int_equal(write(tun, report4, sizeof(report4)), sizeof(report4));
	hear_one(listener);
	assert_memory_equal(heard.data, report4, sizeof(report4));
	assert_false(heard.unicast);

	assert_int_equal(listener_send(listener, query4, sizeof(query4)), 0);
	do {
		assert_true(net_readable(tun, 5000));
		n = read(tun, packet, sizeof(packet));
	} while (n != sizeof(query4) || memcmp(packet, query4, n) != 0);
	listener_close(listener);
	close(tun);
}

static void test_dispatch(void **state)
{
	struct listener *listener = listen_on(AF_INET, "host"), *sender;
	const struct listener_counters *counters;
	int i;

	net_enter(RELAY);
	assert_int_equal(
		listener_open(AF_INET, if_nametoindex("relay"), on_packet, &heard, &sender), 0);
	net_enter(HOST);
	for (i = 0; i < 5; i++)
		assert_int_equal(listener_send(sender, report4, sizeof(report4)), 0);
	assert_true(net_readable(listener_fd(listener), 5000));
	assert_int_equal(listener_dispatch(listener, 3), 3);
	assert_int_equal(listener_dispatch(listener, 3), 2);
	assert_int_equal(listener_dispatch(listener, 3), 0);

	for (i = 0; i < 20000; i++)
		assert_int_equal(listener_send(sender, report4, sizeof(report4)), 0);
	assert_true(net_readable(listener_fd(listener), 5000));
	assert_true(listener_dispatch(listener, 30000) > 1000);
	counters = listener_counters(listener);
	assert_true(counters->dropped > 0);
	assert_int_equal(counters->packets + counters->dropped, 20005);
	counters = listener_counters(listener);
	assert_int_equal(counters->packets + counters->dropped, 20005);
	listener_close(sender);
	listener_close(listener);
}

static void test_refused(void **state)
{
	struct listener *listener = NULL;

	assert_int_equal(listener_open(AF_INET, 0, on_packet, &heard, &listener), -ENODEV);
	assert_int_equal(listener_open(AF_INET6, 9999, on_packet, &heard, &listener), -ENODEV);
	if (seteuid(65534) < 0)
		err(1, "seteuid");
	assert_int_equal(
		listener_open(AF_INET, if_nametoindex("host"), on_packet, &heard, &listener),
		-EPERM);
	if (seteuid(0) < 0)
		err(1, "seteuid");
	assert_null(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_igmp, setup),
		cmocka_unit_test_setup(test_mld, setup),
		cmocka_unit_test_setup(test_query, setup),
		cmocka_unit_test_setup(test_unicast, setup),
		cmocka_unit_test_setup(test_unicast6, setup),
		cmocka_unit_test_setup(test_nothing_else, setup),
		cmocka_unit_test_setup(test_nothing_else6, setup),
		cmocka_unit_test_setup(test_allmulti, setup),
		cmocka_unit_test_setup(test_down, setup),
		cmocka_unit_test_setup(test_tun, setup),
		cmocka_unit_test_setup(test_dispatch, setup),
		cmocka_unit_test_setup(test_refused, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
