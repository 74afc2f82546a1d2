/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "amtd/gateway/discover.h"

#include "amtd/core/manager.h"
#include "amtd/core/resolvers.h"
#include "base/log.h"
#include "base/timer.h"
#include "discovery/probe.h"
#include "discovery/rank.h"
#include "discovery/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEC 1000000ULL

/* Ask again when so much of a time to live is over, in percent; and never at once, nor never. */
#define REFRESH_PERCENT 90
#define REFRESH_MIN_SEC 5
#define REFRESH_MAX_SEC (24 * 3600)

/* One question that is asked again and again. */
struct discover_question {
	struct gateway *gateway;
	bool service;
	struct lookup *lookup; /* under way, or NULL */
	sd_event_source *timer;
	unsigned int failures;
	struct candidate *found;
	size_t n_found;
};

struct discovery {
	discover_found found;
	struct shared_resolver *resolver;
	struct discover_question questions[2]; /* of the source, of the domain */
	size_t n_questions;
};

static void append_found(const struct discovery *discovery, struct candidate *candidates, size_t *n)
{
	for (size_t i = 0; discovery && i < discovery->n_questions; i++) {
		const struct discover_question *question = &discovery->questions[i];

		if (question->n_found == 0)
			continue;
		memcpy(&candidates[*n], question->found, question->n_found * sizeof(*candidates));
		*n += question->n_found;
	}
}

static size_t count_all(const struct gateway *gateway)
{
	const struct discovery *discovery = gateway->discovery;
	size_t n = gateway->device->config->n_relays + 1;

	for (size_t i = 0; discovery && i < discovery->n_questions; i++)
		n += discovery->questions[i].n_found;
	return n;
}

/* All candidates of a device, unsorted; candidates has room for count_all(). */
static size_t collect(const struct gateway *gateway, struct candidate *candidates)
{
	const struct config *config = gateway->device->config;
	struct address anycast;
	size_t n = 0;

	for (size_t i = 0; i < config->n_relays; i++)
		candidates[n++] = candidate_make(CANDIDATE_CONFIGURED, &config->relays[i], i);
	if (config->anycast && address_parse(CANDIDATE_ANYCAST4, &anycast) == 0)
		candidates[n++] = candidate_make(CANDIDATE_ANYCAST, &anycast, 0);
	append_found(gateway->discovery, candidates, &n);
	return n;
}

/* A relay that works stays, though DNS says it no more, or has not said anything yet. */
static size_t keep_in_use(const struct gateway *gateway, struct selection_candidate *candidates,
			  size_t n)
{
	const struct config *config = gateway->device->config;
	const struct address in_use = gateway->device->record.chosen;

	if (!gateway->discovery || candidate_judge_address(&in_use) != CANDIDATE_SKIP_NONE ||
	    !inspect_allowed(config->allow, config->n_allow, &in_use) ||
	    (gateway->dns_outcome[0] != '\0' && gateway->selection.phase == SELECTION_SEEKING))
		return n;
	for (size_t i = 0; i < n; i++)
		if (address_equal(&candidates[i].address, &in_use))
			return n;
	if (n == SELECTION_CANDIDATES_MAX)
		n--;
	candidates[n] = (struct selection_candidate){ .address = in_use, .origin = "in-use" };
	return n + 1;
}

void discover_candidates(struct gateway *gateway, uint64_t now)
{
	struct selection_candidate chosen[SELECTION_CANDIDATES_MAX] = { 0 };
	const struct config *config = gateway->device->config;
	struct candidate *candidates;
	size_t n, tried, used = 0;

	candidates = calloc(count_all(gateway), sizeof(*candidates));
	if (!candidates)
		return;
	n = collect(gateway, candidates);
	(void)rank_candidates(candidates, n, gateway->device->lower);
	/* A route may come, as links and their addresses do: such a one is asked last. */
	for (size_t i = 0; i < n; i++)
		if (candidates[i].rank == CANDIDATE_RANK_UNREACHABLE)
			candidates[i].rank--;
	tried = candidates_arrange(candidates, n, config->order.n > 0 ? &config->order : NULL,
				   config->allow, config->n_allow);
	for (size_t i = 0; i < tried && used < SELECTION_CANDIDATES_MAX; i++) {
		/* The firewall knows one relay port a device. */
		if (candidates[i].port != 0 && candidates[i].port != config->relay_port)
			continue;
		chosen[used].address = candidates[i].address;
		chosen[used++].origin = candidate_origin_string(candidates[i].origin);
	}
	gateway->refused = n - tried;
	used = keep_in_use(gateway, chosen, used);
	free(candidates);
	selection_set(&gateway->selection, chosen, used, now);
}

static void ask_dns(struct discover_question *question);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	ask_dns(userdata);
	return 0;
}

