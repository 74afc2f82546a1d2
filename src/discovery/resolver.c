/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queries are queued, run in libunbound, held while it is unknown whether the server supports
 * DNSSEC, and done. Only resolver_dispatch() returns answers, so nothing here is reentered. */
#include "base/clock.h"
#include "discovery/context.h"
#include "discovery/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define RATE_QUERIES	 10
#define RATE_USEC	 (USEC_PER_SEC / 10)
#define DOWNGRADED_USEC	 (300 * USEC_PER_SEC) /* until the server is tried again */
#define RRTYPE_DNSKEY	 48
#define CLASS_IN	 1
#define RCODE_SERVFAIL	 2
#define EPOLL_EVENTS_MAX 8
#define SIGNERS_MAX	 8

TAILQ_HEAD(query_list, query);
TAILQ_HEAD(owner_list, query_owner);

struct query {
	TAILQ_ENTRY(query) entry;
	struct query_list *list; /* it is in, of the resolver */
	struct resolver *resolver;
	char name[DNSNAME_TEXT_MAX];
	int type;
	query_done done;
	void *userdata;
	bool asks_support; /* the resolver's own */
	bool validated;	   /* or would have been */
	/* running */
	struct context *context;
	int id;
	usec_t deadline;
	/* done */
	bool timed_out;
	int error; /* enum ub_ctx_err */
	struct ub_result *result;
};

/* Does the server return DNSSEC records? */
enum support {
	SUPPORT_UNKNOWN,
	SUPPORT_ASKING,
	SUPPORT_YES,
	SUPPORT_NO,
};

struct resolver {
	char **servers;
	size_t n_servers;
	char *resolv_conf, *trust_anchor;
	enum dnssec_mode dnssec;
	usec_t timeout_usec;
	int epoll_fd, timer_fd;
	struct context *contexts; /* at most two are not retired: one validates */
	struct timespec conf_time;
	enum support support;
	bool has_validated; /* an answer of these servers */
	struct signed_zones *signed_zones, *own_zones;
	usec_t downgraded_until;
	struct query_list waiting, running, held, finished;
	struct owner_list owners;
	uint64_t sent[RATE_QUERIES]; /* when; a ring */
	unsigned int sent_next;
};

static void query_move(struct query *query, struct query_list *list)
{
	if (query->list)
		TAILQ_REMOVE(query->list, query, entry);
	query->list = list;
	if (list)
		TAILQ_INSERT_TAIL(list, query, entry);
}

/* Only a query of the list running has a context that works on it. */
static void query_stop(struct query *query)
{
	if (!query->context)
		return;
	ub_cancel(query->context->ub, query->id);
	query->context->n_queries--;
	query->context = NULL;
}

static void query_free(struct query *query)
{
	query_stop(query);
	query_move(query, NULL);
	ub_resolve_free(query->result);
	free(query);
}

/*
 * Contexts.
 */

/* Has resolv.conf been changed, or replaced? */
static bool conf_changed(struct resolver *resolver)
{
	struct stat st = { 0 };
	bool changed;

	if (resolver->n_servers > 0)
		return false;
	(void)stat(resolver->resolv_conf, &st);
	changed = st.st_mtim.tv_sec != resolver->conf_time.tv_sec ||
		  st.st_mtim.tv_nsec != resolver->conf_time.tv_nsec;
	resolver->conf_time = st.st_mtim;
	return changed;
}

static void forget_contexts(struct resolver *resolver)
{
	struct context *context;

	for (context = resolver->contexts; context; context = context->next)
		context->retired = true;
	if (resolver->support != SUPPORT_ASKING)
		resolver->support = SUPPORT_UNKNOWN;
	resolver->has_validated = false;
}

/* Not from within ub_process() of the context. */
static void free_retired(struct resolver *resolver)
{
	struct context **at = &resolver->contexts, *context;

	while ((context = *at)) {
		if (context->retired && context->n_queries == 0) {
			*at = context->next;
			context_free(context); /* and its descriptor leaves the epoll set */
		} else {
			at = &context->next;
		}
	}
}

static bool wants_validation(struct resolver *resolver, usec_t now)
{
	if (resolver->support == SUPPORT_NO && now >= resolver->downgraded_until)
		resolver->support = SUPPORT_UNKNOWN;
	return resolver->dnssec == DNSSEC_MODE_YES ||
	       (resolver->dnssec == DNSSEC_MODE_ALLOW_DOWNGRADE && resolver->support != SUPPORT_NO);
}

