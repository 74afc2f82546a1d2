/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/selection.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MSEC 1000ULL
#define SEC  (1000 * MSEC)

/* Candidates are probed in parallel, each this long after the previous one, RFC 8305, section 5. */
#define STAGGER (100 * MSEC)

/* A chosen relay is probed after this time without a sign of life. The driver's Requests cause one
 * every 2 s. */
#define IDLE (900 * MSEC)

/* A probe is repeated after some round trips: a lost packet does not mean a dead relay. */
#define CHECK_TRIES	   3
#define CHECK_INTERVAL_MIN (100 * MSEC)
#define CHECK_INTERVAL_MAX (400 * MSEC)

/* A relay that answers Discovery must send a Query soon. A driver with recent Queries sends a
 * Request when kicked; after a few kicks without an answer, or without Queries for long, it falls
 * back to Discovery, every 5 s. */
#define TRIAL	     (6 * SEC)
#define TRIAL_SHORT  (1 * SEC) /* and some round trips */
#define TRIALS_SHORT 2
#define AWAKE	     (6 * SEC)

/* It then discovers the chosen one itself, at the latest after its Requests without an answer: 2,
 * 2, 4, 8, 16 s. */
#define COVERED (32 * SEC)

/* When all have failed: one probe each, with back-off. */
#define ROUND_MIN (1 * SEC)
#define ROUND_MAX (7500 * MSEC)

/* Relays not in use get more time. */
#define PATIENCE (1 * SEC)

/* How often better ones are probed while a worse one is in use. */
#define RETURN_INTERVAL (15 * SEC)

#define NEVER UINT64_MAX

void selection_init(struct selection *selection, const struct selection_options *options)
{
	*selection = (struct selection){ .options = *options, .chosen = -1 };
}

static struct selection_candidate *chosen(struct selection *selection)
{
	return selection->chosen < 0 ? NULL : &selection->candidates[selection->chosen];
}

static void __attribute__((format(printf, 2, 3)))
set_reason(struct selection *selection, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(selection->reason, sizeof(selection->reason), format, arguments);
	va_end(arguments);
}

static bool held(const struct selection_candidate *candidate, uint64_t now)
{
	return candidate->held_until > now;
}

static bool all_held(const struct selection *selection, uint64_t now)
{
	for (size_t i = 0; i < selection->n; i++)
		if (!held(&selection->candidates[i], now))
			return false;
	return true;
}

/* Pause between rounds of probing all, +/- 1/8 at random: gateways that lost a relay together need
 * not probe together. */
static uint64_t round_pause(const struct selection *selection)
{
	usec_t pause = usec_back_off(ROUND_MIN, ROUND_MAX, selection->round);

	return pause - pause / 8 + selection->options.random() % (pause / 4);
}

/* Start asking from the best one: at once, unless none that was tried works. */
static void seek(struct selection *selection, uint64_t now)
{
	selection->phase = SELECTION_SEEKING;
	selection->seek_at = now;
	if (selection->round > 0 && all_held(selection, now))
		selection->seek_at += round_pause(selection);
	selection->seek_next = 0;
	selection->leaving = false;
}

void selection_choose(struct selection *selection, size_t index, uint64_t now)
{
	selection->chosen = index;
	selection->phase = SELECTION_TRYING;
	selection->query = now;
	selection->evidence = now;
	selection->trial_until = now + TRIAL;
	selection->covered_at = now + COVERED;
	selection->leaving = false;
	selection->check_now = false;
	selection->return_at = now + RETURN_INTERVAL;
	selection->return_next = 0;
	selection->choices++;
}

void selection_moved(struct selection *selection, uint64_t now)
{
	if (selection->phase != SELECTION_TRYING)
		return;
	selection->trial_until = now + TRIAL;
	if (now < selection->awake_until && selection->trials++ < TRIALS_SHORT)
		selection->trial_until = now + TRIAL_SHORT + 3 * chosen(selection)->rtt_usec;
}

void selection_set(struct selection *selection, const struct selection_candidate *candidates,
		   size_t n, uint64_t now)
{
	struct selection_candidate merged[SELECTION_CANDIDATES_MAX] = { 0 };
	int kept = -1;

	if (n > SELECTION_CANDIDATES_MAX)
		n = SELECTION_CANDIDATES_MAX;
	for (size_t i = 0; i < n; i++) {
		merged[i] = candidates[i];
		for (size_t j = 0; j < selection->n; j++) {
			if (!address_equal(&selection->candidates[j].address,
					   &candidates[i].address))
				continue;
			merged[i] = selection->candidates[j];
			merged[i].origin = candidates[i].origin;
			if ((int)j == selection->chosen)
				kept = i;
		}
	}
	memcpy(selection->candidates, merged, n * sizeof(merged[0]));
	selection->n = n;
	if (selection->chosen < 0 || kept < 0) {
		selection->round = 0;
		selection->failed = false;
		seek(selection, now);
	}
	selection->chosen = kept;
	if (selection->chosen < 0 && n == 1)
		selection_choose(selection, 0, now);
}

