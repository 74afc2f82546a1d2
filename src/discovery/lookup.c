/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lookup is a tree of queries: AMTRELAY, or PTR and SRV, and then the addresses of names.
 */
#include "base/array.h"
#include "discovery/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>

enum rrtype {
	RRTYPE_A = 1,
	RRTYPE_PTR = 12,
	RRTYPE_AAAA = 28,
	RRTYPE_SRV = 33,
};

#define SRV_HEADER_LENGTH 6 /* priority, weight, port; RFC 2782 */
#define SERVICE		  "\4_amt\4_udp"
#define SERVICE_LENGTH	  10
#define STEPS_MAX	  64 /* queries of one lookup */

TAILQ_HEAD(step_list, step);

/* One query, and what its answers inherit. */
struct step {
	TAILQ_ENTRY(step) entry;
	struct lookup *lookup;
	struct query *query;
	void (*take)(struct step *step, const struct query_answer *answer);
	struct candidate seed;
	struct lookup_target *target;
};

/* A name whose addresses are queried, in two steps. */
struct lookup_target {
	struct lookup_target *next;
	struct candidate seed;
	bool found, failed;
};

struct lookup {
	struct query_owner owner; /* the first member */
	struct resolver *resolver;
	lookup_done done;
	void *userdata;
	struct step_list steps;
	struct lookup_target *targets;
	unsigned int n_steps; /* that there ever were */
	struct lookup_result result;
	size_t room; /* for candidates */
	bool private_source;
	char why[256];
};

/*
 * Candidates.
 */

/* A chain is as good as its weakest link. */
static enum dnssec_state weaker(enum dnssec_state a, enum dnssec_state b)
{
	if (a == DNSSEC_BOGUS || b == DNSSEC_BOGUS)
		return DNSSEC_BOGUS;
	return a < b ? a : b;
}

/* For what came with the answer. */
static struct candidate inherit(const struct candidate *seed, const struct query_answer *answer)
{
	struct candidate candidate = *seed;

	candidate.dnssec = weaker(seed->dnssec, answer->dnssec);
	if (answer->ttl < candidate.ttl)
		candidate.ttl = answer->ttl;
	return candidate;
}

static void add_candidate(struct lookup *lookup, const struct candidate *candidate)
{
	struct lookup_result *result = &lookup->result;
	struct candidate *added;

	if (result->n_candidates == RESOLVER_CANDIDATES_MAX ||
	    !GROW(result->candidates, result->n_candidates, lookup->room)) {
		result->cut = true;
		return;
	}

	added = &result->candidates[result->n_candidates++];
	*added = *candidate;
	if (added->dnssec == DNSSEC_BOGUS)
		added->skip = CANDIDATE_SKIP_BOGUS;
	else if (added->dnssec != DNSSEC_SECURE &&
		 resolver_dnssec(lookup->resolver) == DNSSEC_MODE_YES)
		added->skip = CANDIDATE_SKIP_INSECURE;
}

/* The lookup is worth repeating as soon as one of its answers is. */
static void shorten(struct lookup *lookup, uint32_t ttl)
{
	if (ttl < lookup->result.ttl)
		lookup->result.ttl = ttl;
}

/*
 * Steps.
 */

static void on_answer(struct query *query, const struct query_answer *answer, void *userdata);

static int add_step(struct lookup *lookup, const struct dnsname *name, enum rrtype type,
		    const struct candidate *seed, struct lookup_target *target,
		    void (*take)(struct step *, const struct query_answer *))
{
	struct step *step;
	int r;

	if (lookup->n_steps >= STEPS_MAX)
		return -E2BIG;
	step = calloc(1, sizeof(*step));
	if (!step)
		return -ENOMEM;
	step->lookup = lookup;
	step->take = take;
	step->seed = *seed;
	step->target = target;

	r = query_start(lookup->resolver, name, (int)type, on_answer, step, &step->query);
	if (r < 0) {
		free(step);
		return r;
	}
	lookup->n_steps++;
	TAILQ_INSERT_TAIL(&lookup->steps, step, entry);
	return 0;
}

