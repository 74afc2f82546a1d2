/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cost of many channels for a multicast proxy in another network namespace: time from a Report
 * to its route, CPU time, memory. Run by channels.sh.
 *
 * usage: bench-channels NAME PID ROUTER HOSTS SOURCE 4|6 SECONDS COUNT...
 *
 * NAME: of the proxy, for the table; PID: its process; ROUTER, HOSTS, SOURCE: the files of network
 * namespaces: its own, that of the hosts (with h0), that of the sources (with s0; "-": none is
 * needed). Sources send a packet for a proxy that installs no route without one. SECONDS: timeout
 * for a number of channels. COUNT: numbers of channels, ascending.
 */
#include "wire/group-build.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/mroute.h>
#include <linux/mroute6.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <math.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define HOSTS  100
#define PROBES 11 /* Reports of one channel, for the median */

/* Channels in a Report: as many as fit into an Ethernet frame. */
#define RECORDS_IPV4 100
#define RECORDS_IPV6 38

/* Reports in flight: far fewer than fit into a socket's buffer, so that none is lost, and enough
 * that the proxy never waits. */
#define WINDOW 16

struct bench {
	const char *name;
	pid_t pid;
	sa_family_t family;
	int hosts, sources; /* packet sockets; sources -1: none */
	int h0, s0;
	int routes; /* to read a route's counters */
	clockid_t clock;
	double limit, deadline;
	uint32_t wanted; /* channels so far */
};

struct usage {
	double total;
	long rss, kernel; /* KiB */
};

static double seconds(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		err(1, "clock_gettime");
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void nap(void)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}

/* ---- channels ------------------------------------------------------------------------------ */

static struct address group_of(const struct bench *bench, uint32_t i)
{
	struct address group = { .family = bench->family };

	if (bench->family == AF_INET) {
		group.in.s_addr = htonl(0xe8010000 + i); /* 232.1.0.0 */
	} else {
		(void)inet_pton(AF_INET6, "ff3e::8000:0", &group.in6);
		group.in6.s6_addr32[3] = htonl(0x80000000 + i);
	}
	return group;
}

/* 1,000 of them, in the network of s0. */
static struct address source_of(const struct bench *bench, uint32_t i)
{
	struct address source = { .family = bench->family };

	if (bench->family == AF_INET) {
		source.in.s_addr = htonl(0x0a050100 + i % 1000); /* 10.5.1.0 */
	} else {
		(void)inet_pton(AF_INET6, "2001:db8:5::", &source.in6);
		source.in6.s6_addr32[3] = htonl(0x100 + i % 1000);
	}
	return source;
}

static struct address host_of(const struct bench *bench, uint32_t host)
{
	struct address address = { .family = bench->family };

	if (bench->family == AF_INET) {
		address.in.s_addr = htonl(0x0a040100 + host); /* 10.4.1.0 */
	} else {
		(void)inet_pton(AF_INET6, "fe80::1:0", &address.in6);
		address.in6.s6_addr32[3] = htonl(0x10000 + host);
	}
	return address;
}

/* ---- packets ------------------------------------------------------------------------------- */

static void enter(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		err(1, "%s", file);
	close(fd);
}

static int open_packet(const char *device, int *ret_ifindex)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*ret_ifindex = if_nametoindex(device);
	if (fd < 0 || *ret_ifindex == 0)
		err(1, "%s", device);
	return fd;
}

static void send_packet(int fd, int ifindex, const struct address *group, const void *packet,
			size_t length)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = ifindex,
		.sll_halen = ETH_ALEN,
	};

	if (group->family == AF_INET) {
		to.sll_protocol = htons(ETH_P_IP);
		memcpy(to.sll_addr, (const uint8_t[]){ 0x01, 0x00, 0x5e }, 3);
		memcpy(to.sll_addr + 3, (const uint8_t *)&group->in + 1, 3);
		to.sll_addr[3] &= 0x7f;
	} else {
		to.sll_protocol = htons(ETH_P_IPV6);
		memset(to.sll_addr, 0x33, 2);
		memcpy(to.sll_addr + 2, group->in6.s6_addr + 12, 4);
	}
	if (sendto(fd, packet, length, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "sendto");
}