static int find_context(struct resolver *resolver, bool validates, struct context **ret)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct context *context;
	int r;

	for (context = resolver->contexts; context; context = context->next)
		if (!context->retired && context->validates == validates) {
			*ret = context;
			return 0;
		}

	r = context_new(resolver->servers, resolver->n_servers, resolver->resolv_conf,
			validates ? resolver->trust_anchor : NULL, &context);
	if (r < 0)
		return r;
	event.data.ptr = context;
	if (epoll_ctl(resolver->epoll_fd, EPOLL_CTL_ADD, ub_fd(context->ub), &event) < 0) {
		r = -errno;
		context_free(context);
		return r;
	}
	context->next = resolver->contexts;
	resolver->contexts = context;
	*ret = context;
	return 0;
}

/*
 * Starting queries.
 */

static void on_result(void *userdata, int error, struct ub_result *result)
{
	struct query *query = userdata;

	query->context->n_queries--;
	query->context = NULL;
	query->error = error;
	query->result = result;
	query_move(query, &query->resolver->finished);
}

/* Time that the next may be sent. */
static usec_t rate_next(const struct resolver *resolver)
{
	usec_t oldest = resolver->sent[resolver->sent_next];

	return oldest == 0 ? 0 : oldest + RATE_USEC;
}

/* libunbound merges equal queries. */
static bool is_running(const struct resolver *resolver, const struct query *query)
{
	const struct query *other;

	for (other = TAILQ_FIRST(&resolver->running); other; other = TAILQ_NEXT(other, entry))
		if (other->type == query->type && strcmp(other->name, query->name) == 0)
			return true;
	return false;
}

static void query_run(struct query *query, usec_t now)
{
	struct resolver *resolver = query->resolver;
	struct context *context;
	int r;

	query->validated = query->asks_support || wants_validation(resolver, now);
	r = find_context(resolver, query->validated, &context);
	if (r < 0) {
		query->error = r == -ENOMEM ? UB_NOMEM : UB_INITFAIL;
		query_move(query, &resolver->finished);
		return;
	}

	query->error = ub_resolve_async(context->ub, query->name, query->type, CLASS_IN, query,
					on_result, &query->id);
	if (query->error != UB_NOERROR) {
		query_move(query, &resolver->finished);
		return;
	}
	context->n_queries++;
	query->context = context;
	query->deadline = now + resolver->timeout_usec;
	query_move(query, &resolver->running);
}

static void run_waiting(struct resolver *resolver, usec_t now)
{
	struct query *query, *next;

	for (query = TAILQ_FIRST(&resolver->waiting); query; query = next) {
		next = TAILQ_NEXT(query, entry);
		if (!is_running(resolver, query)) {
			if (rate_next(resolver) > now)
				continue;
			resolver->sent[resolver->sent_next] = now;
			resolver->sent_next = (resolver->sent_next + 1) % RATE_QUERIES;
		}
		query_run(query, now);
	}
}

