/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a gateway's candidates come from: its configuration, anycast, and DNS, asked anew before
 * what it said runs out. What was found last stays while DNS does not answer.
 */
#include "amtd/core/manager-private.h"
#include "base/log.h"
#include "discovery/rank.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEC 1000000ULL

/* Ask again when so much of a time to live is over, in percent; and never at once, nor never. */
#define REFRESH_PERCENT 90
#define REFRESH_MIN_SEC 5
#define REFRESH_MAX_SEC (24 * 3600)

/* Resolvers are shared by the devices that want the same of them. */
struct discover_resolver {
	struct resolver *resolver;
	sd_event_source *source;
	char *key;
	unsigned int users;
	struct discover_resolver *next;
};

/* One question that is asked again and again. */
struct discover_question {
	struct device *device;
	bool service;
	struct lookup *lookup; /* under way, or NULL */
	sd_event_source *timer;
	unsigned int failures;
	struct candidate *found;
	size_t n_found;
};

struct discovery {
	struct discover_resolver *resolver;
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

static size_t count_all(const struct device *device)
{
	const struct discovery *discovery = device->discovery;
	size_t n = device->config->n_relays + 1;

	for (size_t i = 0; discovery && i < discovery->n_questions; i++)
		n += discovery->questions[i].n_found;
	return n;
}

/* All candidates of a device, unsorted; candidates has room for count_all(). */
static size_t collect(const struct device *device, struct candidate *candidates)
{
	const struct config *config = device->config;
	struct address anycast;
	size_t n = 0;

	for (size_t i = 0; i < config->n_relays; i++)
		candidates[n++] = candidate_make(CANDIDATE_CONFIGURED, &config->relays[i], i);
	if (config->anycast && address_parse(CANDIDATE_ANYCAST4, &anycast) == 0)
		candidates[n++] = candidate_make(CANDIDATE_ANYCAST, &anycast, 0);
	append_found(device->discovery, candidates, &n);
	return n;
}

/* A relay that works stays, though DNS says it no more, or has not said anything yet. */
static size_t keep_in_use(const struct device *device, struct selection_candidate *candidates,
			  size_t n)
{
	const struct in_addr in_use = device->record.chosen;

	const struct address address = address_from_in(in_use);

	if (!device->discovery || in_use.s_addr == 0 ||
	    !inspect_allowed(device->config->allow, device->config->n_allow, &address) ||
	    (device->dns_outcome[0] != '\0' && device->selection.phase == SELECTION_SEEKING))
		return n;
	for (size_t i = 0; i < n; i++)
		if (candidates[i].address.s_addr == in_use.s_addr)
			return n;
	if (n == SELECTION_CANDIDATES_MAX)
		n--;
	candidates[n] = (struct selection_candidate){ .address = in_use, .origin = "in-use" };
	return n + 1;
}

void discover_candidates(struct device *device, uint64_t now)
{
	struct selection_candidate chosen[SELECTION_CANDIDATES_MAX] = { 0 };
	const struct config *config = device->config;
	struct candidate *candidates;
	size_t n, tried, used = 0;

	candidates = calloc(count_all(device), sizeof(*candidates));
	if (!candidates)
		return;
	n = collect(device, candidates);
	(void)rank_candidates(candidates, n, device->lower);
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
		chosen[used].address = candidates[i].address.in;
		chosen[used++].origin = candidate_origin_string(candidates[i].origin);
	}
	device->refused = n - tried;
	used = keep_in_use(device, chosen, used);
	free(candidates);
	selection_set(&device->selection, chosen, used, now);
}

static void ask(struct discover_question *question);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	ask(userdata);
	return 0;
}

static void ask_again(struct discover_question *question, uint64_t usec)
{
	(void)sd_event_source_set_time_relative(question->timer, usec);
	(void)sd_event_source_set_enabled(question->timer, SD_EVENT_ONESHOT);
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
	struct device *device = question->device;
	bool definite = result->outcome == LOOKUP_ANSWERED || result->outcome == LOOKUP_NXDOMAIN ||
			result->outcome == LOOKUP_NODATA;

	question->lookup = NULL;
	snprintf(device->dns_outcome, sizeof(device->dns_outcome), "%s%s%s",
		 lookup_outcome_string(result->outcome), result->why[0] ? ": " : "", result->why);
	log_full(definite ? LOG_DEBUG : LOG_WARNING, device->config->name, "DNS: %s, %zu records",
		 device->dns_outcome, result->n_candidates);
	if (definite)
		take_answer(question, result);
	else
		ask_again(question, probe_back_off_usec(++question->failures, arc4random()));
	failover_found(device);
}