/* One Report of the channels from first on. */
static void report(const struct bench *bench, enum group_record_type type, uint32_t first,
		   uint32_t n)
{
	struct group_record records[RECORDS_IPV4];
	uint8_t sources[RECORDS_IPV4][16], buf[1500];
	struct address host = host_of(bench, first / RECORDS_IPV6 % HOSTS), routers;
	ssize_t length;

	(void)inet_pton(bench->family, bench->family == AF_INET ? "224.0.0.22" : "ff02::16",
			&routers.in6);
	routers.family = bench->family;
	for (uint32_t i = 0; i < n; i++) {
		struct address source = source_of(bench, first + i);

		(void)group_put_source(&source, sources[i]);
		records[i] = (struct group_record){
			.type = type,
			.group = group_of(bench, first + i),
			.sources = { .data = sources[i], .n = 1 },
		};
	}
	length = group_report_build(bench->family, bench->family == AF_INET ? 3 : 2, records,
				    (uint16_t)n, &host, NULL, buf, sizeof(buf));
	if (length < 0)
		errx(1, "group_report_build: %s", strerror((int)-length));
	send_packet(bench->hosts, bench->h0, &routers, buf, (size_t)length);
}

static uint16_t checksum(const uint16_t *words, size_t n)
{
	uint32_t sum = 0;

	while (n-- > 0)
		sum += *words++;
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* IPv4 only: the proxy that needs it has no MLD. */
static void stream(const struct bench *bench, uint32_t i)
{
	struct address group = group_of(bench, i), source = source_of(bench, i);
	uint16_t words[15] = { htons(0x4500), htons(sizeof(words)), 0, 0,
			       htons(64 << 8 | IPPROTO_UDP) };

	if (bench->sources < 0)
		return;
	memcpy(&words[6], &source.in, 4);
	memcpy(&words[8], &group.in, 4);
	words[5] = checksum(words, 10);
	words[10] = words[11] = htons(5000);
	words[12] = htons(10);
	send_packet(bench->sources, bench->s0, &group, words, sizeof(words));
}

/* ---- routes -------------------------------------------------------------------------------- */

static bool has_route(const struct bench *bench, uint32_t i)
{
	struct address group = group_of(bench, i), source = source_of(bench, i);
	struct sioc_sg_req request = { .src = source.in, .grp = group.in };
	struct sioc_sg_req6 request6 = { .src.sin6_addr = source.in6, .grp.sin6_addr = group.in6 };
	int r;

	r = bench->family == AF_INET ? ioctl(bench->routes, SIOCGETSGCNT, &request)
				     : ioctl(bench->routes, SIOCGETSGCNT_IN6, &request6);
	if (r < 0 && errno != EADDRNOTAVAIL)
		err(1, "SIOCGETSGCNT");
	return r == 0;
}

/* False: timeout. */
static bool wait_route(const struct bench *bench, uint32_t i, bool there)
{
	while (has_route(bench, i) != there) {
		if (seconds(CLOCK_MONOTONIC) > bench->deadline)
			return false;
		nap();
	}
	return true;
}

static int open_events(const struct bench *bench)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int group = bench->family == AF_INET ? RTNLGRP_IPV4_MROUTE : RTNLGRP_IPV6_MROUTE;

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		err(1, "netlink");
	return fd;
}

/* True if the group has a route; an unresolved one does not count. */
static bool tells_of(const struct nlmsghdr *message, const struct address *group)
{
	const struct rtmsg *route = NLMSG_DATA(message);
	const struct rtattr *attribute = RTM_RTA(route);
	unsigned int rest = RTM_PAYLOAD(message);

	if (message->nlmsg_type != RTM_NEWROUTE || (route->rtm_flags & RTNH_F_UNRESOLVED))
		return false;
	for (; RTA_OK(attribute, rest); attribute = RTA_NEXT(attribute, rest))
		if (attribute->rta_type == RTA_DST)
			return memcmp(RTA_DATA(attribute), &group->in6, RTA_PAYLOAD(attribute)) ==
			       0;
	return false;
}

static bool wait_event(int fd, const struct address *group)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	while (poll(&wait, 1, 5000) == 1) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)buf;
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		unsigned int rest = n > 0 ? (unsigned int)n : 0;

		for (; NLMSG_OK(message, rest); message = NLMSG_NEXT(message, rest))
			if (tells_of(message, group))
				return true;
	}
	return false;
}

