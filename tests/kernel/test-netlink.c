/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links, addresses, routes and their events, between HOST ("host", 10.1.0.1/24) and RELAY; the
 * kernel's state is read with ip.
 */
#include "kernel/inet.h"
#include "kernel/link.h"
#include "kernel/monitor.h"
#include "kernel/netlink.h"
#include "kernel/route.h"
#include "net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct netlink *netlink;

static int setup(void **state)
{
	net_setup();
	return netlink_open(&netlink);
}

static int teardown(void **state)
{
	netlink_close(netlink);
	return 0;
}

static struct address address(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(text, &a), 0);
	return a;
}

static struct link get(const char *name)
{
	struct link link;

	assert_int_equal(link_get(netlink, name, &link), 0);
	return link;
}

/* ---- links --------------------------------------------------------------------------------- */

#define PACKETS 50

/* Hosts also send a few packets of their own. */
static void exchange_packets(void)
{
	int host = net_udp(HOST, 5000), relay = net_udp(RELAY, 5000);
	uint8_t buf[1000] = { 0 };

	for (int i = 0; i < PACKETS; i++) {
		net_send(host, NET_RELAY, 5000, buf, 1000);
		net_receive(relay, buf, sizeof(buf), NULL);
		net_send(relay, NET_HOST, 5000, buf, 500);
		net_receive(host, buf, sizeof(buf), NULL);
	}
	close(host);
	close(relay);
}

static void test_link(void **state)
{
	struct link link = get("host");

	assert_int_equal(link.ifindex, if_nametoindex("host"));
	assert_string_equal(link.name, "host");
	assert_string_equal(link.kind, "veth");
	assert_int_equal(link.mtu, 9000);
	assert_int_equal(link.type, 1); /* ARPHRD_ETHER */
	assert_true(link.flags & IFF_UP);
	assert_string_equal(link_operstate_string(link.operstate), "UP");
	exchange_packets();
	assert_in_range(get("host").tx_packets - link.tx_packets, PACKETS, PACKETS + 20);
	assert_in_range(get("host").rx_packets - link.rx_packets, PACKETS, PACKETS + 20);
	assert_in_range(get("host").tx_bytes - link.tx_bytes, PACKETS * 1042,
			PACKETS * 1042 + 2000);
	assert_in_range(get("host").rx_bytes - link.rx_bytes, PACKETS * 542, PACKETS * 542 + 2000);
	assert_string_equal(get("lo").kind, "");

	assert_int_equal(link_set_mtu(netlink, link.ifindex, 1400), 0);
	assert_true(net_shows("ip link show host", " mtu 1400 "));
	assert_int_equal(link_set_up(netlink, link.ifindex, false), 0);
	assert_true(net_shows("ip link show host", " state DOWN "));
	assert_int_equal(link_set_up(netlink, link.ifindex, true), 0);
	assert_true(net_shows("ip link show host", ",UP"));
	assert_int_equal(link_delete(netlink, link.ifindex), 0);
	assert_int_equal(link_delete(netlink, link.ifindex), -ENODEV);
	assert_int_equal(if_nametoindex("host"), 0);
}

static void test_error(void **state)
{
	struct link link;

	assert_int_equal(link_get(netlink, "nobody", &link), -ENODEV);
	assert_string_equal(netlink_error_text(netlink), "No such device");
	assert_int_equal(link_set_mtu(netlink, if_nametoindex("host"), 70000), -EINVAL);
	assert_string_equal(netlink_error_text(netlink), "mtu greater than device maximum");
	assert_int_equal(link_get(netlink, "host", &link), 0);
	assert_string_equal(netlink_error_text(netlink), "");
}

/* The descriptor of the last socket opened. */
static int newest_socket(void)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	int newest = -1;

	if (!directory)
		err(1, "/proc/self/fd");
	while ((entry = readdir(directory))) {
		int fd = atoi(entry->d_name), domain;
		socklen_t size = sizeof(domain);

		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
		    domain == AF_NETLINK && fd > newest)
			newest = fd;
	}
	closedir(directory);
	return newest;
}

/* No room for the acknowledgement after the answer: the kernel drops it, ENOBUFS. */
static void test_broken_off(void **state)
{
	struct link link = { 0 };
	int size = 1;

	assert_int_equal(setsockopt(newest_socket(), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)),
			 0);
	assert_int_equal(link_get(netlink, "host", &link), -ENOBUFS);
	assert_string_equal(netlink_error_text(netlink), "No buffer space available");
	/* The answer about "host" was still queued. */
	assert_string_equal(get("lo").name, "lo");
	assert_int_equal(link_get(netlink, "nobody", &link), -ENODEV);
}

/* ---- addresses ----------------------------------------------------------------------------- */