static void ask_again(struct discover_question *question, uint64_t usec)
{
	timer_arm_relative(question->timer, usec);
}

static uint64_t refresh_usec(uint32_t ttl)
{
	uint64_t seconds = (uint64_t)ttl * REFRESH_PERCENT / 100;

	if (seconds < REFRESH_MIN_SEC)
		seconds = REFRESH_MIN_SEC;
	if (seconds > REFRESH_MAX_SEC)
		seconds = REFRESH_MAX_SEC;
	return seconds * SEC;
}

/* DNS said something definite: that is what is known from now on. */
static void take_answer(struct discover_question *question, const struct lookup_result *result)
{
	struct candidate *found = NULL;

	ask_again(question, refresh_usec(result->ttl));
	if (result->n_candidates > 0) {
		found = calloc(result->n_candidates, sizeof(*found));
		if (!found)
			return;
		memcpy(found, result->candidates, result->n_candidates * sizeof(*found));
	}
	free(question->found);
	question->found = found;
	question->n_found = result->n_candidates;
	question->failures = 0;
}

static void on_lookup(struct lookup *lookup, const struct lookup_result *result, void *userdata)
{
	struct discover_question *question = userdata;
	struct gateway *gateway = question->gateway;
	bool definite = result->outcome == LOOKUP_ANSWERED || result->outcome == LOOKUP_NXDOMAIN ||
			result->outcome == LOOKUP_NODATA;

	question->lookup = NULL;
	snprintf(gateway->dns_outcome, sizeof(gateway->dns_outcome), "%s%s%s",
		 lookup_outcome_string(result->outcome), result->why[0] ? ": " : "", result->why);
	log_full(definite ? LOG_DEBUG : LOG_WARNING, gateway->device->config->name,
		 "DNS: %s, %zu records", gateway->dns_outcome, result->n_candidates);
	if (definite)
		take_answer(question, result);
	else
		ask_again(question, probe_back_off_usec(++question->failures, arc4random()));
	gateway->discovery->found(gateway);
}

static void ask_dns(struct discover_question *question)
{
	struct gateway *gateway = question->gateway;
	const struct config *config = gateway->device->config;
	struct resolver *resolver = resolvers_get(gateway->discovery->resolver);
	int r;

	if (question->lookup)
		return;
	r = question->service ? resolver_lookup_service(resolver, config->service, on_lookup,
							question, &question->lookup)
			      : resolver_lookup_source(resolver, &config->source, on_lookup,
						       question, &question->lookup);
	if (r == 0)
		return;
	snprintf(gateway->dns_outcome, sizeof(gateway->dns_outcome), "%s", strerror(-r));
	log_warning(config->name, "DNS cannot be asked: %s", strerror(-r));
	ask_again(question, probe_back_off_usec(++question->failures, arc4random()));
}

static int add_question(struct gateway *gateway, bool service)
{
	struct discovery *discovery = gateway->discovery;
	struct discover_question *question = &discovery->questions[discovery->n_questions++];
	int r;

	question->gateway = gateway;
	question->service = service;
	r = timer_add(gateway->manager->event, &question->timer, TIMER_COARSE, on_timer, question);
	if (r == 0)
		timer_arm_relative(question->timer, 0);
	return r;
}

void discover_start(struct gateway *gateway, discover_found found)
{
	const struct config *config = gateway->device->config;
	struct discovery *discovery;
	int r;

	discover_stop(gateway);
	gateway->dns_outcome[0] = '\0';
	if (config->mode != CONFIG_GATEWAY ||
	    (config->source.family == AF_UNSPEC && !config->service))
		return;
	discovery = gateway->discovery = calloc(1, sizeof(*discovery));
	r = discovery ? resolvers_share(gateway->manager->resolvers, config, &discovery->resolver)
		      : -ENOMEM;
	if (discovery)
		discovery->found = found;
	if (r >= 0 && config->source.family != AF_UNSPEC)
		r = add_question(gateway, false);
	if (r >= 0 && config->service)
		r = add_question(gateway, true);
	if (r < 0) {
		log_error(config->name, "relays cannot be looked up in DNS: %s%s", strerror(-r),
			  r == -ENOENT ? "; DNSSEC=yes wants the package dns-root-data" : "");
		discover_stop(gateway);
	}
}

void discover_stop(struct gateway *gateway)
{
	struct discovery *discovery = gateway->discovery;

	if (!discovery)
		return;
	for (size_t i = 0; i < discovery->n_questions; i++) {
		lookup_cancel(discovery->questions[i].lookup);
		sd_event_source_disable_unref(discovery->questions[i].timer);
		free(discovery->questions[i].found);
	}
	resolvers_release(gateway->manager->resolvers, discovery->resolver);
	free(discovery);
	gateway->discovery = NULL;
}
