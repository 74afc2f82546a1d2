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

/* Query again after this percentage of the TTL, within limits. */
#define REFRESH_PERCENT 90
#define REFRESH_MIN_SEC 5
#define REFRESH_MAX_SEC (24 * 3600)

/* A DNS query that is repeated. */
struct discover_query {
	struct gateway *gateway;
	bool service;
	struct lookup *lookup; /* in progress, or NULL */
	sd_event_source *timer;
	unsigned int failures;
	struct candidate *found;
	size_t n_found;
};

struct discovery {
	discover_found found;
	struct shared_resolver *resolver;
	struct discover_query queries[2]; /* DRIAD=, Service= */
	size_t n_queries;
};

static void append_found(const struct discovery *discovery, struct candidate *candidates, size_t *n)
{
	for (size_t i = 0; discovery && i < discovery->n_queries; i++) {
		const struct discover_query *query = &discovery->queries[i];

		if (query->n_found == 0)
			continue;
		memcpy(&candidates[*n], query->found, query->n_found * sizeof(*candidates));
		*n += query->n_found;
	}
}

static size_t count_all(const struct gateway *gateway)
{
	const struct discovery *discovery = gateway->discovery;
	size_t n = gateway->device->config->n_relays + 1;

	for (size_t i = 0; discovery && i < discovery->n_queries; i++)
		n += discovery->queries[i].n_found;
	return n;
}

/* All candidates of a device, unsorted; candidates has room for count_all(). */
static size_t collect_candidates(const struct gateway *gateway, struct candidate *candidates)
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

/* A working relay stays although DNS no longer lists it, or has not answered yet. */
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

static void note_refusals(struct gateway *gateway, const struct candidate *refused, size_t n)
{
	struct gateway_refusals *refusals = &gateway->refusals;

	*refusals = (struct gateway_refusals){ .n = n };
	for (size_t i = 0; i < n; i++) {
		refusals->by[refused[i].skip]++;
		refusals->excluded += refused[i].skip == CANDIDATE_SKIP_ALLOW;
		if (i > 0 && !(refused[i].skip == CANDIDATE_SKIP_ALLOW && refusals->excluded == 1))
			continue;
		refusals->address = refused[i].address;
		refusals->why = refused[i].skip;
	}
}

void discover_candidates(struct gateway *gateway, uint64_t now)
{
	struct selection_candidate chosen[SELECTION_CANDIDATES_MAX] = { 0 };
	const struct config *config = gateway->device->config;
	struct candidate *candidates;
	size_t n, tried, used = 0;

	candidates = calloc(count_all(gateway), sizeof(*candidates));
	gateway->candidates_due = !candidates;
	if (!candidates)
		return;
	n = collect_candidates(gateway, candidates);
	(void)rank_candidates(candidates, n, gateway->device->lower);
	/* A route may appear later, with links and addresses: unreachable ones are tried last. */
	for (size_t i = 0; i < n; i++)
		if (candidates[i].rank == CANDIDATE_RANK_UNREACHABLE)
			candidates[i].rank--;
	tried = candidates_arrange(candidates, n, config->order.n > 0 ? &config->order : NULL,
				   config->allow, config->n_allow);
	note_refusals(gateway, candidates + tried, n - tried);
	for (size_t i = 0; i < tried && used < SELECTION_CANDIDATES_MAX; i++) {
		/* The firewall supports one relay port per device. */
		if (candidates[i].port != 0 && candidates[i].port != config->relay_port) {
			gateway->refusals.port = candidates[i].port;
			continue;
		}
		chosen[used].address = candidates[i].address;
		chosen[used++].origin = candidate_origin_string(candidates[i].origin);
	}
	used = keep_in_use(gateway, chosen, used);
	free(candidates);
	selection_set(&gateway->selection, chosen, used, now);
}

static void query_dns(struct discover_query *query);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	query_dns(userdata);
	return 0;
}

