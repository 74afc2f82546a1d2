/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A DNS query of a lookup.
 */
#ifndef AMT_DISCOVERY_QUERY_H
#define AMT_DISCOVERY_QUERY_H

#include "discovery/resolver.h"

#include <sys/queue.h>

struct query;
struct ub_result;

/* Of one query; candidates belong to lookups. */
struct query_answer {
	enum lookup_outcome outcome;
	enum dnssec_state dnssec;
	uint32_t ttl;
	const char *why;
	const struct ub_result *result; /* data and len, also of bogus answers; NULL: none */
};

/* The query is freed when this returns. */
typedef void (*query_done)(struct query *query, const struct query_answer *answer, void *userdata);

int query_start(struct resolver *resolver, const struct dnsname *name, int type, query_done done,
		void *userdata, struct query **ret);
void query_cancel(struct query *query);

enum dnssec_mode resolver_dnssec(const struct resolver *resolver);

/* An owner of queries in progress. resolver_close() calls closed, which must cancel them, and leave
 * the list. */
struct query_owner {
	TAILQ_ENTRY(query_owner) entry;
	void (*closed)(struct query_owner *owner);
};

void resolver_enter(struct resolver *resolver, struct query_owner *owner);
void resolver_leave(struct resolver *resolver, struct query_owner *owner);

#endif
