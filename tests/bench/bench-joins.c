/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own cost per channel: each is joined on up0 and routed to lan0 of this network
 * namespace. A proxy's cost beyond that is its own.
 *
 * usage: bench-joins COUNT...
 */
#include "kernel/joins.h"
#include "kernel/mroute.h"

#include <err.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void on_upcall(enum mroute_upcall upcall, int ifindex, const struct address *source,
		      const struct address *group, void *userdata)
{
}

/* CPU time of each kind of work; the clock's resolution averages out. */
struct work {
	struct joins *joins;
	struct mroute *mroute;
	int up0, lan0;
	uint32_t done;
	double joining, routing;
};

static void add(struct work *work, uint32_t n)
{
	for (; work->done < n; work->done++) {
		struct address group = { .family = AF_INET };
		struct address source = { .family = AF_INET };
		struct filter filter = { .sources = &source, .n = 1 };
		double began = seconds(), joined;
		int r;

		group.in.s_addr = htonl(0xe8010000 + work->done);
		source.in.s_addr = htonl(0x0a050100 + work->done % 1000);
		r = joins_set(work->joins, work->up0, &group, &filter);
		joined = seconds();
		if (r == 0)
			r = mroute_set(work->mroute, &source, &group, work->up0, &work->lan0, 1);
		if (r < 0)
			errx(1, "channel %u: %s", work->done, strerror(-r));
		work->joining += joined - began;
		work->routing += seconds() - joined;
	}
}

int main(int argc, char **argv)
{
	struct work work = { .up0 = (int)if_nametoindex("up0"),
			     .lan0 = (int)if_nametoindex("lan0") };

	if (joins_open(AF_INET, &work.joins) < 0 ||
	    mroute_open(AF_INET, 0, on_upcall, NULL, &work.mroute) < 0 ||
	    mroute_add_interface(work.mroute, work.up0) < 0 ||
	    mroute_add_interface(work.mroute, work.lan0) < 0)
		errx(1, "no multicast routing");
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		size_t sockets;

		add(&work, (uint32_t)atoi(argv[i]));
		(void)joins_count(work.joins, &sockets);
		printf("the kernel alone: %u channels, processor time\t%.3f\ts\t\n", work.done,
		       work.joining + work.routing);
		printf("  to join each, with %zu sockets\t%.1f\tus\t\n", sockets,
		       work.joining / work.done * 1e6);
		printf("  to route each\t%.1f\tus\t\n", work.routing / work.done * 1e6);
	}
	joins_close(work.joins);
	mroute_close(work.mroute);
	return 0;
}
