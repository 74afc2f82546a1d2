/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU time per data packet from a source through a relay and a gateway to a socket, through two
 * tunnels in turn. All hosts are namespaces of this machine and everything happens in this process:
 * a batch is sent, and read to its last packet, before the next.
 *
 * usage: bench-datapath GROUP PORT SOURCE (NAME SOURCE_NETNS SOURCE_DEV GATEWAY_NETNS AMT_DEV){2}
 * prints: NAME TAB nanoseconds, for each, lower quartile of all rounds; and their ratio
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH	    32
#define ROUND	    (BATCH * 64)
#define ROUNDS	    200
#define PACKET_SIZE 1316 /* seven MPEG transport stream packets, what broadcasters send */

struct tunnel {
	const char *name;
	int sender, receiver;
	double times[ROUNDS];
};

static struct sockaddr_in group;
static struct in_addr source;

static void enter(const char *netns)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		err(1, "%s", path);
	close(fd);
}

static int open_sender(const char *netns, const char *dev)
{
	int fd, ttl = 8;
	struct ip_mreqn interface = { 0 };

	enter(netns);
	interface.imr_ifindex = if_nametoindex(dev);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface)) < 0)
		err(1, "sender on %s", dev);
	return fd;
}

static int open_receiver(const char *netns, const char *dev)
{
	struct group_source_req join = { 0 };
	int fd, size = 4 * 1024 * 1024;

	enter(netns);
	join.gsr_interface = if_nametoindex(dev);
	memcpy(&join.gsr_group, &group, sizeof(group));
	((struct sockaddr_in *)&join.gsr_source)->sin_family = AF_INET;
	((struct sockaddr_in *)&join.gsr_source)->sin_addr = source;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&group, sizeof(group)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &join, sizeof(join)) < 0)
		err(1, "receiver on %s", dev);
	return fd;
}

static void send_one(const struct tunnel *tunnel)
{
	static const uint8_t packet[PACKET_SIZE];

	if (sendto(tunnel->sender, packet, sizeof(packet), 0, (struct sockaddr *)&group,
		   sizeof(group)) < 0)
		err(1, "%s: send", tunnel->name);
}

/* False after a second without any. */
static bool receive_one(const struct tunnel *tunnel)
{
	struct pollfd pollfd = { .fd = tunnel->receiver, .events = POLLIN };
	uint8_t packet[PACKET_SIZE];

	if (recv(tunnel->receiver, packet, sizeof(packet), MSG_DONTWAIT) > 0)
		return true;
	if (poll(&pollfd, 1, 1000) <= 0)
		return false;
	return recv(tunnel->receiver, packet, sizeof(packet), MSG_DONTWAIT) > 0;
}

/* The tunnel may take a while to come up; then what was sent meanwhile is drained. */
static void wait_for_stream(const struct tunnel *tunnel)
{
	for (int i = 0; i < 60; i++) {
		send_one(tunnel);
		if (receive_one(tunnel))
			return;
	}
	errx(1, "%s: no stream", tunnel->name);
}

static double run_round(const struct tunnel *tunnel)
{
	struct timespec start, end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int sent = 0; sent < ROUND; sent += BATCH) {
		for (int i = 0; i < BATCH; i++)
			send_one(tunnel);
		for (int i = 0; i < BATCH; i++)
			if (!receive_one(tunnel))
				errx(1, "%s: a packet was lost", tunnel->name);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	return ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / ROUND;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char *argv[])
{
	struct tunnel tunnels[2];
	double quartile[2];

	if (argc != 14)
		errx(2, "see the head of the source");
	group.sin_family = AF_INET;
	group.sin_port = htons(atoi(argv[2]));
	if (inet_pton(AF_INET, argv[1], &group.sin_addr) != 1 ||
	    inet_pton(AF_INET, argv[3], &source) != 1)
		errx(2, "%s, %s: no addresses", argv[1], argv[3]);

	for (int t = 0; t < 2; t++) {
		char **arguments = argv + 4 + t * 5;

		tunnels[t].name = arguments[0];
		tunnels[t].sender = open_sender(arguments[1], arguments[2]);
		tunnels[t].receiver = open_receiver(arguments[3], arguments[4]);
		wait_for_stream(&tunnels[t]);
	}
	for (int i = -2; i < ROUNDS; i++) /* two to warm up */
		for (int turn = 0; turn < 2; turn++) {
			int t = (i + turn) & 1; /* neither always goes first */
			double time = run_round(&tunnels[t]);

			if (i >= 0)
				tunnels[t].times[i] = time;
		}
	for (int t = 0; t < 2; t++) {
		qsort(tunnels[t].times, ROUNDS, sizeof(double), compare);
		quartile[t] = tunnels[t].times[ROUNDS / 4];
		printf("%s\t%.0f\n", tunnels[t].name, quartile[t]);
	}
	printf("ratio\t%.3f\n", quartile[1] / quartile[0]);
	return 0;
}
