/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which UDP ports of a host amtd may take: Documentation/networking/ip-sysctl.rst, services(5). */
#include "addresses.h"
#include "base/array.h"
#include "kernel/local-ports.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
	const char *what, *range, *reserved, *services;
	uint16_t usable[4], ephemeral[4], refused[4]; /* 0 ends a list */
	unsigned int n_lasting;
} table[] = {
	/* 64,512 from 1024 on, less 28,232 and AMT's own */
	{ "as Linux has it",
	  "32768\t60999\n",
	  "\n",
	  NULL,
	  { 1024, 32767, 61000, 65535 },
	  { 32768, 60999 },
	  { 1, 1023, 2268 },
	  36279 },
	{ "nothing can be read",
	  NULL,
	  NULL,
	  NULL,
	  { 1024, 32767, 61000, 65535 },
	  { 32768, 60999 },
	  { 1, 1023, 2268 },
	  36279 },
	{ "no room", "1024\t65535\n", "", NULL, { 0 }, { 1024, 40000, 65535 }, { 2268 }, 0 },
	{ "room below only",
	  "10000\t65535\n",
	  "",
	  NULL,
	  { 1024, 9999 },
	  { 10000, 65535 },
	  { 2268 },
	  8975 },
	{ "reserved ones, in and outside of the range",
	  "32768 60999\n",
	  "3000-3002,40000,61000\n",
	  NULL,
	  { 2999, 3003, 61001 },
	  { 39999 },
	  { 3000, 3002, 40000, 61000 },
	  36275 },
	{ "services of UDP alone",
	  "32768 60999\n",
	  "\n",
	  "# a comment 2000/udp\nopenvpn\t\t1194/tcp\nopenvpn\t\t1194/udp # alias\n\nhttp-alt 8080/tcp\n"
	  "domain 53/udp\nmdns 5353/udp",
	  { 2000, 8080 },
	  { 0 },
	  { 1194, 5353 },
	  36277 },
	{ "no range at all",
	  "bad\n",
	  "7,x,5\n",
	  NULL,
	  { 1024, 61000 },
	  { 32768 },
	  { 2268 },
	  36279 },
};

static void test_fill(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct local_ports ports;

		local_ports_fill(&ports, table[i].range, table[i].reserved, table[i].services);
		if (ports.n_lasting != table[i].n_lasting)
			fail_msg("%s: %u ports", table[i].what, ports.n_lasting);
		for (size_t j = 0; j < 4; j++) {
			uint16_t usable = table[i].usable[j], ephemeral = table[i].ephemeral[j],
				 refused = table[i].refused[j];

			if (usable != 0 && !local_ports_usable(&ports, usable, false))
				fail_msg("%s: %u is not usable", table[i].what, usable);
			if (ephemeral != 0 && (local_ports_usable(&ports, ephemeral, false) ||
					       !local_ports_usable(&ports, ephemeral, true)))
				fail_msg("%s: %u is not ephemeral", table[i].what, ephemeral);
			if (refused != 0 && local_ports_usable(&ports, refused, true))
				fail_msg("%s: %u is not refused", table[i].what, refused);
		}
	}
}

/* A socket of either protocol, on any address; and its port is free again without it. */
static void test_bound(void **state)
{
	static const struct {
		int family, type;
	} sockets[] = { { AF_INET, SOCK_DGRAM },
			{ AF_INET, SOCK_STREAM },
			{ AF_INET6, SOCK_DGRAM } };

	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		int fd = socket(sockets[i].family, sockets[i].type | SOCK_CLOEXEC, 0), one = 1;
		struct sockaddr_in loopback = {
			.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
		struct sockaddr *address = (struct sockaddr *)&loopback;
		socklen_t size = sizeof(loopback);

		if (sockets[i].family == AF_INET6) {
			address = (struct sockaddr *)&any;
			size = sizeof(any);
		}
		if (fd < 0)
			continue; /* no IPv6 */
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
		assert_int_equal(bind(fd, address, size), 0);
		assert_int_equal(getsockname(fd, address, &size), 0);
		assert_true(local_ports_bound(ntohs(((struct sockaddr_in *)address)->sin_port)));
		close(fd);
		assert_false(local_ports_bound(ntohs(((struct sockaddr_in *)address)->sin_port)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
