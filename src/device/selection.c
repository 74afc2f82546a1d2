/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <amt/selection.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MSEC 1000ULL
#define SEC  (1000 * MSEC)

/* Candidates are asked side by side, each so long after the one before, RFC 8305, section 5. */
#define STAGGER (100 * MSEC)

/* A chosen relay that gave no sign of life for so long is asked. The driver's own Requests bring
 * one every 2 s. */
#define IDLE (900 * MSEC)

/* A question is repeated after some round trips; a lost packet is no dead relay. */
#define CHECK_TRIES	   3
#define CHECK_INTERVAL_MIN (100 * MSEC)
#define CHECK_INTERVAL_MAX (400 * MSEC)

/* One that answers Discovery must send a Query soon: the driver is kicked, or asks every 5 s. */
#define TRIAL (6 * SEC)

/* When all have failed: the driver asks one itself every 5 s, this is for the others. */
#define ROUND_MIN (1 * SEC)
#define ROUND_MAX (7 * SEC)

/* After so many rounds the driver has fallen back to Discovery (its Requests: 2, 4, 8, 16 s). */
#define COVERED_ROUND 5

/* How often better ones are asked while a worse one is in use. */
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

/* Start asking from the best one. */
static void seek(struct selection *selection, uint64_t now)
{
	selection->phase = SELECTION_SEEKING;
	selection->seek_at = now;
	selection->seek_next = 0;
	selection->round = 0;
	selection->leaving = false;
}

void selection_choose(struct selection *selection, size_t index, uint64_t now)
{
	selection->chosen = index;
	selection->phase = SELECTION_TRYING;
	selection->query = now;
	selection->evidence = now;
	selection->leaving = false;
	selection->check_now = false;
	selection->failed = false;
	selection->return_at = now + RETURN_INTERVAL;
	selection->choices++;
}

