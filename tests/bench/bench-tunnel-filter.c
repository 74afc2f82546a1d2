/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing what gateways of a relay ask for to the kernel, in a network namespace of its own: 1,000
 * tunnels of two channels each at once, one change among them, and all changed at once.
 */
#include "kernel/tunnel-filter.h"

#include <arpa/inet.h>
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TUNNELS 1000
#define REPEAT	20

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static struct address address4(uint32_t number)
{
	return address_from_in((struct in_addr){ htonl(number) });
}

/* The tunnel asks for this source of two groups. */
static void describe(struct tunnel_filter *filter, uint32_t i, uint32_t source)
{
	const struct tunnel_filter_key key = { { htonl(0xc6336400 + i) }, 2268, 61000 };
	struct address sources = address4(0xcb007100 + source);
	const struct filter wanted = { FILTER_INCLUDE, &sources, 1 };

	if (tunnel_filter_begin(filter, &key) < 0)
		errx(1, "out of memory");
	for (uint32_t g = 1; g <= 2; g++) {
		const struct address group = address4(0xe8010100 + g);

		if (tunnel_filter_group(filter, &group, &wanted) < 0)
			errx(1, "out of memory");
	}
}

/* Microseconds, with the description. */
static double write_all(struct tunnel_filter *filter, struct firewall *firewall, uint32_t first,
			uint32_t n, uint32_t source)
{
	const double start = now();
	char *error = NULL;

	for (uint32_t i = 0; i < n; i++)
		describe(filter, first + i, source);
	if (tunnel_filter_commit(filter, firewall, &error) < 0)
		errx(1, "%s", error ?: "out of memory");
	return now() - start;
}

static double best_of(struct tunnel_filter *filter, struct firewall *firewall, uint32_t n)
{
	double best = 0;

	for (uint32_t i = 0; i < REPEAT; i++) {
		double taken = write_all(filter, firewall, n == 1 ? i : 0, n, 2 + i);

		if (i == 0 || taken < best)
			best = taken;
	}
	return best;
}

int main(void)
{
	struct tunnel_filter *filter;
	struct firewall *firewall;

	if (unshare(CLONE_NEWNET) < 0)
		err(1, "unshare");
	if (firewall_new(2268, &firewall) < 0 || tunnel_filter_new(&filter) < 0)
		errx(1, "cannot open nftables");
	printf("what %d gateways of a relay ask for, written at once\t%.1f\tms\t\n", TUNNELS,
	       write_all(filter, firewall, 0, TUNNELS, 1) / 1e3);
	printf("  nothing changed\t%.1f\tms\t\n", write_all(filter, firewall, 0, TUNNELS, 1) / 1e3);
	printf("  one of them changes source\t%.2f\tms\t\n", best_of(filter, firewall, 1) / 1e3);
	printf("  all of them do\t%.1f\tms\t\n", best_of(filter, firewall, TUNNELS) / 1e3);
	tunnel_filter_free(filter);
	firewall_free(firewall);
	return 0;
}
