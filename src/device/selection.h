/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Selection of a gateway's relay: candidates in order of preference, their state, and when to probe
 * or leave one. Pure: the caller passes events and the time, and carries out the requested actions.
 *
 * Times are CLOCK_MONOTONIC in microseconds.
 */
#ifndef AMT_DEVICE_SELECTION_H
#define AMT_DEVICE_SELECTION_H

#include "base/address.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SELECTION_CANDIDATES_MAX 16 /* the best; a gateway is small, and there may be thousands */

struct selection_candidate {
	struct address address; /* gets the Discovery */
	const char *origin;	/* "configured", "driad", …: a literal */
	struct address relay;	/* what it advertised, after rewriting; zero: not probed yet */
	uint64_t rtt_usec;	/* of its last answer; 0: none */
	uint64_t held_until;	/* not before then; 0: may be used */
	uint64_t good_since;	/* it has answered every time since; 0: the last time it did not */
	bool probing;
	bool no_query; /* its last error is that it sent no Query after it was chosen */
	char note[80]; /* last error */
};

enum selection_phase {
	SELECTION_SEEKING, /* no relay is known to work */
	SELECTION_TRYING,  /* one answered Discovery and was chosen: waiting for a Query */
	SELECTION_GOOD,	   /* Queries are received from the chosen one */
};

struct selection_options {
	uint64_t hold_min_usec, hold_max_usec; /* a relay that failed is left alone, at random */
	uint64_t dead_usec;   /* dead after this time without a Query, whatever else it answers */
	uint64_t return_usec; /* a better one must answer for this long; 0: never return */
	uint32_t (*random)(void);
};

struct selection {
	struct selection_options options;
	struct selection_candidate candidates[SELECTION_CANDIDATES_MAX]; /* best first */
	size_t n;
	enum selection_phase phase;
	int chosen;	      /* index, or -1 */
	unsigned int choices; /* how often one was chosen: act upon it when it changes */
	bool failed;	      /* every candidate was tried, and none works */
	char reason[128];     /* of the last change of the chosen one */

	uint64_t evidence;    /* last sign of life of the chosen one */
	uint64_t query;	      /* time of its last Query, or of its choice */
	uint64_t trial_until; /* while trying: deadline for a Query */
	unsigned int trials;  /* since the last Query from any */
	uint64_t awake_until; /* until then the driver sends a Request when it is kicked */
	uint64_t covered_at;  /* from then on the driver discovers the chosen one, every 5 s */
	bool check_now;	      /* probe at once */
	bool leaving;	      /* it is loaded (L flag): leave it as soon as another answers */
	uint64_t seek_at;     /* when the next candidate is probed */
	size_t seek_next;     /* ... which */
	unsigned int round;   /* of asking all, since the last Query from any */
	uint64_t return_at;   /* when better ones are probed next */
	int return_next;      /* ... which */
};

/* A probe to send. */
struct selection_probe {
	size_t index;
	unsigned int tries;
	uint64_t interval_usec, timeout_usec;
};

void selection_init(struct selection *selection, const struct selection_options *options);

/* Replace the candidates; the state of those that stay is kept, and so is the chosen one. Probes in
 * progress of removed ones must be cancelled before. */
void selection_set(struct selection *selection, const struct selection_candidate *candidates,
		   size_t n, uint64_t now);

/* Choose one without a probe: it is the only one, or was in use before a restart. */
void selection_choose(struct selection *selection, size_t index, uint64_t now);

/* The chosen one is in use from now on: the driver was kicked to send it a Request. */
void selection_moved(struct selection *selection, uint64_t now);

/* Events. */
void selection_answered(struct selection *selection, size_t index, const struct address *relay,
			uint64_t rtt_usec, uint64_t now);
void selection_unanswered(struct selection *selection, size_t index, const char *why, uint64_t now);
void selection_query(struct selection *selection, bool loaded, uint64_t now);
void selection_unreachable(struct selection *selection, const char *why, uint64_t now);
void selection_doubt(struct selection *selection); /* data stopped: probe at once */
/* Joined, but no data: another relay may have it. No-op without another candidate. */
void selection_dataless(struct selection *selection, uint64_t now);

/* Time passed: leave a dead one. Call after any of the above and at selection_deadline(). */
void selection_tick(struct selection *selection, uint64_t now);

/* The next probe; false: none now. It is in progress until it is (un)answered. */
bool selection_next(struct selection *selection, uint64_t now, struct selection_probe *ret);

/* When selection_tick() and selection_next() are to be called again. */
uint64_t selection_deadline(const struct selection *selection, uint64_t now);

#endif
