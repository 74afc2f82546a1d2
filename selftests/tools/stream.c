/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Send a numbered multicast stream, or receive one on an ordinary socket, as applications do, and
 * print a summary.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SEQUENCE_MAX (1U << 22) /* packets that a receiver can tell apart */
#define NSEC_PER_SEC 1000000000LL
#define USEC_PER_SEC 1000000LL

struct payload {
	uint64_t sequence;  /* big endian, from 0 */
	uint64_t sent_usec; /* big endian, CLOCK_REALTIME */
};

struct options {
	struct sockaddr_storage group, source;
	socklen_t length;
	unsigned int ifindex;
	double rate, timeout, idle;
	uint64_t count;
	size_t size;
	int ttl;
	bool has_source, default_dev;
};

struct reception {
	uint64_t received, duplicated, reordered; /* received: every number once */
	uint64_t lowest, highest;
	int64_t first_usec, last_usec, longest_gap_usec, longest_delay_usec;
	char from[INET6_ADDRSTRLEN];
	uint8_t *seen;
};

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	stopped = 1;
}

static int64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static void die(const char *what)
{
	fprintf(stderr, "stream: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void usage(void)
{
	fputs("usage: stream send --group GROUP --port PORT [--dev DEV] [--rate PACKETS_PER_SECOND]\n"
	      "              [--count N] [--size BYTES] [--ttl N] [--source ADDRESS]\n"
	      "       stream receive --group GROUP --port PORT [--dev DEV] [--source SOURCE] [--count N]\n"
	      "              [--timeout SECONDS] [--idle SECONDS] [--default-dev]\n",
	      stderr);
	exit(2);
}

static void parse_address(const char *text, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		ret->ss_family = AF_INET;
	} else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		ret->ss_family = AF_INET6;
	} else {
		fprintf(stderr, "stream: '%s' is no address\n", text);
		exit(2);
	}
}

static void parse(int argc, char **argv, struct options *ret)
{
	static const struct option table[] = {
		{ "group", required_argument, NULL, 'g' },
		{ "port", required_argument, NULL, 'p' },
		{ "source", required_argument, NULL, 's' },
		{ "dev", required_argument, NULL, 'd' },
		{ "rate", required_argument, NULL, 'r' },
		{ "count", required_argument, NULL, 'c' },
		{ "size", required_argument, NULL, 'z' },
		{ "ttl", required_argument, NULL, 't' },
		{ "timeout", required_argument, NULL, 'o' },
		{ "idle", required_argument, NULL, 'i' },
		{ "default-dev", no_argument, NULL, 'e' },
		{},
	};
	struct options o = { .rate = 100, .size = 100, .ttl = 16 };
	int c, port = 0;

	while ((c = getopt_long(argc, argv, "", table, NULL)) >= 0) {
		switch (c) {
		case 'g':
			parse_address(optarg, &o.group);
			break;
		case 'p':
			port = atoi(optarg);
			break;
		case 's':
			parse_address(optarg, &o.source);
			o.has_source = true;
			break;
		case 'd':
			o.ifindex = if_nametoindex(optarg);
			if (!o.ifindex)
				die(optarg);
			break;
		case 'r':
			o.rate = atof(optarg);
			break;
		case 'c':
			o.count = strtoull(optarg, NULL, 10);
			break;
		case 'z':
			o.size = strtoul(optarg, NULL, 10);
			break;
		case 't':
			o.ttl = atoi(optarg);
			break;
		case 'o':
			o.timeout = atof(optarg);
			break;
		case 'e':
			o.default_dev = true;
			break;
		case 'i':
			o.idle = atof(optarg);
			break;
		default:
			usage();
		}
	}
	if (!port || !o.group.ss_family || o.rate <= 0 || o.size < sizeof(struct payload) ||
	    o.size > 65000)
		usage();
	if (o.group.ss_family == AF_INET) {
		((struct sockaddr_in *)&o.group)->sin_port = htons(port);
		o.length = sizeof(struct sockaddr_in);
	} else {
		((struct sockaddr_in6 *)&o.group)->sin6_port = htons(port);
		o.length = sizeof(struct sockaddr_in6);
	}
	*ret = o;
}

static int open_socket(const struct options *o)
{
	int fd = socket(o->group.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static void set(int fd, int level, int name, const void *value, socklen_t length, const char *what)
{
	if (setsockopt(fd, level, name, value, length) < 0)
		die(what);
}

static int run_send(const struct options *o)
{
	bool in6 = o->group.ss_family == AF_INET6;
	struct ip_mreqn interface = { .imr_ifindex = (int)o->ifindex };
	int64_t interval = (int64_t)((double)NSEC_PER_SEC / o->rate);
	int fd = open_socket(o), ttl = o->ttl;
	struct timespec next;
	uint8_t *buf = calloc(1, o->size);
	struct payload payload;
	uint64_t n;

	if (!buf)
		die("memory");
	if (in6) {
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &ttl, sizeof(ttl), "hop limit");
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &o->ifindex, sizeof(o->ifindex), "--dev");
	} else {
		set(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl), "TTL");
		set(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface), "--dev");
	}
	if (o->has_source && bind(fd, (const struct sockaddr *)&o->source, o->length) < 0)
		die("--source");
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (n = 0; !stopped && (!o->count || n < o->count); n++) {
		payload.sequence = htobe64(n);
		payload.sent_usec = htobe64((uint64_t)now(CLOCK_REALTIME));
		memcpy(buf, &payload, sizeof(payload));
		if (sendto(fd, buf, o->size, 0, (const struct sockaddr *)&o->group, o->length) <
			    0 &&
		    errno != EINTR)
			die("send");
		next.tv_nsec += interval;
		next.tv_sec += next.tv_nsec / NSEC_PER_SEC;
		next.tv_nsec %= NSEC_PER_SEC;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	printf("{\"sent\":%" PRIu64 "}\n", n);
	free(buf);
	return 0;
}