void selection_set(struct selection *selection, const struct selection_candidate *candidates,
		   size_t n, uint64_t now)
{
	struct selection_candidate merged[SELECTION_CANDIDATES_MAX];
	int kept = -1;

	if (n > SELECTION_CANDIDATES_MAX)
		n = SELECTION_CANDIDATES_MAX;
	for (size_t i = 0; i < n; i++) {
		merged[i] = candidates[i];
		for (size_t j = 0; j < selection->n; j++) {
			if (selection->candidates[j].address.s_addr != candidates[i].address.s_addr)
				continue;
			merged[i] = selection->candidates[j];
			merged[i].origin = candidates[i].origin;
			if ((int)j == selection->chosen)
				kept = i;
		}
	}
	memcpy(selection->candidates, merged, n * sizeof(merged[0]));
	selection->n = n;
	if (selection->chosen < 0 || kept < 0)
		seek(selection, now);
	selection->chosen = kept;
	if (selection->chosen < 0 && n == 1)
		selection_choose(selection, 0, now);
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

static void hold(struct selection *selection, struct selection_candidate *candidate, uint64_t now)
{
	uint64_t span = selection->options.hold_max_usec - selection->options.hold_min_usec;

	candidate->held_until = now + selection->options.hold_min_usec;
	if (span > 0)
		candidate->held_until += selection->options.random() % span;
	candidate->good_since = 0;
}

/* The chosen one is dead; ask the others. It stays chosen until another answers: the driver goes on
 * asking it, and nothing better is known. */
static void leave(struct selection *selection, const char *why, uint64_t now)
{
	struct selection_candidate *candidate = chosen(selection);

	snprintf(candidate->note, sizeof(candidate->note), "%s", why);
	set_reason(selection, "%s", why);
	hold(selection, candidate, now);
	seek(selection, now);
}

void selection_answered(struct selection *selection, size_t index, struct in_addr relay,
			uint64_t rtt_usec, uint64_t now)
{
	struct selection_candidate *candidate = &selection->candidates[index];
	bool is_chosen = (int)index == selection->chosen;
	bool better;

	candidate->probing = false;
	candidate->relay = relay;
	candidate->rtt_usec = rtt_usec;
	if (candidate->good_since == 0)
		candidate->good_since = now;

	if (selection->phase == SELECTION_SEEKING) {
		candidate->held_until = 0;
		candidate->note[0] = '\0';
		set_reason(selection, is_chosen ? "it answers again" : "it answers");
		selection_choose(selection, index, now);
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
		set_reason(selection, "the former relay said that it is loaded (L)");
		hold(selection, chosen(selection), now);
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
	snprintf(candidate->note, sizeof(candidate->note), "%s", why);
	if (selection->phase == SELECTION_SEEKING) {
		/* no need to wait for the stagger; after a whole round there is */
		if (selection->seek_next > 0)
			selection->seek_at = now;
		return;
	}
	if ((int)index == selection->chosen && selection->phase == SELECTION_GOOD)
		leave(selection, why, now);
}

void selection_query(struct selection *selection, bool loaded, uint64_t now)
{
	struct selection_candidate *candidate = chosen(selection);

	if (!candidate)
		return;
	selection->phase = SELECTION_GOOD;
	selection->query = now;
	selection->evidence = now;
	selection->check_now = false;
	selection->failed = false;
	candidate->held_until = 0;
	candidate->note[0] = '\0';
	if (candidate->good_since == 0)
		candidate->good_since = now;
	if (loaded && !selection->leaving && selection->n > 1) {
		selection->leaving = true;
		selection->seek_at = now;
		selection->seek_next = 0;
		selection->round = 0;
	} else if (!loaded) {
		selection->leaving = false;
	}
}

void selection_unreachable(struct selection *selection, const char *why, uint64_t now)
{
	if (selection->chosen >= 0 && selection->phase == SELECTION_GOOD)
		leave(selection, why, now);
}

void selection_doubt(struct selection *selection)
{
	if (selection->phase == SELECTION_GOOD)
		selection->check_now = true;
}

void selection_tick(struct selection *selection, uint64_t now)
{
	if (selection->chosen < 0)
		return;
	if (selection->phase == SELECTION_TRYING && now - selection->query >= TRIAL)
		leave(selection, "it sends no Query", now);
	else if (selection->phase == SELECTION_GOOD &&
		 now - selection->query >= selection->options.dead_usec)
		leave(selection, "it answers Discovery, but sends no Query any more", now);
}

static uint64_t check_interval(const struct selection_candidate *candidate)
{
	uint64_t interval = 3 * candidate->rtt_usec;

	if (candidate->rtt_usec == 0 || interval > CHECK_INTERVAL_MAX)
		return CHECK_INTERVAL_MAX;
	return interval < CHECK_INTERVAL_MIN ? CHECK_INTERVAL_MIN : interval;
}

static void ask(struct selection *selection, size_t index, unsigned int tries,
		struct selection_probe *ret)
{
	struct selection_candidate *candidate = &selection->candidates[index];

	candidate->probing = true;
	ret->index = index;
	ret->tries = tries;
	ret->interval_usec = check_interval(candidate);
	ret->timeout_usec = tries * ret->interval_usec;
}

/* The next in line that may be asked, from seek_next on; a whole round brings a pause. */
static bool seek_step(struct selection *selection, uint64_t now, struct selection_probe *ret)
{
	bool any = all_held(selection, now);
	uint64_t pause;

	while (selection->seek_next < selection->n) {
		size_t index = selection->seek_next++;
		struct selection_candidate *candidate = &selection->candidates[index];
		/* The driver asks the chosen one every 5 s, in the long run. */
		bool covered = (int)index == selection->chosen &&
			       (selection->leaving || selection->round > COVERED_ROUND);
		bool skip = covered || candidate->probing || (!any && held(candidate, now));

		if (skip)
			continue;
		/* a last resort is asked slowly, one after the other */
		pause = ROUND_MIN << (selection->round > 3 ? 3 : selection->round);
		selection->seek_at =
			now +
			(selection->failed ? (pause > ROUND_MAX ? ROUND_MAX : pause) : STAGGER);
		ask(selection, index, selection->failed ? 1 : 2, ret);
		return true;
	}
	selection->seek_next = 0;
	if (selection->leaving) { /* nobody else: stay, and look again by and by */
		selection->seek_at = now + ROUND_MAX;
		return false;
	}
	if (selection->round++ > 0)
		selection->failed = true;
	pause = ROUND_MIN << (selection->round > 3 ? 3 : selection->round);
	selection->seek_at = now + (pause > ROUND_MAX ? ROUND_MAX : pause);
	return false;
}

static bool return_step(struct selection *selection, uint64_t now, struct selection_probe *ret)
{
	for (int i = 0; i < selection->chosen; i++) {
		struct selection_candidate *candidate = &selection->candidates[i];

		if (candidate->probing || held(candidate, now))
			continue;
		selection->return_at = now + RETURN_INTERVAL;
		ask(selection, i, 1, ret);
		return true;
	}
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
		ask(selection, selection->chosen, CHECK_TRIES, ret);
		return true;
	}
	if (selection->phase == SELECTION_GOOD && selection->options.return_usec > 0 &&
	    selection->chosen > 0 && now >= selection->return_at)
		return return_step(selection, now, ret);
	return false;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t selection_deadline(const struct selection *selection, uint64_t now)
{
	uint64_t deadline = NEVER;

	if (selection->n == 0)
		return NEVER;
	if (selection->phase == SELECTION_SEEKING || selection->leaving)
		deadline = sooner(deadline, selection->seek_at);
	if (selection->phase == SELECTION_TRYING)
		deadline = sooner(deadline, selection->query + TRIAL);
	if (selection->phase == SELECTION_GOOD) {
		deadline = sooner(deadline, selection->query + selection->options.dead_usec);
		if (!selection->candidates[selection->chosen].probing)
			deadline = sooner(deadline,
					  selection->check_now ? now : selection->evidence + IDLE);
		if (selection->options.return_usec > 0 && selection->chosen > 0)
			deadline = sooner(deadline, selection->return_at);
	}
	return deadline < now ? now : deadline;
}
