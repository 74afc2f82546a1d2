/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Look up sources repeatedly with one resolver, as amtd does, and print a line of JSON for each
 * answer: { "round", "source", "outcome", "dnssec", "ttl", "usable", "usec" }.
 */
#include "discovery/resolver.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SOURCES_MAX 1024

struct run {
	struct resolver *resolver;
	unsigned int round;
	size_t pending;
	uint64_t begin;
};

struct asked {
	struct run *run;
	const char *source;
	struct lookup *lookup;
};

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void on_done(struct lookup *lookup, const struct lookup_result *result, void *userdata)
{
	struct asked *asked = userdata;
	size_t i, usable = 0;

	for (i = 0; i < result->n_candidates; i++)
		usable += result->candidates[i].skip == CANDIDATE_SKIP_NONE;
	printf("{\"round\":%u,\"source\":\"%s\",\"outcome\":\"%s\",\"dnssec\":\"%s\",\"ttl\":%u,\"usable\":%zu,\"usec\":%llu}\n",
	       asked->run->round, asked->source, lookup_outcome_string(result->outcome),
	       dnssec_state_string(result->dnssec), result->ttl, usable,
	       (unsigned long long)(now_usec() - asked->run->begin));
	fflush(stdout);
	asked->run->pending--;
}

/* Until all are answered. */
static int wait_all(struct run *run)
{
	struct pollfd pollfd = { .fd = resolver_fd(run->resolver), .events = POLLIN };
	int r = 0;

	while (r == 0 && run->pending > 0) {
		if (poll(&pollfd, 1, -1) < 0)
			return -errno;
		r = resolver_dispatch(run->resolver);
	}
	return r;
}

static int ask_all(struct run *run, struct asked *asked, char **sources, size_t n, bool cancel)
{
	struct address source;
	size_t i;
	int r;

	run->begin = now_usec();
	for (i = 0; i < n; i++) {
		asked[i] = (struct asked){ .run = run, .source = sources[i] };
		r = address_parse(sources[i], &source);
		if (r == 0)
			r = resolver_lookup_source(run->resolver, &source, on_done, &asked[i],
						   &asked[i].lookup);
		if (r < 0)
			return r;
		run->pending++;
	}
	for (i = 0; cancel && i < n; i++) {
		lookup_cancel(asked[i].lookup);
		run->pending--;
	}
	return wait_all(run);
}

static const struct option long_options[] = {
	{ "server", required_argument, NULL, 's' },
	{ "resolv-conf", required_argument, NULL, 'f' },
	{ "anchor", required_argument, NULL, 'a' },
	{ "dnssec", required_argument, NULL, 'd' },
	{ "rounds", required_argument, NULL, 'r' },
	{ "interval", required_argument, NULL, 'i' },
	{ "cancel-rounds", required_argument, NULL, 'c' },
	{ NULL },
};

int main(int argc, char **argv)
{
	struct resolver_options options = { .dnssec = DNSSEC_MODE_NO };
	unsigned int rounds = 1, interval = 1, cancel_rounds = 0;
	static struct asked asked[SOURCES_MAX];
	struct run run = { .round = 0 };
	const char *server = NULL;
	int c, r;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) >= 0)
		switch (c) {
		case 's':
			server = optarg;
			break;
		case 'f':
			options.resolv_conf = optarg;
			break;
		case 'a':
			options.trust_anchor = optarg;
			break;
		case 'd':
			options.dnssec = dnssec_mode_from_string(optarg);
			break;
		case 'r':
			rounds = (unsigned int)atoi(optarg);
			break;
		case 'i':
			interval = (unsigned int)atoi(optarg);
			break;
		case 'c':
			cancel_rounds = (unsigned int)atoi(optarg);
			break;
		default:
			return 2;
		}
	if (server) {
		options.servers = &server;
		options.n_servers = 1;
	}
	if (argc - optind > SOURCES_MAX)
		return 2;

	r = resolver_open(&options, &run.resolver);
	for (; r == 0 && run.round < rounds; run.round++) {
		if (run.round > 0)
			sleep(interval);
		r = ask_all(&run, asked, argv + optind, (size_t)(argc - optind),
			    run.round < cancel_rounds);
	}
	resolver_close(run.resolver);
	if (r < 0)
		fprintf(stderr, "lookup: %s\n", strerror(-r));
	return r < 0;
}