static void ask(struct discover_question *question)
{
	const struct config *config = question->device->config;
	struct resolver *resolver = question->device->discovery->resolver->resolver;
	int r;

	if (question->lookup)
		return;
	r = question->service ? resolver_lookup_service(resolver, config->service, on_lookup,
							question, &question->lookup)
			      : resolver_lookup_source(resolver, &config->source, on_lookup,
						       question, &question->lookup);
	if (r == 0)
		return;
	snprintf(question->device->dns_outcome, sizeof(question->device->dns_outcome), "%s",
		 strerror(-r));
	log_warning(config->name, "DNS cannot be asked: %s", strerror(-r));
	ask_again(question, probe_back_off_usec(++question->failures, arc4random()));
}

static int on_resolver(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct discover_resolver *shared = userdata;

	(void)resolver_dispatch(shared->resolver);
	return 0;
}

/* What makes two devices share a resolver. */
static char *resolver_key(const struct config *config)
{
	char *key = NULL;
	size_t length;
	FILE *stream;

	stream = open_memstream(&key, &length);
	if (!stream)
		return NULL;
	fprintf(stream, "%s %s", dnssec_mode_string(config->dnssec), config->trust_anchor ?: "");
	for (size_t i = 0; i < config->n_servers; i++)
		fprintf(stream, " %s", config->servers[i]);
	if (fclose(stream) != 0) {
		free(key);
		return NULL;
	}
	return key;
}

void discover_release(struct manager *manager, struct discover_resolver *shared)
{
	struct discover_resolver **link = &manager->resolvers;

	if (!shared || --shared->users > 0)
		return;
	while (*link != shared)
		link = &(*link)->next;
	*link = shared->next;
	sd_event_source_disable_unref(shared->source);
	resolver_close(shared->resolver);
	free(shared->key);
	free(shared);
}

int discover_share(struct manager *manager, const struct config *config,
		   struct discover_resolver **ret)
{
	const struct resolver_options options = {
		.servers = (const char *const *)config->servers,
		.n_servers = config->n_servers,
		.dnssec = config->dnssec,
		.trust_anchor = config->trust_anchor,
	};
	struct discover_resolver *shared;
	char *key = resolver_key(config);
	int r;

	if (!key)
		return -ENOMEM;
	for (shared = manager->resolvers; shared; shared = shared->next) {
		if (strcmp(shared->key, key) != 0)
			continue;
		free(key);
		shared->users++;
		*ret = shared;
		return 0;
	}

	shared = calloc(1, sizeof(*shared));
	if (!shared) {
		free(key);
		return -ENOMEM;
	}
	shared->key = key;
	shared->users = 1;
	shared->next = manager->resolvers;
	manager->resolvers = shared;
	r = resolver_open(&options, &shared->resolver);
	if (r == 0)
		r = sd_event_add_io(manager->event, &shared->source, resolver_fd(shared->resolver),
				    EPOLLIN, on_resolver, shared);
	if (r < 0) {
		discover_release(manager, shared);
		return r;
	}
	*ret = shared;
	return 0;
}

struct resolver *discover_resolver_of(const struct discover_resolver *shared)
{
	return shared->resolver;
}

static int add_question(struct device *device, bool service)
{
	struct manager *manager = device->owner;
	struct discovery *discovery = device->discovery;
	struct discover_question *question = &discovery->questions[discovery->n_questions++];
	int r;

	question->device = device;
	question->service = service;
	r = sd_event_add_time_relative(manager->event, &question->timer, CLOCK_MONOTONIC, 0, 0,
				       on_timer, question);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(question->timer, SD_EVENT_ONESHOT);
}

void discover_start(struct device *device)
{
	const struct config *config = device->config;
	int r;

	discover_stop(device);
	device->dns_outcome[0] = '\0';
	if (config->mode != CONFIG_GATEWAY ||
	    (config->source.family == AF_UNSPEC && !config->service))
		return;
	device->discovery = calloc(1, sizeof(*device->discovery));
	r = device->discovery ? discover_share(device->owner, config, &device->discovery->resolver)
			      : -ENOMEM;
	if (r >= 0 && config->source.family != AF_UNSPEC)
		r = add_question(device, false);
	if (r >= 0 && config->service)
		r = add_question(device, true);
	if (r < 0) {
		log_error(config->name, "relays cannot be looked up in DNS: %s%s", strerror(-r),
			  r == -ENOENT ? "; DNSSEC=yes wants the package dns-root-data" : "");
		discover_stop(device);
	}
}

void discover_stop(struct device *device)
{
	struct discovery *discovery = device->discovery;

	if (!discovery)
		return;
	for (size_t i = 0; i < discovery->n_questions; i++) {
		lookup_cancel(discovery->questions[i].lookup);
		sd_event_source_disable_unref(discovery->questions[i].timer);
		free(discovery->questions[i].found);
	}
	discover_release(device->owner, discovery->resolver);
	free(discovery);
	device->discovery = NULL;
}