static int join(const struct options *o)
{
	int level = o->group.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	struct group_source_req source = { .gsr_interface = o->ifindex };
	struct group_req any = { .gr_interface = o->ifindex };
	int fd = open_socket(o), one = 1, zero = 0, buffer = 8 << 20;

	set(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one), "SO_REUSEADDR");
	/* As root only; other users have the default buffer. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	/* Packets of other interfaces, by other sockets' memberships, are not to count. With
	 * --default-dev the option stays at its default, as in most applications. */
	if (o->ifindex && level == IPPROTO_IP)
		set(fd, IPPROTO_IP, IP_MULTICAST_ALL, &zero, sizeof(zero), "IP_MULTICAST_ALL");
	else if (o->ifindex)
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &zero, sizeof(zero),
		    "IPV6_MULTICAST_ALL");
	if (bind(fd, (const struct sockaddr *)&o->group, o->length) < 0)
		die("bind");
	/* Without either it joins nothing, and relies on another's membership. */
	if (!o->ifindex && !o->default_dev)
		return fd;
	if (o->has_source) {
		source.gsr_group = o->group;
		source.gsr_source = o->source;
		set(fd, level, MCAST_JOIN_SOURCE_GROUP, &source, sizeof(source), "join");
	} else {
		any.gr_group = o->group;
		set(fd, level, MCAST_JOIN_GROUP, &any, sizeof(any), "join");
	}
	return fd;
}

static void note(struct reception *r, const struct payload *payload)
{
	uint64_t n = be64toh(payload->sequence);
	int64_t t = now(CLOCK_REALTIME), delay = t - (int64_t)be64toh(payload->sent_usec);

	if (n >= SEQUENCE_MAX)
		return;
	if (delay > r->longest_delay_usec)
		r->longest_delay_usec = delay;
	if (!r->received) {
		r->first_usec = t;
		r->lowest = r->highest = n;
	} else if (t - r->last_usec > r->longest_gap_usec) {
		r->longest_gap_usec = t - r->last_usec;
	}
	r->last_usec = t;
	if (r->seen[n]) {
		r->duplicated++;
		return;
	}
	r->seen[n] = 1;
	r->received++;
	if (n < r->highest)
		r->reordered++;
	if (n < r->lowest)
		r->lowest = n;
	if (n > r->highest)
		r->highest = n;
}

static void print_reception(const struct reception *r)
{
	uint64_t lost = r->received ? r->highest - r->lowest + 1 - r->received : 0;

	printf("{\"received\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"duplicated\":%" PRIu64
	       ",\"reordered\":%" PRIu64,
	       r->received, lost, r->duplicated, r->reordered);
	if (r->received)
		printf(",\"from\":\"%s\",\"lowest\":%" PRIu64 ",\"highest\":%" PRIu64
		       ",\"first_usec\":%" PRId64 ",\"last_usec\":%" PRId64
		       ",\"longest_gap_usec\":%" PRId64 ",\"longest_delay_usec\":%" PRId64,
		       r->from, r->lowest, r->highest, r->first_usec, r->last_usec,
		       r->longest_gap_usec, r->longest_delay_usec);
	puts("}");
}

/* Milliseconds until --timeout or --idle is over, -1 for never. */
static int patience(const struct options *o, const struct reception *r, int64_t start)
{
	int64_t t = now(CLOCK_REALTIME), left = -1, idle;

	if (o->timeout > 0)
		left = start + (int64_t)(o->timeout * 1e6) - t;
	if (o->idle > 0 && r->received) {
		idle = r->last_usec + (int64_t)(o->idle * 1e6) - t;
		if (left < 0 || idle < left)
			left = idle;
	}
	if (o->timeout <= 0 && (o->idle <= 0 || !r->received))
		return -1;
	return left <= 0 ? 0 : (int)(left / 1000 + 1);
}

static void read_packet(int fd, struct reception *r)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	struct payload payload;
	ssize_t n;

	n = recvfrom(fd, &payload, sizeof(payload), MSG_DONTWAIT, (struct sockaddr *)&from,
		     &length);
	if (n < (ssize_t)sizeof(payload))
		return;
	if (!r->received)
		inet_ntop(from.ss_family,
			  from.ss_family == AF_INET
				  ? (void *)&((struct sockaddr_in *)&from)->sin_addr
				  : (void *)&((struct sockaddr_in6 *)&from)->sin6_addr,
			  r->from, sizeof(r->from));
	note(r, &payload);
}

static int run_receive(const struct options *o)
{
	struct reception r = { .seen = calloc(1, SEQUENCE_MAX) };
	struct pollfd pollfd = { .fd = join(o), .events = POLLIN };
	int64_t start = now(CLOCK_REALTIME);
	int wait;

	if (!r.seen)
		die("memory");
	while (!stopped && !(o->count && r.received >= o->count)) {
		wait = patience(o, &r, start);
		if (!wait)
			break;
		if (poll(&pollfd, 1, wait) > 0)
			read_packet(pollfd.fd, &r);
	}
	print_reception(&r);
	free(r.seen);
	return r.received >= (o->count ? o->count : 1) ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct options options;
	const char *verb;

	if (argc < 2)
		usage();
	verb = argv[1];
	parse(argc - 1, argv + 1, &options);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (!strcmp(verb, "send"))
		return run_send(&options);
	if (!strcmp(verb, "receive"))
		return run_receive(&options);
	usage();
	return 2;
}
