/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forwarder's cost per channel and its growth: 1,000 to 100,000 groups with one source each on
 * one of 30 downstream interfaces; and the cost of one more downstream of the same group.
 */
#include "membership/forwarder.h"

#include <err.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DOWNSTREAMS 30
#define UPSTREAM    100

static unsigned long joins, routes;

static void on_join(int upstream, const struct address *group, const struct filter *filter,
		    void *userdata)
{
	joins++;
}

static void on_route(const struct address *source, const struct address *group, int incoming,
		     const int *outgoing, size_t n, void *userdata)
{
	routes++;
}

static void on_unroute(const struct address *source, const struct address *group, void *userdata)
{
	routes++;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Allocated bytes, with the allocator's overhead. */
static size_t heap(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static struct address address(sa_family_t family, uint32_t v4, uint8_t first, uint32_t i)
{
	struct address a = { .family = family };

	if (family == AF_INET) {
		a.in.s_addr = htonl(v4 + i);
		return a;
	}
	a.in6.s6_addr[0] = first;
	a.in6.s6_addr[1] = 0x3e;
	a.in6.s6_addr32[3] = htonl(0x80000000 + i);
	return a;
}

static void want(struct forwarder *forwarder, sa_family_t family, int downstream, uint32_t i,
		 bool wanted)
{
	struct address group = address(family, 0xe8010000, 0xff, i);
	struct address source = address(family, 0x0a000001, 0x20, i);
	struct filter filter = { .sources = &source, .n = wanted };
	int r = forwarder_want(forwarder, downstream, &group, &filter);

	if (r < 0)
		errx(1, "forwarder_want: %d", r);
}

static struct forwarder *start(sa_family_t family)
{
	static const struct forwarder_ops ops = { on_join, on_route, on_unroute };
	const struct forwarder_options options = { family, 1000, 1000 };
	const struct forwarder_upstream upstream = { .ifindex = UPSTREAM };
	struct forwarder *forwarder;

	if (forwarder_new(&options, &ops, NULL, &forwarder) < 0 ||
	    forwarder_set_upstreams(forwarder, &upstream, 1) < 0)
		errx(1, "no forwarder");
	return forwarder;
}

static void channels(sa_family_t family, const char *name, uint32_t n)
{
	const struct forwarder_upstream other = { .ifindex = UPSTREAM + 1 };
	size_t before = heap();
	struct forwarder *forwarder = start(family);
	double began = seconds(), wanted, switched;
	uint32_t i;

	joins = routes = 0;
	for (i = 0; i < n; i++)
		want(forwarder, family, 1 + i % DOWNSTREAMS, i, true);
	wanted = seconds() - began;
	if (joins != n || routes != n)
		errx(1, "%lu joins and %lu routes of %u", joins, routes, n);
	printf("forwarder, %s: %u channels, each\t%.0f\tns\t\n", name, n, wanted / n * 1e9);
	printf("  heap of each\t%.0f\tbytes\t<= 200\n", (double)(heap() - before) / n);
	began = seconds();
	if (forwarder_set_upstreams(forwarder, &other, 1) < 0)
		errx(1, "forwarder_set_upstreams failed");
	switched = seconds() - began;
	printf("  to switch the upstream, each\t%.0f\tns\t\n", switched / n * 1e9);
	before = heap();
	for (i = 0; i < n; i++)
		want(forwarder, family, 1 + (i + 1) % DOWNSTREAMS, i, true);
	printf("  heap of one downstream more\t%.0f\tbytes\t\n", (double)(heap() - before) / n);
	began = seconds();
	for (i = 0; i < n; i++)
		want(forwarder, family, 1 + i % DOWNSTREAMS, i, false);
	printf("  one of two leaves\t%.0f\tns\t\n", (seconds() - began) / n * 1e9);
	forwarder_free(forwarder);
}

int main(void)
{
	static const uint32_t sizes[] = { 1000, 10000, 100000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		channels(AF_INET, "IPv4", sizes[i]);
		channels(AF_INET6, "IPv6", sizes[i]);
	}
	return 0;
}