static void lookup_free(struct lookup *lookup)
{
	struct lookup_target *target;
	struct step *step;

	while ((step = TAILQ_FIRST(&lookup->steps))) {
		TAILQ_REMOVE(&lookup->steps, step, entry);
		query_cancel(step->query);
		free(step);
	}
	while ((target = lookup->targets)) {
		lookup->targets = target->next;
		free(target);
	}
	resolver_leave(lookup->resolver, &lookup->owner);
	free(lookup->result.candidates);
	free(lookup);
}

/* Names without addresses are candidates, too: they are shown, with the reason. */
static void lookup_finish(struct lookup *lookup)
{
	struct lookup_target *target;

	for (target = lookup->targets; target; target = target->next) {
		if (target->found)
			continue;
		target->seed.skip =
			target->failed ? CANDIDATE_SKIP_UNRESOLVED : CANDIDATE_SKIP_NO_ADDRESS;
		add_candidate(lookup, &target->seed);
	}
	if (lookup->result.ttl == UINT32_MAX)
		lookup->result.ttl = 0;
	lookup->done(lookup, &lookup->result, lookup->userdata);
	lookup_free(lookup);
}

static void on_answer(struct query *query, const struct query_answer *answer, void *userdata)
{
	struct step *step = userdata;
	struct lookup *lookup = step->lookup;

	step->query = NULL;
	TAILQ_REMOVE(&lookup->steps, step, entry);
	step->take(step, answer);
	free(step);
	if (TAILQ_EMPTY(&lookup->steps))
		lookup_finish(lookup);
}

/*
 * Addresses of names.
 */

static void take_addresses(struct step *step, const struct query_answer *answer)
{
	struct candidate candidate = inherit(&step->seed, answer);
	const struct ub_result *result = answer->result;
	bool is_a = result && result->qtype == RRTYPE_A;
	int i;

	shorten(step->lookup, answer->ttl);
	if (answer->outcome == LOOKUP_FAILED || answer->outcome == LOOKUP_TIMEOUT)
		step->target->failed = true;
	for (i = 0; result && result->havedata && result->data[i]; i++) {
		if (result->len[i] != (is_a ? 4 : 16))
			continue;
		candidate.address = address_load(is_a ? AF_INET : AF_INET6, result->data[i]);
		candidate.skip =
			candidate_judge_found(&candidate.address, step->lookup->private_source);
		add_candidate(step->lookup, &candidate);
		step->target->found = true;
	}
}

static void follow_name(struct lookup *lookup, const struct candidate *seed)
{
	struct lookup_target *target;

	target = calloc(1, sizeof(*target));
	if (!target) {
		lookup->result.cut = true;
		return;
	}
	target->seed = *seed;
	target->next = lookup->targets;
	lookup->targets = target;
	if (add_step(lookup, &seed->name, RRTYPE_A, seed, target, take_addresses) < 0 ||
	    add_step(lookup, &seed->name, RRTYPE_AAAA, seed, target, take_addresses) < 0)
		target->failed = true;
}

/*
 * A source's AMTRELAY records.
 */

static void set_outcome(struct lookup *lookup, const struct query_answer *answer)
{
	struct lookup_result *result = &lookup->result;

	result->outcome = answer->outcome;
	result->dnssec = answer->dnssec;
	result->ttl = answer->ttl;
	if (answer->why)
		snprintf(lookup->why, sizeof(lookup->why), "%s", answer->why);
	/* Not by canonname: it has '?' for the '/' of RFC 2317. */
	if (answer->result)
		dnsname_canonical(answer->result->answer_packet, (size_t)answer->result->answer_len,
				  &result->canonical);
}