static void hold_candidate(struct selection *selection, struct selection_candidate *candidate,
			   uint64_t now)
{
	uint64_t span = selection->options.hold_max_usec - selection->options.hold_min_usec;

	candidate->held_until = now + selection->options.hold_min_usec;
	if (span > 0)
		candidate->held_until += selection->options.random() % span;
	candidate->good_since = 0;
}

/* The chosen one is dead; probe the others. It stays chosen until another answers: the driver keeps
 * requesting it, and nothing better is known. */
static void leave_chosen(struct selection *selection, const char *why, uint64_t now)
{
	struct selection_candidate *candidate = chosen(selection);

	snprintf(candidate->note, sizeof(candidate->note), "%s", why);
	candidate->no_query = selection->phase == SELECTION_TRYING;
	hold_candidate(selection, candidate, now);
	if (selection->phase == SELECTION_TRYING)
		selection->round++;
	selection->failed = selection->failed || (selection->round > 0 && all_held(selection, now));
	seek(selection, now);
}

/* The first that answers, of all that were probed. */
static void choose(struct selection *selection, size_t index, uint64_t now)
{
	const struct selection_candidate *previous = chosen(selection);
	struct selection_candidate *candidate = &selection->candidates[index];

	if (previous == candidate)
		set_reason(selection, "it answers again");
	else if (previous && previous->note[0] != '\0')
		set_reason(selection, "it answers; previous relay: %s", previous->note);
	else
		set_reason(selection, "it answers");
	candidate->held_until = 0;
	if (!selection->failed)
		candidate->note[0] = '\0';
	selection_choose(selection, index, now);
}

void selection_answered(struct selection *selection, size_t index, const struct address *relay,
			uint64_t rtt_usec, uint64_t now)
{
	struct selection_candidate *candidate = &selection->candidates[index];
	bool is_chosen = (int)index == selection->chosen;
	bool better;

	candidate->probing = false;
	candidate->relay = *relay;
	candidate->rtt_usec = rtt_usec;
	if (candidate->good_since == 0)
		candidate->good_since = now;

	if (selection->phase == SELECTION_SEEKING) {
		choose(selection, index, now);
		return;
	}
	if (is_chosen) {
		selection->evidence = now;
		selection->check_now = false;
		return;
	}
	better = (int)index < selection->chosen && selection->options.return_usec > 0 &&
		 now - candidate->good_since >= selection->options.return_usec;
	if (selection->leaving) {
		set_reason(selection, "the previous relay is loaded (L flag)");
		hold_candidate(selection, chosen(selection), now);
		selection_choose(selection, index, now);
	} else if (better && !held(candidate, now)) {
		set_reason(selection, "it is preferred, and has been good for %llu s",
			   (unsigned long long)((now - candidate->good_since) / SEC));
		selection_choose(selection, index, now);
	}
}

void selection_unanswered(struct selection *selection, size_t index, const char *why, uint64_t now)
{
	struct selection_candidate *candidate = &selection->candidates[index];

	candidate->probing = false;
	candidate->good_since = 0;
	candidate->no_query = false;
	snprintf(candidate->note, sizeof(candidate->note), "%s", why);
	if (selection->phase == SELECTION_SEEKING) {
		/* no need to wait for the stagger; after a whole round there is */
		if (selection->seek_next > 0 && !selection->failed)
			selection->seek_at = now;
		return;
	}
	if ((int)index == selection->chosen && selection->phase == SELECTION_GOOD)
		leave_chosen(selection, why, now);
}

void selection_query(struct selection *selection, bool loaded, uint64_t now)
{
	struct selection_candidate *candidate = chosen(selection);

	if (!candidate)
		return;
	selection->phase = SELECTION_GOOD;
	selection->query = now;
	selection->evidence = now;
	selection->awake_until = now + AWAKE;
	selection->covered_at = now + COVERED;
	selection->trials = 0;
	selection->round = 0;
	selection->check_now = false;
	selection->failed = false;
	candidate->held_until = 0;
	candidate->no_query = false;
	candidate->note[0] = '\0';
	if (candidate->good_since == 0)
		candidate->good_since = now;
	if (loaded && !selection->leaving && selection->n > 1) {
		selection->leaving = true;
		selection->seek_at = now;
		selection->seek_next = 0;
	} else if (!loaded) {
		selection->leaving = false;
	}
}

void selection_unreachable(struct selection *selection, const char *why, uint64_t now)
{
	if (selection->chosen >= 0 && selection->phase == SELECTION_GOOD)
		leave_chosen(selection, why, now);
}

void selection_doubt(struct selection *selection)
{
	if (selection->phase == SELECTION_GOOD)
		selection->check_now = true;
}

void selection_dataless(struct selection *selection, uint64_t now)
{
	if (selection->phase != SELECTION_GOOD)
		return;
	for (size_t i = 0; i < selection->n; i++) {
		if ((int)i == selection->chosen || held(&selection->candidates[i], now))
			continue;
		leave_chosen(selection, "joined, but no data received from it", now);
		return;
	}
}

