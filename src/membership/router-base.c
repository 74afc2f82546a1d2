/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership/router-private.h"

#include <stdlib.h>
#include <string.h>

struct key router_key(const struct address *address)
{
	struct key key = { 0 };

	address_store(address, key.bytes);
	return key;
}

struct address router_address(const struct router *router, const struct key *key)
{
	return address_load(router->options.family, key->bytes);
}

bool router_is_querier(const struct router *router)
{
	return router->options.querier && router->querier_until == 0;
}

/*
 * The timers of RFC 9776, section 8 (RFC 9777, section 9), who starts them, and how long they run:
 *
 * GENERAL        this router, after each General Query
 * OTHER_QUERIER  another querier, by a General Query that all hosts answer within Query Interval
 * MEMBERSHIP     a host, by a Report; beside another querier, which may give hosts a Query Interval
 *                to answer, it is longer by as much
 * OLDER_HOST     a host, by a Report of an older version
 * LAST_MEMBER    a host, by a leave; or another querier, by a Query for the group: then it is as
 *                long as the hosts may take to answer, if that is more
 *
 * They are made of this router's own values alone. The RFCs have routers adopt the querier's
 * (QRV, QQIC, 4.1.6 and 4.1.7), but a Query proves nothing of its sender: with large ones, a forged
 * one keeps this router silent until the memberships have expired; with small ones, it makes them
 * expire before anybody asks. A querier that asks more rarely than this router is helped out.
 */
static const struct {
	bool robust;	  /* times Robustness Variable */
	bool last_member; /* Last Member Query Interval, else Query Interval */
	uint8_t half_responses;
	bool yielding_longer; /* by a Query Interval beside another querier */
} timers[] = {
	[ROUTER_TIMER_GENERAL] = { false, false, 0, false },
	[ROUTER_TIMER_OTHER_QUERIER] = { true, false, 1, false },
	[ROUTER_TIMER_MEMBERSHIP] = { true, false, 2, true },
	[ROUTER_TIMER_OLDER_HOST] = { true, false, 2, true },
	[ROUTER_TIMER_LAST_MEMBER] = { true, true, 0, false },
};

usec_t router_timer_usec(const struct router *router, enum router_timer timer)
{
	const struct router_options *options = &router->options;
	usec_t usec = timers[timer].last_member ? options->last_member_usec
						: options->query_interval_usec;

	if (timers[timer].robust)
		usec *= options->robustness;
	if (timers[timer].yielding_longer && router->querier_until > 0)
		usec += options->query_interval_usec;
	return usec + timers[timer].half_responses * options->query_response_usec / 2;
}

bool router_denies(const struct router *router, const struct address *source,
		   const struct address *group)
{
	return router->options.policy &&
	       group_policy_denies(router->options.policy, router->options.interface, source,
				   group);
}

void router_ignore(struct router *router, enum router_ignored reason)
{
	router->counters.ignored[reason]++;
}

struct source *router_scratch(struct router *router, size_t n)
{
	struct source *scratch = router->scratch;

	if (n <= router->scratch_room && scratch)
		return scratch;
	if (n < ROUTER_SCRATCH_KEPT / 8)
		n = ROUTER_SCRATCH_KEPT / 8;
	scratch = realloc(scratch, n * sizeof(*scratch));
	if (!scratch)
		return NULL;
	router->scratch = scratch;
	router->scratch_room = n;
	return scratch;
}