static void take_record(struct lookup *lookup, struct candidate candidate, const uint8_t *rdata,
			size_t length)
{
	static const enum candidate_skip skips[_AMTRELAY_ERROR_MAX] = {
		[AMTRELAY_ERROR_SHORT] = CANDIDATE_SKIP_LENGTH,
		[AMTRELAY_ERROR_TYPE] = CANDIDATE_SKIP_TYPE,
		[AMTRELAY_ERROR_LENGTH] = CANDIDATE_SKIP_LENGTH,
		[AMTRELAY_ERROR_NAME] = CANDIDATE_SKIP_NAME,
	};
	enum amtrelay_error error;
	struct amtrelay record;

	error = amtrelay_parse(rdata, length, &record);
	if (error != AMTRELAY_ERROR_NONE) {
		/* Shown with its readable part. */
		candidate.precedence = length > 0 ? rdata[0] : 0;
		candidate.type = length > 1 ? rdata[1] & 0x7f : 0;
		candidate.discovery_optional = length > 1 && rdata[1] & 0x80;
		candidate.skip = skips[error];
		add_candidate(lookup, &candidate);
		return;
	}

	candidate.precedence = record.precedence;
	candidate.discovery_optional = record.discovery_optional;
	candidate.type = record.type;
	candidate.address = record.address;
	candidate.name = record.name;
	if (record.type == AMTRELAY_NAME && candidate.dnssec != DNSSEC_BOGUS) {
		follow_name(lookup, &candidate);
		return;
	}
	candidate.skip = record.type == AMTRELAY_NONE
				 ? CANDIDATE_SKIP_NO_RELAY
				 : candidate_judge_found(&record.address, lookup->private_source);
	add_candidate(lookup, &candidate);
}

static void take_records(struct step *step, const struct query_answer *answer)
{
	struct candidate candidate = inherit(&step->seed, answer);
	const struct ub_result *result = answer->result;
	int i;

	set_outcome(step->lookup, answer);
	for (i = 0; result && result->havedata && result->data[i]; i++)
		take_record(step->lookup, candidate, (const uint8_t *)result->data[i],
			    (size_t)result->len[i]);
}

/*
 * DNS-SD.
 */

static void take_services(struct step *step, const struct query_answer *answer)
{
	struct candidate candidate = inherit(&step->seed, answer);
	const struct ub_result *result = answer->result;
	const uint8_t *data;
	size_t length;
	int i;

	shorten(step->lookup, answer->ttl);
	if (answer->outcome != LOOKUP_ANSWERED && answer->outcome != LOOKUP_BOGUS) {
		candidate.skip = CANDIDATE_SKIP_UNRESOLVED;
		add_candidate(step->lookup, &candidate);
	}
	for (i = 0; result && result->havedata && result->data[i]; i++) {
		data = (const uint8_t *)result->data[i];
		length = (size_t)result->len[i];
		if (length <= SRV_HEADER_LENGTH ||
		    dnsname_read(data + SRV_HEADER_LENGTH, length - SRV_HEADER_LENGTH,
				 &candidate.name) < 0)
			continue;
		candidate.precedence = (uint16_t)(data[0] << 8 | data[1]);
		candidate.port = (uint16_t)(data[4] << 8 | data[5]);
		if (candidate.name.length > 1) {
			follow_name(step->lookup, &candidate);
			continue;
		}
		/* RFC 2782: the target "." is "decidedly not available". */
		candidate.skip = CANDIDATE_SKIP_NO_RELAY;
		add_candidate(step->lookup, &candidate);
	}
}

static void take_instances(struct step *step, const struct query_answer *answer)
{
	struct candidate candidate = inherit(&step->seed, answer);
	const struct ub_result *result = answer->result;
	int i;

	set_outcome(step->lookup, answer);
	for (i = 0; result && result->havedata && result->data[i]; i++)
		if (dnsname_read(result->data[i], (size_t)result->len[i], &candidate.name) > 0 &&
		    add_step(step->lookup, &candidate.name, RRTYPE_SRV, &candidate, NULL,
			     take_services) < 0)
			step->lookup->result.cut = true;
}

/*
 * Starting and ending.
 */

static void on_closed(struct query_owner *owner)
{
	lookup_cancel((struct lookup *)owner);
}