static void arm_timer(struct resolver *resolver)
{
	struct itimerspec timer = { 0 };
	const struct query *query;
	usec_t at = USEC_NEVER;

	for (query = TAILQ_FIRST(&resolver->running); query; query = TAILQ_NEXT(query, entry))
		if (query->deadline < at)
			at = query->deadline;
	if (!TAILQ_EMPTY(&resolver->waiting) && rate_next(resolver) < at)
		at = rate_next(resolver);
	if (!TAILQ_EMPTY(&resolver->finished))
		at = 0;

	if (at != USEC_NEVER) {
		/* Zero would disarm it. */
		timer.it_value.tv_sec = (time_t)(at / USEC_PER_SEC);
		timer.it_value.tv_nsec = (long)(at % USEC_PER_SEC * 1000) + 1;
	}
	timerfd_settime(resolver->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

static int query_add(struct resolver *resolver, const char *name, int type, query_done done,
		     void *userdata, struct query **ret)
{
	struct query *query;

	query = calloc(1, sizeof(*query));
	if (!query)
		return -ENOMEM;
	query->resolver = resolver;
	query->type = type;
	query->done = done;
	query->userdata = userdata;
	strcpy(query->name, name);
	query_move(query, &resolver->waiting);

	*ret = query;
	return 0;
}

int query_start(struct resolver *resolver, const struct dnsname *name, int type, query_done done,
		void *userdata, struct query **ret)
{
	char text[DNSNAME_TEXT_MAX];
	usec_t now = clock_monotonic();
	int r;

	r = query_add(resolver, dnsname_format(name, text), type, done, userdata, ret);
	if (r < 0)
		return r;
	if (conf_changed(resolver))
		forget_contexts(resolver);
	run_waiting(resolver, now);
	arm_timer(resolver);
	return 0;
}

void query_cancel(struct query *query)
{
	if (query)
		query_free(query);
}

/*
 * Answers.
 */

static enum lookup_outcome outcome_of(const struct query *query)
{
	const struct ub_result *result = query->result;

	if (query->timed_out)
		return LOOKUP_TIMEOUT;
	if (query->error != UB_NOERROR || !result)
		return LOOKUP_FAILED;
	if (result->bogus)
		return LOOKUP_BOGUS;
	if (result->nxdomain)
		return LOOKUP_NXDOMAIN;
	if (result->rcode != 0)
		return LOOKUP_FAILED;
	return result->havedata ? LOOKUP_ANSWERED : LOOKUP_NODATA;
}

static const char *why_failed(const struct query *query, char *buf, size_t size)
{
	if (query->error != UB_NOERROR)
		return ub_strerror(query->error);
	if (query->result && query->result->rcode == RCODE_SERVFAIL)
		return "SERVFAIL: the name server failed, or none answered";
	snprintf(buf, size, "the name server answered with code %d",
		 query->result ? query->result->rcode : -1);
	return buf;
}

static enum dnssec_state dnssec_of(const struct query *query)
{
	if (!query->result || !query->validated)
		return DNSSEC_UNCHECKED;
	if (query->result->bogus)
		return DNSSEC_BOGUS;
	return query->result->secure ? DNSSEC_SECURE : DNSSEC_INSECURE;
}

/* The zones of a secure answer are known to be signed, of an insecure one not to be: that was
 * proven by the zone above (RFC 4035, 5.2). */
static void learn_zones(const struct query *query, enum dnssec_state dnssec)
{
	struct signed_zones *zones = query->resolver->signed_zones;
	struct dnsname signers[SIGNERS_MAX], name;
	size_t n;

	if (dnssec == DNSSEC_SECURE)
		query->resolver->has_validated = true;
	if (dnssec == DNSSEC_INSECURE && dnsname_parse(query->name, &name) == 0)
		signed_zones_remove(zones, &name);
	if (dnssec != DNSSEC_SECURE || !query->result->havedata)
		return;
	n = dnsname_signers(query->result->answer_packet, (size_t)query->result->answer_len,
			    signers, SIGNERS_MAX);
	for (size_t i = 0; i < n; i++)
		signed_zones_add(zones, &signers[i]);
}

/* The zone that was signed, though this answer was not validated; NULL: there is none. */
static const struct dnsname *withheld_zone(const struct query *query)
{
	const struct ub_result *result = query->result;
	const struct signed_zones *zones = query->resolver->signed_zones;
	const struct dnsname *zone = NULL;
	struct dnsname name;

	if (query->validated || query->resolver->dnssec != DNSSEC_MODE_ALLOW_DOWNGRADE || !result)
		return NULL;
	if (dnsname_parse(query->name, &name) == 0)
		zone = signed_zones_find(zones, &name);
	if (!zone &&
	    dnsname_canonical(result->answer_packet, (size_t)result->answer_len, &name) == 0)
		zone = signed_zones_find(zones, &name);
	return zone;
}

static void query_finish(struct query *query)
{
	struct query_answer answer = { .outcome = outcome_of(query), .result = query->result };
	const struct dnsname *withheld = withheld_zone(query);
	char buf[256], zone[DNSNAME_TEXT_MAX];

	query_move(query, NULL);
	answer.dnssec = dnssec_of(query);
	learn_zones(query, answer.dnssec);
	if (withheld && answer.outcome != LOOKUP_FAILED && answer.outcome != LOOKUP_TIMEOUT) {
		answer.outcome = LOOKUP_BOGUS;
		answer.dnssec = DNSSEC_BOGUS;
		snprintf(buf, sizeof(buf),
			 "signatures are withheld: %.100s was signed before; see DNSSEC= in amt(5)",
			 dnsname_format(withheld, zone));
		answer.why = buf;
	} else if (answer.outcome == LOOKUP_FAILED)
		answer.why = why_failed(query, buf, sizeof(buf));
	else if (answer.outcome == LOOKUP_BOGUS)
		answer.why = query->result->why_bogus ?: "DNSSEC validation failed";
	else if (answer.outcome == LOOKUP_TIMEOUT)
		answer.why = "no name server answered in time";
	else if (query->result->ttl > 0)
		answer.ttl = (uint32_t)query->result->ttl;

	query->done(query, &answer, query->userdata);
	query_free(query);
}

/* allow-downgrade: an answer is bogus. Either it was forged, or the server, some home router,
 * returns no signatures at all. Then those of the trust anchor's own keys are missing, too; unless
 * it returned some before: then somebody withholds them. */

static void on_support(struct query *query, const struct query_answer *answer, void *userdata)
{
	struct resolver *resolver = userdata;
	struct query *held;

	resolver->support = SUPPORT_YES;
	if (answer->dnssec != DNSSEC_SECURE && !resolver->has_validated) {
		resolver->support = SUPPORT_NO;
		resolver->downgraded_until = clock_monotonic() + DOWNGRADED_USEC;
	}
	while ((held = TAILQ_FIRST(&resolver->held))) {
		if (resolver->support == SUPPORT_YES) {
			query_move(held, &resolver->finished);
			continue;
		}
		ub_resolve_free(held->result);
		held->result = NULL;
		query_move(held, &resolver->waiting);
	}
}

static bool query_dnssec_support(struct resolver *resolver)
{
	char text[DNSNAME_TEXT_MAX];
	struct dnsname owner;
	struct query *query;

	if (resolver->support == SUPPORT_ASKING)
		return true;
	if (context_anchor_owner(resolver->trust_anchor, &owner) < 0 ||
	    query_add(resolver, dnsname_format(&owner, text), RRTYPE_DNSKEY, on_support, resolver,
		      &query) < 0)
		return false;
	query->asks_support = true;
	resolver->support = SUPPORT_ASKING;
	return true;
}

/* Is it too early to return the answer? */
static bool query_hold(struct query *query)
{
	struct resolver *resolver = query->resolver;

	if (query->asks_support || resolver->dnssec != DNSSEC_MODE_ALLOW_DOWNGRADE ||
	    resolver->support == SUPPORT_YES || outcome_of(query) != LOOKUP_BOGUS ||
	    !query_dnssec_support(resolver))
		return false;
	query_move(query, &resolver->held);
	return true;
}

static void end_late(struct resolver *resolver, usec_t now)
{
	struct query *query, *next;

	for (query = TAILQ_FIRST(&resolver->running); query; query = next) {
		next = TAILQ_NEXT(query, entry);
		if (query->deadline > now)
			continue;
		query_stop(query);
		query->timed_out = true;
		query_move(query, &resolver->finished);
	}
}

int resolver_dispatch(struct resolver *resolver)
{
	struct epoll_event events[EPOLL_EVENTS_MAX];
	struct context *context;
	struct query *query;
	uint64_t expirations;
	int i, n;

	n = epoll_wait(resolver->epoll_fd, events, EPOLL_EVENTS_MAX, 0);
	if (n < 0 && errno != EINTR)
		return -errno;
	for (i = 0; i < n; i++) {
		context = events[i].data.ptr;
		if (context)
			ub_process(context->ub);
		else if (read(resolver->timer_fd, &expirations, sizeof(expirations)) < 0 &&
			 errno != EAGAIN)
			return -errno;
	}

	end_late(resolver, clock_monotonic());
	while ((query = TAILQ_FIRST(&resolver->finished)))
		if (!query_hold(query))
			query_finish(query);
	free_retired(resolver);
	run_waiting(resolver, clock_monotonic());
	arm_timer(resolver);
	return 0;
}

/*
 * The resolver.
 */

static int copy_options(struct resolver *resolver, const struct resolver_options *options)
{
	size_t i;

	resolver->resolv_conf = strdup(options->resolv_conf ?: RESOLVER_CONF);
	resolver->trust_anchor = strdup(options->trust_anchor ?: RESOLVER_TRUST_ANCHOR);
	resolver->servers = calloc(options->n_servers + 1, sizeof(*resolver->servers));
	if (!resolver->resolv_conf || !resolver->trust_anchor || !resolver->servers)
		return -ENOMEM;
	for (i = 0; i < options->n_servers; i++) {
		resolver->servers[i] = strdup(options->servers[i]);
		if (!resolver->servers[i])
			return -ENOMEM;
		resolver->n_servers++;
	}
	resolver->dnssec = options->dnssec;
	resolver->timeout_usec = options->timeout_usec ?: RESOLVER_TIMEOUT_USEC;
	return 0;
}

static int choose_zones(struct resolver *resolver, const struct resolver_options *options)
{
	resolver->signed_zones = options->signed_zones;
	if (resolver->signed_zones)
		return 0;
	if (signed_zones_new(&resolver->own_zones) < 0)
		return -ENOMEM;
	resolver->signed_zones = resolver->own_zones;
	return 0;
}

static int open_fds(struct resolver *resolver)
{
	struct epoll_event event = { .events = EPOLLIN };

	resolver->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	resolver->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (resolver->epoll_fd < 0 || resolver->timer_fd < 0 ||
	    epoll_ctl(resolver->epoll_fd, EPOLL_CTL_ADD, resolver->timer_fd, &event) < 0)
		return -errno;
	return 0;
}

/* Errors that show without a query: a server that is none, a trust anchor that is missing.
 */
static int try_context(struct resolver *resolver)
{
	struct context *context;
	struct dnsname owner;
	int r = 0;

	if (resolver->dnssec != DNSSEC_MODE_NO)
		r = context_anchor_owner(resolver->trust_anchor, &owner);
	if (r == -ENOENT && resolver->dnssec == DNSSEC_MODE_ALLOW_DOWNGRADE)
		resolver->dnssec = DNSSEC_MODE_NO;
	else if (r < 0)
		return r;
	(void)conf_changed(resolver);
	return find_context(resolver, resolver->dnssec != DNSSEC_MODE_NO, &context);
}

int resolver_open(const struct resolver_options *options, struct resolver **ret)
{
	struct resolver *resolver;
	int r;

	resolver = calloc(1, sizeof(*resolver));
	if (!resolver)
		return -ENOMEM;
	resolver->epoll_fd = resolver->timer_fd = -EBADF;
	TAILQ_INIT(&resolver->waiting);
	TAILQ_INIT(&resolver->running);
	TAILQ_INIT(&resolver->held);
	TAILQ_INIT(&resolver->finished);
	TAILQ_INIT(&resolver->owners);

	r = copy_options(resolver, options);
	if (r == 0)
		r = choose_zones(resolver, options);
	if (r == 0)
		r = open_fds(resolver);
	if (r == 0)
		r = try_context(resolver);
	if (r < 0) {
		resolver_close(resolver);
		return r;
	}

	*ret = resolver;
	return 0;
}

static void free_list(struct query_list *list)
{
	struct query *query;

	while ((query = TAILQ_FIRST(list)))
		query_free(query);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void resolver_close(struct resolver *resolver)
{
	struct query_owner *owner;
	size_t i;

	if (!resolver)
		return;

	while ((owner = TAILQ_FIRST(&resolver->owners)))
		owner->closed(owner);
	/* Now the resolver's own are left. */
	free_list(&resolver->waiting);
	free_list(&resolver->running);
	free_list(&resolver->held);
	free_list(&resolver->finished);
	forget_contexts(resolver);
	free_retired(resolver);
	close_fd(resolver->timer_fd);
	close_fd(resolver->epoll_fd);
	for (i = 0; i < resolver->n_servers; i++)
		free(resolver->servers[i]);
	free(resolver->servers);
	free(resolver->resolv_conf);
	free(resolver->trust_anchor);
	signed_zones_free(resolver->own_zones);
	free(resolver);
}

int resolver_fd(const struct resolver *resolver)
{
	return resolver->epoll_fd;
}

enum dnssec_mode resolver_dnssec(const struct resolver *resolver)
{
	return resolver->dnssec;
}

void resolver_enter(struct resolver *resolver, struct query_owner *owner)
{
	TAILQ_INSERT_TAIL(&resolver->owners, owner, entry);
}

void resolver_leave(struct resolver *resolver, struct query_owner *owner)
{
	TAILQ_REMOVE(&resolver->owners, owner, entry);
}
