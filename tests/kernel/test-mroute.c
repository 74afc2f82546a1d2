/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A router with three veth interfaces, in0, out0 and out1, whose other ends are in the same network
 * namespace without addresses: packets sent from in0's peer ("in0-end") enter through in0, and
 * packets that the kernel routes appear at the other peers.
 */
#include "kernel/error-text.h"
#include "kernel/mroute.h"
#include "kernel/mrule.h"
#include "net.h"
#include "wire/packet.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TABLE	  100
#define HOP_LIMIT 9
#define PAYLOAD	  32 /* bytes, the first of which tells packets apart */

static const struct family {
	sa_family_t family;
	uint16_t ethertype;
	const char *source, *group, *other_group;
	size_t header, hop_limit, protocol, destination, size;
} families[] = {
	{ AF_INET, ETH_P_IP, "203.0.113.2", "232.1.1.1", "232.1.1.2", 20, 8, 9, 16, 4 },
	{ AF_INET6, ETH_P_IPV6, "2001:db8:1::2", "ff3e::8000:1", "ff3e::8000:2", 40, 7, 6, 24, 16 },
};

#define EACH_FAMILY(f) for (f = families; f < families + 2; f++)

static struct address address(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(text, &a), 0);
	return a;
}

/* ---- packets ------------------------------------------------------------------------------- */

static struct sockaddr_ll link_address(const struct family *f, const char *device)
{
	struct sockaddr_ll sa = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(f->ethertype),
		.sll_ifindex = if_nametoindex(device),
		.sll_halen = ETH_ALEN,
		.sll_addr = { 0x01, 0x00, 0x5e, 1, 1, 1 },
	};

	if (sa.sll_ifindex == 0)
		err(1, "%s", device);
	return sa;
}

static void send_packet(const struct family *f, const char *device, const char *group, uint8_t mark)
{
	struct sockaddr_ll sa = link_address(f, device);
	struct address source = address(f->source), destination = address(group);
	size_t length = f->header + 8 + PAYLOAD;
	uint8_t packet[128] = { 0 };
	int fd;

	if (f->family == AF_INET) {
		memcpy(packet, "\x45\0\0\x3c\0\0\0\0\x09\x11", 10);
		memcpy(packet + 12, &source.in, 4);
		memcpy(packet + 16, &destination.in, 4);
		memcpy(packet + 10, &(uint16_t){ ~checksum_fold(checksum_add(0, packet, 20)) }, 2);
	} else {
		memcpy(packet, "\x60\0\0\0\0\x28\x11\x09", 8);
		memcpy(packet + 8, &source.in6, 16);
		memcpy(packet + 24, &destination.in6, 16);
		sa.sll_addr[0] = sa.sll_addr[1] = 0x33;
	}
	memcpy(packet + f->header, "\x13\x88\x13\x88\0\x28\0\0", 8);
	packet[f->header + 8] = mark;

	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, packet, length, 0, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "sending at %s", device);
	close(fd);
}

static int watch(const struct family *f, const char *device)
{
	struct sockaddr_ll sa = link_address(f, device);
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "watching %s", device);
	return fd;
}

/* The next UDP packet there has this group and mark. */
static void assert_arrives(const struct family *f, int fd, const char *group, uint8_t mark)
{
	struct address destination = address(group);
	uint8_t packet[256];
	size_t n;

	do
		n = net_receive(fd, packet, sizeof(packet), NULL);
	while (n < f->header || packet[f->protocol] != IPPROTO_UDP);
	assert_int_equal(n, f->header + 8 + PAYLOAD);
	assert_memory_equal(packet + f->destination, &destination.in6, f->size);
	assert_int_equal(packet[f->header + 8], mark);
	assert_int_equal(packet[f->hop_limit], HOP_LIMIT - 1);
}

/* ---- the table under test ------------------------------------------------------------------ */

static struct {
	unsigned int n;
	enum mroute_upcall upcall;
	int ifindex;
	struct address source, group;
} seen;

static void on_upcall(enum mroute_upcall upcall, int ifindex, const struct address *source,
		      const struct address *group, void *userdata)
{
	assert_ptr_equal(userdata, &seen);
	seen.n++;
	seen.upcall = upcall;
	seen.ifindex = ifindex;
	seen.source = *source;
	seen.group = *group;
}

static struct mroute *open_table(const struct family *f, uint32_t table)
{
	struct mroute *mroute;
	int r = mroute_open(f->family, table, on_upcall, &seen, &mroute);

	if (r < 0)
		errx(1, "mroute_open: %s: %s", strerror(-r), mroute_error_text(r, f->family));
	return mroute;
}