void selection_tick(struct selection *selection, uint64_t now)
{
	if (selection->chosen < 0)
		return;
	if (selection->phase == SELECTION_TRYING && now >= selection->trial_until)
		leave_chosen(selection, "it sends no Query", now);
	else if (selection->phase == SELECTION_GOOD &&
		 now - selection->query >= selection->options.dead_usec)
		leave_chosen(selection, "it answers Discovery, but sends no Query any more", now);
}

static uint64_t check_interval(const struct selection_candidate *candidate)
{
	uint64_t interval = 3 * candidate->rtt_usec;

	if (candidate->rtt_usec == 0 || interval > CHECK_INTERVAL_MAX)
		return CHECK_INTERVAL_MAX;
	return interval < CHECK_INTERVAL_MIN ? CHECK_INTERVAL_MIN : interval;
}

static void fill_probe(struct selection *selection, size_t index, unsigned int tries,
		       struct selection_probe *ret)
{
	struct selection_candidate *candidate = &selection->candidates[index];

	candidate->probing = true;
	ret->index = index;
	ret->tries = tries;
	ret->interval_usec = check_interval(candidate);
	ret->timeout_usec = tries * ret->interval_usec;
	if ((int)index != selection->chosen && ret->timeout_usec < PATIENCE)
		ret->timeout_usec = PATIENCE;
}

/* The next candidate to probe, or -1. When all are held, holds are ignored. */
static int seekable(const struct selection *selection, size_t from, uint64_t now)
{
	bool any = all_held(selection, now);

	for (size_t i = from; i < selection->n; i++) {
		const struct selection_candidate *candidate = &selection->candidates[i];
		bool covered = (int)i == selection->chosen &&
			       (selection->leaving || now >= selection->covered_at);

		if (!covered && !candidate->probing && (any || !held(candidate, now)))
			return i;
	}
	return -1;
}

/* A pause after each round; as a last resort all are probed slowly, one after the other. */
static bool seek_step(struct selection *selection, uint64_t now, struct selection_probe *ret)
{
	int index = seekable(selection, selection->seek_next, now);

	if (index < 0 && selection->failed) {
		selection->round++;
		index = seekable(selection, 0, now);
	}
	if (index >= 0) {
		selection->seek_next = index + 1;
		selection->seek_at = now + (selection->failed ? round_pause(selection) : STAGGER);
		fill_probe(selection, index, selection->failed ? 1 : 2, ret);
		return true;
	}
	selection->seek_next = 0;
	if (selection->leaving) { /* no other one: stay, and probe again later */
		selection->seek_at = now + ROUND_MAX;
		return false;
	}
	if (!selection->failed)
		selection->failed = selection->round++ > 0;
	selection->seek_at = now + round_pause(selection);
	return false;
}

/* Each of the better ones, and then a pause. */
static bool return_step(struct selection *selection, uint64_t now, struct selection_probe *ret)
{
	while (selection->return_next < selection->chosen) {
		int i = selection->return_next++;

		if (selection->candidates[i].probing || held(&selection->candidates[i], now))
			continue;
		fill_probe(selection, i, 1, ret);
		return true;
	}
	selection->return_next = 0;
	selection->return_at = now + RETURN_INTERVAL;
	return false;
}

bool selection_next(struct selection *selection, uint64_t now, struct selection_probe *ret)
{
	struct selection_candidate *candidate = chosen(selection);

	if (selection->n == 0)
		return false;
	if (selection->phase == SELECTION_SEEKING || selection->leaving) {
		if (now >= selection->seek_at && seek_step(selection, now, ret))
			return true;
		if (selection->phase == SELECTION_SEEKING)
			return false;
	}
	if (selection->phase == SELECTION_GOOD && !candidate->probing &&
	    (selection->check_now || now - selection->evidence >= IDLE)) {
		fill_probe(selection, selection->chosen, CHECK_TRIES, ret);
		return true;
	}
	if (selection->phase == SELECTION_GOOD && selection->options.return_usec > 0 &&
	    selection->chosen > 0 && now >= selection->return_at)
		return return_step(selection, now, ret);
	return false;
}

uint64_t selection_deadline(const struct selection *selection, uint64_t now)
{
	uint64_t deadline = NEVER;

	if (selection->n == 0)
		return NEVER;
	if (selection->phase == SELECTION_SEEKING || selection->leaving)
		deadline = usec_min(deadline, selection->seek_at);
	if (selection->phase == SELECTION_TRYING)
		deadline = usec_min(deadline, selection->trial_until);
	if (selection->phase == SELECTION_GOOD) {
		deadline = usec_min(deadline, selection->query + selection->options.dead_usec);
		if (!selection->candidates[selection->chosen].probing)
			deadline = usec_min(
				deadline, selection->check_now ? now : selection->evidence + IDLE);
		if (selection->options.return_usec > 0 && selection->chosen > 0)
			deadline = usec_min(deadline, selection->return_at);
	}
	return deadline < now ? now : deadline;
}
