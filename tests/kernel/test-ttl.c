/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/firewall.h"
#include "net.h"

#include <arpa/inet.h>
#include <err.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BASE  7000
#define PORT  40000
#define HOST6 "fe80::a"
#define TTL   64

static struct firewall_ttl ttls[] = {
	{ .interface = "host", .ttl = TTL },
	{ .interface = "other0", .ttl = 200 },
};

static void commit(struct firewall *firewall, size_t n)
{
	const struct firewall_rules rules = { .ttls = ttls, .n_ttls = n };
	char *words = NULL;
	int r = firewall_commit(firewall, &rules, &words);

	if (r < 0)
		errx(1, "firewall_commit: %d: %s", r, words ? words : "no words");
}

static int setup(void **state)
{
	net_setup();
	net_shell("ip address add " HOST6 "/64 dev host nodad");
	net_enter(RELAY);
	net_shell("ip address add fe80::b/64 dev relay nodad");
	net_enter(HOST);
	return 0;
}

struct endpoint {
	struct sockaddr_storage sa;
	socklen_t length;
	bool multicast;
};

static struct endpoint endpoint(int family, const char *text)
{
	struct endpoint to = { .sa.ss_family = (sa_family_t)family };
	struct sockaddr_in *sin = (struct sockaddr_in *)&to.sa;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&to.sa;

	if (family == AF_INET) {
		assert_int_equal(inet_pton(family, text, &sin->sin_addr), 1);
		sin->sin_port = htons(PORT);
		to.length = sizeof(*sin);
		to.multicast = IN_MULTICAST(ntohl(sin->sin_addr.s_addr));
	} else {
		assert_int_equal(inet_pton(family, text, &sin6->sin6_addr), 1);
		sin6->sin6_port = htons(PORT);
		to.length = sizeof(*sin6);
		to.multicast = IN6_IS_ADDR_MULTICAST(&sin6->sin6_addr);
	}
	return to;
}

static void set(int fd, int level, int name, const void *value, socklen_t size)
{
	if (setsockopt(fd, level, name, value, size) < 0)
		err(1, "socket option %d", name);
}

static void send_with(struct endpoint *to, int ttl)
{
	int family = to->sa.ss_family, fd = net_socket(RELAY, family, SOCK_DGRAM, 0), index;
	bool v4 = family == AF_INET;
	struct ip_mreqn interface = { 0 };

	net_enter(RELAY);
	index = (int)if_nametoindex("relay");
	net_enter(HOST);
	interface.imr_ifindex = index;
	if (v4) {
		set(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface));
		set(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl));
		set(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	} else {
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index));
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &ttl, sizeof(ttl));
		set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl));
		((struct sockaddr_in6 *)&to->sa)->sin6_scope_id = (uint32_t)index;
	}
	if (sendto(fd, "", 1, 0, (struct sockaddr *)&to->sa, to->length) != 1)
		err(1, "sendto");
	close(fd);
}

static int open_receiver(const struct endpoint *at)
{
	int family = at->sa.ss_family, fd = net_socket(HOST, family, SOCK_DGRAM, 0), on = 1;
	struct group_req group = { .gr_interface = if_nametoindex("host"), .gr_group = at->sa };
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	struct sockaddr_storage any = { .ss_family = (sa_family_t)family };

	((struct sockaddr_in *)&any)->sin_port = htons(PORT); /* at the same offset in IPv6 */
	if (bind(fd, (struct sockaddr *)&any, at->length) < 0)
		err(1, "bind");
	if (at->multicast)
		set(fd, level, MCAST_JOIN_GROUP, &group, sizeof(group));
	set(fd, level, family == AF_INET ? IP_RECVTTL : IPV6_RECVHOPLIMIT, &on, sizeof(on));
	return fd;
}

static int receive_ttl(int fd)
{
	char byte, control[64];
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int ttl;

	if (!net_readable(fd, 5000))
		errx(1, "nothing came");
	if (recvmsg(fd, &message, 0) != 1)
		err(1, "recvmsg");
	assert_non_null(CMSG_FIRSTHDR(&message));
	memcpy(&ttl, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(ttl));
	return ttl;
}

static void test_passages(void **state)
{
	static const struct {
		int family;
		const char *to;
		int sent, arrives;
	} cases[] = {
		{ AF_INET, "233.1.1.1", 1, TTL },   { AF_INET, "233.1.1.1", TTL - 1, TTL },
		{ AF_INET, "233.1.1.1", TTL, TTL }, { AF_INET, "233.1.1.1", TTL + 1, TTL + 1 },
		{ AF_INET, "224.0.1.0", 1, TTL },   { AF_INET, "239.255.255.255", 1, TTL },
		{ AF_INET, "224.0.0.255", 1, 1 },   { AF_INET, NET_HOST, 1, 1 },
		{ AF_INET6, "ff0e::1", 1, TTL },    { AF_INET6, "ff3e::8000:1", TTL + 1, TTL + 1 },
		{ AF_INET6, "ff03::1", 1, TTL },    { AF_INET6, "ff15::1", 1, TTL },
		{ AF_INET6, "ff02::99", 1, 1 },	    { AF_INET6, "ff12::99", 1, 1 },
		{ AF_INET6, "ff32::8000:1", 1, 1 }, { AF_INET6, HOST6, 1, 1 },
	};
	struct firewall *firewall;

	assert_int_equal(firewall_new(BASE, &firewall), 0);
	commit(firewall, 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct endpoint to = endpoint(cases[i].family, cases[i].to);
		int fd = open_receiver(&to), seen;

		send_with(&to, cases[i].sent);
		seen = receive_ttl(fd);
		if (seen != cases[i].arrives)
			errx(1, "%s, sent with %d: saw %d", cases[i].to, cases[i].sent, seen);
		close(fd);
	}
	firewall_free(firewall);
}

/* The IPv6 table exists only while it is needed, and its removal is noticed. */
static void test_table6(void **state)
{
	struct firewall *firewall, *later;
	char *words = NULL;

	assert_int_equal(firewall_new(BASE, &firewall), 0);
	commit(firewall, 0);
	assert_int_not_equal(system("nft list table ip6 amtd 2>/dev/null"), 0);
	commit(firewall, 1);
	assert_int_equal(system("nft list table ip6 amtd >/dev/null"), 0);
	assert_int_equal(system("nft list table ip6 amtd | grep -q other0"), 256);
	commit(firewall, 2);
	assert_int_equal(system("nft list table ip6 amtd | grep -q other0"), 0);

	net_shell("nft delete table ip6 amtd");
	assert_int_equal(firewall_dispatch(firewall), FIREWALL_REMOVED);
	commit(firewall, 2);
	assert_int_equal(system("nft list table ip6 amtd >/dev/null"), 0);

	/* One of an earlier amtd. */
	assert_int_equal(firewall_new(BASE, &later), 0);
	commit(later, 0);
	assert_int_not_equal(system("nft list table ip6 amtd 2>/dev/null"), 0);

	commit(firewall, 1);
	assert_int_equal(firewall_remove(firewall, &words), 0);
	assert_int_not_equal(system("nft list table ip6 amtd 2>/dev/null"), 0);
	assert_int_not_equal(system("nft list table ip amtd 2>/dev/null"), 0);
	firewall_free(later);
	firewall_free(firewall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_passages, setup),
		cmocka_unit_test_setup(test_table6, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ttl", tests, NULL, NULL);
}