static void test_addresses(void **state)
{
	static const char *const texts[] = { "10.9.9.9", "2001:db8::9" };
	static const char *const shown[] = { "10.9.9.9/32 scope global", "2001:db8::9/128 scope" };
	int ifindex = if_nametoindex("host");

	for (size_t i = 0; i < 2; i++) {
		struct address a = address(texts[i]);

		assert_int_equal(inet_add_address(netlink, ifindex, &a), 0);
		assert_int_equal(inet_add_address(netlink, ifindex, &a), 0);
		assert_true(net_shows("ip address show dev host", shown[i]));
		assert_int_equal(inet_remove_address(netlink, ifindex, &a), 0);
		assert_int_equal(inet_remove_address(netlink, ifindex, &a), 0);
		assert_false(net_shows("ip address show dev host", texts[i]));
		assert_int_equal(inet_add_address(netlink, 9999, &a), -ENODEV);
	}
}

static void test_primary_address(void **state)
{
	struct address a;

	net_shell("ip link add other type veth && ip address add 10.1.0.9/24 dev host && "
		  "ip address add 169.254.0.1/16 scope link dev other && "
		  "ip address add 10.2.0.1/24 dev other && ip address add 10.3.0.1/24 dev other");
	assert_int_equal(inet_primary_address(netlink, if_nametoindex("host"), &a), 0);
	assert_string_equal(inet_ntoa(a.in), NET_HOST);
	assert_int_equal(inet_primary_address(netlink, if_nametoindex("other"), &a), 0);
	assert_string_equal(inet_ntoa(a.in), "10.2.0.1");
	assert_int_equal(inet_primary_address(netlink, if_nametoindex("lo"), &a), -EADDRNOTAVAIL);
}

static void add_text(int ifindex, const struct address *a, void *userdata)
{
	char text[ADDRESS_TEXT_MAX], name[IFNAMSIZ] = "?", *seen = userdata;

	if_indextoname(ifindex, name);
	strcat(strcat(strcat(strcat(seen, name), " "), address_format(a, text)), "; ");
}

static void test_link_local(void **state)
{
	char seen[1024] = "";

	net_shell("for i in host one two; do "
		  "[ $i = host ] || ip link add $i type veth; "
		  "echo 1 >/proc/sys/net/ipv6/conf/$i/addr_gen_mode; "
		  "ip -6 address flush dev $i; done; ip link set two up; "
		  "ip address add 2001:db8::1/64 nodad dev host; "
		  "ip address add fe80::1/64 nodad dev host; "
		  "ip address add fe80::2/64 nodad dev one; "
		  "echo 60 >/proc/sys/net/ipv6/conf/two/dad_transmits; "
		  "ip address add fe80::dead/64 dev two; "
		  "ip address add 169.254.0.1/16 scope link dev two");
	assert_true(net_shows("ip address show dev two", "tentative"));
	assert_int_equal(inet_link_local(netlink, add_text, seen), 0);
	assert_string_equal(seen, "host fe80::1; one fe80::2; ");
}

/* ---- routes -------------------------------------------------------------------------------- */

/* The source address of a packet to "to" through "name", bound to "from" unless that is 0.0.0.0;
 * NULL: no route. */
static const char *source_to(const char *to, const char *name, const char *from)
{
	struct address destination = address(to), source = address(from);
	int r;

	r = inet_route_source(netlink, &destination, if_nametoindex(name), &source);
	return r < 0 ? NULL : inet_ntoa(source.in);
}

static void test_route_source(void **state)
{
	const struct address routed = address("192.0.2.1"), refused = address("203.0.113.1");
	int ifindex = 0;

	net_shell("ip link add other type veth && ip link set other up && "
		  "ip address add 10.2.0.1/24 dev other && ip address add 10.1.0.9/24 dev host && "
		  "ip route add 192.0.2.0/25 via " NET_RELAY " && "
		  "ip route add 192.0.2.128/25 via " NET_RELAY " src 10.1.0.9 && "
		  "ip route add unreachable 203.0.113.0/24");
	assert_string_equal(source_to(NET_RELAY, "host", "0.0.0.0"), NET_HOST);
	assert_string_equal(source_to("192.0.2.1", "host", "0.0.0.0"), NET_HOST);
	assert_string_equal(source_to("192.0.2.129", "host", "0.0.0.0"), "10.1.0.9");
	assert_string_equal(source_to("192.0.2.1", "host", "10.1.0.9"), "10.1.0.9");
	assert_null(source_to("192.0.2.1", "host", "10.77.0.1"));
	/* The kernel would assume an on-link route there. */
	assert_null(source_to("198.51.100.1", "host", "0.0.0.0"));
	assert_null(source_to("192.0.2.1", "other", "0.0.0.0"));
	assert_null(source_to("203.0.113.1", "host", "0.0.0.0"));

	assert_int_equal(inet_route_interface(netlink, &routed, &ifindex), 0);
	assert_int_equal(ifindex, if_nametoindex("host"));
	assert_int_equal(inet_route_interface(netlink, &refused, &ifindex), -EHOSTUNREACH);
}

static bool keep_last(int ifindex, const struct address *group, void *userdata)
{
	char text[ADDRESS_TEXT_MAX];

	assert_int_equal(ifindex, if_nametoindex("host"));
	address_format(group, text);
	return text[strlen(text) - 1] == '3';
}

