/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int namespaces[2] = { -1, -1 };

static int new_namespace(void)
{
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		err(1, "unshare");
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "/proc/self/ns/net");
	return fd;
}

void net_enter(enum net_side side)
{
	if (setns(namespaces[side], CLONE_NEWNET) < 0)
		err(1, "setns");
}

void net_shell(const char *command)
{
	int status = system(command);

	if (status != 0)
		errx(1, "'%s' failed: %#x", command, status);
}

bool net_shows(const char *command, const char *text)
{
	FILE *f = popen(command, "re");
	bool found = false;
	char line[1024];

	if (!f)
		err(1, "%s", command);
	while (fgets(line, sizeof(line), f))
		found = found || strstr(line, text);
	if (pclose(f) != 0)
		errx(1, "'%s' failed", command);
	return found;
}

void net_setup(void)
{
	char command[256];

	if (namespaces[HOST] >= 0)
		close(namespaces[HOST]);
	if (namespaces[RELAY] >= 0)
		close(namespaces[RELAY]);
	namespaces[RELAY] = new_namespace();
	net_shell("ip link set lo up");
	namespaces[HOST] = new_namespace();
	snprintf(
		command, sizeof(command),
		"ip link set lo up && ip link add host mtu 9000 type veth peer name relay mtu 9000 "
		"netns /proc/%d/fd/%d",
		getpid(), namespaces[RELAY]);
	net_shell(command);
	net_shell("ip address add " NET_HOST "/24 dev host && ip link set host up");
	net_enter(RELAY);
	net_shell("ip address add " NET_RELAY "/24 dev relay && ip address add " NET_RELAY2
		  "/24 dev relay && ip link set relay up");
	net_enter(HOST);
}

int net_socket(enum net_side side, int family, int type, int protocol)
{
	int fd;

	net_enter(side);
	fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	net_enter(HOST);
	if (fd < 0)
		err(1, "socket");
	return fd;
}

static struct sockaddr_in socket_address(const char *address, uint16_t port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (inet_pton(AF_INET, address, &sa.sin_addr) != 1)
		errx(1, "%s is no address", address);
	return sa;
}

int net_udp(enum net_side side, uint16_t port)
{
	struct sockaddr_in sa = socket_address("0.0.0.0", port);
	int fd = net_socket(side, AF_INET, SOCK_DGRAM, 0), size = 8 << 20;

	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		err(1, "bind to port %u", port);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		err(1, "SO_RCVBUFFORCE");
	return fd;
}

int net_raw(enum net_side side)
{
	return net_socket(side, AF_INET, SOCK_RAW, IPPROTO_RAW);
}

void net_send(int fd, const char *to, uint16_t port, const void *payload, size_t length)
{
	struct sockaddr_in sa = socket_address(to, port);

	if (sendto(fd, payload, length, 0, (struct sockaddr *)&sa, sizeof(sa)) != (ssize_t)length)
		err(1, "sendto");
}

static uint32_t sum(uint32_t sum, const uint8_t *p, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		sum += i % 2 ? p[i] : p[i] << 8;
	return sum;
}

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

void net_send_raw(int fd, const char *from, uint16_t from_port, const char *to, uint16_t port,
		  const void *payload, size_t length)
{
	struct sockaddr_in source = socket_address(from, 0), destination = socket_address(to, 0);
	uint8_t packet[2048] = { 0x45 }, *udp = packet + 20;
	uint32_t s;

	put16(packet + 2, 28 + length);
	packet[8] = 64;
	packet[9] = IPPROTO_UDP; /* the kernel fills in the header's checksum */
	memcpy(packet + 12, &source.sin_addr, 4);
	memcpy(packet + 16, &destination.sin_addr, 4);
	put16(udp, from_port);
	put16(udp + 2, port);
	put16(udp + 4, 8 + length);
	memcpy(udp + 8, payload, length);
	s = sum(IPPROTO_UDP + 8 + length, packet + 12, 8);
	s = sum(s, udp, 8 + length);
	while (s > 0xffff)
		s = (s & 0xffff) + (s >> 16);
	put16(udp + 6, s == 0xffff ? s : ~s);

	if (sendto(fd, packet, 28 + length, 0, (struct sockaddr *)&destination,
		   sizeof(destination)) < 0)
		err(1, "sendto");
}

bool net_readable(int fd, int milliseconds)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, milliseconds) > 0;
}

size_t net_receive(int fd, void *buf, size_t size, uint16_t *ret_port)
{
	struct sockaddr_in sa;
	socklen_t length = sizeof(sa);
	ssize_t n;

	if (!net_readable(fd, 5000))
		errx(1, "no datagram within 5 s");
	n = recvfrom(fd, buf, size, 0, (struct sockaddr *)&sa, &length);
	if (n < 0)
		err(1, "recvfrom");
	if (ret_port)
		*ret_port = ntohs(sa.sin_port);
	return n;
}