static int start_lookup(struct resolver *resolver, const struct dnsname *name, int type,
			const struct candidate *seed, bool private_source,
			void (*take)(struct step *, const struct query_answer *), lookup_done done,
			void *userdata, struct lookup **ret)
{
	struct lookup *lookup;
	int r;

	lookup = calloc(1, sizeof(*lookup));
	if (!lookup)
		return -ENOMEM;
	lookup->resolver = resolver;
	lookup->done = done;
	lookup->userdata = userdata;
	lookup->result.service = type == RRTYPE_PTR;
	lookup->private_source = private_source;
	lookup->result.name = *name;
	lookup->result.ttl = UINT32_MAX;
	lookup->result.why = lookup->why;
	TAILQ_INIT(&lookup->steps);
	lookup->owner.closed = on_closed;
	resolver_enter(resolver, &lookup->owner);

	r = add_step(lookup, name, (enum rrtype)type, seed, NULL, take);
	if (r < 0) {
		lookup_free(lookup);
		return r;
	}
	*ret = lookup;
	return 0;
}

int resolver_lookup_source(struct resolver *resolver, const struct address *source,
			   lookup_done done, void *userdata, struct lookup **ret)
{
	const struct candidate seed = { .origin = CANDIDATE_DRIAD,
					.ttl = UINT32_MAX,
					.dnssec = DNSSEC_SECURE };
	struct dnsname name;
	int r;

	r = dnsname_reverse(source, &name);
	if (r < 0)
		return r;
	return start_lookup(resolver, &name, AMTRELAY_RRTYPE, &seed, candidate_is_private(source),
			    take_records, done, userdata, ret);
}

int resolver_lookup_service(struct resolver *resolver, const char *domain, lookup_done done,
			    void *userdata, struct lookup **ret)
{
	const struct candidate seed = { .origin = CANDIDATE_DNS_SD,
					.ttl = UINT32_MAX,
					.dnssec = DNSSEC_SECURE };
	struct dnsname name, parent;
	int r;

	r = dnsname_parse(domain, &parent);
	if (r < 0 || parent.length > DNSNAME_MAX - SERVICE_LENGTH)
		return -EINVAL;
	memcpy(name.bytes, SERVICE, SERVICE_LENGTH);
	memcpy(name.bytes + SERVICE_LENGTH, parent.bytes, parent.length);
	name.length = (uint8_t)(SERVICE_LENGTH + parent.length);
	return start_lookup(resolver, &name, RRTYPE_PTR, &seed, true, take_instances, done,
			    userdata, ret);
}

void lookup_cancel(struct lookup *lookup)
{
	if (lookup)
		lookup_free(lookup);
}

enum dnssec_mode dnssec_mode_from_string(const char *text)
{
	int i;

	for (i = 0; i < _DNSSEC_MODE_MAX; i++)
		if (strcmp(dnssec_mode_string((enum dnssec_mode)i), text) == 0)
			return (enum dnssec_mode)i;
	return _DNSSEC_MODE_INVALID;
}

const char *dnssec_mode_string(enum dnssec_mode mode)
{
	static const char *const strings[_DNSSEC_MODE_MAX] = {
		[DNSSEC_MODE_NO] = "no",
		[DNSSEC_MODE_ALLOW_DOWNGRADE] = "allow-downgrade",
		[DNSSEC_MODE_YES] = "yes",
	};

	return mode >= 0 && mode < _DNSSEC_MODE_MAX ? strings[mode] : "unknown";
}

const char *lookup_outcome_string(enum lookup_outcome outcome)
{
	static const char *const strings[_LOOKUP_OUTCOME_MAX] = {
		[LOOKUP_ANSWERED] = "answered",	     [LOOKUP_NXDOMAIN] = "NXDOMAIN",
		[LOOKUP_NODATA] = "no such records", [LOOKUP_BOGUS] = "bogus",
		[LOOKUP_FAILED] = "failed",	     [LOOKUP_TIMEOUT] = "timeout",
	};

	return outcome < _LOOKUP_OUTCOME_MAX ? strings[outcome] : "unknown";
}