/* More than fits into one message of a dump. */
#define ROUTES 2000

static void test_group_routes(void **state)
{
	static const struct {
		const char *groups[3], *foreign, *list;
	} families[] = {
		{ { "232.1.1.1", "232.1.1.2", "232.1.1.3" },
		  "ip route add 232.1.1.4 dev host",
		  "ip route show protocol 113" },
		{ { "ff3e::8000:1", "ff3e::8000:2", "ff3e::8000:3" },
		  "ip route add multicast ff3e::8000:4 dev host table local",
		  "ip -6 route show table local protocol 113" },
	};
	int ifindex = if_nametoindex("host");
	char text[64];

	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < 3; k++) {
			struct address group = address(families[i].groups[k]);

			assert_int_equal(route_add(netlink, ifindex, &group), 0);
			assert_int_equal(route_add(netlink, ifindex, &group), -EEXIST);
			assert_true(net_shows(families[i].list, families[i].groups[k]));
		}
		net_shell(families[i].foreign);
		for (int k = 0; k < 2; k++) {
			struct address group = address(families[i].groups[1]);

			assert_int_equal(route_remove(netlink, &group), 0);
			assert_false(net_shows(families[i].list, families[i].groups[1]));
		}
		assert_int_equal(route_clean(netlink, address(families[i].groups[0]).family,
					     keep_last, NULL),
				 0);
		assert_false(net_shows(families[i].list, families[i].groups[0]));
		assert_true(net_shows(families[i].list, families[i].groups[2]));
	}
	assert_true(net_shows("ip route show", "232.1.1.4"));
	assert_true(net_shows("ip -6 route show table local", "ff3e::8000:4"));

	for (int i = 0; i < ROUTES; i++) {
		struct address group;

		snprintf(text, sizeof(text), "232.2.%d.%d", i / 256, i % 256);
		group = address(text);
		assert_int_equal(route_add(netlink, ifindex, &group), 0);
	}
	assert_int_equal(route_clean(netlink, AF_INET, keep_last, NULL), 0);
	assert_true(net_shows("ip route show protocol 113", "232.2.0.3 "));
	assert_false(net_shows("ip route show protocol 113", "232.2.0.4 "));
	assert_false(net_shows("ip route show protocol 113", "232.2.7.200 "));
}

/* ---- events -------------------------------------------------------------------------------- */

static char told[4096];

static void take_event(enum monitor_event event, int ifindex, const char *name, void *userdata)
{
	static const char *const names[] = { "link", "inet", "lost" };
	char line[64];

	snprintf(line, sizeof(line), "%s %d %s; ", names[event], ifindex, name);
	if (!strstr(told, line) && strlen(told) + strlen(line) < sizeof(told))
		strcat(told, line);
}

static void __attribute__((format(printf, 3, 4)))
assert_told(struct monitor *monitor, const char *command, const char *format, ...)
{
	char wanted[64];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(wanted, sizeof(wanted), format, arguments);
	va_end(arguments);
	told[0] = '\0';
	net_shell(command);
	while (!strstr(told, wanted)) {
		if (!net_readable(monitor_fd(monitor), 5000))
			errx(1, "after '%s' there is no '%s', but: %s", command, wanted, told);
		assert_int_equal(monitor_dispatch(monitor), 0);
	}
}

static void test_monitor(void **state)
{
	struct monitor *monitor;
	int ifindex = if_nametoindex("host"), size = 1;

	assert_int_equal(monitor_open(take_event, NULL, &monitor), 0);
	assert_told(monitor, "ip link set host mtu 1500", "link %d host; ", ifindex);
	assert_told(monitor, "ip address add 10.2.0.1/24 dev host", "inet %d ; ", ifindex);
	assert_told(monitor, "ip address add 2001:db8::1/64 dev host", "inet %d ; ", ifindex);
	assert_told(monitor, "ip route add 192.0.2.0/24 via " NET_RELAY, "inet %d ; ", ifindex);
	assert_told(monitor, "ip route del 192.0.2.0/24", "inet %d ; ", ifindex);
	assert_told(monitor, "ip route add unreachable 192.0.2.0/24", "inet 0 ; ");
	assert_false(strstr(told, "lost"));

	assert_int_equal(
		setsockopt(monitor_fd(monitor), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	assert_told(monitor, "for i in 1 2 3 4 5 6 7 8; do ip link set host mtu 140$i; done",
		    "lost 0 ; ");
	while (net_readable(monitor_fd(monitor), 0)) /* drain */
		assert_int_equal(monitor_dispatch(monitor), 0);
	size = 1 << 20;
	assert_int_equal(
		setsockopt(monitor_fd(monitor), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	assert_told(monitor, "ip link delete host", "link %d host; ", ifindex);
	monitor_close(monitor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_error, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_primary_address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_local, setup, teardown),
		cmocka_unit_test_setup_teardown(test_route_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_group_routes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_monitor, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("netlink", tests, NULL, NULL);
}