/* ---- measures ------------------------------------------------------------------------------ */

/* The number after a word. */
static long number_of(const char *file, const char *word)
{
	char line[1024], *at = NULL;
	FILE *f = fopen(file, "re");

	if (!f)
		err(1, "%s", file);
	while (!at && fgets(line, sizeof(line), f))
		at = strstr(line, word);
	fclose(f);
	return at ? strtol(at + strlen(word), NULL, 10) : 0;
}

static struct usage usage(const struct bench *bench)
{
	struct usage usage = { .total = seconds(bench->clock) };
	char file[64];

	snprintf(file, sizeof(file), "/proc/%d/smaps_rollup", bench->pid);
	usage.rss = number_of(file, "Rss:");
	usage.kernel = number_of("/proc/meminfo", "Slab:");
	return usage;
}

/* The groups joined on up0: a line each after the interface's, or on it. */
static uint32_t joined(const struct bench *bench)
{
	char file[64], line[256], device[64];
	bool ipv4 = bench->family == AF_INET, up0 = false;
	uint32_t n = 0;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%d/net/%s", bench->pid, ipv4 ? "igmp" : "igmp6");
	f = fopen(file, "re");
	if (!f)
		err(1, "%s", file);
	setvbuf(f, NULL, _IOFBF, 1 << 16);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] != '\t')
			up0 = sscanf(line, "%*d %63s", device) == 1 && strcmp(device, "up0") == 0;
		if (up0)
			n += ipv4 ? strncmp(line, "\t\t\t\t", 4) == 0 && strstr(line, "E8 ")
				  : !!strstr(line, " ff3e");
	}
	fclose(f);
	return n;
}

/* ---- the work ------------------------------------------------------------------------------ */

static uint32_t records(const struct bench *bench)
{
	return bench->family == AF_INET ? RECORDS_IPV4 : RECORDS_IPV6;
}

/* Reports of the channels [first, end); false: timeout. */
static bool report_all(const struct bench *bench, enum group_record_type type, uint32_t first,
		       uint32_t end)
{
	bool there = type != GROUP_BLOCK_OLD_SOURCES;
	uint32_t last[WINDOW], n = 0, step;

	for (; first < end; first += step) {
		step = end - first < records(bench) ? end - first : records(bench);
		if (n >= WINDOW && !wait_route(bench, last[n % WINDOW], there))
			return false;
		last[n++ % WINDOW] = first + step - 1;
		report(bench, type, first, step);
		stream(bench, first + step - 1);
	}
	return wait_route(bench, end - 1, there);
}

static int compare(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) -
	       (*(const double *)a < *(const double *)b);
}

/* Send a Report of the next channel and wait for its route. */
static double probe(struct bench *bench, int fd)
{
	struct address group = group_of(bench, bench->wanted);
	double began = seconds(CLOCK_MONOTONIC);

	report(bench, GROUP_ALLOW_NEW_SOURCES, bench->wanted, 1);
	stream(bench, bench->wanted++);
	return wait_event(fd, &group) ? seconds(CLOCK_MONOTONIC) - began : INFINITY;
}

/* The median. */
static double latency(struct bench *bench)
{
	double times[PROBES];
	int fd = open_events(bench);

	for (int i = 0; i < PROBES; i++)
		times[i] = probe(bench, fd);
	close(fd);
	qsort(times, PROBES, sizeof(times[0]), compare);
	return times[PROBES / 2];
}

/* Wait until the proxy receives Reports. One more, as a packet alone may have created the route. */
static void warm_up(struct bench *bench)
{
	bool heard = false;

	for (int i = 0; i < 100 && !heard; i++) {
		bench->deadline = seconds(CLOCK_MONOTONIC) + 0.1;
		report(bench, GROUP_ALLOW_NEW_SOURCES, bench->wanted, 1);
		stream(bench, bench->wanted);
		heard = wait_route(bench, bench->wanted, true);
	}
	if (!heard)
		errx(1, "%s makes no route", bench->name);
	report(bench, GROUP_MODE_IS_INCLUDE, bench->wanted++, 1);
}