static void schedule_query(struct discover_query *query, uint64_t usec)
{
	timer_arm_relative(query->timer, usec);
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

static bool was_found(const struct discover_query *query, const struct candidate *candidate)
{
	for (size_t i = 0; i < query->n_found; i++)
		if (query->found[i].skip == candidate->skip &&
		    address_equal(&query->found[i].address, &candidate->address))
			return true;
	return false;
}

/* A record that would lead packets where they must not go is a mistake, or an attack. */
static void warn_special(const struct discover_query *query, const struct lookup_result *result)
{
	const struct config *config = query->gateway->device->config;

	for (size_t i = 0; i < result->n_candidates; i++) {
		const struct candidate *candidate = &result->candidates[i];
		char text[ADDRESS_TEXT_MAX];

		if (candidate_is_special(
			    candidate_judge_allow(candidate, config->allow, config->n_allow)) &&
		    !was_found(query, candidate))
			log_warning(config->name, "DNS: relay %s refused: %s",
				    address_format(&candidate->address, text),
				    candidate_skip_string(candidate->skip));
	}
}

/* A definite answer replaces the previous one. */
static void take_answer(struct discover_query *query, const struct lookup_result *result)
{
	struct candidate *found = NULL;

	schedule_query(query, refresh_usec(result->ttl));
	warn_special(query, result);
	if (result->n_candidates > 0) {
		found = calloc(result->n_candidates, sizeof(*found));
		if (!found)
			return;
		memcpy(found, result->candidates, result->n_candidates * sizeof(*found));
	}
	free(query->found);
	query->found = found;
	query->n_found = result->n_candidates;
	query->failures = 0;
}

static void on_lookup(struct lookup *lookup, const struct lookup_result *result, void *userdata)
{
	struct discover_query *query = userdata;
	struct gateway *gateway = query->gateway;
	bool definite = result->outcome == LOOKUP_ANSWERED || result->outcome == LOOKUP_NXDOMAIN ||
			result->outcome == LOOKUP_NODATA;

	query->lookup = NULL;
	snprintf(gateway->dns_outcome, sizeof(gateway->dns_outcome), "%s%s%s",
		 lookup_outcome_string(result->outcome), result->why[0] ? ": " : "", result->why);
	log_full(definite ? LOG_DEBUG : LOG_WARNING, gateway->device->config->name,
		 "DNS: %s, %zu records", gateway->dns_outcome, result->n_candidates);
	if (definite)
		take_answer(query, result);
	else
		schedule_query(query, probe_back_off_usec(++query->failures, arc4random()));
	gateway->discovery->found(gateway);
}

static void query_dns(struct discover_query *query)
{
	struct gateway *gateway = query->gateway;
	const struct config *config = gateway->device->config;
	struct resolver *resolver = resolvers_get(gateway->discovery->resolver);
	int r;

	if (query->lookup)
		return;
	r = query->service ? resolver_lookup_service(resolver, config->service, on_lookup, query,
						     &query->lookup)
			   : resolver_lookup_source(resolver, &config->source, on_lookup, query,
						    &query->lookup);
	if (r == 0)
		return;
	snprintf(gateway->dns_outcome, sizeof(gateway->dns_outcome), "%s", strerror(-r));
	log_warning(config->name, "cannot query DNS: %s", strerror(-r));
	schedule_query(query, probe_back_off_usec(++query->failures, arc4random()));
}

static int add_query(struct gateway *gateway, bool service)
{
	struct discovery *discovery = gateway->discovery;
	struct discover_query *query = &discovery->queries[discovery->n_queries++];
	int r;

	query->gateway = gateway;
	query->service = service;
	r = timer_add(gateway->manager->event, &query->timer, TIMER_COARSE, on_timer, query);
	if (r == 0)
		timer_arm_relative(query->timer, 0);
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
		r = add_query(gateway, false);
	if (r >= 0 && config->service)
		r = add_query(gateway, true);
	if (r < 0) {
		log_error(config->name, "relays cannot be looked up in DNS: %s%s", strerror(-r),
			  r == -ENOENT ? "; DNSSEC=yes needs the package dns-root-data" : "");
		discover_stop(gateway);
	}
}

void discover_stop(struct gateway *gateway)
{
	struct discovery *discovery = gateway->discovery;

	if (!discovery)
		return;
	for (size_t i = 0; i < discovery->n_queries; i++) {
		lookup_cancel(discovery->queries[i].lookup);
		sd_event_source_disable_unref(discovery->queries[i].timer);
		free(discovery->queries[i].found);
	}
	resolvers_release(gateway->manager->resolvers, discovery->resolver);
	free(discovery);
	gateway->discovery = NULL;
}
