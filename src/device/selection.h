/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which relay a gateway uses: candidates in order of preference, what is known of each, and when to
 * ask or leave one. Pure: the caller tells what happened and the time, asks what to do, and does
 * it.
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
	struct address address; /* is asked by Discovery */
	const char *origin;	/* "configured", "driad", …: a literal */
	struct address relay;	/* what it advertised, after rewriting; zero: not asked yet */
	uint64_t rtt_usec;	/* of its last answer; 0: none */
	uint64_t held_until;	/* not before then; 0: may be used */
	uint64_t good_since;	/* it has answered every time since; 0: the last time it did not */
	bool probing;
	char note[80]; /* of what went wrong last */
};

enum selection_phase {
	SELECTION_SEEKING, /* no relay is known to work */
	SELECTION_TRYING,  /* one answered Discovery and was chosen: a Query must come */
	SELECTION_GOOD,	   /* Queries come from the chosen one */
};

struct selection_options {
	uint64_t hold_min_usec, hold_max_usec; /* a relay that failed is left alone, at random */
	uint64_t dead_usec;   /* no Query for so long: dead, whatever else it answers */
	uint64_t return_usec; /* a better one must be good for so long; 0: never go back */
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

	uint64_t evidence;    /* when the chosen one last showed that it lives */
	uint64_t query;	      /* when its last Query came, or it was chosen */
	uint64_t trial_until; /* while trying: a Query must have come by then */
	unsigned int trials;  /* since the last Query from any */
	uint64_t awake_until; /* until then the driver asks at once when it is kicked */
	uint64_t covered_at;  /* from then on the driver asks the chosen one, every 5 s */
	bool check_now;	      /* asked to look at once */
	bool leaving;	      /* it asks to be left (L): as soon as another answers */
	uint64_t seek_at;     /* when the next candidate is asked */
	size_t seek_next;     /* ... which */
	unsigned int round;   /* of asking all, since the last Query from any */
	uint64_t return_at;   /* when better ones are asked next */
	int return_next;      /* ... which */
};

/* What to send. */
struct selection_probe {
	size_t index;
	unsigned int tries;
	uint64_t interval_usec, timeout_usec;
};

void selection_init(struct selection *selection, const struct selection_options *options);

/* Replace the candidates; what is known of those that stay is kept, and so is the chosen one. A
 * probe under way for one that goes must be cancelled before. */
void selection_set(struct selection *selection, const struct selection_candidate *candidates,
		   size_t n, uint64_t now);

/* Take one as chosen without asking: it is the only one, or was in use before a restart. */
void selection_choose(struct selection *selection, size_t index, uint64_t now);

/* The chosen one is in use from now on: the driver was kicked to ask it. */
void selection_moved(struct selection *selection, uint64_t now);

/* What happened. */
void selection_answered(struct selection *selection, size_t index, const struct address *relay,
			uint64_t rtt_usec, uint64_t now);
void selection_unanswered(struct selection *selection, size_t index, const char *why, uint64_t now);
void selection_query(struct selection *selection, bool loaded, uint64_t now);
void selection_unreachable(struct selection *selection, const char *why, uint64_t now);
void selection_doubt(struct selection *selection); /* data ceased: look at once */
/* Joined, and no data: another relay may have it. Nothing where there is no other to be tried. */
void selection_dataless(struct selection *selection, uint64_t now);

/* Time passed: leave a dead one. Call after any of the above and at selection_deadline(). */
void selection_tick(struct selection *selection, uint64_t now);

/* The next thing to ask; false: nothing now. It counts as under way until it is (un)answered. */
bool selection_next(struct selection *selection, uint64_t now, struct selection_probe *ret);

/* When selection_tick() and selection_next() are to be called again. */
uint64_t selection_deadline(const struct selection *selection, uint64_t now);

#endif