static void add(struct mroute *mroute, const char *device)
{
	assert_int_equal(mroute_add_interface(mroute, if_nametoindex(device)), 0);
}

static struct mroute *open_router(const struct family *f)
{
	struct mroute *mroute = open_table(f, 0);

	add(mroute, "in0");
	add(mroute, "out0");
	add(mroute, "out1");
	return mroute;
}

/* The route for the family's source; out: "out0", or "out0" and "out1". */
static int set_route(struct mroute *mroute, const struct family *f, const char *group,
		     const char *in, const char *const *out, size_t n)
{
	struct address source = address(f->source), to = address(group);
	int outgoing[4];
	size_t i;

	for (i = 0; i < n; i++)
		outgoing[i] = if_nametoindex(out[i]);
	return mroute_set(mroute, &source, &to, if_nametoindex(in), outgoing, n);
}

#define SET(mroute, f, group, in, ...)                                        \
	set_route(mroute, f, group, in, (const char *const[]){ __VA_ARGS__ }, \
		  sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void assert_upcall(struct mroute *mroute, const struct family *f, enum mroute_upcall upcall,
			  const char *device, const char *group)
{
	struct address source = address(f->source), to = address(group);

	seen.n = 0;
	assert_true(net_readable(mroute_fd(mroute), 5000));
	assert_int_equal(mroute_dispatch(mroute, 10), 1);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.upcall, upcall);
	assert_int_equal(seen.ifindex, if_nametoindex(device));
	assert_true(address_equal(&seen.source, &source));
	assert_true(address_equal(&seen.group, &to));
}

static int counters(struct mroute *mroute, const struct family *f, const char *group,
		    struct mroute_counters *ret)
{
	struct address source = address(f->source), to = address(group);

	return mroute_counters(mroute, &source, &to, ret);
}