static void check(const struct bench *bench)
{
	uint32_t n = joined(bench), missing = 0;

	for (uint32_t i = 0; bench->sources < 0 && i < bench->wanted; i++)
		missing += !has_route(bench, i);
	if (missing > 0)
		printf("  of them without a route\t%u\t\t0\n", missing);
	if (n < bench->wanted)
		printf("  of them not joined upstream\t%u\t\t0\n", bench->wanted - n);
}

static const char *family_name(const struct bench *bench)
{
	return bench->family == AF_INET ? "IPv4" : "IPv6";
}

/* False: timeout. */
static bool grow(struct bench *bench, uint32_t size, const struct usage *idle, double *elapsed)
{
	double began = seconds(CLOCK_MONOTONIC);
	struct usage now;
	bool done;

	bench->deadline = began + bench->limit;
	done = report_all(bench, GROUP_ALLOW_NEW_SOURCES, bench->wanted, size - PROBES);
	*elapsed += seconds(CLOCK_MONOTONIC) - began;
	now = usage(bench);
	if (!done) {
		uint32_t n = joined(bench);

		printf("%s, %s: %u channels: given up after %.0f s at\t%u\tjoined\t\n", bench->name,
		       family_name(bench), size, *elapsed, n);
		return false;
	}
	bench->wanted = size - PROBES;
	printf("%s, %s: %u channels, until the last works\t%.3f\ts\t\n", bench->name,
	       family_name(bench), size, *elapsed);
	check(bench);
	printf("  processor time of each\t%.1f\tus\t\n", (now.total - idle->total) / size * 1e6);
	printf("  memory of each (RSS)\t%ld\tbytes\t<= 512\n", (now.rss - idle->rss) * 1024 / size);
	printf("  the kernel's memory of each\t%ld\tbytes\t\n",
	       (now.kernel - idle->kernel) * 1024 / size);
	printf("  one Report more, until it is a route\t%.0f\tus\t\n", latency(bench) * 1e6);
	return true;
}

/* All hosts answer a Query; the Report after theirs shows when they are processed. */
static void refresh(struct bench *bench)
{
	uint32_t n = bench->wanted;
	struct usage before = usage(bench), after;
	double began = seconds(CLOCK_MONOTONIC);
	int fd = open_events(bench);

	for (uint32_t i = 0; i < n; i += records(bench))
		report(bench, GROUP_MODE_IS_INCLUDE, i,
		       n - i < records(bench) ? n - i : records(bench));
	(void)probe(bench, fd);
	after = usage(bench);
	close(fd);
	printf("  all answer a Query: until it is heard\t%.3f\ts\t\n",
	       seconds(CLOCK_MONOTONIC) - began);
	printf("    processor time of each\t%.2f\tus\t\n", (after.total - before.total) / n * 1e6);
}

int main(int argc, char **argv)
{
	struct bench bench = { .sources = -1 };
	double elapsed = 0;
	struct usage idle;

	if (argc < 9)
		errx(2, "usage: bench-channels NAME PID ROUTER HOSTS SOURCE 4|6 SECONDS COUNT...");
	bench.name = argv[1];
	bench.pid = atoi(argv[2]);
	bench.family = argv[6][0] == '4' ? AF_INET : AF_INET6;
	bench.limit = atof(argv[7]);
	if (strcmp(argv[5], "-") != 0) {
		enter(argv[5]);
		bench.sources = open_packet("s0", &bench.s0);
	}
	enter(argv[4]);
	bench.hosts = open_packet("h0", &bench.h0);
	enter(argv[3]);
	bench.routes = socket(bench.family, SOCK_RAW | SOCK_CLOEXEC,
			      bench.family == AF_INET ? IPPROTO_IGMP : IPPROTO_ICMPV6);
	if (bench.routes < 0 || clock_getcpuclockid(bench.pid, &bench.clock) != 0)
		err(1, "%s", bench.name);
	setvbuf(stdout, NULL, _IOLBF, 0);

	warm_up(&bench);
	printf("%s, %s: no channel: one Report, until it is a route\t%.0f\tus\t\n", bench.name,
	       family_name(&bench), latency(&bench) * 1e6);
	idle = usage(&bench);
	for (int i = 8; i < argc; i++)
		if (!grow(&bench, (uint32_t)atoi(argv[i]), &idle, &elapsed))
			return 0;
	refresh(&bench);
	return 0;
}