static int setup(void **state)
{
	if (unshare(CLONE_NEWNET) < 0)
		err(1, "unshare");
	net_shell("{ echo link set lo up; for i in in0 out0 out1; do "
		  "echo link add $i type veth peer name $i-end; echo link set $i up; "
		  "echo link set $i-end up; done; "
		  "echo route add 203.0.113.0/24 dev in0; } | ip -batch -");
	/* IPv6 routes packets from any interface, and counts them as wrong. */
	net_shell("for i in in0 out0 out1; do "
		  "echo 1 >/proc/sys/net/ipv6/conf/$i-end/disable_ipv6; done");
	return 0;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_forwards(void **state)
{
	const struct family *f;

	EACH_FAMILY(f)
	{
		struct mroute *mroute = open_router(f);
		int out0 = watch(f, "out0-end"), out1 = watch(f, "out1-end");
		struct address source = address(f->source), group = address(f->group);
		struct mroute_counters count;

		assert_int_equal(counters(mroute, f, f->group, &count), -ENOENT);
		send_packet(f, "in0-end", f->group, 1);
		assert_upcall(mroute, f, MROUTE_NO_ROUTE, "in0", f->group);

		/* Unresolved packets are sent, too. */
		assert_int_equal(SET(mroute, f, f->group, "in0", "out0", "out1"), 0);
		assert_arrives(f, out0, f->group, 1);
		assert_arrives(f, out1, f->group, 1);
		send_packet(f, "in0-end", f->group, 2);
		assert_arrives(f, out0, f->group, 2);
		assert_arrives(f, out1, f->group, 2);

		/* Replaced: the next packet at out1 is of another route. */
		assert_int_equal(SET(mroute, f, f->group, "in0", "out0"), 0);
		assert_int_equal(SET(mroute, f, f->other_group, "in0", "out1"), 0);
		send_packet(f, "in0-end", f->group, 3);
		assert_arrives(f, out0, f->group, 3);
		assert_int_equal(SET(mroute, f, f->group, "in0", "out1"), 0);
		send_packet(f, "in0-end", f->group, 4);
		assert_arrives(f, out1, f->group, 4);

		assert_int_equal(counters(mroute, f, f->group, &count), 0);
		assert_int_equal(count.packets, 4);
		assert_int_equal(count.bytes, 4 * (f->header + 8 + PAYLOAD));
		assert_int_equal(count.wrong_interface, 0);
		assert_int_equal(counters(mroute, f, f->other_group, &count), 0);
		assert_int_equal(count.packets, 0);

		assert_int_equal(mroute_delete(mroute, &source, &group), 0);
		assert_int_equal(mroute_delete(mroute, &source, &group), 0);
		assert_int_equal(counters(mroute, f, f->group, &count), -ENOENT);
		assert_int_equal(mroute_dispatch(mroute, 10), 0);
		send_packet(f, "in0-end", f->group, 5);
		assert_upcall(mroute, f, MROUTE_NO_ROUTE, "in0", f->group);

		mroute_close(mroute);
		close(out0);
		close(out1);
	}
}

/* A packet is never sent back out of its input interface. */
static void test_not_back(void **state)
{
	const struct family *f;

	EACH_FAMILY(f)
	{
		struct mroute *mroute = open_router(f);
		int in0 = watch(f, "in0-end"), out0 = watch(f, "out0-end");

		assert_int_equal(SET(mroute, f, f->group, "in0", "in0", "out0"), 0);
		assert_int_equal(SET(mroute, f, f->other_group, "out1", "in0"), 0);
		send_packet(f, "in0-end", f->group, 1);
		assert_arrives(f, out0, f->group, 1);
		send_packet(f, "out1-end", f->other_group, 2);
		assert_arrives(f, in0, f->other_group, 2);
		mroute_close(mroute);
		close(in0);
		close(out0);
	}
}

static void test_wrong_interface(void **state)
{
	const struct family *f;

	/* The route does not use out1 at all. */
	EACH_FAMILY(f)
	{
		struct mroute *mroute = open_router(f);
		int out0 = watch(f, "out0-end");
		struct mroute_counters count;

		assert_int_equal(SET(mroute, f, f->group, "in0", "out0"), 0);
		send_packet(f, "out1-end", f->group, 1);
		assert_upcall(mroute, f, MROUTE_WRONG_INTERFACE, "out1", f->group);
		send_packet(f, "in0-end", f->group, 2);
		assert_arrives(f, out0, f->group, 2);
		assert_int_equal(counters(mroute, f, f->group, &count), 0);
		assert_int_equal(count.packets, 2);
		assert_int_equal(count.wrong_interface, 1);
		mroute_close(mroute);
		close(out0);
	}
}

/* Bounded, and upcalls only: no IGMP or ICMPv6 addressed to this host. */
static void test_dispatch(void **state)
{
	static const uint8_t message[16] = { 128 }; /* Echo Request; to IGMP, nothing */
	const struct family *f;
	int i;

	EACH_FAMILY(f)
	{
		struct mroute *mroute = open_router(f);
		struct sockaddr_in v4 = { .sin_family = AF_INET,
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
					   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
		struct sockaddr *sa = (struct sockaddr *)&v4;
		char group[64];
		int fd, n;

		if (f->family == AF_INET6)
			sa = (struct sockaddr *)&v6;
		fd = socket(f->family, SOCK_RAW | SOCK_CLOEXEC,
			    f->family == AF_INET ? IPPROTO_IGMP : IPPROTO_ICMPV6);
		n = f->family == AF_INET ? sizeof(v4) : sizeof(v6);
		if (fd < 0 || sendto(fd, message, sizeof(message), 0, sa, n) < 0)
			err(1, "raw socket");
		assert_true(net_readable(fd, 5000)); /* a copy of it, for each raw socket */
		assert_false(net_readable(mroute_fd(mroute), 0));
		close(fd);

		for (i = 0; i < 5; i++) {
			snprintf(group, sizeof(group),
				 f->family == AF_INET ? "232.9.9.%d" : "ff3e::9:%d", i + 1);
			send_packet(f, "in0-end", group, 0);
		}
		seen.n = 0;
		assert_true(net_readable(mroute_fd(mroute), 5000));
		assert_int_equal(mroute_dispatch(mroute, 3), 3);
		assert_int_equal(seen.n, 3);
		assert_int_equal(mroute_dispatch(mroute, 3), 2);
		assert_int_equal(seen.n, 5);
		assert_int_equal(mroute_dispatch(mroute, 3), 0);
		mroute_close(mroute);
	}
}

static void test_taken(void **state)
{
	const struct family *f;

	EACH_FAMILY(f)
	{
		struct mroute *mroute = open_router(f), *second = NULL;
		struct mroute_counters count;

		assert_int_equal(SET(mroute, f, f->group, "in0", "out0"), 0);
		assert_int_equal(mroute_open(f->family, 0, on_upcall, &seen, &second), -EADDRINUSE);
		assert_null(second);
		assert_non_null(strstr(mroute_error_text(-EADDRINUSE, f->family), "Table="));

		/* The next holder finds it empty. */
		mroute_close(mroute);
		second = open_router(f);
		assert_int_equal(counters(second, f, f->group, &count), -ENOENT);
		mroute_close(second);
	}
}

/* Another program holds the table; both remedies: a separate table, and its exit. */
static void test_smcrouted(void **state)
{
	const struct family *f;
	struct mroute *mroute;
	int i, status;
	pid_t pid;

	if (system("command -v smcrouted >/dev/null") != 0)
		skip();
	net_shell("printf 'phyint %s enable\\n' in0 out0 >/tmp/test-mroute.conf");
	pid = fork();
	if (pid == 0) {
		execlp("smcrouted", "smcrouted", "-n", "-N", "-i", "test-mroute", "-f",
		       "/tmp/test-mroute.conf", "-u", "/tmp/test-mroute.sock", "-P",
		       "/tmp/test-mroute.pid", NULL);
		_exit(127);
	}
	for (i = 0; i < 100 && !(net_shows("cat /proc/net/ip_mr_vif", "out0") &&
				 net_shows("cat /proc/net/ip6_mr_vif", "out0"));
	     i++)
		usleep(100000);

	EACH_FAMILY(f)
	{
		assert_int_equal(mroute_open(f->family, 0, on_upcall, &seen, &mroute), -EADDRINUSE);
		mroute = open_table(f, TABLE);
		add(mroute, "in0");
		mroute_close(mroute);
	}
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	EACH_FAMILY(f)
	mroute_close(open_router(f));
	unlink("/tmp/test-mroute.conf");
}

static void test_interfaces(void **state)
{
	const struct family *f;
	char name[16];
	int i;

	net_shell("for i in $(seq 33); do echo link add d$i type dummy; done | ip -batch -");
	EACH_FAMILY(f)
	{
		struct address source = address(f->source), group = address(f->group);
		struct mroute *mroute = open_table(f, 0);
		struct mroute_counters counters;

		assert_int_equal(mroute_add_interface(mroute, 0), -EADDRNOTAVAIL);
		assert_int_equal(mroute_add_interface(mroute, 9999), -EADDRNOTAVAIL);
		for (i = 1; i <= 32; i++) {
			snprintf(name, sizeof(name), "d%d", i);
			add(mroute, name);
		}
		assert_int_equal(mroute_add_interface(mroute, if_nametoindex("d33")), -ENOSPC);
		add(mroute, "d7");
		assert_int_equal(mroute_remove_interface(mroute, if_nametoindex("d7")), 0);
		assert_int_equal(mroute_remove_interface(mroute, if_nametoindex("d7")), 0);
		add(mroute, "d33");
		assert_int_equal(SET(mroute, f, f->group, "d33", "d1", "d32"), 0);
		assert_int_equal(SET(mroute, f, f->group, "d33", "d7"), -ENODEV);
		assert_int_equal(SET(mroute, f, f->group, "d7", "d33"), -ENODEV);
		/* A missing one does not affect the others. */
		assert_int_equal(mroute_delete(mroute, &source, &group), 0);
		assert_int_equal(SET(mroute, f, f->group, "d33", "d1", "d7"), -ENODEV);
		assert_int_equal(mroute_counters(mroute, &source, &group, &counters), 0);
		mroute_close(mroute);
	}
}

static void test_bad_route(void **state)
{
	struct mroute *mroute = open_router(&families[0]);
	struct address source = address("203.0.113.2"), group = address("232.1.1.1");
	struct address any = address("0.0.0.0"), source6 = address("2001:db8::1");
	struct mroute_counters count;
	int in = if_nametoindex("in0");

	assert_int_equal(mroute_set(mroute, &source, &group, in, NULL, 0), 0);
	assert_int_equal(mroute_set(mroute, &any, &group, in, NULL, 0), -EINVAL);
	assert_int_equal(mroute_set(mroute, &source, &source, in, NULL, 0), -EINVAL);
	assert_int_equal(mroute_set(mroute, &source6, &group, in, NULL, 0), -EINVAL);
	assert_int_equal(mroute_delete(mroute, &source6, &group), -EINVAL);
	assert_int_equal(mroute_counters(mroute, &source6, &group, &count), -EINVAL);
	mroute_close(mroute);
}

static void test_own_table(void **state)
{
	struct netlink *netlink;
	const struct family *f;

	assert_int_equal(netlink_open(&netlink), 0);
	EACH_FAMILY(f)
	{
		struct mroute *other = open_router(f), *mroute = open_table(f, TABLE);
		int out0 = watch(f, "out0-end");

		add(mroute, "in0");
		add(mroute, "out0");
		assert_int_equal(mrule_add(netlink, f->family, "in0", TABLE), 0);
		assert_int_equal(mrule_add(netlink, f->family, "in0", TABLE), 0);

		send_packet(f, "in0-end", f->group, 1);
		assert_upcall(mroute, f, MROUTE_NO_ROUTE, "in0", f->group);
		assert_int_equal(SET(mroute, f, f->group, "in0", "out0"), 0);
		assert_arrives(f, out0, f->group, 1);
		assert_int_equal(mroute_dispatch(other, 10), 0);

		/* The other interfaces belong to the other table. */
		send_packet(f, "out1-end", f->other_group, 2);
		assert_upcall(other, f, MROUTE_NO_ROUTE, "out1", f->other_group);
		assert_int_equal(mroute_dispatch(mroute, 10), 0);

		assert_int_equal(mrule_remove(netlink, f->family, "in0", TABLE), 0);
		assert_int_equal(mrule_remove(netlink, f->family, "in0", TABLE), 0);
		send_packet(f, "in0-end", f->group, 3);
		assert_upcall(other, f, MROUTE_NO_ROUTE, "in0", f->group);
		mroute_close(mroute);
		mroute_close(other);
		close(out0);
	}
	netlink_close(netlink);
}

static void test_vanishes(void **state)
{
	const struct family *f;
	char command[256];

	EACH_FAMILY(f)
	{
		struct mroute *mroute = open_router(f);
		int gone = if_nametoindex("out0"), out0;

		assert_int_equal(SET(mroute, f, f->group, "in0", "out0"), 0);
		net_shell("ip link del out0");
		assert_int_equal(mroute_remove_interface(mroute, gone), 0);
		assert_int_equal(mroute_remove_interface(mroute, gone), 0);

		/* With another index. */
		net_shell("ip link add out0 type veth peer name out0-end && "
			  "ip link set out0 up && ip link set out0-end up");
		assert_int_not_equal(if_nametoindex("out0"), gone);
		add(mroute, "out0");
		assert_int_equal(SET(mroute, f, f->group, "in0", "out0"), 0);
		out0 = watch(f, "out0-end");
		send_packet(f, "in0-end", f->group, 1);
		assert_arrives(f, out0, f->group, 1);
		close(out0);

		/* With the same index, and not removed. */
		gone = if_nametoindex("out0");
		snprintf(command, sizeof(command),
			 "ip link del out0 && "
			 "ip link add out0 index %d type veth peer name out0-end && "
			 "ip link set out0 up && ip link set out0-end up",
			 gone);
		net_shell(command);
		add(mroute, "out0");
		assert_int_equal(SET(mroute, f, f->group, "in0", "out0"), 0);
		out0 = watch(f, "out0-end");
		send_packet(f, "in0-end", f->group, 2);
		assert_arrives(f, out0, f->group, 2);
		close(out0);
		mroute_close(mroute);
	}
}

/* A route with the index of a removed vif does not lead to the next one added. */
static void test_place(void **state)
{
	const struct family *f;

	EACH_FAMILY(f)
	{
		struct mroute *mroute = open_table(f, 0);
		int out1 = watch(f, "out1-end");

		add(mroute, "in0");
		add(mroute, "out0");
		assert_int_equal(SET(mroute, f, f->group, "in0", "out0"), 0);
		assert_int_equal(mroute_remove_interface(mroute, if_nametoindex("out0")), 0);
		add(mroute, "out1");
		assert_int_equal(SET(mroute, f, f->other_group, "in0", "out1"), 0);
		send_packet(f, "in0-end", f->group, 1);
		send_packet(f, "in0-end", f->other_group, 2);
		assert_arrives(f, out1, f->other_group, 2);
		mroute_close(mroute);
		close(out1);
	}
}

static void test_refused(void **state)
{
	struct mroute *mroute = NULL;

	assert_int_equal(mroute_open(AF_INET, UINT32_MAX, on_upcall, &seen, &mroute), -EINVAL);
	if (seteuid(65534) < 0)
		err(1, "seteuid");
	assert_int_equal(mroute_open(AF_INET, 0, on_upcall, &seen, &mroute), -EPERM);
	if (seteuid(0) < 0)
		err(1, "seteuid");
	assert_null(mroute);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_forwards, setup),
		cmocka_unit_test_setup(test_not_back, setup),
		cmocka_unit_test_setup(test_wrong_interface, setup),
		cmocka_unit_test_setup(test_dispatch, setup),
		cmocka_unit_test_setup(test_taken, setup),
		cmocka_unit_test_setup(test_smcrouted, setup),
		cmocka_unit_test_setup(test_interfaces, setup),
		cmocka_unit_test_setup(test_bad_route, setup),
		cmocka_unit_test_setup(test_own_table, setup),
		cmocka_unit_test_setup(test_vanishes, setup),
		cmocka_unit_test_setup(test_place, setup),
		cmocka_unit_test_setup(test_refused, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mroute", tests, NULL, NULL);
}
